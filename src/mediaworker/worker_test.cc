// SPDX-License-Identifier: Apache-2.0
// The real lapel-media, started as the server starts it: what it says of real and hostile files, and that it
// cannot get out.
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/disk.h"
#include "os/process.h"
#include "protocol/media.h"

namespace lapel::mediaworker {
namespace {

using protocol::MediaFinding;
using protocol::MediaJob;
using protocol::MediaRequest;
using protocol::MediaResult;
using protocol::MediaVerdict;
using protocol::StreamKind;

const std::string kData = LAPEL_SOURCE_DIR "/test/data/";
const std::string kVariants = kData + "video/androidx+media/libraries/test_data/src/test/assets/media/";
const std::string kFront = kVariants + "mp4/sample_rotate_and_reflect.mp4";   // index in front
const std::string kBehind = kData + "video/Zulko+moviepy/media/chaplin.mp4";  // index behind

constexpr std::int64_t kPatienceMs = 120'000;

const MediaRequest kMark{.job = MediaJob::kRendition, .watermark = {"Jane Doe", "jane.doe@example.org"}};

std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

class MediaWorker : public testing::Test {
 protected:
  MediaWorker() : disk_(os::real_disk()), process_(os::real_process()) {
    char name[] = "/tmp/lapel_worker_XXXXXX";
    directory_ = mkdtemp(name);
    chmod(directory_.c_str(), 0777);  // an ordinary user must get in, to find what it may not do there
  }
  ~MediaWorker() override { std::filesystem::remove_all(directory_); }

  std::string keep(const std::string& name, const std::string& bytes) {
    const std::string path = directory_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    chmod(path.c_str(), 0666);
    return path;
  }

  MediaResult run(const std::string& path, const MediaRequest& request = {}, std::int64_t wall_ms = kPatienceMs) {
    auto input = disk_->open(path, os::OpenMode::kRead);
    std::unique_ptr<os::File> output;
    if (request.job != MediaJob::kProbe) {
      output = *disk_->open(directory_ / ("output" + std::to_string(++outputs_)), os::OpenMode::kCreate);
    }
    auto result = protocol::run_media_job(*process_, {.program = LAPEL_MEDIA, .wall_ms = wall_ms}, request, **input,
                                          output.get());
    EXPECT_TRUE(result) << path << ": " << (result ? "" : result.error().text());
    return result.value_or(MediaResult{});
  }
  MediaResult run_bytes(const std::string& bytes, const MediaRequest& request = {}) {
    return run(keep("input", bytes), request);
  }
  std::string picture() { return read_whole(directory_ / ("output" + std::to_string(outputs_))); }

  // A program with a worker's descriptors, by hand.
  struct Ran {
    os::Exit exit;
    std::string out;     // standard output
    std::string result;  // what came on kMediaResult
  };
  Ran run_program(std::vector<std::string> command, const std::string& input_path, const MediaRequest& request = {}) {
    auto input = disk_->open(input_path, os::OpenMode::kRead);
    auto output = disk_->open(keep("by-hand", ""), os::OpenMode::kReadWrite);
    auto question = os::Pipe::open();
    auto answer = os::Pipe::open();
    auto out = os::Pipe::open();
    EXPECT_TRUE(question->write(as_bytes(protocol::to_text(request))));
    question->close_write_end();
    const std::string program = command.front();
    command.erase(command.begin());
    auto child =
        process_->spawn({.program = program,
                         .arguments = std::move(command),
                         .descriptors = {os::kNoDescriptor, out->write_end(), os::kNoDescriptor, (*input)->descriptor(),
                                         question->read_end(), answer->write_end(), (*output)->descriptor()}});
    EXPECT_TRUE(child) << (child ? "" : child.error().text());
    if (!child) return {};
    answer->close_write_end();
    out->close_write_end();
    Ran ran;
    ran.out = out->read_all(1 << 20, kPatienceMs).value_or("");
    ran.result = answer->read_all(1 << 20, kPatienceMs).value_or("");
    ran.exit = (*child)->wait_for_ms(kPatienceMs).value().value_or(os::Exit{});
    return ran;
  }

