// SPDX-License-Identifier: Apache-2.0
#include "proof/device_log.h"

#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "proof/capture_for_tests.h"

namespace lapel::proof {
namespace {

using Kind = DeviceLogVerdict::Stretch::Kind;

// A camera's log as it grows: files of lines.
class Log {
 public:
  void begin() {
    files_.push_back({"state-" + std::to_string(n_) + ".log", ""});
    up_ms_ = 0;
    add("on", {{"serial", "BC-7"}, {"beat_s", 60}, {"version", "1"}, {"key", "k"}});
  }
  void add(std::string_view event, Json::Object more = {}, std::int64_t after_ms = 1'000) {
    up_ms_ += after_ms;
    at_us_ += after_ms * 1'000;
    more["n"] = n_;
    if (n_ > 1) more["previous"] = hex(last_);
    more["at"] = ledger_time({at_us_});
    more["clock"] = "ntp";
    more["up_ms"] = up_ms_;
    more["event"] = event;
    const std::string line = sign_log_line(camera_key(), more);
    last_ = crypto::sha256(as_bytes(std::string_view(line).substr(0, line.size() - 1)));
    files_.back().text += line;
    ++n_;
  }
  std::vector<DeviceLogFile>& files() { return files_; }
  DeviceLogVerdict verdict() const { return verify_device_log(files_, camera_key().public_key()); }

 private:
  std::vector<DeviceLogFile> files_;
  std::int64_t n_ = 1, up_ms_ = 0, at_us_ = 1'700'000'000'000'000;
  Digest last_{};
};

Log two_runs() {
  Log log;
  log.begin();
  log.add("buffering", {{"pre_event_s", 30}});
  log.add("recording", {{"recording", "ab"}});
  log.add("file", {{"recording", "ab"}, {"file", "one.mp4"}});
  log.add("recorded",
          {{"recording", "ab"}, {"file", "one.mp4"}, {"fragments", 3}, {"last", "cd"}, {"end", "deactivated"}});
  log.add("off", {{"reason", "asked to"}});
  log.begin();
  log.add("buffering");
  return log;
}

TEST(DeviceLog, TellsWhenTheCameraWasOnAndWhatItRecorded) {
  Log log = two_runs();
  std::swap(log.files()[0], log.files()[1]);  // in any order
  const DeviceLogVerdict verdict = log.verdict();
  ASSERT_TRUE(verdict.holds()) << verdict.where << verdict.breach;
  ASSERT_EQ(verdict.stretches.size(), 3u);
  EXPECT_EQ(verdict.stretches[0].kind, Kind::kOn);
  EXPECT_EQ(verdict.stretches[1].kind, Kind::kOff);
  EXPECT_EQ(verdict.stretches[2].kind, Kind::kOn);
  ASSERT_EQ(verdict.recordings.size(), 1u);
  EXPECT_EQ(verdict.recordings[0].file, "one.mp4");
  EXPECT_EQ(verdict.recordings[0].end, "deactivated");
  EXPECT_TRUE(verdict.ends_cut);
}

TEST(DeviceLog, EveryChangedByteIsNoticed) {
  const Log log = two_runs();
  const std::string good = Log(log).files()[0].text;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string text = good;
    text[at] = static_cast<char>(text[at] ^ 1);
    const auto verdict = verify_device_log({{"state.log", text}}, camera_key().public_key());
    // The last LF is all that may go: its line is an unfinished one then, and nothing says that it is off.
    if (at + 1 == good.size()) {
      ASSERT_TRUE(verdict.holds() && verdict.ends_cut);
    } else {
      ASSERT_FALSE(verdict.holds()) << at;
    }
  }
}

TEST(DeviceLog, LinesLeftOutAreNoticedWithinAFileAndToldBetweenFiles) {
  Log log = two_runs();
  Log within = log;
  std::string& text = within.files()[0].text;
  const std::size_t first = text.find('\n') + 1;
  text.erase(first, text.find('\n', first) + 1 - first);
  EXPECT_EQ(within.verdict().where, "state-1.log, line 2");
  EXPECT_NE(within.verdict().breach.find("lines were left out"), std::string::npos);

  log.begin();
  log.files().erase(log.files().begin() + 1);
  const DeviceLogVerdict between = log.verdict();
  ASSERT_TRUE(between.holds());
  EXPECT_EQ(between.stretches[1].kind, Kind::kMissing);
}

TEST(DeviceLog, AnUnfinishedLineIsNotCountedAndTheTimeAfterItIsUnknown) {
  Log log;
  log.begin();
  log.add("buffering");
  log.files()[0].text += R"({"entry":{"at":"20)";
  log.begin();
  log.add("unclean", {{"torn", 18}});
  const DeviceLogVerdict verdict = log.verdict();
  ASSERT_TRUE(verdict.holds()) << verdict.where << verdict.breach;
  EXPECT_EQ(verdict.stretches[1].kind, Kind::kUnknown);
}

TEST(DeviceLog, ALastLineWithZeroBytesIsOneThatTheDiskDidNotGet) {
  Log log;
  log.begin();
  log.add("buffering");
  std::string& text = log.files()[0].text;
  const std::size_t last = text.find('\n') + 1;
  text[last + 40] = '\0';
  EXPECT_EQ(log.verdict().entries, 1u);
  text[10] = '\0';
  EXPECT_FALSE(log.verdict().holds()) << "only the last may be such";
}

TEST(DeviceLog, ASilenceLongerThanTheBeatAllowsIsNoAccount) {
  Log log;
  log.begin();
  log.add("beat", {}, 120'000);
  log.add("beat", {}, 120'001);
  const DeviceLogVerdict verdict = log.verdict();
  ASSERT_EQ(verdict.stretches.size(), 3u);
  EXPECT_EQ(verdict.stretches[1].kind, Kind::kSilent);
}

TEST(DeviceLog, TwoHistoriesOfOneNumberAreNoticed) {
  Log log = two_runs();
  log.files().push_back(log.files()[1]);
  EXPECT_EQ(log.verdict().breach, "it has numbers that another of these files has too");
}

TEST(DeviceLog, AnotherKeyIsRefused) {
  Log log = two_runs();
  EXPECT_EQ(verify_device_log(log.files(), camera_key(9).public_key()).breach,
            "a line is not signed by the key that was given");
}

}  // namespace
}  // namespace lapel::proof
