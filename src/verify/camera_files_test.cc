// SPDX-License-Identifier: Apache-2.0
#include "verify/camera_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "proof/capture_for_tests.h"
#include "proof/device_log.h"
#include "verify/directory_for_tests.h"

namespace lapel::verify {
namespace {

namespace fs = std::filesystem;

using proof::camera_key;

constexpr std::uint64_t kFragments = 3;
constexpr std::uint64_t kSignatures = kFragments + 1;  // and that of the end

std::string recording() {
  return hex(proof::test_head().recording);
}

// The log of one camera, line by line.
class Log {
 public:
  Log& begin() { return add("on", {{"serial", "BC-7"}, {"beat_s", 60}, {"version", "1"}, {"key", "k"}}); }
  Log& add(std::string_view event, Json::Object more = {}) {
    at_us_ += 1'000'000;
    more["n"] = ++n_;
    if (n_ > 1) more["previous"] = hex(last_);
    more["at"] = ledger_time({at_us_});
    more["clock"] = "ntp";
    more["up_ms"] = n_ * 1'000;
    more["event"] = event;
    const std::string line = proof::sign_log_line(camera_key(), more);
    last_ = crypto::sha256(as_bytes(std::string_view(line).substr(0, line.size() - 1)));
    text += line;
    return *this;
  }
  Log& recorded(const std::string& id, std::string_view file, std::uint64_t signatures, const Digest& last,
                std::string_view end) {
    return add("recorded", {{"recording", id},
                            {"file", file},
                            {"fragments", static_cast<std::int64_t>(signatures)},
                            {"last", hex(last)},
                            {"end", end}});
  }

  std::string text;

