// SPDX-License-Identifier: Apache-2.0
#include "protocol/media.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "protocol/members.h"
#include "protocol/track.h"

namespace lapel::protocol {
namespace {

constexpr std::array kJobs = {
    Name<MediaJob>{MediaJob::kProbe, "probe"},         Name<MediaJob>{MediaJob::kPoster, "poster"},
    Name<MediaJob>{MediaJob::kFilmstrip, "filmstrip"}, Name<MediaJob>{MediaJob::kRendition, "rendition"},
    Name<MediaJob>{MediaJob::kTrack, "track"},         Name<MediaJob>{MediaJob::kSignature, "signature"},
};
constexpr std::array kKinds = {
    Name<StreamKind>{StreamKind::kVideo, "video"},
    Name<StreamKind>{StreamKind::kAudio, "audio"},
    Name<StreamKind>{StreamKind::kSubtitle, "subtitle"},
    Name<StreamKind>{StreamKind::kData, "data"},
};
constexpr std::array kVerdicts = {
    Name<MediaVerdict>{MediaVerdict::kWhole, "whole"},
    Name<MediaVerdict>{MediaVerdict::kDamaged, "damaged"},
    Name<MediaVerdict>{MediaVerdict::kUnreadable, "unreadable"},
    Name<MediaVerdict>{MediaVerdict::kNotMedia, "not_media"},
};

struct FindingRow {
  MediaFinding value;
  std::string_view text;
  MediaVerdict verdict;
  bool by_worker;
};
constexpr std::array kFindings = {
    FindingRow{MediaFinding::kEmpty, "empty", MediaVerdict::kNotMedia, true},
    FindingRow{MediaFinding::kUnknownKind, "unknown_kind", MediaVerdict::kNotMedia, true},
    FindingRow{MediaFinding::kIndexMissing, "index_missing", MediaVerdict::kUnreadable, true},
    FindingRow{MediaFinding::kIndexDamaged, "index_damaged", MediaVerdict::kUnreadable, true},
    FindingRow{MediaFinding::kNoStreams, "no_streams", MediaVerdict::kUnreadable, true},
    FindingRow{MediaFinding::kNoPackets, "no_packets", MediaVerdict::kUnreadable, true},
    FindingRow{MediaFinding::kEncrypted, "encrypted", MediaVerdict::kUnreadable, true},
    FindingRow{MediaFinding::kCodecUnknown, "codec_unknown", MediaVerdict::kUnreadable, true},
    FindingRow{MediaFinding::kFramesTooLarge, "frames_too_large", MediaVerdict::kUnreadable, true},
    FindingRow{MediaFinding::kNothingDecodes, "nothing_decodes", MediaVerdict::kUnreadable, true},
    FindingRow{MediaFinding::kTooMuchMemory, "too_much_memory", MediaVerdict::kUnreadable, true},
    FindingRow{MediaFinding::kEndsEarly, "ends_early", MediaVerdict::kDamaged, true},
    FindingRow{MediaFinding::kReadStopped, "read_stopped", MediaVerdict::kDamaged, true},
    FindingRow{MediaFinding::kFramesFailed, "frames_failed", MediaVerdict::kDamaged, true},
    FindingRow{MediaFinding::kRecordsFailed, "records_failed", MediaVerdict::kDamaged, true},
    FindingRow{MediaFinding::kSumsWrong, "sums_wrong", MediaVerdict::kDamaged, true},
    FindingRow{MediaFinding::kPositionsOnly, "positions_only", MediaVerdict::kWhole, true},
    FindingRow{MediaFinding::kHeaderLies, "header_lies", MediaVerdict::kWhole, true},
    FindingRow{MediaFinding::kNotCountedToEnd, "not_counted_to_end", MediaVerdict::kWhole, true},
    FindingRow{MediaFinding::kNoPicture, "no_picture", MediaVerdict::kWhole, true},
    FindingRow{MediaFinding::kNoTrack, "no_track", MediaVerdict::kWhole, true},
    FindingRow{MediaFinding::kStoppedAtDeadline, "stopped_at_deadline", MediaVerdict::kUnreadable, false},
    FindingRow{MediaFinding::kStoppedAtLimit, "stopped_at_limit", MediaVerdict::kUnreadable, false},
    FindingRow{MediaFinding::kStoppedBySandbox, "stopped_by_sandbox", MediaVerdict::kUnreadable, false},
    FindingRow{MediaFinding::kCrashed, "crashed", MediaVerdict::kUnreadable, false},
    FindingRow{MediaFinding::kBadAnswer, "bad_answer", MediaVerdict::kUnreadable, false},
};

const FindingRow& row_of(MediaFinding finding) {
  const auto row =
      std::find_if(kFindings.begin(), kFindings.end(), [&](const FindingRow& r) { return r.value == finding; });
  CHECK(row != kFindings.end());
  return *row;
}

constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();
constexpr int kIntMax = std::numeric_limits<int>::max();
constexpr std::int64_t kPixelsMax = 65'536;

Json to_value(const MediaStream& stream) {
  Json::Object out;
  out["kind"] = name_in(kKinds, stream.kind);
  out["codec"] = stream.codec;
  out["frames_counted"] = stream.frames_counted;
  put_if(out, "frames_declared", stream.frames_declared);
  put_if(out, "duration_ms", stream.duration_ms);
  out["tried"] = stream.tried;
  out["failed"] = stream.failed;
  if (stream.kind == StreamKind::kVideo) {
    out["width"] = stream.width;
    out["height"] = stream.height;
    out["rotation"] = stream.rotation;
    out["mirrored"] = stream.mirrored;
    out["frame_rate_num"] = stream.frame_rate_num;
    out["frame_rate_den"] = stream.frame_rate_den;
  }
  if (stream.kind == StreamKind::kAudio) {
    out["channels"] = stream.channels;
    out["sample_rate"] = stream.sample_rate;
  }
  return out;
}

Result<MediaStream> parse_stream(const Json& value) {
  Members members(value);
  MediaStream stream;
  stream.kind = members.one_of("kind", kKinds);
  stream.codec = members.word("codec", 1);
  stream.frames_counted = members.integer("frames_counted", 0, kInt64Max);
  stream.frames_declared = members.integer_if_any("frames_declared", 0, kInt64Max);
  stream.duration_ms = members.integer_if_any("duration_ms", 0, kMediaDurationMsMax);
  stream.tried = members.integer("tried", 0, kInt64Max);
  stream.failed = members.integer("failed", 0, stream.tried);
  if (stream.kind == StreamKind::kVideo) {
    stream.width = members.small("width", 0, kPixelsMax);
    stream.height = members.small("height", 0, kPixelsMax);
    stream.rotation = members.small("rotation", 0, 270);
    if (stream.rotation % 90 != 0) members.refuse("rotation");
    stream.mirrored = members.flag("mirrored");
    stream.frame_rate_num = members.small("frame_rate_num", 0, kIntMax);
    stream.frame_rate_den = members.small("frame_rate_den", 0, kIntMax);
    if ((stream.frame_rate_num == 0) != (stream.frame_rate_den == 0)) members.refuse("frame_rate_den");
  }
  if (stream.kind == StreamKind::kAudio) {
    stream.channels = members.small("channels", 0, 1024);
    stream.sample_rate = members.small("sample_rate", 0, kIntMax);
  }
  TRY(members.finish("stream of a media result"));
  return stream;
}

Result<MediaPicture> parse_picture(const Json& value) {
  Members members(value);
  MediaPicture picture;
  picture.width = members.small("width", 1, kMediaPosterEdgeMax * kMediaStripFramesMax);
  picture.height = members.small("height", 1, kMediaPosterEdgeMax);
  picture.bytes = members.integer("bytes", 1, static_cast<std::int64_t>(kMediaOutputBytesMax));
  for (const Json& time : members.list("times_ms", kMediaStripFramesMax)) {
    const std::int64_t* ms = time.integer();
    if (ms == nullptr || *ms < 0 || *ms > kMediaDurationMsMax) {
      members.refuse("times_ms");
    } else {
      picture.times_ms.push_back(*ms);
    }
  }
  if (picture.times_ms.empty()) members.refuse("times_ms");
  TRY(members.finish("picture of a media result"));
  return picture;
}

Result<MediaRendition> parse_rendition(const Json& value) {
  Members members(value);
  MediaRendition rendition;
  rendition.width = members.small("width", 2, kMediaRenditionEdgeMax);
  rendition.height = members.small("height", 2, kMediaRenditionEdgeMax);
  rendition.bytes = members.integer("bytes", 1, static_cast<std::int64_t>(kMediaRenditionBytesMax));
  rendition.duration_ms = members.integer("duration_ms", 0, kMediaDurationMsMax);
  rendition.frames = members.integer("frames", 1, kInt64Max);
  TRY(members.finish("rendition of a media result"));
  return rendition;
}

Result<MediaTrack> parse_media_track(const Json& value) {
  Members members(value);
  MediaTrack track;
  track.bytes = members.integer("bytes", 1, static_cast<std::int64_t>(kTrackTextBytesMax));
  track.points = members.integer("points", 0, static_cast<std::int64_t>(kTrackPointsMax));
  TRY(members.finish("track of a media result"));
  return track;
}

// One line of a mark. What has no drawing is a box there, so only what is no character at all is refused.
bool is_mark_line(const std::string& text) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  const auto characters = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins));
  return characters > 0 && characters <= kMediaMarkCharactersMax && !has_control_characters(text);
}

