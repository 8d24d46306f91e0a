// SPDX-License-Identifier: Apache-2.0
#include "evidence/locks.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "roster/assignments.h"

namespace lapel::evidence {
namespace {

constexpr std::string_view kLocked = "f.restriction IS NOT NULL";

// One is for the decision that lifts it; a change has as many as it has fields.
static_assert(kLockedAtOnceMax + 16 <= static_cast<std::int64_t>(limits::kSubmissionEventsMax));

std::string uncleared() {
  return fmt::format("{} AND NOT {}", kLocked, roster::cleared_condition("f"));
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
      kLocked, roster::truth("NOT " + some_file(uncleared()), "is_cleared"),
      roster::truth("NOT " + some_file(uncleared_else()), "is_cleared_else"),
      roster::truth(some_file("f.assigned_officer = :self"), "covers_own"),
      roster::truth(some_file("f.is_inside_home = 1"), "home_in_part"),
      roster::truth(some_file("f.is_victim_sensitive = 1"), "sensitive_in_part"));
  return kColumns;
}

std::string open_condition() {
  return fmt::format("(r.state <> 'restricted' AND NOT {})", some_file(kLocked));
}

std::string cleared_or_open_condition(const access::Actor& actor) {
  const std::string cleared = "NOT " + some_file(uncleared());
  if (!actor.has(access::Role::kInternalAffairs)) return cleared;
  return fmt::format("({} OR ({} AND NOT {} AND NOT {}))", cleared, roster::scope_condition(),
                     some_file(uncleared_else()), some_file("f.assigned_officer = :self"));
}

// Whose work the class is needs no clearance for it, but for what they are in themselves.
bool is_cleared(const access::Actor& actor, const db::Row& row) {
  if (row.is_null("locked_as")) return false;
  return row.integer("is_cleared") == 1 ||
         (actor.has(access::Role::kInternalAffairs) && row.integer("is_outside_scope") == 0 &&
          row.integer("is_cleared_else") == 1 && row.integer("covers_own") == 0);
}

Result<Files> files_of(db::Transaction& tx, const AgencyId& agency, const RecordingId& id) {
  Files out;
  const db::Params asked = {{"id", id.text()}, {"agency", agency.text()}};
  const db::Rows firsts = TRY(
      tx.query("SELECT coalesce(group_id, id) AS first FROM recordings WHERE id = :id AND agency = :agency", asked));
  if (firsts.empty()) return fail(Code::kNotFound, "No such recording", id.text());
  const db::Params all = {{"first", firsts[0].text("first")}, {"agency", agency.text()}};
  const db::Rows counted = TRY(tx.query(
      fmt::format("SELECT COUNT(*) AS files, CAST(sum(revision) AS BIGINT) AS changes FROM {}", files_of_first()),
      all));
  // Of a recording of one file: that file's own.
  out.revision = counted[0].integer("files") - 1 + counted[0].integer("changes");
  db::Params some = all;
  some.emplace_back("id", id.text());
  some.emplace_back("limit", kLockedAtOnceMax);
  for (const db::Row& row : TRY(tx.query(fmt::format("SELECT id, revision, restriction, state FROM {} ORDER BY CASE "
                                                     "WHEN id = :id THEN 0 ELSE 1 END, CASE WHEN "
                                                     "restriction IS NULL THEN 1 ELSE 0 END, id LIMIT :limit",
                                                     files_of_first()),
                                         some))) {
    const auto file = RecordingId::parse(row.text("id"));
    const auto text = row.maybe_text("restriction");
    const auto restriction = text ? access::parse_restriction(*text) : std::nullopt;
    if (!file || text.has_value() != restriction.has_value())
      return fail(Code::kCorrupt, "A row of the catalog is damaged", row.text("id"));
    out.items.push_back({*file, row.integer("revision"), restriction,
                         !restriction && access::parse_state(row.text("state")) == access::State::kSealed});
  }
  return out;
}

Result<void> set_restriction(db::Transaction& tx, const File& file, const std::optional<access::Restriction>& as) {
  const auto name = as ? std::optional(std::string(access::restriction_name(*as))) : std::nullopt;
  const auto state = as ? access::State::kRestricted : access::State::kSealed;
  const std::int64_t changed =
      TRY(tx.run("UPDATE recordings SET restriction = :restriction, state = :state, revision = revision + 1 WHERE id = "
                 ":id AND revision = :revision",
                 {{"restriction", name},
                  {"state", access::state_name(state)},
                  {"id", file.id.text()},
                  {"revision", file.revision}}));
  if (changed == 1) return {};
  return fail(Code::kConflict, "This recording was changed meanwhile: look at it again", file.id.text());
}

Result<bool> is_locked_only_as(db::Transaction& tx, const RecordingId& id, access::Restriction kind) {
  static const std::string kSql =
      fmt::format("SELECT {}, {} FROM recordings r WHERE r.id = :id", roster::truth(some_file(kLocked), "is_locked"),
                  roster::truth(some_file("f.restriction <> :kind"), "is_otherwise"));
  const db::Rows rows = TRY(tx.query(kSql, {{"id", id.text()}, {"kind", access::restriction_name(kind)}}));
  return !rows.empty() && rows[0].integer("is_locked") == 1 && rows[0].integer("is_otherwise") == 0;
}

}  // namespace lapel::evidence
