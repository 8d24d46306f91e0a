// SPDX-License-Identifier: Apache-2.0
#include "fleet/record_check.h"

#include "acts/tables_check.h"
#include "fleet/schema.h"
#include "roster/staffing.h"

namespace lapel::fleet {
namespace {

constexpr const roster::SealedTable* kTables[] = {&roster::kStrengths,
                                                  &roster::kShifts,
                                                  &roster::kFacilities,
                                                  &roster::kFacilityNames,
                                                  &roster::kParticipations,
                                                  &kCameraStates,
                                                  &kMoves,
                                                  &kReports,
                                                  &kFaults,
                                                  &kRuns,
                                                  &kIssueModes,
                                                  &kSlots,
                                                  &kRotationWindows,
                                                  &kTurns};

}  // namespace

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  return acts::check_tables(tx, kTables, agency, fault);
}

}  // namespace lapel::fleet