// The stream whose sample went worst: the one a sentence is about.
const MediaStream* worst_stream(const MediaResult& result) {
  const MediaStream* worst = nullptr;
  for (const MediaStream& stream : result.streams) {
    if (stream.failed > 0 && (worst == nullptr || stream.failed > worst->failed)) worst = &stream;
  }
  return worst;
}

std::string_view unit_of(const MediaStream& stream) {
  return stream.kind == StreamKind::kAudio ? "pieces of sound" : "frames";
}

std::string text_of_ms(std::int64_t ms) {
  const std::int64_t seconds = ms / 1000;
  if (seconds < 60) return fmt::format("{}.{} s", seconds, ms % 1000 / 100);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

std::string ends_early_sentence(const MediaResult& result) {
  for (const MediaStream& stream : result.streams) {
    if (stream.frames_declared && stream.frames_counted < *stream.frames_declared) {
      return fmt::format("The file ends early: of the {} {} its index lists, {} are there.", *stream.frames_declared,
                         unit_of(stream), stream.frames_counted);
    }
  }
  return "The file ends early: it is shorter than its own header says. What is there can be played.";
}

std::string frames_failed_sentence(const MediaResult& result) {
  const MediaStream* stream = worst_stream(result);
  if (stream == nullptr) return "Some frames could not be decoded.";
  if (stream->tried < stream->frames_counted) {
    return fmt::format("{} of the {} {} tried, out of {}, could not be decoded.", stream->failed, stream->tried,
                       unit_of(*stream), stream->frames_counted);
  }
  return fmt::format("{} of {} {} could not be decoded.", stream->failed, stream->tried, unit_of(*stream));
}

std::string sentence_of_finding(MediaFinding finding, const MediaResult& result) {
  switch (finding) {
    case MediaFinding::kEmpty:
      return "The file is empty.";
    case MediaFinding::kUnknownKind:
      return "This is not a media file that Lapel knows; it was not opened.";
    case MediaFinding::kIndexMissing:
      return "The file ends in the middle: its index (moov) is missing, so nothing can be played.";
    case MediaFinding::kIndexDamaged:
      return "The file's index is damaged, so nothing can be played.";
    case MediaFinding::kNoStreams:
      return "The file holds neither picture nor sound.";
    case MediaFinding::kNoPackets:
      return "The file describes picture or sound but holds none of it.";
    case MediaFinding::kEncrypted:
      return "The footage is encrypted; Lapel does not have its key.";
    case MediaFinding::kCodecUnknown:
      return "The footage is coded in a way that Lapel does not decode.";
    case MediaFinding::kFramesTooLarge:
      return "The frames are larger than Lapel decodes.";
    case MediaFinding::kNothingDecodes:
      return "Not one of the frames tried could be decoded.";
    case MediaFinding::kTooMuchMemory:
      return "The file asks for more memory than Lapel allows for one file; its header may be damaged.";
    case MediaFinding::kEndsEarly:
      return ends_early_sentence(result);
    case MediaFinding::kReadStopped:
      return "The file's structure breaks off before its end; what comes before it can be played.";
    case MediaFinding::kFramesFailed:
      return frames_failed_sentence(result);
    case MediaFinding::kRecordsFailed:
      return "Some of its records are damaged or cut off and are left out; the others can be read.";
    case MediaFinding::kSumsWrong:
      return "Not one check sum of its records is right: it was changed after it was written, or a device wrote it "
             "that gets "
             "them wrong.";
    case MediaFinding::kPositionsOnly:
      return "The file says where a camera was; it has neither picture nor sound.";
    case MediaFinding::kHeaderLies:
      if (result.duration_declared_ms && result.duration_ms) {
        return fmt::format("The header gives {} but the footage lasts {}.", text_of_ms(*result.duration_declared_ms),
                           text_of_ms(*result.duration_ms));
      }
      return "The header gives another duration than the footage has.";
    case MediaFinding::kNotCountedToEnd:
      return "The file is too long to be counted to its end.";
    case MediaFinding::kNoPicture:
      return "No picture could be made of it.";
    case MediaFinding::kNoTrack:
      return "It says nothing of where the camera was.";
    case MediaFinding::kStoppedAtDeadline:
      return "Examining the file took too long and was stopped; the file itself is as it was.";
    case MediaFinding::kStoppedAtLimit:
      return "Examining the file took more time or room than one file may and was stopped; the file itself "
             "is as it was.";
    case MediaFinding::kStoppedBySandbox:
      return "Examining the file was stopped because the decoder reached for something outside: treat the "
             "file as hostile.";
    case MediaFinding::kCrashed:
      return "The decoder crashed on this file; the file itself is as it was.";
    case MediaFinding::kBadAnswer:
      return "The decoder gave no sensible answer about this file; the file itself is as it was.";
  }
  CHECK(false);
}

MediaResult outcome(std::int64_t file_bytes, MediaFinding finding) {
  MediaResult result;
  result.file_bytes = file_bytes;
  result.findings = {finding};
  return result;
}

MediaFinding finding_of_signal(int signal) {
  switch (signal) {
    case SIGSYS:
      return MediaFinding::kStoppedBySandbox;
    case SIGXCPU:
    case SIGXFSZ:
    case SIGKILL:
      return MediaFinding::kStoppedAtLimit;
    default:
      return MediaFinding::kCrashed;
  }
}

// The kernel's text does not come from the file, yet the worker relays it: keep what a trace line can hold.
std::string plain_reason(std::string_view text) {
  constexpr std::size_t kReasonBytesMax = 200;
  std::string out;
  for (const char c : text.substr(0, kReasonBytesMax)) out.push_back(c >= ' ' && c <= '~' ? c : '.');
  return out;
}

tl::unexpected<Error> no_sandbox(std::string_view reason) {
  return fail(Code::kUnavailable, "blocked: no sandbox", plain_reason(reason));
}

// A JPEG from end to end, as far as its markers and size tell.
Result<bool> looks_like_jpeg(os::File& file, std::int64_t bytes) {
  const std::uint64_t size = TRY(file.size());
  if (size != static_cast<std::uint64_t>(bytes) || size < 4) return false;
  std::array<std::uint8_t, 2> head{};
  std::array<std::uint8_t, 2> tail{};
  if (TRY(file.read_at(0, head)) != head.size()) return false;
  if (TRY(file.read_at(size - tail.size(), tail)) != tail.size()) return false;
  return head == std::array<std::uint8_t, 2>{0xff, 0xd8} && tail == std::array<std::uint8_t, 2>{0xff, 0xd9};
}

// A file of boxes, as far as its first one and its size tell.
Result<bool> looks_like_mp4(os::File& file, std::int64_t bytes) {
  std::array<std::uint8_t, 8> head{};
  if (TRY(file.size()) != static_cast<std::uint64_t>(bytes)) return false;
  if (TRY(file.read_at(0, head)) != head.size()) return false;
  return as_text(head).substr(4) == "ftyp";
}

// The text that the worker says that it is, as many points long, and within every bound.
Result<bool> is_track(os::File& file, const MediaTrack& told) {
  Bytes text(static_cast<std::size_t>(told.bytes));
  if (TRY(file.size()) != text.size() || TRY(file.read_at(0, text)) != text.size()) return false;
  const auto track = parse_track(as_text(text));
  return track && static_cast<std::int64_t>(track->points.size()) == told.points;
}

}  // namespace

