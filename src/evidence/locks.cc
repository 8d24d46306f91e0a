// SPDX-License-Identifier: Apache-2.0
#include "evidence/locks.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "roster/locked.h"

namespace lapel::evidence {

// One is for the decision that lifts it; a change has as many as it has fields.
static_assert(kLockedAtOnceMax + 16 <= static_cast<std::int64_t>(limits::kSubmissionEventsMax));

Result<Files> files_of(db::Transaction& tx, const AgencyId& agency, const RecordingId& id) {
  Files out;
  const db::Params asked = {{"id", id.text()}, {"agency", agency.text()}};
  const db::Rows firsts = TRY(
      tx.query("SELECT coalesce(group_id, id) AS first FROM recordings WHERE id = :id AND agency = :agency", asked));
  if (firsts.empty()) return fail(Code::kNotFound, "No such recording", id.text());
  const db::Params all = {{"first", firsts[0].text("first")}, {"agency", agency.text()}};
  const db::Rows counted =
      TRY(tx.query(fmt::format("SELECT COUNT(*) AS files, CAST(sum(revision) AS BIGINT) AS changes FROM {}",
                               roster::files_of_first()),
                   all));
  // Of a recording of one file: that file's own.
  out.revision = counted[0].integer("files") - 1 + counted[0].integer("changes");
  db::Params some = all;
  some.emplace_back("id", id.text());
  some.emplace_back("limit", kLockedAtOnceMax);
  for (const db::Row& row : TRY(tx.query(fmt::format("SELECT id, revision, restriction, state FROM {} ORDER BY CASE "
                                                     "WHEN id = :id THEN 0 ELSE 1 END, CASE WHEN "
                                                     "restriction IS NULL THEN 1 ELSE 0 END, id LIMIT :limit",
                                                     roster::files_of_first()),
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

}  // namespace lapel::evidence
