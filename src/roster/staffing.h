// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who there is to wear a camera: strength, shifts, facilities, and who takes part.
//
// Owns: the tables strengths, shifts, facilities, facility_names and participations; their rows' events are the same values
//   (sealed_rows.h). Units, and who belongs to a unit, shift or facility when, are assignments.h's.
// Promises: nothing is overwritten: a strength holds from its day on until another does, a participation likewise.
// Fails with: what sealed_rows fails with.
// Threads: any; each call runs in the caller's transaction.

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/day.h"
#include "roster/sealed_rows.h"

namespace lapel::roster {

extern const SealedTable kStrengths;       // members strength, kind, low, high, from, source
extern const SealedTable kShifts;          // shift, name, begins, ends
extern const SealedTable kFacilities;      // facility, name
extern const SealedTable kFacilityNames;   // alias, facility, name, source
extern const SealedTable kParticipations;  // participation, status, on, reason; in the person's chain

// By its name or id; a facility also by what else it is called.
Result<std::optional<SealedRowId>> find_shift(db::Transaction& tx, const AgencyId& agency, std::string_view name_or_id);
Result<std::optional<SealedRowId>> find_facility(db::Transaction& tx, const AgencyId& agency,
                                                 std::string_view name_or_id);

enum class StrengthKind { kAuthorized, kSworn, kPipeline };
inline constexpr StrengthKind kStrengthKinds[] = {StrengthKind::kAuthorized, StrengthKind::kSworn,
                                                  StrengthKind::kPipeline};
std::string_view strength_kind_name(StrengthKind kind);
std::optional<StrengthKind> parse_strength_kind(std::string_view name);

// "87 or 88" is a range.
struct Strength {
  std::int64_t low = 0, high = 0;
  Day from;
  std::string source;
};
// As of that day: of what was entered, the one that began last; of the same day, the one that was entered last.
Result<std::map<StrengthKind, Strength>> strength(db::Transaction& tx, const AgencyId& agency, Day as_of);

// Who takes part in a pilot or a rotation. Selected is whom the program chose of those who offered; ordered, who did not offer.
enum class ParticipationStatus { kVolunteered, kSelected, kWithdrawn, kOrdered };
std::string_view participation_status_name(ParticipationStatus status);
std::optional<ParticipationStatus> parse_participation_status(std::string_view name);
std::string all_participation_status_names();

struct Participation {
  PersonId person;
  ParticipationStatus status = ParticipationStatus::kVolunteered;
  Day on;
};
// Everybody's as of that day, by person: those who have withdrawn are among them.
Result<std::map<PersonId, Participation>> participations(db::Transaction& tx, const AgencyId& agency, Day as_of,
                                                         const std::optional<PersonId>& of = {});

std::span<const db::Migration> staffing_schema();

}  // namespace lapel::roster
