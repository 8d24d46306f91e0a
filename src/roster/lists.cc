// SPDX-License-Identifier: Apache-2.0
#include "roster/lists.h"

namespace lapel::roster {

Result<std::vector<Statement>> statements(db::Transaction& tx, const AgencyId& agency, const PersonId& person) {
  std::vector<Statement> out;
  for (const db::Row& row :
       TRY(tx.query("SELECT incident, filed_us, withdrawn_us FROM statements WHERE agency = :agency AND person = "
                    ":person ORDER BY incident LIMIT :limit",
                    {{"agency", agency.text()}, {"person", person.text()}, {"limit", kAssignmentsMax}}))) {
    out.push_back({agency, person, row.text("incident"), {row.integer("filed_us")}});
    if (const auto withdrawn_us = row.integer("withdrawn_us")) out.back().withdrawn_at = Timestamp{withdrawn_us};
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
