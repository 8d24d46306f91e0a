// SPDX-License-Identifier: Apache-2.0
#include "program/record_check.h"

#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "audit/facts_check.h"
#include "base/bytes.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "db/pages.h"
#include "ledger/feed.h"
#include "program/import.h"
#include "program/rows.h"
#include "roster/told.h"

namespace lapel::program {
namespace {

constexpr std::int64_t kPage = 1'000;
constexpr std::int64_t kPublicationsPage = 4;  // each may be large
constexpr std::array<std::string_view, 1> kTypes = {"program.stated"};

// A digest, by the leaf and place of its statement, and when it was sealed.
struct Sealed {
  std::string digest, at;
};
using Place = std::pair<std::string, std::string>;

Result<std::map<Place, Sealed>> by_events(db::Transaction& tx, const AgencyId& agency) {
  std::map<Place, Sealed> out;
  const auto take = [&](const ledger::SealedEvent& sealed, const Json& event) {
    const Json* digests = event.find("statements");
    if (!digests || !digests->array()) return;  // its rows are told
    for (std::size_t i = 0; i < digests->array()->size(); ++i) {
      const std::string* digest = (*digests->array())[i].string();
      std::string text = "nothing";
      if (digest) text = printable(*digest);
      out[{std::to_string(sealed.index), std::to_string(i)}] = {text, ledger_time(sealed.at)};
    }
  };
  TRY(ledger::each_event(tx, agency, kTypes, take));
  return out;
}

// What the row's digest would be; its columns are texts.
std::string digest_of_row(const db::Row& row) {
  Json::Object content;
  for (const std::string_view column : sealed_columns()) {
    if (auto text = row.maybe_text(column)) content.emplace(column, *std::move(text));
  }
  const Json all(std::move(content));
  if (!is_canonical_value(all)) return "none";
  return hex(crypto::sha256(as_bytes(canonical(all))));
}

using roster::told;
using Lines = std::set<std::string>;

// `more`: the draft that it was made of, and each form that it is kept in with its digest.
std::string publication_line(const std::string& id, const std::string& title, const std::string& as_of,
                             const std::string& sha256, const std::string& by, const std::string& at,
                             const std::string& more) {
  return fmt::format("published report {}: {} as of {}, {}, by {} at {}{}", id, title, as_of, sha256, by, at, more);
}
std::string draft_line(const std::string& id, const std::string& title, const std::string& as_of,
                       const std::string& sha256, const std::string& by, const std::string& at) {
  return fmt::format("draft of a report {}: {} as of {}, {}, by {} at {}", id, title, as_of, sha256, by, at);
}
std::string review_line(const std::string& draft, const std::string& reviewer, const std::string& decision,
                        const std::string& reason, const std::string& by, const std::string& at) {
  return fmt::format("review of draft {} as {}: {}, {}, by {} at {}", draft, reviewer, decision, reason, by, at);
}

// A column that is a number of days.
std::string day_of_column(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !is_day(number)) return printable(text);
  return day_text({number});
}
std::string time_of_column(const db::Row& row) {
  return told(audit::column_time(row.maybe_text("at")));
}
// What the bytes of a row come to, where that is what it says.
std::string digest_of_column(std::string_view bytes, const std::string& said) {
  const std::string is = hex(crypto::sha256(as_bytes(bytes)));
  if (is == said) return is;
  return fmt::format("{} kept as {}", is, printable(said));
}

Result<Lines> reports_by_events(db::Transaction& tx, const AgencyId& agency) {
  constexpr std::array<std::string_view, 3> kPublished = {"program.drafted", "program.published", "program.reviewed"};
  Lines out;
  const auto take = [&](const ledger::SealedEvent& sealed, const Json& event) {
    const auto of = [&](std::string_view name) { return told(event, name); };
    const std::string at = ledger_time(sealed.at);
    if (sealed.type == "program.drafted") {
      out.insert(draft_line(of("draft"), of("title"), of("as_of"), of("sha256"), of("actor"), at));
    } else if (sealed.type == "program.reviewed") {
      out.insert(review_line(of("draft"), of("reviewer"), of("decision"), of("reason"), of("actor"), at));
    } else {
      std::string more;
      for (const char* name : {"draft", "csv", "html", "pdf"}) {
        if (event.find_string(name)) more += fmt::format(", {} {}", name, of(name));
      }
      out.insert(publication_line(of("publication"), of("title"), of("as_of"), of("sha256"), of("actor"), at, more));
    }
  };
  TRY(ledger::each_event(tx, agency, kPublished, take));
  return out;
}

Result<std::string> more_of(db::Transaction& tx, const std::string& publication,
                            const std::optional<std::string>& draft) {
  std::string out;
  if (draft) out = fmt::format(", draft {}", printable(*draft));
  const db::Params of_it = {{"publication", publication}, {"limit", kPage}};
  const db::Rows papers =
      TRY(tx.query("SELECT CAST(form AS TEXT) AS form, CAST(content AS TEXT) AS content, CAST(sha256 AS "
                   "TEXT) AS sha256 FROM program_papers WHERE publication = :publication ORDER BY "
                   "CAST(form AS TEXT) LIMIT :limit",
                   of_it));
  for (const db::Row& row : papers) {
    const auto bytes = parse_base64(row.text("content"));
    std::string digest = "no base64";
    if (bytes) digest = digest_of_column(as_text(*bytes), row.text("sha256"));
    out += fmt::format(", {} {}", printable(row.text("form")), digest);
  }
  return out;
}

// Each row as its event would have it, taken from `lines`; what is left there the catalog has not.
Result<void> check_reports(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  Lines events = TRY(reports_by_events(tx, agency));
  const auto check = [&](const std::string& line) {
    if (events.erase(line) == 0) fault(line + ": the catalog has it, and no event");
  };
  const db::Params page = {{"agency", agency.text()}, {"limit", kPublicationsPage}};
  const std::string is_next = db::is_on_next_page("CAST(id AS TEXT)");
  const auto publication = [&](const db::Row& row) -> Result<void> {
    const std::string& id = row.text("id");
    const std::string more = TRY(more_of(tx, id, row.maybe_text("draft")));
    check(publication_line(printable(id), told(row, "title"), day_of_column(row.text("as_of")),
                           digest_of_column(row.text("content"), row.text("sha256")), told(row, "published_by"),
                           time_of_column(row), more));
    return {};
  };
  const std::string publications =
      "SELECT CAST(id AS TEXT) AS id, CAST(title AS TEXT) AS title, CAST(as_of AS TEXT) AS as_of, CAST(published_us AS "
      "TEXT) AS at, CAST(published_by AS TEXT) AS published_by, CAST(content AS TEXT) AS content, CAST(sha256 AS TEXT) "
      "AS sha256, CAST(draft AS TEXT) AS draft FROM program_publications WHERE agency = :agency AND " +
      is_next + " ORDER BY CAST(id AS TEXT) LIMIT :limit";
  TRY(db::for_rows(tx, publications, page, "id", publication));
  const auto kept_draft = [&](const db::Row& row) -> Result<void> {
    check(draft_line(told(row, "id"), told(row, "title"), day_of_column(row.text("as_of")),
                     digest_of_column(row.text("content"), row.text("sha256")), told(row, "drafted_by"),
                     time_of_column(row)));
    return {};
  };
  const std::string drafts =
      "SELECT CAST(id AS TEXT) AS id, CAST(title AS TEXT) AS title, CAST(as_of AS TEXT) AS as_of, "
      "CAST(drafted_us AS TEXT) AS at, CAST(drafted_by AS TEXT) AS drafted_by, CAST(content AS TEXT) AS content, "
      "CAST(sha256 AS TEXT) AS sha256 FROM program_drafts WHERE agency = :agency AND " +
      is_next + " ORDER BY CAST(id AS TEXT) LIMIT :limit";
  TRY(db::for_rows(tx, drafts, page, "id", kept_draft));
  std::string draft, reviewer;
  for (;;) {
    const db::Params next = {{"agency", agency.text()}, {"draft", draft}, {"reviewer", reviewer}, {"limit", kPage}};
    const db::Rows rows = TRY(tx.query(
        "SELECT CAST(draft AS TEXT) AS draft, CAST(reviewer AS TEXT) AS reviewer, CAST(person AS TEXT) AS person, "
        "CAST(decision AS TEXT) AS decision, CAST(reason AS TEXT) AS reason, CAST(decided_us AS TEXT) AS at FROM "
        "program_draft_reviews WHERE agency = :agency AND (CAST(draft AS TEXT), CAST(reviewer AS TEXT)) > (CAST(:draft "
        "AS TEXT), CAST(:reviewer AS TEXT)) ORDER BY CAST(draft AS TEXT), CAST(reviewer AS TEXT) LIMIT :limit",
        next));
    if (rows.empty()) break;
    for (const db::Row& row : rows) {
      draft = row.text("draft");
      reviewer = row.text("reviewer");
      check(review_line(printable(draft), printable(reviewer), told(row, "decision"), told(row, "reason"),
                        told(row, "person"), time_of_column(row)));
    }
  }
  for (const std::string& line : events) fault(line + ": an event says so, and the catalog does not");
  return {};
}

std::string waiver_line(const std::string& import, const std::string& gate, const std::string& reason) {
  return fmt::format("waiver {} of gate {}: {}", import, gate, reason);
}

// What an act of waiving says in the open is what its statement says.
Result<void> check_waivers(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  constexpr std::array<std::string_view, 1> kWaived = {"program.gate_waived"};
  Lines events;
  const auto take = [&](const ledger::SealedEvent&, const Json& event) {
    const auto of = [&](std::string_view name) { return told(event, name); };
    events.insert(waiver_line(of("import"), of("gate"), of("reason")));
  };
  TRY(ledger::each_event(tx, agency, kWaived, take));
  const db::Params all = {{"agency", agency.text()}, {"limit", static_cast<std::int64_t>(kStatementsOfAgencyMax)}};
  const db::Rows waived =
      TRY(tx.query("SELECT CAST(import_id AS TEXT) AS import_id, CAST(words AS TEXT) AS gate, CAST(reason AS TEXT) AS "
                   "reason FROM program_statements WHERE agency = :agency AND kind = 'gate_waiver' AND field = 'gate' "
                   "LIMIT :limit",
                   all));
  for (const db::Row& row : waived) {
    const std::string gate = row.maybe_text("gate").value_or("nothing");
    const std::string line =
        waiver_line(printable(row.text("import_id")), printable(gate.substr(gate.find('/') + 1)), told(row, "reason"));
    if (events.erase(line) == 0) fault(line + ": the catalog has it, and no event");
  }
  for (const std::string& line : events) fault(line + ": an event says so, and the catalog does not");
  return {};
}

}  // namespace

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  std::map<Place, Sealed> events = TRY(by_events(tx, agency));
  std::string columns;
  for (const std::string_view column : sealed_columns()) columns += fmt::format(", CAST({0} AS TEXT) AS {0}", column);
  const std::string sql = fmt::format(
      "SELECT CAST(leaf_index AS TEXT) AS leaf, CAST(place AS TEXT) AS at_place, CAST(recorded_at_us AS TEXT) AS "
      "recorded{} FROM "
      "program_statements WHERE agency = :agency AND {} ORDER BY CAST(id AS TEXT) LIMIT :limit",
      columns, db::is_on_next_page("CAST(id AS TEXT)"));
  const auto statement = [&](const db::Row& row) -> Result<void> {
    const Place place{row.text("leaf"), row.text("at_place")};
    const std::string name = fmt::format("program statement {} at leaf {}, place {}", printable(row.text("id")),
                                         printable(place.first), printable(place.second));
    const auto found = events.find(place);
    if (found == events.end()) {
      fault(name + ": the catalog has it, and no event");
      return {};
    }
    const Sealed sealed = found->second;
    events.erase(found);
    if (sealed.digest != digest_of_row(row)) fault(name + ": it does not say what was sealed");
    const auto recorded = audit::column_time(row.maybe_text("recorded"));
    if (recorded != sealed.at) fault(fmt::format("{}: it was sealed at {}", name, sealed.at));
    return {};
  };
  const db::Params page = {{"agency", agency.text()}, {"limit", kPage}};
  TRY(db::for_rows(tx, sql, page, "id", statement));
  for (const auto& [place, sealed] : events) {
    fault(fmt::format("program statement at leaf {}, place {}: an event says so, and the catalog does not", place.first,
                      place.second));
  }
  for (const std::string_view table :
       {"program_statements", "program_publications", "program_drafts", "program_draft_reviews", "program_papers"}) {
    const std::string strangers = fmt::format(
        "SELECT COUNT(*) AS strays FROM {} t WHERE NOT EXISTS (SELECT 1 FROM agencies a WHERE a.id = t.agency)", table);
    const db::Rows counted = TRY(tx.query(strangers));
    const std::int64_t strays = counted[0].integer("strays");
    if (strays > 0) fault(fmt::format("{}: {} rows name no agency", table, strays));
  }
  TRY(check_waivers(tx, agency, fault));
  return check_reports(tx, agency, fault);
}

}  // namespace lapel::program