  // A copy where an ordinary user can reach it, and the words that run a command as one.
  std::string reachable(const std::string& program) {
    const auto copy = directory_ / os::Path(program).filename();
    std::filesystem::copy_file(program, copy, std::filesystem::copy_options::skip_existing);
    return copy;
  }
  std::vector<std::string> as_ordinary_user(std::vector<std::string> command) {
    if (geteuid() != 0) return command;
    std::vector<std::string> all = {"/usr/bin/setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"};
    all.insert(all.end(), command.begin(), command.end());
    return all;
  }

  os::Path directory_;
  std::unique_ptr<os::Disk> disk_;
  std::unique_ptr<os::Process> process_;
  int outputs_ = 0;
};

const protocol::MediaStream* first_of(const MediaResult& result, StreamKind kind) {
  for (const auto& stream : result.streams) {
    if (stream.kind == kind) return &stream;
  }
  return nullptr;
}

bool found(const MediaResult& result, MediaFinding finding) {
  return std::find(result.findings.begin(), result.findings.end(), finding) != result.findings.end();
}

struct JpegSize {
  int width = 0, height = 0;
};
// From the frame header; zero where there is none.
JpegSize jpeg_size(const std::string& jpeg) {
  const auto byte = [&](std::size_t at) { return at < jpeg.size() ? static_cast<unsigned char>(jpeg[at]) : 0; };
  for (std::size_t at = 2; at + 9 < jpeg.size() && byte(at) == 0xff;) {
    if (byte(at + 1) == 0xc0) return {byte(at + 7) << 8 | byte(at + 8), byte(at + 5) << 8 | byte(at + 6)};
    at += 2 + static_cast<std::size_t>(byte(at + 2) << 8 | byte(at + 3));
  }
  return {};
}

// Files of the corpora.
// test/data/media_expected.tsv was written with another reader of the same files: durations, sizes and counts
// are those of ffprobe, verdicts were given by hand.
TEST_F(MediaWorker, SaysWhatIsTrueOfEveryFileOfTheTestData) {
  std::ifstream table(kData + "media_expected.tsv");
  ASSERT_TRUE(table);
  std::string line;
  std::getline(table, line);
  int rows = 0;
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::array<std::string, 11> field;
    for (std::string& text : field) std::getline(fields, text, '\t');
    const auto& [path, verdict, findings, container, duration, width, height, rotation, frames, video, audio] = field;
    SCOPED_TRACE(path);
    ++rows;
    const std::string before = read_whole(kData + path);
    const MediaResult result = run(kData + path);
    EXPECT_EQ(read_whole(kData + path), before);
    EXPECT_EQ(protocol::verdict_name(protocol::verdict_of(result)), verdict);
    std::string names;
    for (const MediaFinding finding : result.findings) {
      names += (names.empty() ? "" : ",") + std::string(protocol::finding_name(finding));
    }
    EXPECT_EQ(names.empty() ? "-" : names, findings);
    EXPECT_EQ(result.container.empty() ? "-" : result.container, container);
    if (duration != "-" && duration != "0") {
      ASSERT_TRUE(result.duration_ms);
      EXPECT_NEAR(static_cast<double>(*result.duration_ms), std::stod(duration), 2);
    }
    if (video != "-") {
      const auto* stream = first_of(result, StreamKind::kVideo);
      ASSERT_NE(stream, nullptr);
      EXPECT_EQ(stream->codec, video);
      EXPECT_EQ(std::to_string(stream->width), width);
      EXPECT_EQ(std::to_string(stream->height), height);
      EXPECT_EQ(std::to_string(stream->rotation), rotation);
      EXPECT_EQ(std::to_string(stream->frames_counted), frames);
    }
    if (audio != "-") {
      const auto* stream = first_of(result, StreamKind::kAudio);
      ASSERT_NE(stream, nullptr);
      EXPECT_EQ(stream->codec, audio);
    }
  }
  EXPECT_GE(rows, 50);
}

// For a sweep over a corpus that is not part of the repository: TESTDATA=DIR. Whatever the file, the worker
// ends by itself and says something.
TEST_F(MediaWorker, EndsByItselfOnEveryFileOfACorpus) {
  const char* corpus = std::getenv("TESTDATA");
  const std::string root = corpus ? corpus : kData + "adversarial";
  std::map<std::string, int> counts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    SCOPED_TRACE(entry.path());
    for (const MediaJob job : {MediaJob::kProbe, MediaJob::kPoster, MediaJob::kFilmstrip}) {
      const MediaResult result = run(entry.path(), {.job = job, .frames = 4});
      for (const MediaFinding finding : result.findings) EXPECT_LT(finding, MediaFinding::kStoppedAtDeadline);
      if (job == MediaJob::kProbe) ++counts[std::string(protocol::verdict_name(protocol::verdict_of(result)))];
      if (job == MediaJob::kProbe && protocol::verdict_of(result) == MediaVerdict::kNotMedia) break;
    }
  }
  for (const auto& [verdict, count] : counts) RecordProperty(verdict, count);
  EXPECT_FALSE(counts.empty());
}