 private:
  std::int64_t n_ = 0, at_us_ = 1'700'000'000'000'000;
  Digest last_{};
};

class CameraFiles : public DirectoryTest {
 protected:
  std::string write(std::string_view name, std::string_view bytes) const {
    const fs::path path = root_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path.native();
  }
  // So many pieces of the footage; the last of all is the camera's end.
  std::string footage(std::string_view name, std::size_t pieces = kSignatures) const {
    std::vector<Bytes> all = proof::test_footage(kFragments);
    all.resize(pieces);
    return write(name, as_text(proof::joined(all)));
  }
  static CameraReport judged(const std::vector<std::string>& paths) {
    auto report = verify_camera_files(paths, camera_key().public_key());
    EXPECT_TRUE(report);
    return report ? *std::move(report) : CameraReport();
  }
};

Log whole_log() {
  Log log;
  log.begin().add("recording", {{"recording", recording()}});
  log.add("file", {{"recording", recording()}, {"file", "one.mp4"}});
  log.recorded(recording(), "one.mp4", kSignatures,
               proof::verify_capture(proof::joined(proof::test_footage(kFragments))).last, "deactivated");
  log.add("off", {{"reason", "asked to"}});
  return log;
}

bool says(const CameraReport& report, std::string_view words) {
  return std::any_of(report.lines.begin(), report.lines.end(),
                     [&](const std::string& line) { return line.find(words) != std::string::npos; });
}

constexpr std::string_view kAllHere = "All that the camera's log says it recorded is here.";
constexpr std::string_view kVerified = "VERIFIED: all of these files are what this camera signed.";
constexpr std::string_view kNotVerified = "NOT VERIFIED: not all of these files are what this camera signed.";

TEST_F(CameraFiles, OneFileIsToldByItsStanding) {
  EXPECT_EQ(judged({footage("whole.mp4")}).summary, "VERIFIED: this camera signed all of it, and its end.");
  const CameraReport cut = judged({footage("cut.mp4", 2)});
  EXPECT_TRUE(cut.is_verified);
  EXPECT_EQ(cut.summary, "VERIFIED, CUT OFF: this camera signed all of it; the end is missing.");
  const std::string bytes(as_text(proof::joined(proof::test_footage(kFragments))));
  const CameraReport part = judged({write("part.mp4", bytes.substr(0, bytes.size() - 10))});
  EXPECT_FALSE(part.is_verified);
  EXPECT_EQ(part.summary, "NOT VERIFIED AS A WHOLE: it is signed in part.");
  EXPECT_EQ(judged({write("noise.mp4", "no footage")}).summary, "NOT VERIFIED: it is not signed.");
  const CameraReport more = judged({write("more.mp4", bytes + "more")});
  EXPECT_FALSE(more.is_verified);
  EXPECT_EQ(more.summary, "NOT VERIFIED: this is not what the camera signed.");
  const Json& told = (*more.json.at("footage").array())[0];
  EXPECT_EQ(*told.find_string("standing"), "breach");
  EXPECT_TRUE(told.find("breach_at"));
}

TEST_F(CameraFiles, ALogAlone) {
  const CameraReport whole = judged({write("state.log", whole_log().text)});
  EXPECT_TRUE(whole.is_verified);
  EXPECT_EQ(whole.summary, kVerified);
  EXPECT_TRUE(says(whole, "each line is signed and none between them is left out"));
  EXPECT_FALSE(whole.json.contains("missing"));
  EXPECT_EQ(whole.json.at("log").find("recordings")->array()->size(), 1U);
  const std::string text = whole_log().text;
  const CameraReport changed = judged({write("state.log", text.substr(0, 40) + "x" + text.substr(41))});
  EXPECT_FALSE(changed.is_verified);
  EXPECT_EQ(changed.summary, kNotVerified);
  EXPECT_TRUE(says(changed, "The camera's log: NOT VERIFIED."));
}

TEST_F(CameraFiles, AWholeLogAndItsFootage) {
  const std::string log = write("state.log", whole_log().text), whole = footage("one.mp4");
  const CameraReport report = judged({log, whole});
  EXPECT_TRUE(report.is_verified);
  EXPECT_EQ(report.summary, kVerified);
  EXPECT_TRUE(says(report, kAllHere));
  EXPECT_TRUE(says(report, whole + ": VERIFIED: this camera signed all of it, and its end."));
  EXPECT_EQ(*report.json.at("missing").integer(), 0);
  // A log that does not hold is compared with nothing.
  const CameraReport broken = judged({write("broken.log", whole_log().text.substr(0, 30) + "\n"), whole});
  EXPECT_FALSE(broken.is_verified);
  EXPECT_FALSE(broken.json.contains("missing"));
  EXPECT_FALSE(says(broken, kAllHere));
}

TEST_F(CameraFiles, ACutFileAmongWholeOnesIsToldInTheSummary) {
  const std::string whole = footage("whole.mp4");
  EXPECT_EQ(judged({whole, footage("again.mp4")}).summary, kVerified);
  const CameraReport one = judged({whole, footage("cut.mp4", 2)});
  EXPECT_TRUE(one.is_verified);
  EXPECT_EQ(one.summary,
            "VERIFIED, CUT OFF: all of these files are what this camera signed; the end of 1 of them is missing.");
  EXPECT_NE(judged({whole, footage("cut.mp4", 2), footage("cut2.mp4", 1)}).summary.find("of 2 of them"),
            std::string::npos);
  EXPECT_EQ(judged({whole, footage("cut.mp4", 2), write("noise.mp4", "no footage")}).summary, kNotVerified);
}

TEST_F(CameraFiles, ACutCopyOfWhatTheLogHasWholeIsNotVerified) {
  const std::string log = write("state.log", whole_log().text), cut = footage("cut.mp4", 2), whole = footage("one.mp4");
  const std::vector<std::vector<std::string>> all = {{log, cut}, {log, whole, cut}, {cut, log, whole}};
  for (const std::vector<std::string>& paths : all) {
    const CameraReport report = judged(paths);
    EXPECT_FALSE(report.is_verified);
    EXPECT_EQ(report.summary, kNotVerified);
    EXPECT_TRUE(says(report, cut + ": the camera's log tells of 4 signatures, and here are 2."));
  }
}

TEST_F(CameraFiles, FilesThatDoNotVerifyAloneAreNotHeldAgainstTheLogAsWell) {
  const std::string log = write("state.log", whole_log().text);
  const std::string bytes(as_text(proof::joined(proof::test_footage(kFragments))));
  const std::string part = write("part.mp4", bytes.substr(0, bytes.size() - 10)),
                    noise = write("noise.mp4", "no footage");
  for (const std::string& path : {part, noise}) {
    const CameraReport report = judged({log, path});
    EXPECT_FALSE(report.is_verified) << path;
    EXPECT_EQ(report.summary, kNotVerified) << path;
    EXPECT_FALSE(says(report, "the camera's log tells of")) << path;
  }
  EXPECT_TRUE(says(judged({log, noise}), "Not here: one.mp4")) << "what is not signed is no recording of this camera";
}

TEST_F(CameraFiles, FootageThatIsNotHereAndFootageOfNoLog) {
  Log other;
  other.begin().add("recording", {{"recording", std::string(32, 'a')}});
  other.recorded(std::string(32, 'a'), "two.mp4", 2, {}, "deactivated").add("off");
  const std::string whole = footage("one.mp4");
  const CameraReport report = judged({write("other.log", other.text), whole});
  EXPECT_TRUE(report.is_verified);
  EXPECT_TRUE(says(report, "Not here: two.mp4, which the camera recorded from "));
  EXPECT_TRUE(says(report, whole + ": these logs do not tell of it."));
  EXPECT_EQ(*report.json.at("missing").integer(), 1);
  EXPECT_FALSE(says(report, kAllHere));

  Log none;
  none.begin().add("off");
  EXPECT_FALSE(says(judged({write("none.log", none.text), whole}), kAllHere));
}

TEST_F(CameraFiles, ALogThatEndsBeforeItNamesTheFileDoesNotSayThatAllIsHere) {
  const std::string second(32, 'b');
  Log log;
  log.begin().add("recording", {{"recording", recording()}});
  log.add("file", {{"recording", recording()}, {"file", "one.mp4"}});
  log.recorded(recording(), "one.mp4", kSignatures,
               proof::verify_capture(proof::joined(proof::test_footage(kFragments))).last, "deactivated");
  const std::string whole = footage("one.mp4");
  EXPECT_TRUE(says(judged({write("before.log", log.text), whole}), kAllHere));
  log.add("recording", {{"recording", second}});
  const CameraReport cut = judged({write("cut.log", log.text), whole});
  EXPECT_TRUE(cut.is_verified) << "what is here is signed";
  EXPECT_TRUE(says(cut, "The camera began recording " + second +
                            " at 2023-11-14T22:13:25.00Z, and these lines end "
                            "before they say what became of it."));
  EXPECT_FALSE(says(cut, "All that"));
  // One that ended before its first fragment has no file, and nothing of it is missing.
  log.recorded(second, "", 0, {}, "deactivated");
  EXPECT_TRUE(says(judged({write("ended.log", log.text), whole}), kAllHere));
}

TEST_F(CameraFiles, ARecordingThatWasNeverClosedIsAsLongAsItsFootage) {
  Log log;
  log.begin().add("recording", {{"recording", recording()}});
  const std::string cut = footage("one.mp4", 2);
  const CameraReport unnamed = judged({write("unnamed.log", log.text), cut});
  EXPECT_TRUE(unnamed.is_verified) << "its footage is here, though the log does not name the file";
  EXPECT_TRUE(says(unnamed, kAllHere));
  EXPECT_NE(unnamed.summary.find("CUT OFF"), std::string::npos);
  log.add("file", {{"recording", recording()}, {"file", "one.mp4"}});
  const CameraReport named = judged({write("named.log", log.text), cut});
  EXPECT_TRUE(named.is_verified);
  EXPECT_TRUE(says(named, kAllHere));
}

TEST_F(CameraFiles, MissingLinesAreSaid) {
  Log log;
  log.begin().add("off");
  const std::size_t first = log.text.size();
  log.begin().add("recording", {{"recording", recording()}});
  log.add("file", {{"recording", recording()}, {"file", "one.mp4"}});
  const CameraReport report = judged({write("late.log", log.text.substr(first)), footage("one.mp4")});
  EXPECT_TRUE(report.is_verified);
  EXPECT_TRUE(says(report, "lines of it are missing."));
  EXPECT_TRUE(says(report, "All that these lines of the camera's log tell of is here; lines are missing."));
}

TEST_F(CameraFiles, WhereThereIsMoreThanTheLogTellsOfItIsNotSaidToBeAll) {
  proof::CaptureHead head = proof::test_head();
  head.recording = ByteArray<16>{9};
  proof::CaptureSigner signer(camera_key(), head);
  const Bytes piece = proof::joined({proof::test_box("moof", 40, 1), proof::test_box("mdat", 200, 1)});
  const Bytes more = proof::joined({piece, signer.sign(piece, proof::test_facts(0))});
  const CameraReport report =
      judged({write("whole.log", whole_log().text), footage("one.mp4"), write("more.mp4", as_text(more))});
  EXPECT_TRUE(report.is_verified);
  EXPECT_TRUE(says(report, "more.mp4: these logs do not tell of it."));
  EXPECT_EQ(*report.json.at("missing").integer(), 0);
  EXPECT_FALSE(says(report, kAllHere));
}

TEST_F(CameraFiles, WhatCannotBeReadIsNoVerdict) {
  const auto refused = verify_camera_files({(root_ / "nobody").native()}, camera_key().public_key());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kNotFound);
  const auto directory = verify_camera_files({root_.native()}, camera_key().public_key());
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code(), Code::kUnavailable);
  const std::string huge = write("huge.log", proof::kDeviceLogStart);
  fs::resize_file(huge, proof::kDeviceLogBytesMax + 1);
  const auto too_long = verify_camera_files({huge}, camera_key().public_key());
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code(), Code::kTooLarge);
}

}  // namespace
}  // namespace lapel::verify
