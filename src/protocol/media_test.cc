// SPDX-License-Identifier: Apache-2.0
#include "protocol/media.h"

#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "protocol/track.h"

namespace lapel::protocol {
namespace {

MediaResult example() {
  MediaResult result;
  result.container = "mp4";
  result.file_bytes = 1000;
  result.bytes_read = 900;
  result.duration_ms = 10'000;
  result.duration_declared_ms = 10'000;
  result.creation_time = Timestamp{1'464'714'095'000'000};
  MediaStream video;
  video.kind = StreamKind::kVideo;
  video.codec = "h264";
  video.width = 1920;
  video.height = 1080;
  video.rotation = 90;
  video.frame_rate_num = 30'000;
  video.frame_rate_den = 1001;
  video.frames_counted = 300;
  video.frames_declared = 300;
  video.tried = 300;
  video.failed = 12;
  MediaStream sound;
  sound.kind = StreamKind::kAudio;
  sound.codec = "aac";
  sound.channels = 2;
  sound.sample_rate = 48'000;
  sound.frames_counted = 469;
  result.streams = {video, sound};
  result.findings = {MediaFinding::kFramesFailed};
  result.picture = MediaPicture{320, 180, 6872, {1207}};
  return result;
}

MediaResult example_of_rendition() {
  MediaResult result;
  result.container = "mp4";
  result.file_bytes = 1000;
  result.rendition = MediaRendition{1280, 720, 5000, 10'000, 300};
  return result;
}

std::string changed(std::string_view from, std::string_view to) {
  std::string text = to_text(example());
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(MediaResult, SurvivesTheRoundTrip) {
  const auto read = parse_media_result(to_text(example()));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(*read, example());
  const auto rendition = parse_media_result(to_text(example_of_rendition()));
  ASSERT_TRUE(rendition) << rendition.error().text();
  EXPECT_EQ(*rendition, example_of_rendition());
}

TEST(MediaResult, ATrackIsWithinItsBounds) {
  MediaResult result;
  result.container = "gpx";
  result.findings = {MediaFinding::kRecordsFailed, MediaFinding::kPositionsOnly};
  result.may_have_track = true;
  EXPECT_EQ(parse_media_result(to_text(result)).value(), result);
  EXPECT_EQ(verdict_of(result), MediaVerdict::kDamaged);
  const auto refused = [&](const MediaTrack& track) {
    result.track = track;
    return !parse_media_result(to_text(result));
  };
  EXPECT_FALSE(refused({1, 0}));
  EXPECT_FALSE(refused({static_cast<std::int64_t>(kTrackTextBytesMax), static_cast<std::int64_t>(kTrackPointsMax)}));
  EXPECT_TRUE(refused({0, 0}));
  EXPECT_TRUE(refused({1, -1}));
  EXPECT_TRUE(refused({static_cast<std::int64_t>(kTrackTextBytesMax) + 1, 1}));
  EXPECT_TRUE(refused({1, static_cast<std::int64_t>(kTrackPointsMax) + 1}));
}

TEST(MediaResult, ARenditionIsWithinItsBounds) {
  const auto refused = [](auto&& change) {
    MediaResult result = example_of_rendition();
    change(*result.rendition);
    return !parse_media_result(to_text(result));
  };
  EXPECT_TRUE(refused([](MediaRendition& r) { r.width = kMediaRenditionEdgeMax + 2; }));
  EXPECT_TRUE(refused([](MediaRendition& r) { r.height = 0; }));
  EXPECT_TRUE(refused([](MediaRendition& r) { r.bytes = 0; }));
  EXPECT_TRUE(refused([](MediaRendition& r) { r.bytes = static_cast<std::int64_t>(kMediaRenditionBytesMax) + 1; }));
  EXPECT_TRUE(refused([](MediaRendition& r) { r.frames = 0; }));
  EXPECT_TRUE(refused([](MediaRendition& r) { r.duration_ms = -1; }));
  EXPECT_FALSE(refused([](MediaRendition&) {}));
}

TEST(MediaResult, IsRefusedWhereAnythingIsOff) {
  const std::pair<const char*, const char*> changes[] = {
      {"\"v\":1", "\"v\":2"},
      {"\"v\":1", "\"v\":1.0"},
      {"\"v\":1", "\"w\":1,\"v\":1"},
      {"\"verdict\":\"damaged\"", "\"verdict\":\"whole\""},
      {"\"verdict\":\"damaged\"", "\"verdict\":\"fine\""},
      {"\"file_bytes\":1000", "\"file_bytes\":-1"},
      {"\"file_bytes\":1000", "\"file_bytes\":\"1000\""},
      {"\"file_bytes\":1000", "\"file_bytes\":1e3"},
      {"\"file_bytes\":1000", "\"file_bytes\":null"},
      {"\"file_bytes\":1000,", ""},
      {"\"duration_ms\":10000", "\"duration_ms\":99999999999999"},
      {"\"creation_time_us\":1464714095000000", "\"creation_time_us\":9223372036854775807"},
      {"\"codec\":\"h264\"", "\"codec\":\"<script>\""},
      {"\"codec\":\"h264\"", "\"codec\":\"\""},
      {"\"codec\":\"h264\"", "\"codec\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""},
      {"\"container\":\"mp4\"", "\"container\":\"../etc\""},
      {"\"container\":\"mp4\"", "\"container\":4"},
      {"\"kind\":\"video\"", "\"kind\":\"film\""},
      {"\"kind\":\"video\"", "\"kind\":\"audio\""},
      {"\"rotation\":90", "\"rotation\":45"},
      {"\"rotation\":90", "\"rotation\":360"},
      {"\"mirrored\":false", "\"mirrored\":0"},
      {"\"frame_rate_den\":1001", "\"frame_rate_den\":0"},
      {"\"width\":1920", "\"width\":70000"},
      {"\"failed\":12", "\"failed\":301"},
      {"\"findings\":[\"frames_failed\"]", "\"findings\":[\"frames_failed\",\"frames_failed\"]"},
      {"\"findings\":[\"frames_failed\"]", "\"findings\":[\"frames_failed\",\"ends_early\"]"},
      {"\"findings\":[\"frames_failed\"]", "\"findings\":[\"stopped_at_deadline\"]"},
      {"\"findings\":[\"frames_failed\"]", "\"findings\":\"frames_failed\""},
      {"\"findings\":[\"frames_failed\"]", "\"findings\":[7]"},
      {"\"bytes\":6872", "\"bytes\":0"},
      {"\"bytes\":6872", "\"bytes\":4194305"},
      {"\"times_ms\":[1207]", "\"times_ms\":[]"},
      {"\"times_ms\":[1207]", "\"times_ms\":[-1]"},
      {"\"times_ms\":[1207]", "\"times_ms\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]"},
      {"\"streams\":[", "\"streams\":[[],"},
      {"\n", "\n{}"},
  };
  for (const auto& [from, to] : changes) {
    EXPECT_FALSE(parse_media_result(changed(from, to))) << from << " -> " << to;
  }
}

TEST(MediaResult, IsRefusedWhenCutOrTooLarge) {
  const std::string text = to_text(example());
  for (std::size_t cut = 0; cut + 1 < text.size(); ++cut) EXPECT_FALSE(parse_media_result(text.substr(0, cut))) << cut;
  EXPECT_FALSE(parse_media_result(text + std::string(kMediaResultBytesMax, ' ')));
  MediaResult many = example();
  many.streams.resize(kMediaStreamsMax + 1, many.streams[1]);
  EXPECT_FALSE(parse_media_result(to_text(many)));
}

TEST(MediaResult, NoSingleByteMakesItSayWhatItDoesNot) {
  // Whatever still parses is within the bounds, and reads back as itself.
  const std::string text = to_text(example());
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char byte : {'\0', '9', '"', '{', '-', '\xff'}) {
      std::string other = text;
      other[at] = byte;
      const auto read = parse_media_result(other);
      if (read) {
        EXPECT_EQ(*parse_media_result(to_text(*read)), *read) << at;
      }
    }
  }
}

TEST(MediaVerdict, IsTheWorstOfItsFindings) {
  MediaResult result;
  EXPECT_EQ(verdict_of(result), MediaVerdict::kWhole);
  result.findings = {MediaFinding::kHeaderLies};
  EXPECT_EQ(verdict_of(result), MediaVerdict::kWhole);
  result.findings = {MediaFinding::kEndsEarly, MediaFinding::kHeaderLies};
  EXPECT_EQ(verdict_of(result), MediaVerdict::kDamaged);
  result.findings = {MediaFinding::kCrashed};
  EXPECT_EQ(verdict_of(result), MediaVerdict::kUnreadable);
}

TEST(MediaVerdict, IsWordedForPeople) {
  EXPECT_EQ(sentence_of(example()), "12 of 300 frames could not be decoded.");
  MediaResult cut = example();
  cut.findings = {MediaFinding::kEndsEarly};
  cut.streams[0].frames_counted = 120;
  EXPECT_EQ(sentence_of(cut), "The file ends early: of the 300 frames its index lists, 120 are there.");
  MediaResult lost;
  lost.findings = {MediaFinding::kIndexMissing, MediaFinding::kHeaderLies};
  EXPECT_EQ(sentence_of(lost), "The file ends in the middle: its index (moov) is missing, so nothing can be played.");
  MediaResult lying;
  lying.findings = {MediaFinding::kHeaderLies};
  lying.duration_declared_ms = 143'165'643;
  lying.duration_ms = 1068;
  EXPECT_EQ(sentence_of(lying), "The header gives 39 h 46 min but the footage lasts 1.0 s.");
}

TEST(MediaRequest, SurvivesTheRoundTrip) {
  const MediaRequest requests[] = {{.job = MediaJob::kProbe},
                                   {.job = MediaJob::kPoster, .edge_px = 160, .at_ms = 1500},
                                   {.job = MediaJob::kPoster},
                                   {.job = MediaJob::kFilmstrip, .frames = 20, .height_px = 64},
                                   {.job = MediaJob::kTrack},
                                   {.job = MediaJob::kRendition, .watermark = {"Jane Doe"}},
                                   {.job = MediaJob::kRendition, .watermark = {"a \"quoted\" name", "Łódź", "名"}}};
  for (const MediaRequest& request : requests) {
    const auto read = parse_media_request(to_text(request));
    ASSERT_TRUE(read) << to_text(request);
    EXPECT_EQ(*read, request);
  }
}

TEST(MediaRequest, IsRefusedWhereAnythingIsOff) {
  for (const char* text : {"",
                           "{}",
                           "[]",
                           "{\"v\":1}",
                           "{\"v\":1,\"job\":\"erase\"}",
                           "{\"v\":2,\"job\":\"probe\"}",
                           "{\"v\":1,\"job\":\"probe\",\"edge_px\":1}",
                           "{\"v\":1,\"job\":\"poster\"}",
                           "{\"v\":1,\"job\":\"poster\",\"edge_px\":321}",
                           "{\"v\":1,\"job\":\"poster\",\"edge_px\":320,\"at_ms\":-1}",
                           "{\"v\":1,\"job\":\"filmstrip\",\"frames\":0,\"height_px\":90}",
                           "{\"v\":1,\"job\":\"filmstrip\",\"frames\":21,\"height_px\":90}",
                           "{\"v\":1,\"job\":\"filmstrip\",\"frames\":5}",
                           "{\"v\":1,\"job\":\"track\",\"at_ms\":0}",
                           "{\"v\":1,\"job\":\"probe\",\"job\":\"probe\"}",
                           "{\"v\":1,\"job\":\"probe\",\"watermark\":[\"a\"]}",
                           "{\"v\":1,\"job\":\"rendition\"}",
                           "{\"v\":1,\"job\":\"rendition\",\"watermark\":\"a\"}",
                           "{\"v\":1,\"job\":\"rendition\",\"watermark\":[]}",
                           "{\"v\":1,\"job\":\"rendition\",\"watermark\":[\"\"]}",
                           "{\"v\":1,\"job\":\"rendition\",\"watermark\":[7]}",
                           "{\"v\":1,\"job\":\"rendition\",\"watermark\":[\"a\\nb\"]}",
                           "{\"v\":1,\"job\":\"rendition\",\"watermark\":[\"a\",\"b\",\"c\",\"d\"]}"}) {
    EXPECT_FALSE(parse_media_request(text)) << text;
  }
  // Sixty characters, of however many bytes.
  std::string longest;
  for (std::size_t i = 0; i < kMediaMarkCharactersMax; ++i) longest += "é";
  EXPECT_TRUE(parse_media_request(to_text(MediaRequest{.job = MediaJob::kRendition, .watermark = {longest}})));
  EXPECT_FALSE(parse_media_request(to_text(MediaRequest{.job = MediaJob::kRendition, .watermark = {longest + "e"}})));
}

// Workers that misbehave, as shell scripts: what run_media_job makes of each.
class FaithlessWorker : public testing::Test {
 protected:
  FaithlessWorker() : disk_(os::real_disk()), process_(os::real_process()) {
    char name[] = "/tmp/lapel_media_XXXXXX";
    directory_ = mkdtemp(name);
    std::ofstream(directory_ / "input") << "footage";
  }
  ~FaithlessWorker() override { std::filesystem::remove_all(directory_); }

  Result<MediaResult> run(const std::string& script, const MediaRequest& request = {}, std::int64_t wall_ms = 60'000) {
    const auto program = directory_ / "worker";
    std::filesystem::remove(program);
    std::ofstream(program) << "#!/bin/sh\n" << script;
    chmod(program.c_str(), 0755);
    auto input = disk_->open(directory_ / "input", os::OpenMode::kRead);
    EXPECT_TRUE(input);
    std::filesystem::remove(directory_ / "output");
    std::unique_ptr<os::File> output;
    if (request.job != MediaJob::kProbe) output = *disk_->open(directory_ / "output", os::OpenMode::kCreate);
    return run_media_job(*process_, {.program = program, .wall_ms = wall_ms}, request, **input, output.get());
  }
  MediaFinding finding(const std::string& script, const MediaRequest& request = {}, std::int64_t wall_ms = 60'000) {
    const auto result = run(script, request, wall_ms);
    EXPECT_TRUE(result) << script << ": " << result.error().text();
    EXPECT_TRUE(result && result->findings.size() == 1) << script;
    return result && !result->findings.empty() ? result->findings[0] : MediaFinding::kEmpty;
  }

  os::Path directory_;
  std::unique_ptr<os::Disk> disk_;
  std::unique_ptr<os::Process> process_;
};

constexpr std::string_view kGoodAnswer =
    R"({"v":1,"verdict":"whole","container":"mp4","file_bytes":7,"bytes_read":7,"streams":[],"findings":[]})";

TEST_F(FaithlessWorker, AnHonestAnswerIsTaken) {
  const auto result = run("read request <&4; echo '" + std::string(kGoodAnswer) + "' >&5\n");
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(verdict_of(*result), MediaVerdict::kWhole);
}

TEST_F(FaithlessWorker, ItsInputCannotBeWritten) {
  const auto result = run("echo overwritten >&3 && exit 1; echo '" + std::string(kGoodAnswer) + "' >&5\n");
  ASSERT_TRUE(result);
  EXPECT_EQ(verdict_of(*result), MediaVerdict::kWhole);
}

TEST_F(FaithlessWorker, NonsenseIsABadAnswer) {
  EXPECT_EQ(finding("exit 0\n"), MediaFinding::kBadAnswer);
  EXPECT_EQ(finding("echo hello >&5\n"), MediaFinding::kBadAnswer);
  EXPECT_EQ(finding("head -c 70000 /dev/zero >&5\n"), MediaFinding::kBadAnswer);
  EXPECT_EQ(finding("exec cat /dev/zero >&5\n"), MediaFinding::kBadAnswer);
  EXPECT_EQ(finding("echo '{\"v\":1}' >&5\n"), MediaFinding::kBadAnswer);
}

TEST_F(FaithlessWorker, AnAnswerAboutAnotherFileIsABadAnswer) {
  std::string other(kGoodAnswer);
  other.replace(other.find("\"file_bytes\":7"), 14, "\"file_bytes\":8");
  EXPECT_EQ(finding("echo '" + other + "' >&5\n"), MediaFinding::kBadAnswer);
}

TEST_F(FaithlessWorker, APictureIsLookedAt) {
  std::string answer(kGoodAnswer);
  answer.insert(answer.size() - 1, R"(,"picture":{"width":2,"height":2,"bytes":4,"times_ms":[0]})");
  const MediaRequest poster{.job = MediaJob::kPoster};
  const std::string say = "echo '" + answer + "' >&5\n";
  EXPECT_EQ(finding(say, poster), MediaFinding::kBadAnswer);                          // nothing written
  EXPECT_EQ(finding("printf '<ht>' >&6\n" + say, poster), MediaFinding::kBadAnswer);  // no JPEG
  EXPECT_EQ(finding("printf '\\377\\330\\0\\377\\331' >&6\n" + say, poster),
            MediaFinding::kBadAnswer);                // other size
  EXPECT_EQ(finding(say), MediaFinding::kBadAnswer);  // not asked for
  EXPECT_TRUE(run("printf '\\377\\330\\377\\331' >&6\n" + say, poster)->findings.empty());
}

TEST_F(FaithlessWorker, ATrackIsReadWithItsOwnReader) {
  const Track track{.source = TrackSource::kGpx, .points = {{.latitude = 1, .longitude = 2}}};
  const auto writes = [](std::string text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\n");
    return "printf '" + text + "' >&6\n";
  };
  const auto says = [](std::size_t bytes, int points) {
    std::string answer(kGoodAnswer);
    answer.insert(answer.size() - 1, fmt::format(R"(,"track":{{"bytes":{},"points":{}}})", bytes, points));
    return "echo '" + answer + "' >&5\n";
  };
  const std::string text = to_text(track);
  std::string elsewhere = text;
  elsewhere.replace(elsewhere.find("1 2 -"), 1, "99");
  const MediaRequest asked{.job = MediaJob::kTrack};
  EXPECT_TRUE(run(writes(text) + says(text.size(), 1), asked)->findings.empty());
  EXPECT_EQ(finding(says(text.size(), 1), asked), MediaFinding::kBadAnswer);                     // nothing written
  EXPECT_EQ(finding(writes(text) + says(text.size() - 1, 1), asked), MediaFinding::kBadAnswer);  // other size
  EXPECT_EQ(finding(writes(text) + says(text.size(), 2), asked), MediaFinding::kBadAnswer);      // other count
  EXPECT_EQ(finding(writes(elsewhere) + says(elsewhere.size(), 1), asked), MediaFinding::kBadAnswer);  // no place
  EXPECT_EQ(finding(writes(text) + says(text.size(), 1), {.job = MediaJob::kPoster}),
            MediaFinding::kBadAnswer);  // not asked for
  // A picture is none of what a track is asked for.
  std::string picture(kGoodAnswer);
  picture.insert(picture.size() - 1, R"(,"picture":{"width":2,"height":2,"bytes":4,"times_ms":[0]})");
  EXPECT_EQ(finding("printf '\\377\\330\\377\\331' >&6\necho '" + picture + "' >&5\n", asked),
            MediaFinding::kBadAnswer);
}

TEST_F(FaithlessWorker, ARenditionIsLookedAtAndAskedForByItsFlag) {
  std::string answer(kGoodAnswer);
  answer.insert(answer.size() - 1, R"(,"rendition":{"width":2,"height":2,"bytes":8,"duration_ms":1,"frames":1})");
  const MediaRequest rendition{.job = MediaJob::kRendition, .watermark = {"Jane Doe"}};
  const std::string say = "[ \"$*\" = --rendition ] || exit 1; echo '" + answer + "' >&5\n";
  EXPECT_EQ(finding(say, rendition), MediaFinding::kBadAnswer);                              // nothing written
  EXPECT_EQ(finding("printf '<html><h' >&6\n" + say, rendition), MediaFinding::kBadAnswer);  // no MP4
  EXPECT_EQ(finding("printf '\\0\\0\\0\\10ftyp.' >&6\n" + say, rendition), MediaFinding::kBadAnswer);  // other size
  EXPECT_TRUE(run("printf '\\0\\0\\0\\10ftyp' >&6\n" + say, rendition)->findings.empty());
  // Not asked for.
  const std::string unasked = "printf '\\0\\0\\0\\10ftyp' >&6; echo '" + answer + "' >&5\n";
  EXPECT_EQ(finding(unasked, {.job = MediaJob::kPoster}), MediaFinding::kBadAnswer);
}

TEST_F(FaithlessWorker, ItsEndIsToldApart) {
  EXPECT_EQ(finding("kill -SYS $$\n"), MediaFinding::kStoppedBySandbox);
  EXPECT_EQ(finding("kill -XCPU $$\n"), MediaFinding::kStoppedAtLimit);
  EXPECT_EQ(finding("kill -XFSZ $$\n"), MediaFinding::kStoppedAtLimit);
  EXPECT_EQ(finding("kill -KILL $$\n"), MediaFinding::kStoppedAtLimit);
  EXPECT_EQ(finding("kill -SEGV $$\n"), MediaFinding::kCrashed);
  EXPECT_EQ(finding("exit 21\n"), MediaFinding::kCrashed);
  EXPECT_EQ(finding("exit 1\n"), MediaFinding::kCrashed);
}

TEST_F(FaithlessWorker, AHangingJobIsKilledAtItsDeadline) {
  EXPECT_EQ(finding("exec tail -f /dev/null\n", {}, 50), MediaFinding::kStoppedAtDeadline);
}

TEST_F(FaithlessWorker, WithoutASandboxTheJobIsBlocked) {
  const auto result =
      run("if [ \"$1\" = --self-test ]; then echo '{\"v\":1,\"reason\":\"no sandbox: none\"}'; fi; exit 20\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kUnavailable);
  EXPECT_EQ(result.error().text(), "blocked: no sandbox (no sandbox: none)");
}

TEST_F(FaithlessWorker, AClaimOfNoSandboxIsCheckedBeforeItBlocksAnything) {
  EXPECT_EQ(finding("if [ \"$1\" = --self-test ]; then echo '{\"v\":1,\"landlock\":7,\"seccomp\":true}'; "
                    "exit 0; fi; exit 20\n"),
            MediaFinding::kBadAnswer);
}

TEST_F(FaithlessWorker, AMissingWorkerIsUnavailable) {
  auto input = disk_->open(directory_ / "input", os::OpenMode::kRead);
  const MediaWorker nobody{.program = directory_ / "nobody"};
  const auto result = run_media_job(*process_, nobody, {}, **input, nullptr);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kUnavailable);
  const auto sandbox = check_media_sandbox(*process_, nobody);
  ASSERT_FALSE(sandbox);
  EXPECT_EQ(sandbox.error().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace lapel::protocol
