// SPDX-License-Identifier: Apache-2.0
#include "dock/report.h"

#include <cstdio>

#include <fmt/format.h>

namespace lapel::dock {
namespace {

constexpr std::int64_t kTerminalPeriodUs = 1'000'000;
constexpr std::int64_t kLinePeriodUs = 10'000'000;

std::string size_text(double bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, kUnits[unit]);
}

}  // namespace

void Report::say(std::string_view event, const std::string& words, Json::Object fields) {
  fields.emplace("event", event);
  const std::string line = to_json(Json(std::move(fields)));
  const os::MutexLock lock(mutex_);
  if (voice_ == Voice::kJson) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
    return;
  }
  fmt::print(stderr, "{}{}\n", has_open_line_ ? "\r\x1b[K" : "", words);
  has_open_line_ = false;
}

void Report::progress(const Progress& progress) {
  const os::MutexLock lock(mutex_);
  const std::int64_t now = clock_.monotonic_us();
  const std::int64_t period = voice_ == Voice::kTerminal ? kTerminalPeriodUs : kLinePeriodUs;
  if (now - last_us_ < period) return;
  const double rate = static_cast<double>(progress.bytes_sent - last_sent_) * 1e6 / static_cast<double>(now - last_us_);
  last_us_ = now;
  last_sent_ = progress.bytes_sent;
  if (progress.files_left == 0) return;
  const auto seconds_left = rate >= 1 ? static_cast<std::int64_t>(static_cast<double>(progress.bytes_left) / rate) : -1;
  if (voice_ == Voice::kJson) {
    Json::Object fields = {{"event", "progress"},
                           {"bytes_sent", progress.bytes_sent},
                           {"bytes_left", progress.bytes_left},
                           {"files_left", progress.files_left},
                           {"bytes_per_s", static_cast<std::int64_t>(rate)}};
    fields.emplace("seconds_left", seconds_left < 0 ? Json() : Json(seconds_left));
    fmt::print("{}\n", to_json(Json(std::move(fields))));
    std::fflush(stdout);
    return;
  }
  const std::string left =
      seconds_left < 0 ? "time unknown" : fmt::format("{}:{:02} left", seconds_left / 60, seconds_left % 60);
  const std::string line =
      fmt::format("{} sent, {} of {} files to go, {}/s, {}", size_text(static_cast<double>(progress.bytes_sent)),
                  size_text(static_cast<double>(progress.bytes_left)), progress.files_left, size_text(rate), left);
  if (voice_ == Voice::kTerminal) {
    fmt::print(stderr, "\r\x1b[K{}", line);
    std::fflush(stderr);
    has_open_line_ = true;
  } else {
    fmt::print(stderr, "{}\n", line);
  }
}

}  // namespace lapel::dock