TEST_F(MediaWorker, TellsTheTimeTheHeaderGives) {
  const MediaResult result = run(kFront);
  ASSERT_TRUE(result.creation_time);
  EXPECT_EQ(ledger_time(*result.creation_time), "2016-05-31T17:01:35.00Z");
}

// Damage.
TEST_F(MediaWorker, AFileCutBeforeItsIndexHasNone) {
  const std::string whole = read_whole(kBehind);
  for (const std::size_t part : {1, 5, 9}) {
    const MediaResult result = run_bytes(whole.substr(0, whole.size() * part / 10));
    EXPECT_EQ(result.findings, std::vector{MediaFinding::kIndexMissing}) << part;
  }
}

TEST_F(MediaWorker, AFileCutAfterItsIndexEndsEarly) {
  const std::string whole = read_whole(kFront);
  for (const std::size_t part : {5, 7, 9}) {
    const MediaResult result = run_bytes(whole.substr(0, whole.size() * part / 10));
    EXPECT_EQ(protocol::verdict_of(result), MediaVerdict::kDamaged) << part;
    EXPECT_TRUE(found(result, MediaFinding::kEndsEarly)) << part;
    const auto* video = first_of(result, StreamKind::kVideo);
    ASSERT_NE(video, nullptr);
    EXPECT_LT(video->frames_counted, 30) << part;
    EXPECT_NE(protocol::sentence_of(result).find("of the 30 frames its index lists"), std::string::npos);
  }
}

TEST_F(MediaWorker, ACutIsNoticedInOtherContainersToo) {
  for (const std::string& path : {kVariants + "mkv/sample.mkv", kVariants + "avi/sample.avi"}) {
    const std::string whole = read_whole(path);
    const MediaResult result = run_bytes(whole.substr(0, whole.size() / 2));
    EXPECT_EQ(protocol::verdict_of(result), MediaVerdict::kDamaged) << path;
    EXPECT_TRUE(found(result, MediaFinding::kEndsEarly)) << path;
  }
}

TEST_F(MediaWorker, DamagedFramesAreCounted) {
  std::string bytes = read_whole(kFront);
  for (std::size_t at = bytes.size() / 2; at < bytes.size() / 2 + 2000; ++at) bytes[at] = static_cast<char>(at * 31);
  const MediaResult result = run_bytes(bytes);
  EXPECT_EQ(protocol::verdict_of(result), MediaVerdict::kDamaged);
  EXPECT_TRUE(found(result, MediaFinding::kFramesFailed));
  const auto* video = first_of(result, StreamKind::kVideo);
  ASSERT_NE(video, nullptr);
  EXPECT_EQ(video->frames_counted, 30);
  EXPECT_GT(video->failed, 0);
  EXPECT_LT(video->failed, video->tried);
  EXPECT_NE(protocol::sentence_of(result).find("could not be decoded"), std::string::npos);
}

TEST_F(MediaWorker, EveryByteOfAHeaderMayBeWrong) {
  // Not what it says is tested, but that it says something: the index of a real file with one byte in
  // twenty-three turned over.
  const std::string whole = read_whole(kVariants + "mp4/sample_audio_only.mp4");
  const std::size_t index = whole.rfind("moov");
  ASSERT_NE(index, std::string::npos);
  for (std::size_t at = index; at < whole.size(); at += 23) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(~bytes[at]);
    const MediaResult result = run_bytes(bytes);
    for (const MediaFinding finding : result.findings) EXPECT_LT(finding, MediaFinding::kStoppedAtDeadline) << at;
  }
}

