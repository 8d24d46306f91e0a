// SPDX-License-Identifier: Apache-2.0
#pragma once
// Staffing, cameras and the rotation from the command line, over HTTP.
//
// Owns: the words these commands print.
// Promises: what is printed is what the server answered. What ends well is sealed. Of scans, each line is printed as it is answered,
//   and a code that comes again is told once.
// Fails with: the server's problem, kUnavailable, kInvalid.
// Threads: one.

#include <cstdint>
#include <optional>
#include <string>

#include "lapel/facts.h"
#include "lapel/remote.h"

namespace lapel::door {

struct CameraTerms {
  std::string firmware, measured_at;
  std::optional<std::int64_t> drift_ms, battery;
};

Result<void> run_staffing_show(const RemoteOptions& remote, const std::string& as_of, bool as_json);
Result<void> run_staffing_import(const RemoteOptions& remote, const std::string& file, const std::string& zone,
                                 bool as_json);
Result<void> run_camera_report(const RemoteOptions& remote, const std::string& camera, const CameraTerms& terms,
                               bool as_json);
// Codes from standard input, a line each, as a scanner types them.
Result<void> run_scans(const RemoteOptions& remote, const std::string& mode, const std::string& place, bool as_json);
Result<void> run_rotation_status(const RemoteOptions& remote, const std::string& as_of, bool as_json);
Result<void> run_rotation_plan(const RemoteOptions& remote, const std::string& on, const std::string& seed,
                               bool as_json);
Result<void> run_rotation_window(const RemoteOptions& remote, std::int64_t min_days, std::int64_t max_days,
                                 const Said& said, bool as_json);
// Slots by name or id, where there is one of that name.
Result<void> run_turn_begin(const RemoteOptions& remote, const std::string& slot, const Said& said, bool as_json);

}  // namespace lapel::door
