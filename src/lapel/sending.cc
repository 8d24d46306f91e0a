// SPDX-License-Identifier: Apache-2.0
#include "lapel/sending.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

namespace lapel::door {
namespace {

constexpr int kUploadFailuresMax = 20;  // in a row, without a byte more
constexpr int kUploadPause_ms = 250;    // doubled by each failure
constexpr int kUploadPauseMax_ms = 10'000;

// How far an upload is, on stderr: one line that changes where somebody watches, else a line now and then.
class Progress {
 public:
  Progress(std::string_view name, std::uint64_t bytes) : name_(printable(name)), bytes_(bytes) {}
  ~Progress() {
    if (is_terminal_ && is_shown_) fmt::print(stderr, "\r\033[K");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(std::uint64_t done) {
    const std::int64_t now = clock_.monotonic_us();
    if (now - said_us_ < (is_terminal_ ? kLineUs : kLogLineUs)) return;
    said_us_ = now;
    is_shown_ = true;
    const double rate = static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(now - began_us_, 1));
    const auto left_s = rate > 0 ? static_cast<std::int64_t>(static_cast<double>(bytes_ - done) / rate / 1e6) : 0;
    fmt::print(stderr, "{}{}: {} of {} MB, {:.1f} MB/s, {} s left{}", is_terminal_ ? "\r\033[K" : "", name_,
               done / 1'000'000, bytes_ / 1'000'000, rate, left_s, is_terminal_ ? "" : "\n");
  }

 private:
  static constexpr std::int64_t kLineUs = 200'000, kLogLineUs = 10'000'000;
  const std::string name_;
  const std::uint64_t bytes_;
  const RealClock clock_;
  const bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  const std::int64_t began_us_ = clock_.monotonic_us();
  std::int64_t said_us_ = began_us_;
  bool is_shown_ = false;
};

}  // namespace

Result<void> send_all(http::TusClient& tus, const UploadId& upload, const std::string& name,
                      const http::BodySource& source) {
  const std::uint64_t bytes = source.bytes;
  Progress progress(name, bytes);
  std::uint64_t reached = 0;
  for (int failures = 0;;) {
    auto sent = [&]() -> Result<void> {
      const std::uint64_t from = TRY(tus.offset(upload, bytes));
      if (from > reached) failures = 0;
      reached = from;
      if (from == bytes) return {};
      return tus.send(upload, from,
                      {bytes - from, [&](std::uint64_t at, std::span<std::uint8_t> out) -> Result<std::size_t> {
                         const std::size_t count = TRY(source.read(from + at, out));
                         if (count == 0) return fail(Code::kInvalid, "The file became shorter while it was sent", name);
                         progress.at(from + at + count);
                         return count;
                       }});
    }();
    if (sent) return {};
    const Code code = sent.error().code();
    const bool may_pass =
        code == Code::kUnavailable || code == Code::kBusy || code == Code::kLimited || code == Code::kConflict;
    if (!may_pass || ++failures > kUploadFailuresMax) return sent;
    ::poll(nullptr, 0, std::min(kUploadPause_ms << failures, kUploadPauseMax_ms));
  }
}

}  // namespace lapel::door
