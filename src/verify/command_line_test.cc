// SPDX-License-Identifier: Apache-2.0
#include "verify/command_line.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "proof/capture_for_tests.h"
#include "proof/export_for_tests.h"
#include "verify/directory_for_tests.h"

namespace lapel::verify {
namespace {

namespace fs = std::filesystem;

// What the program prints and how it ends is told in test/verify_test.py, over the vectors. Here is what no vector has.
class Verify : public DirectoryTest {
 protected:
  void write(const std::map<std::string, std::string>& files) const {
    for (const auto& [name, bytes] : files) {
      fs::create_directories((root_ / name).parent_path());
      std::ofstream(root_ / name, std::ios::binary) << bytes;
    }
  }
  struct Done {
    int exit;
    std::string out, err;
  };
  Done run(std::vector<std::string> words) const {
    words.insert(words.begin(), "lapel-verify");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int exit = command_line()->run(static_cast<int>(argv.size()), argv.data());
    return {exit, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
  }
  Done run() const { return run({"--key", proof::test_log_key().text(), root_.native()}); }
};

TEST_F(Verify, SaysOfHowManyRecordingsTheOriginalIsMissing) {
  proof::ExportForTests made;
  proof::ChainForTests second(made.ledger, 0x12);
  second.add(second.next("recording.admitted", made.admin.id(), "2022-12-02T06:12:25.00Z", proof::admission_fields()));
  made.put_all();
  made.put(second, "recording", proof::ExportRole::kExported);
  made.seal();
  write(made.files);
  const Done one = run();
  EXPECT_EQ(one.exit, 0);
  EXPECT_NE(one.out.find("the original of 1 recording is not in this export."), std::string::npos) << one.out;

  made.files.erase(proof::export_original_path(made.recording.subject()));
  fs::remove(root_ / proof::export_original_path(made.recording.subject()));
  made.manifest.originals.clear();
  made.seal();
  write(made.files);
  const Done two = run();
  EXPECT_EQ(two.exit, 0);
  EXPECT_NE(two.out.find("the original of 2 recordings is not in this export."), std::string::npos) << two.out;
}

TEST_F(Verify, WhatACameraSignedIsAskedForAlone) {
  write({{"one.mp4", "no footage"}});
  const std::string file = (root_ / "one.mp4").native();
  const std::string camera(64, '0'), log = proof::test_log_key().text();
  const auto expect_usage = [&](const std::vector<std::string>& words, std::string_view said) {
    const Done done = run(words);
    EXPECT_EQ(done.exit, 2);
    EXPECT_EQ(done.out, "");
    EXPECT_EQ(done.err.find(fmt::format("lapel-verify: {}\n", said)), 0U) << done.err;
  };
  constexpr std::string_view kApart =
      "--camera-key is for what a camera signed, --key for what a ledger did: ask for one after the other";
  constexpr std::string_view kNoKey = "--camera-key is not the public key of a camera";
  expect_usage({"--camera-key", camera, "--key", log, file}, kApart);
  expect_usage({"--camera-key", camera, "--witness", log, file}, kApart);
  expect_usage({"--camera-key", log, file}, kNoKey);
  expect_usage({"--camera-key", camera, file}, kNoKey);  // 32 bytes, and no point of the curve that signs

  const Done none = run({"--camera-key", hex(proof::camera_key().public_key()), (root_ / "two.mp4").native()});
  EXPECT_EQ(none.exit, 1);
  EXPECT_EQ(none.out, "");
  EXPECT_TRUE(none.err.ends_with(". Nothing was verified.\n")) << none.err;
}

}  // namespace
}  // namespace lapel::verify