MediaVerdict verdict_of(const MediaResult& result) {
  MediaVerdict worst = MediaVerdict::kWhole;
  for (const MediaFinding finding : result.findings) worst = std::max(worst, row_of(finding).verdict);
  return worst;
}

std::string_view verdict_name(MediaVerdict verdict) {
  return name_in(kVerdicts, verdict);
}
std::string_view finding_name(MediaFinding finding) {
  return row_of(finding).text;
}

std::string sentence_of(const MediaResult& result) {
  if (result.findings.empty()) return "The file is whole as far as was tried.";
  std::string out;
  const MediaVerdict verdict = verdict_of(result);
  for (const MediaFinding finding : result.findings) {
    // Remarks that matter for a whole file are noise beside a reason why nothing can be played.
    if (verdict >= MediaVerdict::kUnreadable && row_of(finding).verdict < verdict) continue;
    if (!out.empty()) out.push_back(' ');
    out += sentence_of_finding(finding, result);
  }
  return out;
}

std::string to_text(const MediaRequest& request) {
  Json::Object out;
  out["v"] = kMediaVersion;
  out["job"] = name_in(kJobs, request.job);
  if (request.job == MediaJob::kPoster) {
    put_if(out, "at_ms", request.at_ms);
    out["edge_px"] = request.edge_px;
  }
  if (request.job == MediaJob::kFilmstrip) {
    out["frames"] = request.frames;
    out["height_px"] = request.height_px;
  }
  if (request.job == MediaJob::kRendition) {
    Json::Array lines;
    for (const std::string& line : request.watermark) lines.emplace_back(line);
    out["watermark"] = std::move(lines);
  }
  if (request.job == MediaJob::kSignature) {
    Json::Array roots;
    for (const std::string& root : request.roots) roots.emplace_back(root);
    out["roots"] = std::move(roots);
  }
  return to_json(out) + "\n";
}

