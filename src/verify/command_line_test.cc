// SPDX-License-Identifier: Apache-2.0
#include "verify/command_line.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

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
    std::string out;
  };
  Done run() const {
    std::vector<std::string> words = {"lapel-verify", "--key", proof::test_log_key().text(), root_.native()};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    ::testing::internal::CaptureStdout();
    const int exit = command_line()->run(static_cast<int>(argv.size()), argv.data());
    return {exit, ::testing::internal::GetCapturedStdout()};
  }
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

}  // namespace
}  // namespace lapel::verify