// Pictures.
TEST_F(MediaWorker, APosterFitsItsEdgeAndStandsUpright) {
  const std::pair<std::string, JpegSize> cases[] = {
      {kBehind, {320, 180}},
      {kData + "video/drewnoakes+metadata-extractor-images/mov/with-gps.mov", {180, 320}},  // 568 x 320, turned
      {kVariants + "mp4/sample_portrait.mp4", {213, 320}},
      {kData + "video/pytorch+torchcodec/test/resources/h265_video.mp4", {128, 128}},  // never enlarged
  };
  for (const auto& [path, size] : cases) {
    const MediaResult result = run(path, {.job = MediaJob::kPoster});
    ASSERT_TRUE(result.picture) << path;
    EXPECT_EQ(result.picture->width, size.width) << path;
    EXPECT_EQ(result.picture->height, size.height) << path;
    const std::string jpeg = picture();
    EXPECT_EQ(static_cast<std::size_t>(result.picture->bytes), jpeg.size());
    EXPECT_EQ(jpeg_size(jpeg).width, size.width) << path;
    EXPECT_EQ(jpeg_size(jpeg).height, size.height) << path;
  }
}

TEST_F(MediaWorker, TheSameBytesGiveTheSamePicture) {
  const MediaRequest request{.job = MediaJob::kPoster, .at_ms = 3000};
  run(kBehind, request);
  const std::string first = picture();
  run(kBehind, request);
  EXPECT_EQ(picture(), first);
  run(kBehind, {.job = MediaJob::kPoster, .at_ms = 6000});
  EXPECT_NE(picture(), first);
}

TEST_F(MediaWorker, AFilmstripHasItsPicturesInARow) {
  const MediaResult result = run(kBehind, {.job = MediaJob::kFilmstrip, .frames = 8, .height_px = 90});
  ASSERT_TRUE(result.picture);
  EXPECT_EQ(result.picture->width, 8 * 160);
  EXPECT_EQ(result.picture->height, 90);
  ASSERT_EQ(result.picture->times_ms.size(), 8U);
  for (std::size_t i = 0; i < 8; ++i) {  // evenly over 9.64 s, each at the next of 25 frames a second
    const double asked = 9640.0 * (2.0 * static_cast<double>(i) + 1) / 16;
    EXPECT_NEAR(static_cast<double>(result.picture->times_ms[i]), asked + 20, 21);
  }
}

TEST_F(MediaWorker, AFilmstripOfAFileWhoseHeaderLiesShowsWhatIsThere) {
  const MediaResult result = run(kVariants + "mp4/sample_fragmented.mp4", {.job = MediaJob::kFilmstrip, .frames = 4});
  ASSERT_TRUE(result.picture);
  ASSERT_EQ(result.picture->times_ms.size(), 4U);
  EXPECT_LT(result.picture->times_ms.back(), 1100);
}

TEST_F(MediaWorker, WhereThereIsNoPictureNoneIsMade) {
  for (const std::string& path : {kVariants + "mp4/sample_audio_only.mp4", kData + "media_expected.tsv"}) {
    const MediaResult result = run(path, {.job = MediaJob::kPoster});
    EXPECT_FALSE(result.picture) << path;
    EXPECT_FALSE(result.findings.empty()) << path;
    EXPECT_EQ(picture(), "") << path;
  }
}