Result<MediaRequest> parse_media_request(std::string_view text) {
  const Json value = TRY(parse_json(text, {.bytes_max = kMediaRequestBytesMax, .depth_max = 2}));
  Members members(value);
  members.integer("v", kMediaVersion, kMediaVersion);
  MediaRequest request;
  request.job = members.one_of("job", kJobs);
  if (request.job == MediaJob::kPoster) {
    request.at_ms = members.integer_if_any("at_ms", 0, kMediaDurationMsMax);
    request.edge_px = members.small("edge_px", 16, kMediaPosterEdgeMax);
  }
  if (request.job == MediaJob::kFilmstrip) {
    request.frames = members.small("frames", 1, kMediaStripFramesMax);
    request.height_px = members.small("height_px", 16, kMediaStripHeightMax);
  }
  if (request.job == MediaJob::kRendition) {
    for (const Json& item : members.list("watermark", kMediaMarkLinesMax)) {
      const std::string* line = item.string();
      if (line == nullptr || !is_mark_line(*line)) {
        members.refuse("watermark");
        break;
      }
      request.watermark.push_back(*line);
    }
    if (request.watermark.empty()) members.refuse("watermark");
  }
  if (request.job == MediaJob::kSignature) {
    for (const Json& item : members.list("roots", kSignatureRootsMax)) {
      const std::string* root = item.string();
      if (root == nullptr || root->size() > kSignatureRootBytesMax) {
        members.refuse("roots");
        break;
      }
      request.roots.push_back(*root);
    }
  }
  TRY(members.finish("media request"));
  return request;
}

