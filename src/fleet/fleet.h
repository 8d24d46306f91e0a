// SPDX-License-Identifier: Apache-2.0
#pragma once
// The cameras as things: where each is, who has it, how it does; and the scan box by which it goes out and comes in.
//
// Owns: the events and rows of device.state_set, device.moved, device.reported, device.fault_found and _fixed, scan.began and _ended.
// Promises: whose a recording is follows from who had the camera when it was made (roster's assignments) and from nothing here.
//   Each scan is sealed before it is answered; a code that is scanned twice in one run does nothing the second time and says so.
// Fails with: problems::kRule, kNotFound, kInvalid, kConflict. A scan that cannot be done is an answer and no failure: the next
//   one follows at once.
// Threads: any; calls block.

#include <optional>
#include <string>

#include "fleet/devices.h"
#include "fleet/staffing.h"

namespace lapel::fleet {

class Fleet {
 public:
  explicit Fleet(Parts parts, Bar bar = nullptr) : parts_(parts), bar_(std::move(bar)) {}

  Result<Json::Array> list(const access::Actor& actor);
  // With its custody, reports, faults and wearers, the newest first.
  Result<Json::Object> show(const access::Actor& actor, const std::string& camera);
  Result<Json::Array> docks(const access::Actor& actor);

  struct Report {
    std::string firmware;
    std::optional<std::int64_t> drift_ms;  // its clock's: ahead of the server's, or behind it where negative
    std::optional<std::int64_t> battery;   // percent of what it held when it was new
    std::optional<Timestamp> measured_at;
  };
  Result<Json::Object> report(const access::Actor& actor, const std::string& camera, const Report& report);
  Result<Json::Object> set_state(const access::Actor& actor, const std::string& camera, const std::string& state,
                                 const std::string& use, const std::string& reason);
  Result<Json::Object> found_fault(const access::Actor& actor, const std::string& camera, const std::string& what);
  Result<Json::Object> fixed_fault(const access::Actor& actor, const std::string& fault, const std::string& fix);

  // out, in or audit.
  Result<Json::Object> begin_run(const access::Actor& actor, const std::string& mode);
  // `code`: a serial; going out, also the badge of whoever gets what is scanned after it. `officer`: who that is now.
  Result<Json::Object> scan(const access::Actor& actor, const std::string& run, const std::string& code,
                            const std::string& officer, const std::string& place);
  Result<Json::Object> end_run(const access::Actor& actor, const std::string& run);

 private:
  struct Scanned;
  Result<Scanned> look(db::Transaction& tx, const access::Actor& actor, const roster::SealedRowId& run,
                       const std::string& code, const std::string& officer, Timestamp now);
  Result<DeviceId> device(const access::Actor& actor, const std::string& camera);

  const Parts parts_;
  const Bar bar_;
};

}  // namespace lapel::fleet
