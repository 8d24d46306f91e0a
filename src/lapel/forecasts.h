// SPDX-License-Identifier: Apache-2.0
#pragma once
// What arrives, and what that comes to: from the command line.
//
// Owns: the words these commands print.
// Promises: run_forecast() needs no server, and makes again, from a file that was told, what was told.
// Fails with: the server's problem, kUnavailable; kNotFound, kInvalid for a file or a what-if that is none.
// Threads: one.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lapel/remote.h"

namespace lapel::door {

// As JSON it is the file that run_forecast reads. Months such as 2022-12; empty: those that are whole.
Result<void> run_program_volumes(const RemoteOptions& remote, const std::string& from, const std::string& until,
                                 bool as_json);

// What is left out is as the file has it, or as docs/formats/forecast.md says.
struct ForecastQuery {
  std::string file;  // lapel-volumes/1, or a lapel-forecast/1 to make again
  std::optional<std::int64_t> years, bit_rate_percent, upload_hours, headcount, other_retention_days;
  std::vector<std::string> retention, mix;  // "routine=180"
  std::string price;                        // of a GB a month
};
Result<void> run_forecast(const ForecastQuery& query, bool as_json);

}  // namespace lapel::door
