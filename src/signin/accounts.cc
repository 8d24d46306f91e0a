// SPDX-License-Identifier: Apache-2.0
#include "signin/accounts.h"

namespace lapel::signin {
namespace {

constexpr std::int64_t kRowsMax = 50'000;

Result<PersonId> person_of(const db::Row& row) {
  const auto person = PersonId::parse(row.text("person"));
  if (!person) return fail(Code::kCorrupt, "A row of signing in is damaged", row.text("person"));
  return *person;
}

}  // namespace

Result<std::map<PersonId, AccountFacts>> account_facts(db::Transaction& tx, const AgencyId& agency, Timestamp now) {
  std::map<PersonId, AccountFacts> out;
  const db::Params asked = {{"agency", agency.text()}, {"limit", kRowsMax}};
  for (const db::Row& row :
       TRY(tx.query("SELECT e.person AS person, MAX(e.at_us) AS at_us FROM signin_events e JOIN people p ON p.id = "
                    "e.person WHERE "
                    "p.agency = :agency AND e.event = 'signed_in' GROUP BY e.person ORDER BY e.person LIMIT :limit",
                    asked))) {
    out[TRY(person_of(row))].signed_in_at = Timestamp{row.integer("at_us")};
  }
  for (const db::Row& row : TRY(tx.query(
           "SELECT f.person AS person, f.kind AS kind FROM factors f JOIN people p ON p.id = f.person WHERE p.agency = "
           ":agency AND f.is_confirmed = 1 ORDER BY f.person, f.id LIMIT :limit",
           asked))) {
    out[TRY(person_of(row))].factors.insert(row.text("kind"));
  }
  for (const db::Row& row : TRY(tx.query("SELECT DISTINCT e.person AS person FROM signin_events e JOIN people p ON "
                                         "p.id = e.person WHERE p.agency = :agency AND "
                                         "e.event = 'disabled' AND p.active_until_us IS NOT NULL AND e.at_us >= "
                                         "coalesce(p.active_from_us, 0) ORDER BY "
                                         "person LIMIT :limit",
                                         asked))) {
    out[TRY(person_of(row))].is_disabled = true;
  }
  TRY(tokens_that_stand(tx, agency, now,
                        [&](const PersonId& person, Token token) { out[person].tokens.push_back(std::move(token)); }));
  return out;
}

}  // namespace lapel::signin