std::string to_text(const MediaResult& result) {
  Json::Object out;
  out["v"] = kMediaVersion;
  out["verdict"] = verdict_name(verdict_of(result));
  out["container"] = result.container;
  out["file_bytes"] = result.file_bytes;
  out["bytes_read"] = result.bytes_read;
  put_if(out, "duration_ms", result.duration_ms);
  put_if(out, "duration_declared_ms", result.duration_declared_ms);
  if (result.creation_time) out["creation_time_us"] = result.creation_time->us;
  Json::Array streams;
  for (const MediaStream& stream : result.streams) streams.push_back(to_value(stream));
  out["streams"] = std::move(streams);
  Json::Array findings;
  for (const MediaFinding finding : result.findings) findings.emplace_back(finding_name(finding));
  out["findings"] = std::move(findings);
  if (result.may_have_track) out["may_have_track"] = true;
  if (result.may_be_signed) out["may_be_signed"] = true;
  if (result.signature) out["signature"] = to_json_value(*result.signature);
  if (result.picture) {
    Json::Object picture;
    picture["width"] = result.picture->width;
    picture["height"] = result.picture->height;
    picture["bytes"] = result.picture->bytes;
    Json::Array times;
    for (const std::int64_t ms : result.picture->times_ms) times.emplace_back(ms);
    picture["times_ms"] = std::move(times);
    out["picture"] = std::move(picture);
  }
  if (result.rendition) {
    out["rendition"] = Json::Object{{"width", result.rendition->width},
                                    {"height", result.rendition->height},
                                    {"bytes", result.rendition->bytes},
                                    {"duration_ms", result.rendition->duration_ms},
                                    {"frames", result.rendition->frames}};
  }
  if (result.track) out["track"] = Json::Object{{"bytes", result.track->bytes}, {"points", result.track->points}};
  return to_json(out) + "\n";
}

