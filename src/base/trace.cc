// SPDX-License-Identifier: Apache-2.0
#include "base/trace.h"

#include <atomic>
#include <string>
#include <utility>

#include <unistd.h>

#include "base/clock.h"
#include "base/problems.h"

namespace lapel {
namespace {

// Of file descriptor 2, which the process has one of.
std::atomic<std::uint64_t> lost_total = 0, lost = 0;
std::atomic<std::int64_t> lost_since_us = 0;  // 0: nothing is lost
std::atomic<bool> is_torn = false;            // the last that was written has no end

bool write_line(std::string line) {
  // One that was cut off stands by itself.
  const bool was_torn = is_torn.exchange(false);
  if (was_torn) line.insert(0, 1, '\n');
  const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) return true;
  if (was_torn || written > 0) is_torn = true;
  return false;
}

void count_lost(std::uint64_t lines, std::int64_t since_us) {
  lost += lines;
  std::int64_t none = 0;
  lost_since_us.compare_exchange_strong(none, since_us);
}

// A line was written again. Of several threads that see it, one says so.
void say_what_was_lost() {
  const std::int64_t since_us = lost_since_us.exchange(0);
  if (since_us == 0) return;
  const std::uint64_t lines = lost.exchange(0);
  const std::string line = to_json(Json(Json::Object{{"at", ledger_time(RealClock().now())},
                                                     {"level", "error"},
                                                     {"module", "base"},
                                                     {"event", "trace_lost"},
                                                     {"lines", lines},
                                                     {"since", ledger_time({since_us})}}));
  if (!write_line(line + '\n')) count_lost(lines, since_us);
}

}  // namespace

TraceLoss trace_loss() {
  TraceLoss out{lost_total, lost, std::nullopt};
  if (const std::int64_t since_us = lost_since_us; since_us != 0) out.since = Timestamp{since_us};
  return out;
}

void trace(TraceLevel level, std::string_view module, Json::Object fields) {
  fields.insert_or_assign("at", ledger_time(RealClock().now()));
  fields.insert_or_assign("level", level == TraceLevel::kError ? "error" : "info");
  fields.insert_or_assign("module", module);
  std::string line = to_json(Json(fields));
  if (line.size() >= kTraceLineBytesMax) {
    fields.insert_or_assign("detail", "left out: too long");
    line = to_json(Json(std::move(fields)));
    if (line.size() >= kTraceLineBytesMax) return;
  }
  line += '\n';
  if (write_line(std::move(line))) return say_what_was_lost();
  ++lost_total;
  count_lost(1, RealClock().now().us);
}

void trace_error(std::string_view module, std::string_view doing, const Error& error, Json::Object more) {
  more.insert_or_assign("doing", doing);
  more.insert_or_assign("problem", error.problem->slug);
  more.insert_or_assign("detail", error.text());
  trace(TraceLevel::kError, module, std::move(more));
}

}  // namespace lapel
