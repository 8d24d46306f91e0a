// SPDX-License-Identifier: Apache-2.0
#include "program/counts.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"

namespace lapel::program {
namespace {

constexpr std::string_view kNoShift = "no shift that is known";

// sort_us is when it was made, and when it arrived where that is not known.
constexpr std::string_view kInDays =
    "r.agency = :agency AND r.sort_us >= :from AND r.sort_us < :until AND r.received_us < :known";
constexpr std::string_view kSums =
    "COUNT(*) AS recordings, COUNT(DISTINCT r.assigned_officer) AS officers, CAST(COALESCE(SUM(r.bytes), 0) AS BIGINT) "
    "AS "
    "bytes, CAST(COALESCE(SUM(r.duration_ms), 0) AS BIGINT) AS duration_ms";
// Of what was made whole before it arrived: a camera whose clock is ahead has no delay that could be told.
constexpr std::string_view kDelay = "(r.received_us - r.recorded_us - r.duration_ms * 1000)";
constexpr std::string_view kHasDelay =
    "r.recorded_us IS NOT NULL AND r.duration_ms IS NOT NULL AND r.received_us >= r.recorded_us + r.duration_ms * 1000";

db::Params within(const AgencyId& agency, const Days& days) {
  return {{"agency", agency.text()},
          {"from", days.from.number * kDayUs},
          {"until", (days.until.number + 1) * kDayUs},
          {"known", (days.known_by.number + 1) * kDayUs}};
}

Group group_of(std::string name, const db::Row& row) {
  return {std::move(name),           row.integer("officers"),
          row.integer("recordings"), row.integer("duration_ms") / 1'000,
          row.integer("bytes"),      false};
}

// The shift that its officer was assigned to when it was made; an officer of two counts in both.
constexpr std::string_view kOnShift =
    "a.agency = r.agency AND a.person = r.assigned_officer AND a.kind = 'shift' AND a.from_us <= r.sort_us AND "
    "(a.until_us IS "
    "NULL OR a.until_us > r.sort_us)";

Result<std::vector<Group>> count_shifts(db::Transaction& tx, const AgencyId& agency, const Days& days) {
  std::vector<Group> out;
  db::Params params = within(agency, days);
  params.emplace_back("limit", kGroupsMax);
  for (const db::Row& row : TRY(tx.query(
           fmt::format(
               "SELECT s.name AS name, {} FROM recordings r JOIN assignments a ON {} JOIN shifts s ON s.agency = "
               "r.agency AND s.id = a.target WHERE {} GROUP BY s.name ORDER BY s.name LIMIT :limit",
               kSums, kOnShift, kInDays),
           params))) {
    out.push_back(group_of(row.text("name"), row));
  }
  if (out.empty()) return out;
  const db::Rows others = TRY(
      tx.query(fmt::format("SELECT {} FROM recordings r WHERE {} AND NOT EXISTS (SELECT 1 FROM assignments a WHERE {})",
                           kSums, kInDays, kOnShift),
               within(agency, days)));
  if (others[0].integer("recordings") > 0) out.push_back(group_of(std::string(kNoShift), others[0]));
  withhold_small(out);
  return out;
}

struct OfOfficer {
  std::int64_t recordings = 0, seconds = 0, bytes = 0;
};

// Of an even number the lower of the two in the middle: a number that somebody has.
std::int64_t median(std::vector<OfOfficer>& all, std::int64_t OfOfficer::*member) {
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>((all.size() - 1) / 2);
  std::ranges::nth_element(all, middle, {}, member);
  return (*middle).*member;
}

Result<void> count_officers(db::Transaction& tx, const AgencyId& agency, const Days& days, Counts& out) {
  std::vector<OfOfficer> all;
  db::Params params = within(agency, days);
  params.emplace_back("limit", static_cast<std::int64_t>(db::kRowsMax));
  for (const db::Row& row :
       TRY(tx.query(fmt::format("SELECT r.assigned_officer AS officer, {} FROM recordings r WHERE {} AND "
                                "r.assigned_officer IS NOT NULL GROUP BY r.assigned_officer LIMIT :limit",
                                kSums, kInDays),
                    params))) {
    all.push_back({row.integer("recordings"), row.integer("duration_ms") / 1'000, row.integer("bytes")});
  }
  out.officers = static_cast<std::int64_t>(all.size());
  if (out.officers < kGroupMin) return {};
  out.median_recordings = median(all, &OfOfficer::recordings);
  out.median_seconds = median(all, &OfOfficer::seconds);
  out.median_bytes = median(all, &OfOfficer::bytes);
  return {};
}

// By the minute: so many had arrived within so many minutes of their end.
Result<void> count_delays(db::Transaction& tx, const AgencyId& agency, const Days& days, Counts& out) {
  std::vector<std::pair<std::int64_t, std::int64_t>> by_minute;
  db::Params params = within(agency, days);
  params.emplace_back("limit", static_cast<std::int64_t>(db::kRowsMax));
  for (const db::Row& row : TRY(tx.query(
           fmt::format("SELECT {0} / 60000000 AS minutes, COUNT(*) AS recordings FROM recordings r WHERE {1} AND {2} "
                       "GROUP BY {0} / 60000000 ORDER BY minutes LIMIT :limit",
                       kDelay, kInDays, kHasDelay),
           params))) {
    by_minute.emplace_back(row.integer("minutes"), row.integer("recordings"));
    out.with_delay += row.integer("recordings");
  }
  // The delay of the one at that place, from 1.
  const auto at = [&](std::int64_t place) -> std::optional<std::int64_t> {
    for (const auto& [minutes, recordings] : by_minute) {
      place -= recordings;
      if (place <= 0) return minutes * 60;
    }
    return std::nullopt;
  };
  out.median_delay_s = at((out.with_delay + 1) / 2);
  out.most_delay_s = at((out.with_delay * 9 + 9) / 10);
  return {};
}

}  // namespace

void withhold_small(std::vector<Group>& groups) {
  std::int64_t small = 0;
  for (Group& group : groups) {
    group.is_withheld = group.officers < kGroupMin;
    if (group.is_withheld) ++small;
  }
  if (small != 1) return;
  const auto smallest = std::ranges::min_element(
      groups, {}, [](const Group& group) { return group.is_withheld ? INT64_MAX : group.officers; });
  if (smallest != groups.end()) smallest->is_withheld = true;
}

Result<Counts> count_recordings(db::Transaction& tx, const AgencyId& agency, const Days& days) {
  Counts out;
  const db::Rows all = TRY(tx.query(
      fmt::format(
          "SELECT {}, COUNT(r.category) AS tagged, COUNT(DISTINCT r.incident) AS incidents, COUNT(r.duration_ms) AS "
          "with_length, COUNT(r.assigned_officer) AS somebodys FROM recordings r WHERE {}",
          kSums, kInDays),
      within(agency, days)));
  out.recordings = all[0].integer("recordings");
  out.tagged = all[0].integer("tagged");
  out.incidents = all[0].integer("incidents");
  out.seconds = all[0].integer("duration_ms") / 1'000;
  out.bytes = all[0].integer("bytes");
  out.without_length = out.recordings - all[0].integer("with_length");
  out.nobodys = out.recordings - all[0].integer("somebodys");
  // By somebody else than whoever made it.
  out.reviewed = TRY(tx.query(
      fmt::format(
          "SELECT COUNT(*) AS reviewed FROM recordings r WHERE {} AND EXISTS (SELECT 1 FROM views v WHERE "
          "v.recording = r.id AND v.purpose = 'review' AND v.opened_us < :known AND (r.assigned_officer IS NULL OR "
          "v.person <> r.assigned_officer))",
          kInDays),
      within(agency, days)))[0]
                     .integer("reviewed");
  TRY(count_officers(tx, agency, days, out));
  TRY(count_delays(tx, agency, days, out));
  out.shifts = TRY(count_shifts(tx, agency, days));
  db::Params params = within(agency, days);
  params.emplace_back("limit", kGroupsMax);
  params.emplace_back("none", "uncategorized");
  for (const db::Row& row : TRY(tx.query(
           fmt::format("SELECT COALESCE(r.category, :none) AS kind, COUNT(*) AS recordings FROM recordings r WHERE {} "
                       "GROUP BY COALESCE(r.category, :none) ORDER BY kind LIMIT :limit",
                       kInDays),
           params))) {
    out.categories.push_back({row.text("kind"), row.integer("recordings")});
  }
  return out;
}

Result<CameraCounts> count_cameras(db::Transaction& tx, const AgencyId& agency, const Days& days) {
  // A camera's assignments that touch these days; units as their wearers had them then.
  constexpr std::string_view kAssigned =
      "d.agency = :agency AND d.kind = 'device' AND d.from_us < :until AND (d.until_us IS NULL OR d.until_us > :from)";
  const db::Params params = {
      {"agency", agency.text()}, {"from", days.from.number * kDayUs}, {"until", (days.until.number + 1) * kDayUs}};
  CameraCounts out;
  const db::Rows all =
      TRY(tx.query(fmt::format("SELECT COUNT(DISTINCT d.target) AS cameras, COUNT(DISTINCT d.person) AS officers FROM "
                               "assignments d WHERE {}",
                               kAssigned),
                   params));
  out.cameras = all[0].integer("cameras");
  out.officers = all[0].integer("officers");
  db::Params limited = params;
  limited.emplace_back("limit", kGroupsMax);
  for (const db::Row& row : TRY(tx.query(
           fmt::format(
               "SELECT n.name AS name, COUNT(DISTINCT d.target) AS cameras FROM assignments d JOIN assignments u ON "
               "u.agency = d.agency AND u.person = d.person AND u.kind = 'unit' AND u.from_us < :until AND "
               "(u.until_us IS NULL OR u.until_us > :from) JOIN units n ON n.agency = d.agency AND n.id = u.target "
               "WHERE {} GROUP BY n.name ORDER BY n.name LIMIT :limit",
               kAssigned),
           limited))) {
    out.units.push_back({row.text("name"), row.integer("cameras")});
  }
  return out;
}

}  // namespace lapel::program