Result<MediaResult> parse_media_result(std::string_view text) {
  const Json value = TRY(parse_json(text, {.bytes_max = kMediaResultBytesMax, .depth_max = 5}));
  Members members(value);
  members.integer("v", kMediaVersion, kMediaVersion);
  MediaResult result;
  const MediaVerdict verdict = members.one_of("verdict", kVerdicts);
  result.container = members.word("container", 0);
  result.file_bytes = members.integer("file_bytes", 0, kInt64Max);
  result.bytes_read = members.integer("bytes_read", 0, kInt64Max);
  result.duration_ms = members.integer_if_any("duration_ms", 0, kMediaDurationMsMax);
  result.duration_declared_ms = members.integer_if_any("duration_declared_ms", 0, kMediaDurationMsMax);
  if (const auto us = members.integer_if_any("creation_time_us", 0, kLedgerTimeEndUs - 1))
    result.creation_time = Timestamp{*us};
  for (const Json& stream : members.list("streams", kMediaStreamsMax)) {
    result.streams.push_back(TRY(parse_stream(stream)));
  }
  for (const Json& item : members.list("findings", kFindings.size())) {
    const std::string* name = item.string();
    const auto row = std::find_if(kFindings.begin(), kFindings.end(),
                                  [&](const FindingRow& r) { return r.by_worker && name && r.text == *name; });
    if (row == kFindings.end() || (!result.findings.empty() && row->value <= result.findings.back())) {
      members.refuse("findings");
      break;
    }
    result.findings.push_back(row->value);
  }
  if (const Json* picture = members.take("picture")) result.picture = TRY(parse_picture(*picture));
  for (const auto& [name, member] : {std::pair("may_have_track", &MediaResult::may_have_track),
                                     std::pair("may_be_signed", &MediaResult::may_be_signed)}) {
    const Json* told = members.take(name);
    if (told == nullptr) continue;
    result.*member = true;
    if (told->boolean() == nullptr || !*told->boolean()) members.refuse(name);
  }
  if (const Json* signature = members.take("signature")) result.signature = TRY(parse_signature_value(*signature));
  if (const Json* track = members.take("track")) result.track = TRY(parse_media_track(*track));
  if (const Json* rendition = members.take("rendition")) result.rendition = TRY(parse_rendition(*rendition));
  TRY(members.finish("media result"));
  if (verdict != verdict_of(result)) {
    return fail(Code::kInvalid, "This is no media result.", "the verdict does not follow from the findings");
  }
  return result;
}

Result<MediaSandbox> check_media_sandbox(os::Process& process, const MediaWorker& worker) {
  constexpr std::int64_t kSelfTestMs = 20'000;
  auto answer = TRY(os::Pipe::open());
  auto child = process.spawn({.program = worker.program,
                              .arguments = {"--self-test"},
                              .descriptors = {os::kNoDescriptor, answer.write_end()},
                              .limits = {.cpu_seconds = kMediaCpuSecondsMax}});
  if (!child) return no_sandbox(child.error().message);  // its context is a path, and anybody may read this
  answer.close_write_end();
  const auto text = answer.read_all(kMediaResultBytesMax, kSelfTestMs);
  if (!text) return no_sandbox(text.error().text());
  const auto exit = TRY((*child)->wait_for_ms(kSelfTestMs));
  const auto value = parse_json(*text);
  const Json* reason = value ? value->find("reason") : nullptr;
  if (!exit || *exit != os::Exit{}) {
    return no_sandbox(reason && reason->string() ? *reason->string() : "the self-test ended without an answer");
  }
  const std::int64_t* abi = value ? value->find_integer("landlock") : nullptr;
  const Json* seccomp = value ? value->find("seccomp") : nullptr;
  if (abi == nullptr || *abi < 1 || *abi > 1000 || seccomp == nullptr || seccomp->boolean() == nullptr ||
      !*seccomp->boolean()) {
    return no_sandbox("the self-test gave another answer than its format says");
  }
  return MediaSandbox{static_cast<int>(*abi)};
}

