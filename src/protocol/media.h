// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the server and its sandboxed media worker say to each other (docs/formats/media_worker.md), and the
// one way to ask: run_media_job.
//
// Owns: the worker's descriptors, limits and exit codes; request and result with strict readers; the
// sentences shown
//   to people, so that no text made by a worker ever reaches a screen.
// Promises: a result that parses is within every bound named here, and its verdict follows from its findings.
// The input
//   is handed over read-only. A worker that is killed, crashes or answers nonsense yields a result that says
//   so: a hostile file is an outcome, not an error of the server.
// Fails with: kInvalid (text that is no request or result), kUnavailable (no sandbox on this machine, no
// worker program,
//   no process to be had): the job waits, it is never run without its sandbox.
// Threads: pure functions; run_media_job blocks its thread until the worker is gone.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "os/disk.h"
#include "os/process.h"
#include "protocol/signature.h"

namespace lapel::protocol {

inline constexpr int kMediaVersion = 1;

// The descriptors a worker is born with; 0 to 2 are /dev/null.
inline constexpr int kMediaInput = 3;    // the footage, read-only, read by offset
inline constexpr int kMediaRequest = 4;  // one JSON line
inline constexpr int kMediaResult = 5;   // one JSON line
inline constexpr int kMediaOutput = 6;   // an empty file for the picture, track or rendition, where the job makes one

inline constexpr std::uint64_t kMediaMemoryBytesMax = std::uint64_t{1} << 30;  // RLIMIT_AS
inline constexpr std::uint64_t kMediaCpuSecondsMax = 120;                      // RLIMIT_CPU
// Receiving and playing go before; but somebody waits for what a file is, and starved for kMediaWallMsDefault it would be called bad.
inline constexpr int kMediaNiceness = 10;
inline constexpr int kMediaRenditionNiceness = 19;
inline constexpr std::uint64_t kMediaOutputBytesMax = std::uint64_t{4} << 20;  // RLIMIT_FSIZE
// A rendition is as long as its footage, and coded slower than it is watched.
inline constexpr std::uint64_t kMediaRenditionCpuSecondsMax = 6 * 3'600;
inline constexpr std::uint64_t kMediaRenditionBytesMax = std::uint64_t{8} << 30;
inline constexpr std::int64_t kMediaRenditionWallMsDefault = 6LL * 3'600 * 1000;
inline constexpr std::uint64_t kMediaDescriptorsMax = 7;                 // RLIMIT_NOFILE: 0 to kMediaOutput
inline constexpr std::int64_t kMediaWallMsDefault = 10 * 60 * 1000;      // enforced by the parent with SIGKILL
inline constexpr std::size_t kMediaRequestBytesMax = os::kPipeWriteMax;  // roots are as large as that allows
inline constexpr std::size_t kMediaResultBytesMax = 64 * 1024;
inline constexpr std::size_t kMediaStreamsMax = 64;
inline constexpr std::int64_t kMediaDurationMsMax = std::int64_t{10} * 366 * 86'400'000;  // ten years

// How the worker ends. Any other code, and any signal, is a crash.
enum class MediaExit : int {
  kDone = 0,         // a result was written
  kUsage = 2,        // started by hand with wrong arguments, or without its descriptors
  kNoSandbox = 20,   // landlock, seccomp, limits or identity could not be had: nothing was read
  kBadRequest = 21,  // the line on kMediaRequest is no request
  kNoOutput = 22,    // the picture, track or rendition could not be written
};

enum class MediaJob { kProbe, kPoster, kFilmstrip, kRendition, kTrack, kSignature };

struct MediaRequest {
  MediaJob job = MediaJob::kProbe;
  int edge_px = 320;   // poster: longest edge, 16 to kMediaPosterEdgeMax. Never enlarged
  int frames = 10;     // filmstrip: 1 to kMediaStripFramesMax pictures in a row, evenly spaced
  int height_px = 90;  // filmstrip: 16 to kMediaStripHeightMax
  // Poster: the picture at or after this time; without it a telling one from the first three quarters.
  std::optional<std::int64_t> at_ms = std::nullopt;
  // Rendition: what is drawn into each of its pictures. 1 to kMediaMarkLinesMax lines of printable text.
  std::vector<std::string> watermark = {};
  // Signature: certificates in PEM that a key may be vouched for by, at most kSignatureRootsMax.
  std::vector<std::string> roots = {};

  friend bool operator==(const MediaRequest&, const MediaRequest&) = default;
};
inline constexpr int kMediaPosterEdgeMax = 320;
inline constexpr int kMediaStripFramesMax = 20;
inline constexpr int kMediaStripHeightMax = 180;
inline constexpr std::size_t kMediaMarkLinesMax = 3;
inline constexpr std::size_t kMediaMarkCharactersMax = 60;                 // of each line
inline constexpr int kMediaRenditionEdgeMax = 1280;                        // longest edge. Never enlarged
inline constexpr std::int64_t kMediaRenditionMsMax = 24LL * 3'600 * 1000;  // what stands later is left out

enum class StreamKind { kVideo, kAudio, kSubtitle, kData };

struct MediaStream {
  StreamKind kind = StreamKind::kData;
  std::string codec;  // FFmpeg's name of it: [a-z0-9_-]{1,32}, or "unknown"
  int width = 0;      // video, as coded: before rotation
  int height = 0;
  int rotation = 0;        // clockwise degrees to turn for display: 0, 90, 180 or 270
  bool mirrored = false;   // flipped left to right before turning
  int frame_rate_num = 0;  // 0/0 where none is known
  int frame_rate_den = 0;
  int channels = 0;  // audio
  int sample_rate = 0;
  std::int64_t frames_counted = 0;              // frames (video) or packets really in the file
  std::optional<std::int64_t> frames_declared;  // what its header says, where it says
  std::optional<std::int64_t> duration_ms;      // from first to last timestamp
  std::int64_t tried = 0;                       // decoded as a sample
  std::int64_t failed = 0;                      // of those, not decodable without damage

