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

// Lines that no camera of ours would sign in this order, and that are signed.
std::string line_of(Json::Object entry) {
  Json::Object whole = {{"at", "2023-11-14T22:13:20.00Z"}, {"clock", "ntp"}, {"up_ms", 0}};
  for (auto& [name, value] : entry) whole[name] = value;
  return sign_log_line(camera_key(), whole);
}
std::string digest_of(std::string_view line) {
  return hex(crypto::sha256(as_bytes(line.substr(0, line.size() - 1))));
}
std::string breach_of(const std::string& text) {
  return verify_device_log({{"state.log", text}}, camera_key().public_key()).breach;
}

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

TEST(DeviceLog, AClockThatWasSetOrACameraThatSleptIsNoAccount) {
  const auto stretches_of = [](std::int64_t at_s) {
    const std::string on = line_of({{"n", 1}, {"event", "on"}, {"beat_s", 60}});
    const std::string beat = line_of({{"n", 2},
                                      {"previous", digest_of(on)},
                                      {"event", "beat"},
                                      {"up_ms", 10'000},
                                      {"at", ledger_time({1'700'000'000'000'000 + at_s * 1'000'000})}});
    return verify_device_log({{"state.log", on + beat}}, camera_key().public_key()).stretches;
  };
  EXPECT_EQ(stretches_of(10).size(), 1u);
  for (const std::int64_t at_s : {10'810, -3'600, 12}) {
    const auto stretches = stretches_of(at_s);
    ASSERT_EQ(stretches.size(), 3u) << at_s;
    EXPECT_EQ(stretches[1].kind, Kind::kClock);
  }
}

TEST(DeviceLog, TwoHistoriesOfOneNumberAreNoticed) {
  Log log = two_runs();
  log.files().push_back(log.files()[1]);
  EXPECT_EQ(log.verdict().breach, "it has numbers that another of these files has too");
}

TEST(DeviceLog, SignedLinesThatDoNotFitEachOtherAreABreach) {
  const std::string on = line_of({{"n", 1}, {"event", "on"}, {"up_ms", 5}});
  const auto second = [&](Json::Object more) {
    Json::Object entry = {{"n", 2}, {"previous", digest_of(on)}, {"event", "beat"}, {"up_ms", 5}};
    for (auto& [name, value] : more) entry[name] = value;
    return line_of(entry);
  };
  EXPECT_EQ(breach_of(on + second({})), "");
  EXPECT_EQ(breach_of(second({})), "the first line of a file says that the camera was switched on, and this does not");
  EXPECT_EQ(breach_of(on + second({{"event", "on"}})), "a camera that is on is switched on again within one file");
  EXPECT_EQ(breach_of(on + second({{"up_ms", 4}})), "the time since the camera was switched on goes back");
  EXPECT_EQ(breach_of(on + second({{"previous", std::string(64, '0')}})),
            "line 2 follows line 1: lines were left out, moved or taken from elsewhere");
  const std::string off = second({{"event", "off"}});
  EXPECT_EQ(breach_of(on + off + line_of({{"n", 3}, {"previous", digest_of(off)}, {"event", "beat"}, {"up_ms", 5}})),
            "a line follows the goodbye");
  EXPECT_EQ(breach_of(""), "there is no whole line in it");
  // Between files.
  const auto between = [&](Json::Object more) {
    Json::Object entry = {{"n", 2}, {"previous", digest_of(on)}, {"event", "on"}};
    for (auto& [name, value] : more) entry[name] = value;
    return verify_device_log({{"a.log", on}, {"b.log", line_of(entry)}}, camera_key().public_key());
  };
  EXPECT_TRUE(between({}).holds());
  EXPECT_EQ(between({{"previous", std::string(64, '0')}}).breach,
            "it does not follow the last line of the file before");
  EXPECT_EQ(between({{"previous", std::string(64, '0')}}).where, "b.log, line 1");
}

TEST(DeviceLog, EachMemberOfALineHasItsTypeAndItsValues) {
  const std::string good = line_of({{"n", 1}, {"event", "on"}});
  ASSERT_EQ(breach_of(good), "");
  const Json line = *parse_canonical(std::string_view(good).substr(0, good.size() - 1));
  const auto unformed = [](const Json& changed) {
    const auto read = read_log_line(canonical(changed), camera_key().public_key());
    EXPECT_FALSE(read);
    return read ? std::string() : read.error();
  };
  for (const auto& [name, value] : std::vector<std::pair<std::string, Json>>{
           {"entry", {}}, {"entry", "x"}, {"signature", {}}, {"signature", 1}, {"signature", "00"}, {"more", 1}}) {
    Json changed = line;
    if (value.is_null()) {
      changed.object()->erase(name);
    } else {
      (*changed.object())[name] = value;
    }
    EXPECT_EQ(unformed(changed), "a line is not of the format") << name;
  }
  for (const auto& [name, value] : std::vector<std::pair<std::string, Json>>{{"n", {}},
                                                                             {"n", "1"},
                                                                             {"n", 0},
                                                                             {"n", 2},
                                                                             {"previous", std::string(64, '0')},
                                                                             {"previous", 1},
                                                                             {"up_ms", {}},
                                                                             {"up_ms", "0"},
                                                                             {"at", {}},
                                                                             {"at", 1},
                                                                             {"at", "now"},
                                                                             {"clock", {}},
                                                                             {"clock", 1},
                                                                             {"clock", "sun"},
                                                                             {"event", {}},
                                                                             {"event", 1}}) {
    Json changed = line;
    Json::Object& entry = *changed.object()->find("entry")->second.object();
    if (value.is_null()) {
      entry.erase(name);
    } else {
      entry[name] = value;
    }
    EXPECT_EQ(unformed(changed), "a line is not of the format") << name;
  }
  Json later = line;
  Json::Object& entry = *later.object()->find("entry")->second.object();
  entry["n"] = 2;
  entry["previous"] = "0";
  EXPECT_EQ(unformed(later), "a line is not of the format");
  EXPECT_EQ(unformed(Json(std::vector<Json>{line})), "a line is not of the format");
  EXPECT_EQ(breach_of("words\n"), "a line is not of the format");
  EXPECT_EQ(breach_of(std::string(kDeviceLogLineBytesMax + 1, 'x') + "\n"), "a line is longer than any is");
}

TEST(DeviceLog, TheWordsAccountForEachStretchAndRecording) {
  EXPECT_EQ(device_log_words(verify_device_log({}, camera_key().public_key())),
            (std::vector<std::string>{"Camera , 0 lines of its log", "It recorded nothing in this time"}));
  EXPECT_EQ(device_log_words(verify_device_log({{"a.log", "x\n"}}, camera_key().public_key())),
            (std::vector<std::string>{"a.log, line 1: a line is not of the format"}));
  Log log;
  log.begin();
  log.add("recording", {{"recording", "ab"}});
  log.add("recorded", {{"recording", "ab"}});  // neither a file, nor an end, nor how many fragments
  log.add("marker", {{"recording", "none that it told of"}});
  log.add("marker", {{"recording", "ab"}}, 0);
  log.add("beat", {}, 600'000);
  log.begin();  // without a goodbye
  log.add("off");
  log.begin();
  log.add("off");
  log.begin();
  log.files().erase(log.files().begin() + 2);  // lines are missing
  std::string words;
  for (const std::string& sentence : device_log_words(log.verdict())) words += sentence + "\n";
  EXPECT_EQ(
      words,
      "Camera BC-7, 9 lines of its log\n"
      "2023-11-14T22:13:21Z to 2023-11-14T22:13:24Z: on, accounted for\n"
      "2023-11-14T22:13:24Z to 2023-11-14T22:23:24Z: on, and silent for longer than it may be; what it did is not "
      "known\n"
      "2023-11-14T22:23:24Z to 2023-11-14T22:23:24Z: on, accounted for\n"
      "2023-11-14T22:23:24Z to 2023-11-14T22:23:25Z: it ended without a goodbye in between; when, and why, is not "
      "known\n"
      "2023-11-14T22:23:25Z to 2023-11-14T22:23:26Z: on, accounted for\n"
      "2023-11-14T22:23:26Z to 2023-11-14T22:23:29Z: not in these files; lines of the log are missing\n"
      "2023-11-14T22:23:29Z to 2023-11-14T22:23:29Z: on, accounted for\n"
      "The last run has no goodbye: the camera was on still, or was cut off\n"
      "2023-11-14T22:13:22Z to 2023-11-14T22:13:24Z: recording ab, no file, never closed\n");
  // From the third file on, whose run says neither a serial nor a beat.
  const std::string on =
      line_of({{"n", 4}, {"previous", std::string(64, '1')}, {"event", "on"}, {"clock", "simulated"}});
  const std::string beat = line_of({{"n", 5}, {"previous", digest_of(on)}, {"event", "beat"}, {"clock", "simulated"}});
  EXPECT_EQ(device_log_words(verify_device_log({{"c.log", on + beat}}, camera_key().public_key())),
            (std::vector<std::string>{"Camera , 2 lines of its log", "The 3 lines before are not in these files",
                                      "Its clock was simulated: these are no times of the world",
                                      "2023-11-14T22:13:20Z to 2023-11-14T22:13:20Z: on, accounted for",
                                      "The last run has no goodbye: the camera was on still, or was cut off",
                                      "These lines tell of no recording; those that are missing may"}));
  // Between two runs that recorded nothing.
  Log quiet;
  for (int run = 0; run < 3; ++run) {
    quiet.begin();
    quiet.add("off");
  }
  EXPECT_EQ(device_log_words(quiet.verdict()).back(), "It recorded nothing in this time");
  quiet.files().erase(quiet.files().begin() + 1);
  EXPECT_EQ(quiet.verdict().first_n, 1);
  EXPECT_EQ(device_log_words(quiet.verdict()).back(), "These lines tell of no recording; those that are missing may");
  // Between a goodbye and the next start.
  EXPECT_NE(device_log_words(two_runs().verdict()).at(2).find(": off"), std::string::npos);
  EXPECT_TRUE(device_log_words(two_runs().verdict()).back().ends_with(": recording ab, one.mp4, ended: deactivated"));
}

TEST(DeviceLog, AnotherKeyIsRefused) {
  Log log = two_runs();
  EXPECT_EQ(verify_device_log(log.files(), camera_key(9).public_key()).breach,
            "a line is not signed by the key that was given");
}

}  // namespace
}  // namespace lapel::proof
