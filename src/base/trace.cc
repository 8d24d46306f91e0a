// SPDX-License-Identifier: Apache-2.0
#include "base/trace.h"

#include <string>
#include <utility>

#include <unistd.h>

#include "base/clock.h"
#include "base/problems.h"

namespace lapel {

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
  // Whoever reads stderr no more is not told.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void trace_error(std::string_view module, std::string_view doing, const Error& error, Json::Object more) {
  more.insert_or_assign("doing", doing);
  more.insert_or_assign("problem", error.problem->slug);
  more.insert_or_assign("detail", error.text());
  trace(TraceLevel::kError, module, std::move(more));
}

}  // namespace lapel