TEST_F(MediaWorker, ATrackIsReadInTheSandbox) {
  const std::string telemetry = kData + "telemetry/";
  const struct {
    std::string path, container;
    std::int64_t points;
    std::vector<MediaFinding> findings;
  } files[] = {
      {telemetry + "gopro+gpmf-parser/samples/karma_small.mp4", "mp4", 47, {}},
      {telemetry + "mapillary+mapillary_tools/camm6.mp4", "mp4", 5, {}},
      {telemetry + "JuanIrache+gopro-telemetry/samples/hero7.raw", "gpmf", 308, {MediaFinding::kPositionsOnly}},
      {telemetry + "tkrajina+gpxpy/test_files/cerknicko-jezero.gpx", "gpx", 296, {MediaFinding::kPositionsOnly}},
      {telemetry + "ntpsec+gpsd/test/daemon/neo-m8n.log", "nmea", 23, {MediaFinding::kPositionsOnly}},
      {telemetry + "AxisCommunications+body-worn-integration-api/README-excerpts/gnss_trail.json",
       "axis_gnss",
       5,
       {MediaFinding::kPositionsOnly}},
      {telemetry + "JuanIrache+DJI_SRT_Parser/samples/broken_incomplete2.SRT",
       "srt",
       4,
       {MediaFinding::kRecordsFailed, MediaFinding::kPositionsOnly}},
  };
  for (const auto& file : files) {
    SCOPED_TRACE(file.path);
    const MediaResult probe = run(file.path);
    EXPECT_EQ(probe.container, file.container);
    EXPECT_TRUE(probe.may_have_track);
    const MediaResult result = run(file.path, {.job = MediaJob::kTrack});
    EXPECT_EQ(result.findings, file.findings);
    ASSERT_TRUE(result.track);
    EXPECT_EQ(result.track->points, file.points);
    EXPECT_EQ(result.track->bytes, static_cast<std::int64_t>(picture().size()));
  }
  const MediaResult none = run(kBehind, {.job = MediaJob::kTrack});
  EXPECT_EQ(none.findings, std::vector{MediaFinding::kNoTrack});
  EXPECT_EQ(picture(), "");
  EXPECT_FALSE(run(kBehind).may_have_track);
}

TEST_F(MediaWorker, WordsThatNobodySaidOfAPlaceAreNoTelemetry) {
  EXPECT_EQ(run_bytes("1\n00:00:00,000 --> 00:00:01,000\nHello\n").findings, std::vector{MediaFinding::kUnknownKind});
  EXPECT_EQ(run_bytes("<gpx></gpx>").findings, std::vector{MediaFinding::kUnknownKind});
  EXPECT_EQ(run_bytes("{\"CoordinateEntries\":[]}").findings, std::vector{MediaFinding::kUnknownKind});
}

// Limits.
TEST_F(MediaWorker, AJobIsKilledAtItsDeadline) {
  // A millisecond is over before the libraries are loaded.
  const MediaResult result = run(kBehind, {}, 1);
  EXPECT_EQ(result.findings, std::vector{MediaFinding::kStoppedAtDeadline});
}

TEST_F(MediaWorker, AHeaderOfHugeSizesIsNoBomb) {
  using namespace std::string_literals;
  // A PNG of 60,000 by 60,000 pixels in as good as no bytes.
  const std::string png =
      "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0\0\0\0\0\0\0\0\x10IDAT"s +
      std::string(40, '\0');
  EXPECT_EQ(protocol::verdict_of(run_bytes(png)), MediaVerdict::kUnreadable);
  EXPECT_FALSE(run_bytes(png, {.job = MediaJob::kPoster}).picture);

  // Tables of an index that claim four billion entries.
  const std::string whole = read_whole(kFront);
  for (const std::string table : {"stsz", "stts", "stsc", "stco", "ctts", "elst"}) {
    std::string bytes = whole;
    const std::size_t at = bytes.find(table);
    if (at == std::string::npos) continue;
    const std::size_t count = at + (table == "stsz" ? 12 : 8);
    bytes.replace(count, 4, "\xff\xff\xff\xff"s);
    const MediaResult result = run_bytes(bytes);
    for (const MediaFinding finding : result.findings) EXPECT_LT(finding, MediaFinding::kStoppedAtDeadline) << table;
  }
}

