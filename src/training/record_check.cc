// SPDX-License-Identifier: Apache-2.0
#include "training/record_check.h"

#include <set>

#include <fmt/format.h>

#include "acts/tables_check.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "db/pages.h"
#include "training/schema.h"

namespace lapel::training {
namespace {

constexpr std::int64_t kTextsPage = 20;  // each may be large

constexpr const roster::SealedTable* kTables[] = {&kPolicies,     &kVersions, &kAcknowledgements, &kCourses,
                                                  &kRequirements, &kSessions, &kAttendances};

Result<void> check_texts(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  std::set<std::string> wanted;
  for (const roster::SealedRow& row : TRY(roster::sealed_rows(tx, kVersions, agency)))
    wanted.insert(row.text("sha256"));
  const auto text = [&](const db::Row& row) -> Result<void> {
    const std::string& sha256 = row.text("sha256");
    const std::string body = row.maybe_text("body").value_or("");
    if (!wanted.erase(sha256)) fault(fmt::format("policy text {}: no version has it", printable(sha256)));
    if (hex(crypto::sha256(as_bytes(body))) != sha256)
      fault(fmt::format("policy text {}: its words are others", printable(sha256)));
    return {};
  };
  const std::string sql =
      "SELECT CAST(sha256 AS TEXT) AS sha256, CAST(body AS TEXT) AS body FROM policy_texts WHERE agency = :agency "
      "AND " +
      db::is_on_next_page("CAST(sha256 AS TEXT)") + " ORDER BY CAST(sha256 AS TEXT) LIMIT :limit";
  const db::Params page = {{"agency", agency.text()}, {"limit", kTextsPage}};
  TRY(db::for_rows(tx, sql, page, "sha256", text));
  for (const std::string& sha256 : wanted)
    fault(fmt::format("policy text {}: a version has it, and the catalog does not", printable(sha256)));
  const db::Rows counted = TRY(
      tx.query("SELECT COUNT(*) AS strays FROM policy_texts t WHERE NOT EXISTS (SELECT 1 FROM agencies a WHERE a.id "
               "= t.agency)"));
  const std::int64_t strays = counted[0].integer("strays");
  if (strays > 0) fault(fmt::format("policy_texts: {} rows name no agency", strays));
  return {};
}

}  // namespace

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  TRY(acts::check_tables(tx, kTables, agency, fault));
  return check_texts(tx, agency, fault);
}

}  // namespace lapel::training
