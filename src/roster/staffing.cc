// SPDX-License-Identifier: Apache-2.0
#include "roster/staffing.h"

#include <array>
#include <utility>

namespace lapel::roster {
namespace {

constexpr std::array<std::pair<StrengthKind, std::string_view>, 3> kKinds = {{
    {StrengthKind::kAuthorized, "authorized"},
    {StrengthKind::kSworn, "sworn"},
    {StrengthKind::kPipeline, "pipeline"},
}};
constexpr std::array<std::pair<ParticipationStatus, std::string_view>, 4> kStatuses = {{
    {ParticipationStatus::kVolunteered, "volunteered"},
    {ParticipationStatus::kSelected, "selected"},
    {ParticipationStatus::kWithdrawn, "withdrawn"},
    {ParticipationStatus::kOrdered, "ordered"},
}};

template <typename Table, typename Value>
std::string_view name_in(const Table& table, Value wanted) {
  for (const auto& [value, name] : table) {
    if (value == wanted) return name;
  }
  return {};
}
template <typename Value, std::size_t kCount>
std::optional<Value> value_in(const std::array<std::pair<Value, std::string_view>, kCount>& table,
                              std::string_view wanted) {
  for (const auto& [value, name] : table) {
    if (name == wanted) return value;
  }
  return std::nullopt;
}

constexpr auto kDay = ColumnKind::kDay;
constexpr auto kNumber = ColumnKind::kNumber;
constexpr SealedColumn kStrengthColumns[] = {{"kind", "kind"},
                                             {"low", "low", kNumber},
                                             {"high", "high", kNumber},
                                             {"from_day", "from", kDay},
                                             {"source", "source"}};
constexpr SealedColumn kShiftColumns[] = {{"name", "name"}, {"begins", "begins"}, {"ends", "ends"}};
constexpr SealedColumn kFacilityColumns[] = {{"name", "name"}};
constexpr SealedColumn kFacilityNameColumns[] = {{"facility", "facility"}, {"name", "name"}, {"source", "source"}};
constexpr SealedColumn kParticipationColumns[] = {
    {"person", "person", ColumnKind::kSubject}, {"status", "status"}, {"on_day", "on", kDay}, {"reason", "reason"}};

// begins and ends are times of day, "07:00"; a shift that ends before it begins ends on the next day.
constexpr db::Migration kSteps[] = {
    {1, "strength, shifts, facilities and who takes part", R"sql(
CREATE TABLE strengths (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('authorized', 'sworn', 'pipeline')),
  low BIGINT NOT NULL,
  high BIGINT NOT NULL,
  from_day BIGINT NOT NULL,
  source TEXT,
  CHECK (low >= 0 AND high >= low)
);
CREATE INDEX strengths_by_leaf ON strengths (agency, leaf_index, id);
CREATE TABLE shifts (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  name TEXT NOT NULL,
  begins TEXT,
  ends TEXT
);
CREATE UNIQUE INDEX shifts_by_name ON shifts (agency, name);
CREATE TABLE facilities (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  name TEXT NOT NULL
);
CREATE UNIQUE INDEX facilities_by_name ON facilities (agency, name);
CREATE TABLE facility_names (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  facility TEXT NOT NULL REFERENCES facilities (id),
  name TEXT NOT NULL,
  source TEXT
);
CREATE UNIQUE INDEX facility_names_by_name ON facility_names (agency, name);
CREATE TABLE participations (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  person TEXT NOT NULL REFERENCES people (id),
  status TEXT NOT NULL CHECK (status IN ('volunteered', 'selected', 'withdrawn', 'ordered')),
  on_day BIGINT NOT NULL,
  reason TEXT
);
CREATE INDEX participations_by_leaf ON participations (agency, leaf_index, id);
)sql"},
};

}  // namespace