// Other files.
std::uint32_t size_at(const std::string& bytes, std::size_t at) {
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes[at + i]);
  return size;
}
std::string big_endian_32(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

// The boxes of `bytes` with the data reference replaced by `entry`, sizes of all that hold it made right
// again.
std::string with_data_reference(const std::string& bytes, const std::string& entry) {
  std::string out;
  for (std::size_t at = 0; at + 8 <= bytes.size();) {
    const std::size_t size = size_at(bytes, at);
    const std::string name = bytes.substr(at + 4, 4);
    std::string body = bytes.substr(at + 8, size - 8);
    if (name == "dref") {
      body = std::string(4, '\0') + big_endian_32(1) + entry;
    } else if (name == "moov" || name == "trak" || name == "mdia" || name == "minf" || name == "dinf") {
      body = with_data_reference(body, entry);
    }
    out += big_endian_32(static_cast<std::uint32_t>(body.size() + 8)) + name + body;
    at += size;
  }
  return out;
}

std::string data_reference(const std::string& type, const std::string& body) {
  return big_endian_32(static_cast<std::uint32_t>(12 + body.size())) + type + std::string(4, '\0') + body;
}

// An Apple alias record that names an absolute path.
std::string alias_to(const std::string& path) {
  std::string alias(150, '\0');
  alias[7] = 2;                                // version
  alias[50] = static_cast<char>(path.size());  // length of the file's name
  path.copy(alias.data() + 51, 63);
  std::string record = alias + std::string{'\0', '\2'} + std::string{'\0', static_cast<char>(path.size())} + path;
  if (path.size() % 2 != 0) record.push_back('\0');
  return record + std::string("\xff\xff\0\0", 4);
}

// After the filter is in place: the sandbox's own proof that it holds, then nothing but the end.
void expect_shut_in(const std::string& trace) {
  const auto mark = trace.rfind("seccomp(SECCOMP_SET_MODE_FILTER");
  ASSERT_NE(mark, std::string::npos) << trace;
  std::istringstream after(trace.substr(mark));
  std::string line;
  std::getline(after, line);
  std::vector<std::string> rest;
  while (std::getline(after, line)) rest.push_back(line);
  ASSERT_EQ(rest.size(), 3U) << trace.substr(mark);
  EXPECT_NE(rest[0].find("\"/\", O_RDONLY|O_CLOEXEC|O_DIRECTORY) = -1 EPERM"), std::string::npos) << rest[0];
  EXPECT_NE(rest[1].find("exit_group(0)"), std::string::npos) << rest[1];
  EXPECT_NE(rest[2].find("exited with 0"), std::string::npos) << rest[2];
}

TEST_F(MediaWorker, NothingButTheInputIsEverOpened) {
  const std::string secret = keep("officer_b.ts", read_whole(kVariants + "mp4/bt601.mov"));
  const std::string plain = read_whole(kBehind);  // its index is behind, so that a longer one moves no sample
  const std::vector<std::pair<std::string, std::string>> hostile = {
      {"playlist", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://" + secret + "\n#EXT-X-ENDLIST\n"},
      {"ffconcat", "ffconcat version 1.0\nfile '" + secret + "'\n"},
      {"subfile", "subfile,,start,0,end,9999,,:" + secret + "\n"},
      {"session", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"},
      {"dash", "<?xml version=\"1.0\"?><MPD><Period><BaseURL>file://" + secret + "</BaseURL></Period></MPD>"},
      {"reference-url", with_data_reference(plain, data_reference("url ", "file://" + secret + std::string(1, '\0')))},
      {"reference-alias", with_data_reference(plain, data_reference("alis", alias_to(secret)))},
      {"avi-subtitles",
       read_whole(kVariants + "avi/sample.avi") + "GAB2" + std::string(1, '\0') + "#EXTM3U\nfile://" + secret},
      {"mp4", plain},
  };
  for (const auto& [name, bytes] : hostile) {
    SCOPED_TRACE(name);
    const std::string trace = directory_ / ("trace-" + name);
    const Ran ran =
        run_program({"/usr/bin/strace", "-f", "-o", trace, "-e", "trace=%file,%network,%process,seccomp", LAPEL_MEDIA},
                    keep(name + ".mp4", bytes));
    ASSERT_EQ(ran.exit, os::Exit{}) << ran.result;
    const auto result = protocol::parse_media_result(ran.result);
    ASSERT_TRUE(result) << ran.result;
    if (name != "mp4" && name != "avi-subtitles" && name != "reference-url" && name != "reference-alias") {
      EXPECT_EQ(result->findings, std::vector{MediaFinding::kUnknownKind});
      EXPECT_EQ(result->bytes_read, static_cast<std::int64_t>(std::min<std::size_t>(4096, bytes.size())));
    } else {
      EXPECT_NE(protocol::verdict_of(*result), MediaVerdict::kNotMedia);
    }
    expect_shut_in(read_whole(trace));

    const std::string second = directory_ / ("trace-rendition-" + name);
    const Ran rendered = run_program({"/usr/bin/strace", "-f", "-o", second, "-e",
                                      "trace=%file,%network,%process,seccomp", LAPEL_MEDIA, "--rendition"},
                                     keep(name + ".mp4", bytes), kMark);
    ASSERT_EQ(rendered.exit, os::Exit{}) << rendered.result;
    const auto rendition = protocol::parse_media_result(rendered.result);
    ASSERT_TRUE(rendition) << rendered.result;
    EXPECT_EQ(rendition->rendition.has_value(), name == "mp4" || name == "avi-subtitles" || name == "reference-url")
        << rendered.result;
    expect_shut_in(read_whole(second));
  }
}

TEST_F(MediaWorker, ARenditionIsMadeOnlyInItsOwnSandboxAndNothingElseIsMadeThere) {
  const Ran without = run_program({LAPEL_MEDIA}, kFront, kMark);
  EXPECT_EQ(without.exit.code, static_cast<int>(protocol::MediaExit::kBadRequest));
  const Ran other = run_program({LAPEL_MEDIA, "--rendition"}, kFront, {.job = MediaJob::kPoster});
  EXPECT_EQ(other.exit.code, static_cast<int>(protocol::MediaExit::kBadRequest));
  const Ran both = run_program({LAPEL_MEDIA, "--rendition"}, kFront, kMark);
  EXPECT_EQ(both.exit, os::Exit{});
}

// The sandbox.
TEST_F(MediaWorker, TheSelfTestPasses) {
  const auto sandbox = protocol::check_media_sandbox(*process_, {.program = LAPEL_MEDIA});
  ASSERT_TRUE(sandbox) << sandbox.error().text();
  EXPECT_GE(sandbox->landlock_abi, 1);
}

TEST_F(MediaWorker, RootAndAnOrdinaryUserGetTheSameAnswer) {
  const Ran as_started = run_program({LAPEL_MEDIA}, kFront);
  const Ran ordinary = run_program(as_ordinary_user({reachable(LAPEL_MEDIA)}), kFront);
  EXPECT_EQ(as_started.exit, os::Exit{});
  EXPECT_EQ(ordinary.exit, os::Exit{});
  EXPECT_EQ(ordinary.result, as_started.result);
}

TEST_F(MediaWorker, WithoutLandlockOrSeccompItRefusesToWork) {
  for (const std::string layer : {"landlock", "seccomp"}) {
    const Ran job = run_program({LAPEL_MEDIA_ESCAPE, "without", layer, LAPEL_MEDIA}, kFront);
    EXPECT_EQ(job.exit, (os::Exit{static_cast<int>(protocol::MediaExit::kNoSandbox), 0})) << layer;
    EXPECT_NE(job.result.find("no sandbox"), std::string::npos) << job.result;
    EXPECT_EQ(job.result.find("verdict"), std::string::npos) << job.result;
    const Ran self_test = run_program({LAPEL_MEDIA_ESCAPE, "without", layer, LAPEL_MEDIA, "--self-test"}, kFront);
    EXPECT_EQ(self_test.exit, (os::Exit{static_cast<int>(protocol::MediaExit::kNoSandbox), 0})) << layer;
    EXPECT_NE(self_test.out.find("\"reason\":\"no sandbox"), std::string::npos) << self_test.out;
  }
}

TEST_F(MediaWorker, RefusesAWritableInputAndOddArguments) {
  const std::string path = keep("writable", read_whole(kFront));
  auto input = disk_->open(path, os::OpenMode::kReadWrite);
  auto pipe = os::Pipe::open();
  auto child = process_->spawn({.program = LAPEL_MEDIA,
                                .descriptors = {os::kNoDescriptor, os::kNoDescriptor, os::kNoDescriptor,
                                                (*input)->descriptor(), pipe->read_end(), pipe->write_end()}});
  ASSERT_TRUE(child);
  EXPECT_EQ(**(*child)->wait_for_ms(kPatienceMs), (os::Exit{static_cast<int>(protocol::MediaExit::kUsage), 0}));
  EXPECT_EQ(run_program({LAPEL_MEDIA, "--no-sandbox"}, path).exit.code, static_cast<int>(protocol::MediaExit::kUsage));
}

// The thread sanitizer's own thread needs memory and calls that the sandbox forbids, which is loosened for it: what the walls are
// worth is asked of builds without it.
#if defined(LAPEL_SANITIZED_THREAD)
#define SKIP_WHERE_THE_SANDBOX_IS_LOOSENED() GTEST_SKIP() << "the thread sanitizer needs what the sandbox forbids"
#else
#define SKIP_WHERE_THE_SANDBOX_IS_LOOSENED() static_cast<void>(0)
#endif

// test/escape/escape.cc names each attempt, what must become of it and what became of it.
void expect_as_named(const std::string& report, std::size_t attempts_min) {
  std::istringstream lines(report);
  std::string name, expected, outcome;
  std::size_t count = 0;
  while (lines >> name >> expected >> outcome) {
    ++count;
    EXPECT_EQ(outcome, expected) << name;
  }
  EXPECT_GE(count, attempts_min);
}

TEST_F(MediaWorker, NoAttemptToGetOutSucceeds) {
  SKIP_WHERE_THE_SANDBOX_IS_LOOSENED();
  const std::string canary = keep("canary", "sings");
  const std::string input = keep("input", "footage");
  const Ran ran = run_program({LAPEL_MEDIA_ESCAPE, "attempts", directory_}, input);
  EXPECT_EQ(ran.exit, os::Exit{});
  expect_as_named(ran.out, 150);
  EXPECT_EQ(read_whole(canary), "sings");
  EXPECT_EQ(read_whole(input), "footage");
  EXPECT_EQ(std::filesystem::file_size(directory_ / "by-hand"), protocol::kMediaOutputBytesMax);
}

TEST_F(MediaWorker, NoAttemptSucceedsWhereARenditionIsMadeEither) {
  SKIP_WHERE_THE_SANDBOX_IS_LOOSENED();
  // But for reading and writing its own output by offset, and those are named so.
  const std::string canary = keep("canary", "sings");
  const std::string input = keep("input", "footage");
  const Ran ran = run_program({LAPEL_MEDIA_ESCAPE, "rendition", directory_}, input);
  EXPECT_EQ(ran.exit, os::Exit{});
  expect_as_named(ran.out, 150);
  EXPECT_EQ(read_whole(canary), "sings");
  EXPECT_EQ(read_whole(input), "footage");
  EXPECT_EQ(std::filesystem::file_size(directory_ / "by-hand"), protocol::kMediaOutputBytesMax);
}

TEST_F(MediaWorker, NoAttemptOfAnOrdinaryUserSucceedsEither) {
  SKIP_WHERE_THE_SANDBOX_IS_LOOSENED();
  const std::string canary = keep("canary", "sings");
  const std::string input = keep("input", "footage");
  const Ran ran = run_program(as_ordinary_user({reachable(LAPEL_MEDIA_ESCAPE), "attempts", directory_}), input);
  EXPECT_EQ(ran.exit, os::Exit{});
  expect_as_named(ran.out, 150);
  EXPECT_EQ(read_whole(canary), "sings");
  EXPECT_EQ(read_whole(input), "footage");
}

TEST_F(MediaWorker, TheSameAttemptsSucceedOutsideTheSandbox) {
  SKIP_WHERE_THE_SANDBOX_IS_LOOSENED();
  // Else a typing error in an attempt would pass for a wall.
  keep("canary", "sings");
  const Ran ran =
      run_program(as_ordinary_user({reachable(LAPEL_MEDIA_ESCAPE), "control", directory_}), keep("input", "footage"));
  EXPECT_EQ(ran.exit, os::Exit{});
  expect_as_named(ran.out, 60);
}

}  // namespace
}  // namespace lapel::mediaworker