Result<MediaResult> run_media_job(os::Process& process, const MediaWorker& worker, const MediaRequest& request,
                                  os::File& input, os::File* output) {
  CHECK((request.job == MediaJob::kProbe || request.job == MediaJob::kSignature) == (output == nullptr));
  const bool is_rendition = request.job == MediaJob::kRendition;
  // An original that could be written through its descriptor would rest on the sandbox alone.
  CHECK((fcntl(input.descriptor(), F_GETFL) & O_ACCMODE) == O_RDONLY);
  const auto file_bytes = static_cast<std::int64_t>(TRY(input.size()));

  auto question = TRY(os::Pipe::open());
  auto answer = TRY(os::Pipe::open());
  TRY(question.write(as_bytes(to_text(request))));
  question.close_write_end();
  os::SpawnOptions options{.program = worker.program,
                           .descriptors = {os::kNoDescriptor, os::kNoDescriptor, os::kNoDescriptor, input.descriptor(),
                                           question.read_end(), answer.write_end()},
                           // Memory and descriptors are limited by the worker itself, once its libraries are loaded.
                           .limits = {.cpu_seconds = is_rendition ? kMediaRenditionCpuSecondsMax : kMediaCpuSecondsMax,
                                      .file_bytes = is_rendition ? kMediaRenditionBytesMax : kMediaOutputBytesMax},
                           // A poster may wait; docks at a shift change and people who watch may not.
                           .niceness = is_rendition ? kMediaRenditionNiceness : kMediaNiceness};
  // Its larger limits are its sandbox's as well, which is entered before the request is read.
  if (is_rendition) options.arguments = {"--rendition"};
  if (output != nullptr) options.descriptors.push_back(output->descriptor());
  auto started = process.spawn(options);
  if (!started) return fail(Code::kUnavailable, "The media worker could not be started.", started.error().text());
  os::Child& child = **started;
  answer.close_write_end();

  // The worker's last act is to write its answer, so the answer's end is waited for and not the worker's.
  const auto text = answer.read_all(kMediaResultBytesMax, is_rendition ? worker.rendition_wall_ms : worker.wall_ms);
  if (!text) {
    child.kill();
    const bool late = text.error().code() == Code::kUnavailable;
    return outcome(file_bytes, late ? MediaFinding::kStoppedAtDeadline : MediaFinding::kBadAnswer);
  }
  constexpr std::int64_t kExitMs = 5'000;
  const auto exit = TRY(child.wait_for_ms(kExitMs));
  if (!exit) {
    child.kill();
    return outcome(file_bytes, MediaFinding::kStoppedAtDeadline);
  }
  if (exit->signal != 0) return outcome(file_bytes, finding_of_signal(exit->signal));
  if (exit->code == static_cast<int>(MediaExit::kNoSandbox)) {
    // Only a worker that never met the file is believed: one taken over could otherwise have its file retried
    // forever.
    TRY(check_media_sandbox(process, worker));
    return outcome(file_bytes, MediaFinding::kBadAnswer);
  }
  if (exit->code == static_cast<int>(MediaExit::kNoOutput)) {
    return fail(Code::kUnavailable, "What the media worker made could not be written.", "media worker");
  }
  if (exit->code != static_cast<int>(MediaExit::kDone)) return outcome(file_bytes, MediaFinding::kCrashed);

  auto result = parse_media_result(*text);
  if (!result || result->file_bytes != file_bytes) return outcome(file_bytes, MediaFinding::kBadAnswer);
  const bool is_picture = request.job == MediaJob::kPoster || request.job == MediaJob::kFilmstrip;
  if (result->picture && (!is_picture || !TRY(looks_like_jpeg(*output, result->picture->bytes)))) {
    return outcome(file_bytes, MediaFinding::kBadAnswer);
  }
  if (result->rendition && (!is_rendition || !TRY(looks_like_mp4(*output, result->rendition->bytes)))) {
    return outcome(file_bytes, MediaFinding::kBadAnswer);
  }
  if (result->signature && request.job != MediaJob::kSignature) return outcome(file_bytes, MediaFinding::kBadAnswer);
  if (result->track && (request.job != MediaJob::kTrack || !TRY(is_track(*output, *result->track)))) {
    return outcome(file_bytes, MediaFinding::kBadAnswer);
  }
  return result;
}

}  // namespace lapel::protocol
