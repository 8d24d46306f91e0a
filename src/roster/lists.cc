// SPDX-License-Identifier: Apache-2.0
#include "roster/lists.h"

#include <utility>

namespace lapel::roster {

Result<std::vector<ListedDevice>> devices(db::Transaction& tx, const AgencyId& agency, const DeviceQuery& query) {
  std::string sql =
      "SELECT d.id AS id, d.serial AS serial, d.added_us AS added_us, a.id AS assignment, a.person AS person, "
      "a.from_us "
      "AS from_us, a.until_us AS until_us, p.name AS name FROM devices d LEFT JOIN assignments a ON a.agency = "
      "d.agency "
      "AND a.kind = 'device' AND a.target = d.id AND a.from_us <= :at AND (a.until_us IS NULL OR a.until_us > :at) "
      "LEFT "
      "JOIN people p ON p.id = a.person WHERE d.agency = :agency";
  db::Params params = {{"agency", agency.text()}, {"at", query.at.us}, {"limit", query.limit}};
  if (query.serial) {
    sql += " AND d.serial = :serial";
    params.emplace_back("serial", *query.serial);
  }
  if (query.after) {
    sql += " AND (d.added_us < :after_us OR (d.added_us = :after_us AND d.id > :after_id))";
    params.emplace_back("after_us", query.after->us);
    params.emplace_back("after_id", query.after->id);
  }
  std::vector<ListedDevice> out;
  for (const db::Row& row : TRY(tx.query(sql + " ORDER BY d.added_us DESC, d.id LIMIT :limit", params))) {
    const auto id = DeviceId::parse(row.text("id"));
    if (!id) return fail(Code::kCorrupt, "A device in the catalog is damaged", row.text("id"));
    ListedDevice listed{{*id, agency, row.text("serial")}, {row.integer("added_us")}, std::nullopt};
    if (!row.is_null("assignment")) {
      const auto assignment = AssignmentId::parse(row.text("assignment"));
      const auto person = PersonId::parse(row.text("person"));
      if (!assignment || !person) {
        return fail(Code::kCorrupt, "An assignment in the catalog is damaged", row.text("assignment"));
      }
      std::optional<Timestamp> until;
      if (const auto us = row.maybe_integer("until_us")) until = Timestamp{*us};
      listed.worn = ListedDevice::Worn{
          row.text("name"),
          {*assignment, agency, *person, AssignmentKind::kDevice, id->text(), {row.integer("from_us")}, until}};
    }
    out.push_back(std::move(listed));
  }
  return out;
}

ListPlace place_of(const ListedDevice& listed) {
  return {0, listed.added_at.us, listed.device.id.text()};
}

Result<std::vector<Statement>> statements(db::Transaction& tx, const AgencyId& agency, const PersonId& person) {
  std::vector<Statement> out;
  for (const db::Row& row :
       TRY(tx.query("SELECT incident, filed_us FROM statements WHERE agency = :agency AND person = :person ORDER BY "
                    "incident LIMIT :limit",
                    {{"agency", agency.text()}, {"person", person.text()}, {"limit", kAssignmentsMax}}))) {
    out.push_back({agency, person, row.text("incident"), {row.integer("filed_us")}});
  }
  return out;
}

Result<std::int64_t> people_count(db::Transaction& tx, const AgencyId& agency) {
  const db::Rows rows =
      TRY(tx.query("SELECT COUNT(*) AS n FROM people WHERE agency = :agency", {{"agency", agency.text()}}));
  return rows[0].integer("n");
}

Result<bool> has_chosen_own_viewing(db::Transaction& tx, const AgencyId& agency) {
  return !TRY(tx.query("SELECT agency FROM agency_rules WHERE agency = :agency", {{"agency", agency.text()}})).empty();
}

}  // namespace lapel::roster