  friend bool operator==(const MediaStream&, const MediaStream&) = default;
};

struct MediaPicture {
  int width = 0;
  int height = 0;
  std::int64_t bytes = 0;              // of JPEG in kMediaOutput
  std::vector<std::int64_t> times_ms;  // of each picture in it, from the left

  friend bool operator==(const MediaPicture&, const MediaPicture&) = default;
};

// One MP4 in kMediaOutput.
struct MediaRendition {
  int width = 0;
  int height = 0;
  std::int64_t bytes = 0;
  std::int64_t duration_ms = 0;
  std::int64_t frames = 0;

  friend bool operator==(const MediaRendition&, const MediaRendition&) = default;
};

// One track of positions (protocol/track.h) as text in kMediaOutput.
struct MediaTrack {
  std::int64_t bytes = 0;
  std::int64_t points = 0;

  friend bool operator==(const MediaTrack&, const MediaTrack&) = default;
};

// What was found, closed so that the parent can word it. Ordered from what says most.
enum class MediaFinding {
  // Not media.
  kEmpty,
  kUnknownKind,
  // Unreadable.
  kIndexMissing,
  kIndexDamaged,
  kNoStreams,
  kNoPackets,
  kEncrypted,
  kCodecUnknown,
  kFramesTooLarge,
  kNothingDecodes,
  kTooMuchMemory,
  // Damaged.
  kEndsEarly,
  kReadStopped,
  kFramesFailed,
  kRecordsFailed,
  kSumsWrong,
  // Remarks on a whole file.
  kPositionsOnly,
  kHeaderLies,
  kNotCountedToEnd,
  kNoPicture,
  kNoTrack,
  // Only the parent says these, of a worker that gave no answer; all are unreadable.
  kStoppedAtDeadline,
  kStoppedAtLimit,
  kStoppedBySandbox,
  kCrashed,
  kBadAnswer,
};

enum class MediaVerdict { kWhole, kDamaged, kUnreadable, kNotMedia };

struct MediaResult {
  // "mp4", "matroska", …: the sniffed kind (mediaworker/container.h), "gpx", "nmea", … (mediaworker/telemetry.h); empty when it
  // is neither footage nor telemetry.
  std::string container;
  std::int64_t file_bytes = 0;
  std::int64_t bytes_read = 0;
  std::optional<std::int64_t> duration_ms;           // measured, over picture and sound
  std::optional<std::int64_t> duration_declared_ms;  // by the header
  std::optional<Timestamp> creation_time;            // by the header: the camera's clock, often local time called UTC
  std::vector<MediaStream> streams;
  std::vector<MediaFinding> findings;  // ascending, each once
  bool may_have_track = false;         // probe: a track is worth asking for
  bool may_be_signed = false;          // probe: there is a signature to check
  std::optional<MediaPicture> picture;
  std::optional<MediaRendition> rendition;
  std::optional<MediaTrack> track;
  std::optional<MediaSignature> signature;

  friend bool operator==(const MediaResult&, const MediaResult&) = default;
};

MediaVerdict verdict_of(const MediaResult& result);
std::string_view verdict_name(MediaVerdict verdict);
std::string_view finding_name(MediaFinding finding);
// One or two plain sentences for whoever has to decide what to do with the file.
std::string sentence_of(const MediaResult& result);

std::string to_text(const MediaRequest& request);
Result<MediaRequest> parse_media_request(std::string_view text);
std::string to_text(const MediaResult& result);
Result<MediaResult> parse_media_result(std::string_view text);

struct MediaWorker {
  os::Path program;                            // of lapel-media
  std::int64_t wall_ms = kMediaWallMsDefault;  // 1 ms to an hour
  std::int64_t rendition_wall_ms = kMediaRenditionWallMsDefault;
};

// What `lapel-media --self-test` says of this machine.
struct MediaSandbox {
  int landlock_abi = 0;
};
// kUnavailable with the reason, for /readyz, when media jobs have to stay blocked.
Result<MediaSandbox> check_media_sandbox(os::Process& process, const MediaWorker& worker);

// `input` is open for reading only (CHECKed); `output` is a new empty file for poster, filmstrip, rendition and track, and null
// for probe and signature. The picture is looked at no further than its JPEG markers and its size, the rendition no further than its first
// box and its size: they are for browsers, not for this program. A track is read with its strict reader.
Result<MediaResult> run_media_job(os::Process& process, const MediaWorker& worker, const MediaRequest& request,
                                  os::File& input, os::File* output);

}  // namespace lapel::protocol
