// SPDX-License-Identifier: Apache-2.0
#include "roster/holds.h"

#include <fmt/format.h>

namespace lapel::roster {

Result<void> add_hold(db::Transaction& tx, const Hold& hold) {
  TRY(
      tx.run("INSERT INTO holds (id, agency, matter, reason, recording, incident, placed_by, placed_us) VALUES (:id, "
             ":agency, :matter, :reason, :recording, :incident, :placed_by, :placed)",
             {{"id", hold.id.text()},
              {"agency", hold.agency.text()},
              {"matter", hold.matter},
              {"reason", hold.reason},
              {"recording", hold.recording ? std::optional(hold.recording->text()) : std::nullopt},
              {"incident", hold.incident},
              {"placed_by", hold.placed_by.text()},
              {"placed", hold.placed_at.us}}));
  return {};
}

Result<void> release_hold(db::Transaction& tx, const HoldId& id, const ProposalId& proposal, Timestamp now) {
  const std::int64_t changed =
      TRY(tx.run("UPDATE holds SET released_us = :now, released_by = :proposal WHERE id = :id AND released_us IS NULL",
                 {{"now", now.us}, {"proposal", proposal.text()}, {"id", id.text()}}));
  if (changed == 1) return {};
  return fail(Code::kConflict, "This hold has been released already", id.text());
}

Result<bool> was_held_for(db::Transaction& tx, const AgencyId& agency, const RecordingId& recording,
                          const std::string& matter) {
  return !TRY(tx.query("SELECT id FROM holds WHERE agency = :agency AND recording = :recording AND matter = :matter "
                       "LIMIT 1",
                       {{"agency", agency.text()}, {"recording", recording.text()}, {"matter", matter}}))
              .empty();
}

std::string_view hold_columns() {
  return "h.id AS id, h.agency AS agency, h.matter AS matter, h.reason AS reason, h.recording AS recording, h.incident "
         "AS incident, h.placed_by AS placed_by, h.placed_us AS placed_us, h.released_us AS released_us";
}

Result<Hold> read_hold(const db::Row& row) {
  const auto id = HoldId::parse(row.text("id"));
  const auto agency = AgencyId::parse(row.text("agency"));
  const auto placed_by = PersonId::parse(row.text("placed_by"));
  const auto recording = row.maybe_text("recording");
  const auto recording_id = recording ? RecordingId::parse(*recording) : std::nullopt;
  if (!id || !agency || !placed_by || recording.has_value() != recording_id.has_value()) {
    return fail(Code::kCorrupt, "A hold in the catalog is damaged", row.text("id"));
  }
  const auto released = row.maybe_integer("released_us");
  return Hold{*id,
              *agency,
              row.text("matter"),
              row.text("reason"),
              recording_id,
              row.maybe_text("incident"),
              *placed_by,
              Timestamp{row.integer("placed_us")},
              released ? std::optional(Timestamp{*released}) : std::nullopt};
}

ListPlace place_of(const Hold& hold) {
  return {hold.released_at ? 1 : 0, hold.placed_at.us, hold.id.text()};
}

std::string_view after_hold_condition() {
  return "(CASE WHEN h.released_us IS NULL THEN 0 ELSE 1 END > CAST(:after_rank AS BIGINT) OR (CASE WHEN h.released_us "
         "IS NULL THEN 0 ELSE 1 END = CAST(:after_rank AS BIGINT) AND (h.placed_us < :after_us OR (h.placed_us = "
         ":after_us AND h.id > :after_id))))";
}
std::string_view hold_order() {
  return "CASE WHEN h.released_us IS NULL THEN 0 ELSE 1 END, h.placed_us DESC, h.id";
}

// Each a range of one of the indexes of recordings. A file of an incident may be a further file of another of it: it is one.
// CROSS JOIN: in this order, where SQLite would rather begin with all files of the agency.
std::string covered(std::string_view columns, std::string_view condition) {
  return fmt::format(
      "SELECT {0} FROM holds h JOIN recordings r ON r.agency = h.agency AND r.id = h.recording WHERE {1} UNION "
      "SELECT {0} FROM holds h JOIN recordings r ON r.agency = h.agency AND r.group_id = h.recording WHERE {1} UNION "
      "SELECT {0} FROM holds h JOIN recordings r ON r.agency = h.agency AND r.incident = h.incident WHERE {1} UNION "
      "SELECT {0} FROM holds h JOIN recordings f ON f.agency = h.agency AND f.incident = h.incident CROSS JOIN "
      "recordings r WHERE r.agency = f.agency AND r.group_id = f.id AND {1}",
      columns, condition);
}

// Each a range of one of the indexes of holds.
std::string_view held_condition() {
  return "(EXISTS (SELECT 1 FROM holds h WHERE h.agency = r.agency AND h.recording IN (r.id, r.group_id) AND "
         "h.released_us IS NULL) OR EXISTS (SELECT 1 FROM holds h WHERE h.agency = r.agency AND h.incident = "
         "r.incident "
         "AND h.released_us IS NULL) OR EXISTS (SELECT 1 FROM recordings f JOIN holds h ON h.agency = f.agency AND "
         "h.incident "
         "= f.incident WHERE f.id = r.group_id AND h.released_us IS NULL))";
}

Result<std::optional<std::string>> matter_of_incident(db::Transaction& tx, const AgencyId& agency,
                                                      const std::string& incident) {
  const db::Rows rows =
      TRY(tx.query("SELECT matter FROM holds WHERE agency = :agency AND incident = :incident AND "
                   "released_us IS NULL ORDER BY placed_us LIMIT 1",
                   {{"agency", agency.text()}, {"incident", incident}}));
  return rows.empty() ? std::optional<std::string>() : std::optional(rows[0].text("matter"));
}

}  // namespace lapel::roster
