// SPDX-License-Identifier: Apache-2.0
// A foreign file on its way through our own code and FFmpeg, with the worker's demuxer, allowlists and limits, but without
// its sandbox. Built once for each container (LAPEL_FUZZ_CONTAINER), because a fuzzer that has to guess the magic first
// gets nowhere: what does not start like that container is given its first bytes.
//
// FFmpeg is Debian's own build: not instrumented, so the fuzzer is led by our code, and in FFmpeg's memory ASan sees what goes
// through malloc, free and the calls it intercepts. A result must be one that its own reader takes, the same each time, and a
// picture, a track or a rendition, of a few frames, is there exactly when the result says so.
#include <array>
#include <cstring>
#include <map>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "mediaworker/container.h"
#include "mediaworker/footage.h"
#include "protocol/media.h"

namespace {

using namespace lapel;
using namespace std::string_view_literals;

constexpr std::size_t kFileBytesMax = 256 * 1024;

// Enough of each for sniff().
std::string_view magic(std::string_view container) {
  static const std::string kTransport = [] {
    std::string packets(5 * 188, '\xff');
    for (std::size_t i = 0; i < 5; ++i) packets.replace(i * 188, 4, "\x47\x40\x00\x10"sv);
    return packets;
  }();
  static const std::map<std::string_view, std::string_view> kMagic = {
      {"mp4",
       "\0\0\0\x18"
       "ftyp"sv},
      {"matroska", "\x1a\x45\xdf\xa3"sv},
      {"mpegts", kTransport},
      {"avi",
       "RIFF\xff\xff\xff\xff"
       "AVI "sv},
      {"wav",
       "RIFF\xff\xff\xff\xff"
       "WAVE"sv},
      {"mp3", "ID3"sv},
      {"aac", "\xff\xf1\x50\x80\x00\xff\xfc\xff\xf1\x50\x80\x00\xff\xfc"sv},
      {"ogg", "OggS"sv},
      {"flac", "fLaC"sv},
      {"jpeg", "\xff\xd8\xff"sv},
      {"png", "\x89PNG\r\n\x1a\n"sv},
      {"h264", "\0\0\0\x01\x67\x42\x00\x0a"sv},
      {"hevc", "\0\0\0\x01\x40\x01\x0c\x01"sv}};
  const auto found = kMagic.find(container);
  CHECK(found != kMagic.end());
  return found->second;
}

int file_in_memory() {
  const int descriptor = memfd_create("footage", MFD_CLOEXEC);
  CHECK(descriptor >= 0);
  return descriptor;
}

void put(int descriptor, ByteView bytes) {
  CHECK(ftruncate(descriptor, 0) == 0);
  CHECK(pwrite(descriptor, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
}

protocol::MediaResult examine(const protocol::MediaRequest& request, int input, std::size_t bytes, int output) {
  CHECK(ftruncate(output, 0) == 0 && lseek(output, 0, SEEK_SET) == 0);
  // A file of a few bytes can name a day of silence.
  const mediaworker::Bounds bounds{.pictures = 12, .ms = 2'000};
  const auto result = mediaworker::run(request, {input, static_cast<std::int64_t>(bytes)}, output, bounds);
  CHECK(result);  // only what cannot be written fails
  struct stat written {};
  CHECK(fstat(output, &written) == 0);
  if (request.job == protocol::MediaJob::kRendition) {
    CHECK(!result->picture);
    // One that was given up may have been begun.
    CHECK(!result->rendition || written.st_size == result->rendition->bytes);
    CHECK(result->rendition || !result->findings.empty());
  } else {
    CHECK(!result->rendition && (written.st_size > 0) == (result->picture || result->track));
    CHECK(!result->track || (request.job == protocol::MediaJob::kTrack && written.st_size == result->track->bytes));
  }
  return *result;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  mediaworker::prepare_libraries();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kFileBytesMax) return 0;
  static const int input = file_in_memory();
  static const int output = file_in_memory();
  Bytes file(data, data + size);
  const mediaworker::Container* container =
      mediaworker::sniff(ByteView(file).first(std::min(size, mediaworker::kSniffBytes)));
  if (container == nullptr || container->name != LAPEL_FUZZ_CONTAINER) {
    const std::string_view start = magic(LAPEL_FUZZ_CONTAINER);
    if (file.size() < start.size()) file.resize(start.size());
    std::memcpy(file.data(), start.data(), start.size());
    container = mediaworker::sniff(ByteView(file).first(std::min(file.size(), mediaworker::kSniffBytes)));
    // "ID3" before "ftyp" is still a box's first bytes: another container's input.
    if (container == nullptr || container->name != LAPEL_FUZZ_CONTAINER) return 0;
  }
  put(input, file);
  // What is asked follows from the file, so that a found file alone repeats it. All of it reads the same bytes; what draws or
  // encodes pictures takes up to sixteen times as long as what only looks, and is asked less often.
  std::uint32_t sum = 0;
  for (const std::uint8_t byte : file) sum = sum * 31 + byte;
  protocol::MediaRequest request;
  using enum protocol::MediaJob;
  request.job = std::array{kProbe, kTrack, kProbe, kPoster, kProbe, kTrack, kProbe, kRendition,
                           kProbe, kTrack, kProbe, kPoster, kProbe, kTrack, kProbe, kFilmstrip}[sum % 16];
  if (request.job == protocol::MediaJob::kRendition) request.watermark = {"share 4711"};
  const auto result = examine(request, input, file.size(), output);
  CHECK(result.container == std::string_view(LAPEL_FUZZ_CONTAINER));
  const std::string text = protocol::to_text(result);
  const auto read = protocol::parse_media_result(text);
  CHECK(read && *read == result);
  CHECK(!protocol::sentence_of(result).empty());
  if (sum % 61 == 0) CHECK(examine(request, input, file.size(), output) == result);
  return 0;
}
