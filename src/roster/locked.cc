// SPDX-License-Identifier: Apache-2.0
#include "roster/locked.h"

#include <fmt/format.h>

#include "roster/assignments.h"

namespace lapel::roster {
namespace {

constexpr std::string_view kLocked = "f.restriction IS NOT NULL";

std::string uncleared() {
  return fmt::format("{} AND NOT {}", kLocked, cleared_condition("f"));
}
std::string uncleared_else() {
  return fmt::format("{} AND f.restriction <> 'internal_affairs'", uncleared());
}

}  // namespace

// Each a range of one of the indexes: asked for both at once, SQLite would read all files of the agency.
std::string_view files_of_first() {
  return "(SELECT id AS file FROM recordings WHERE id = :first UNION ALL SELECT id AS file FROM recordings WHERE "
         "agency = :agency "
         "AND group_id = :first) g CROSS JOIN recordings r WHERE r.id = g.file AND r.agency = :agency";
}

// Each a range of an index: of the ids, and of the groups.
std::string some_file(std::string_view condition) {
  return fmt::format(
      "(EXISTS (SELECT 1 FROM recordings f WHERE f.id IN (r.id, r.group_id) AND f.agency = r.agency AND {0}) OR EXISTS "
      "(SELECT 1 FROM recordings f WHERE f.agency = r.agency AND f.group_id = coalesce(r.group_id, r.id) AND {0}))",
      condition);
}

const std::string& lock_columns() {
  static const std::string kColumns = fmt::format(
      "coalesce(r.restriction, (SELECT f.restriction FROM recordings f WHERE f.id = r.group_id AND f.agency = "
      "r.agency), (SELECT min(f.restriction) FROM recordings f WHERE f.agency = r.agency AND f.group_id = "
      "coalesce(r.group_id, r.id) AND {})) AS locked_as, {}, {}, {}, {}, {}",
      kLocked, truth("NOT " + some_file(uncleared()), "is_cleared"),
      truth("NOT " + some_file(uncleared_else()), "is_cleared_else"),
      truth(some_file("f.assigned_officer = :self"), "covers_own"),
      truth(some_file("f.is_inside_home = 1"), "home_in_part"),
      truth(some_file("f.is_victim_sensitive = 1"), "sensitive_in_part"));
  return kColumns;
}

std::string open_condition() {
  return fmt::format("(r.state <> 'restricted' AND NOT {})", some_file(kLocked));
}

std::string cleared_or_open_condition(const access::Actor& actor) {
  const std::string cleared = "NOT " + some_file(uncleared());
  if (!actor.has(access::Role::kInternalAffairs)) return cleared;
  return fmt::format("({} OR ({} AND NOT {} AND NOT {}))", cleared, scope_condition(), some_file(uncleared_else()),
                     some_file("f.assigned_officer = :self"));
}

// Whose work the class is needs no clearance for it, but for what they are in themselves.
bool is_cleared(const access::Actor& actor, const db::Row& row) {
  if (row.is_null("locked_as")) return false;
  return row.integer("is_cleared") == 1 ||
         (actor.has(access::Role::kInternalAffairs) && row.integer("is_outside_scope") == 0 &&
          row.integer("is_cleared_else") == 1 && row.integer("covers_own") == 0);
}

Result<bool> is_locked_only_as(db::Transaction& tx, const RecordingId& id, access::Restriction kind) {
  static const std::string kSql =
      fmt::format("SELECT {}, {} FROM recordings r WHERE r.id = :id", truth(some_file(kLocked), "is_locked"),
                  truth(some_file("f.restriction <> :kind"), "is_otherwise"));
  const db::Rows rows = TRY(tx.query(kSql, {{"id", id.text()}, {"kind", access::restriction_name(kind)}}));
  return !rows.empty() && rows[0].integer("is_locked") == 1 && rows[0].integer("is_otherwise") == 0;
}

}  // namespace lapel::roster