constexpr SealedTable kStrengths = {"strengths", "strength", "strength.stated", kStrengthColumns};
constexpr SealedTable kShifts = {"shifts", "shift", "shift.added", kShiftColumns};
constexpr SealedTable kFacilities = {"facilities", "facility", "facility.added", kFacilityColumns};
constexpr SealedTable kFacilityNames = {"facility_names", "alias", "facility.named", kFacilityNameColumns};
constexpr SealedTable kParticipations = {"participations", "participation", "participation.changed",
                                         kParticipationColumns};

namespace {

Result<std::optional<SealedRowId>> find_named(db::Transaction& tx, const SealedTable& table, const AgencyId& agency,
                                              std::string_view name_or_id) {
  for (const std::string_view column : {"name", "id"}) {
    const auto rows = TRY(sealed_rows(tx, table, agency, {.filter = RowFilter{column, std::string(name_or_id)}}));
    if (!rows.empty()) return std::optional(rows[0].id);
  }
  return std::optional<SealedRowId>();
}

}  // namespace

Result<std::optional<SealedRowId>> find_shift(db::Transaction& tx, const AgencyId& agency,
                                              std::string_view name_or_id) {
  return find_named(tx, kShifts, agency, name_or_id);
}

Result<std::optional<SealedRowId>> find_facility(db::Transaction& tx, const AgencyId& agency,
                                                 std::string_view name_or_id) {
  if (const auto found = TRY(find_named(tx, kFacilities, agency, name_or_id))) return std::optional(*found);
  for (const SealedRow& row :
       TRY(sealed_rows(tx, kFacilityNames, agency, {.filter = RowFilter{"name", std::string(name_or_id)}}))) {
    return SealedRowId::parse(row.text("facility"));
  }
  return std::optional<SealedRowId>();
}

std::string_view strength_kind_name(StrengthKind kind) {
  return name_in(kKinds, kind);
}
std::optional<StrengthKind> parse_strength_kind(std::string_view name) {
  return value_in(kKinds, name);
}

Result<std::map<StrengthKind, Strength>> strength(db::Transaction& tx, const AgencyId& agency, Day as_of) {
  std::map<StrengthKind, Strength> out;
  for (const SealedRow& row : TRY(sealed_rows(tx, kStrengths, agency))) {
    const auto kind = parse_strength_kind(row.text("kind"));
    const auto from = row.day("from");
    if (!kind || !from) return fail(Code::kCorrupt, "A strength in the catalog is damaged", row.id.text());
    if (*from > as_of) continue;
    const auto known = out.find(*kind);
    if (known != out.end() && known->second.from > *from) continue;
    out[*kind] = {row.number("low").value_or(0), row.number("high").value_or(0), *from, row.text("source")};
  }
  return out;
}

std::string_view participation_status_name(ParticipationStatus status) {
  return name_in(kStatuses, status);
}
std::optional<ParticipationStatus> parse_participation_status(std::string_view name) {
  return value_in(kStatuses, name);
}
std::string all_participation_status_names() {
  std::string out;
  for (const auto& [status, name] : kStatuses) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

Result<std::map<PersonId, Participation>> participations(db::Transaction& tx, const AgencyId& agency, Day as_of,
                                                         const std::optional<PersonId>& of) {
  std::map<PersonId, Participation> out;
  RowQuery query;
  if (of) query.filter = RowFilter{"person", of->text()};
  for (const SealedRow& row : TRY(sealed_rows(tx, kParticipations, agency, query))) {
    const auto status = parse_participation_status(row.text("status"));
    const auto on = row.day("on");
    if (!status || !on) return fail(Code::kCorrupt, "A participation in the catalog is damaged", row.id.text());
    if (*on > as_of) continue;
    const PersonId person(row.subject.bytes());
    const auto known = out.find(person);
    if (known != out.end() && known->second.on > *on) continue;
    out[person] = {person, *status, *on};
  }
  return out;
}

std::span<const db::Migration> staffing_schema() {
  return kSteps;
}

}  // namespace lapel::roster
