// SPDX-License-Identifier: Apache-2.0
#include "oversight/record_check.h"

#include <array>
#include <charconv>
#include <map>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "audit/acts.h"
#include "audit/facts_check.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "db/pages.h"
#include "ledger/feed.h"
#include "proof/entry.h"
#include "roster/told.h"

namespace lapel::oversight {
namespace {

using roster::told;
using roster::told_or_number;

using Lines = std::set<std::string>;

constexpr std::int64_t kPage = 1'000;
constexpr std::int64_t kWeeksMax = 10'000;

// What events say of places in the ledger. Those from before said nothing of them.
struct Places {
  Lines weeks, bursts;
};

// What an alert, a digest or a review is said to be, by id.
struct Said {
  std::string what, later;  // later: settled, signed
};

std::string time_of(const db::Row& row, std::string_view column) {
  return told(audit::column_time(row.maybe_text(column)));
}

std::string week_line(std::string_view from, std::string_view leaf) {
  return fmt::format("week of {}: made of looks up to leaf {}", from, leaf);
}

std::string burst_line(std::string_view id, std::string_view from, std::string_view at) {
  return fmt::format("alert {}: from leaf {} to leaf {}", id, from, at);
}

Result<Lines> by_events(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault,
                        Places& places) {
  constexpr std::array<std::string_view, 5> kTypes = {"alert.raised", "alert.acknowledged", "digest.made",
                                                      "digest.signed", "access.reviewed"};
  std::map<std::string, Said> all;
  const auto take = [&](const ledger::SealedEvent& sealed, const Json& event) {
    const auto of = [&](std::string_view name) { return told_or_number(event, name); };
    const std::string subject = sealed.subject.text();
    if (sealed.type == "alert.raised") {
      all["alert " + of("alert")] = {
          fmt::format("about {} from {} to {}, {} recordings", subject, of("from"), of("at_look"), of("recordings")),
          "not settled"};
      if (event.find_integer("from_leaf"))
        places.bursts.insert(burst_line(of("alert"), of("from_leaf"), of("at_leaf")));
    } else if (sealed.type == "digest.made") {
      if (event.find_integer("leaf")) places.weeks.insert(week_line(of("from"), of("leaf")));
      all["digest " + of("digest")] = {
          fmt::format("for {} from {} to {}, {}", subject, of("from"), of("to"), of("sha256")), "not signed"};
    } else if (sealed.type == "access.reviewed") {
      all["review " + of("review")] = {fmt::format("by {}, {} people, {}", subject, of("people"), of("sha256")),
                                       "note " + of("note")};
    } else {
      const bool is_alert = sealed.type == "alert.acknowledged";
      const std::string_view kind = is_alert ? "alert" : "digest";
      const std::string id = fmt::format("{} {}", kind, of(kind));
      const auto found = all.find(id);
      if (found == all.end()) {
        fault(fmt::format("{}: event {} of {} speaks of it, and none made it", id, sealed.n, subject));
      } else {
        found->second.later = "signed: " + of("note");
        if (is_alert) found->second.later = fmt::format("settled by {}: {}", of("actor"), of("reason"));
      }
    }
  };
  TRY(ledger::each_event(tx, agency, kTypes, take));
  Lines out;
  for (const auto& [id, said] : all) out.insert(fmt::format("{}: {}; {}", id, said.what, said.later));
  return out;
}

// No value in a row is trusted to be of its type: all are read as text.
template <typename Line>
Result<void> add_rows(db::Transaction& tx, const AgencyId& agency, std::string_view table,
                      const std::vector<std::string_view>& columns, Lines& out, Line&& line) {
  std::string list;
  for (const std::string_view column : columns) list += fmt::format(", CAST({0} AS TEXT) AS {0}", column);
  const std::string sql = fmt::format(
      "SELECT CAST(id AS TEXT) AS place{} FROM {} WHERE agency = :agency AND {} ORDER BY place LIMIT :limit", list,
      table, db::is_on_next_page("CAST(id AS TEXT)"));
  return db::for_rows(tx, sql, {{"agency", agency.text()}, {"limit", kPage}}, "place",
                      [&](const db::Row& row) -> Result<void> {
                        out.insert(line(row, told(row, "place")));
                        return {};
                      });
}

Result<Lines> by_catalog(db::Transaction& tx, const AgencyId& agency) {
  Lines out;
  const auto alert = [](const db::Row& row, const std::string& id) {
    std::string later = "not settled";
    if (!row.is_null("acknowledged_us") || !row.is_null("acknowledged_by") || !row.is_null("reason"))
      later = fmt::format("settled by {}: {}", told(row, "acknowledged_by"), told(row, "reason"));
    return fmt::format("alert {}: about {} from {} to {}, {} recordings; {}", id, told(row, "person"),
                       time_of(row, "from_us"), time_of(row, "at_us"), told(row, "recordings"), later);
  };
  TRY(add_rows(tx, agency, "alerts",
               {"person", "from_us", "at_us", "recordings", "acknowledged_us", "acknowledged_by", "reason"}, out,
               alert));
  const auto digest = [](const db::Row& row, const std::string& id) {
    const std::string kept = told(row, "sha256");
    std::string sealed = hex(crypto::sha256(as_bytes(row.maybe_text("content").value_or(""))));
    if (kept != sealed) sealed += " kept as " + kept;
    std::string later = "not signed";
    if (!row.is_null("signed_us") || !row.is_null("note")) later = "signed: " + told(row, "note");
    return fmt::format("digest {}: for {} from {} to {}, {}; {}", id, told(row, "reader"), time_of(row, "from_us"),
                       time_of(row, "to_us"), sealed, later);
  };
  TRY(add_rows(tx, agency, "digests", {"reader", "from_us", "to_us", "content", "sha256", "signed_us", "note"}, out,
               digest));
  const auto review = [](const db::Row& row, const std::string& id) {
    return fmt::format("review {}: by {}, {} people, {}; note {}", id, told(row, "person"), told(row, "people"),
                       told(row, "sha256"), told(row, "note"));
  };
  TRY(add_rows(tx, agency, "access_reviews", {"person", "people", "sha256", "note"}, out, review));
  return out;
}

// Each place that an event names is that of the row, which a time alone does not tell: looks can share one.
Result<void> check_named_places(db::Transaction& tx, const AgencyId& agency, const Places& events,
                                const std::function<void(std::string)>& fault) {
  Lines rows;
  const db::Params page = {{"agency", agency.text()}, {"limit", kWeeksMax}};
  const db::Rows weeks =
      TRY(tx.query("SELECT CAST(from_us AS TEXT) AS from_us, CAST(leaf_index AS TEXT) AS leaf FROM digest_weeks WHERE "
                   "agency = :agency ORDER BY from_us LIMIT :limit",
                   page));
  for (const db::Row& row : weeks) rows.insert(week_line(time_of(row, "from_us"), told(row, "leaf")));
  const auto burst = [](const db::Row& row, const std::string& id) {
    return burst_line(id, told(row, "from_leaf"), told(row, "at_leaf"));
  };
  TRY(add_rows(tx, agency, "alerts", {"from_leaf", "at_leaf"}, rows, burst));
  for (const Lines* lines : {&events.weeks, &events.bursts}) {
    for (const std::string& line : *lines) {
      if (!rows.contains(line)) fault(line + ": an event says so, and the catalog does not");
    }
  }
  return {};
}

// Each look that an alert names by its place is one of its person, at that time.
Result<void> check_places(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  const db::Params page = {{"agency", agency.text()}, {"limit", kPage}};
  for (const std::string_view place : {"from", "at", "until"}) {
    const std::string sql = fmt::format(
        "SELECT CAST(a.id AS TEXT) AS id, CAST(a.{0}_leaf AS TEXT) AS leaf FROM alerts a WHERE a.agency = "
        ":agency AND NOT EXISTS (SELECT 1 FROM watched_acts w WHERE w.agency = a.agency AND w.leaf_index = "
        "a.{0}_leaf AND w.person = a.person AND w.at_us = a.{0}_us) ORDER BY a.id LIMIT :limit",
        place);
    for (const db::Row& row : TRY(tx.query(sql, page))) {
      fault(fmt::format("alert {}: leaf {} is no look of its person at the time of its \"{}\"", told(row, "id"),
                        told(row, "leaf"), place));
    }
  }
  return {};
}

std::string look_line(std::string_view leaf, std::string_view person, std::string_view act, std::string_view recording,
                      std::string_view at_us, std::string_view purpose, std::string_view case_number) {
  return fmt::format("look {}: {} {} {} at {} for {} in case {}", leaf, person, act, recording, at_us, purpose,
                     case_number);
}

// Looks that were judged, against those that the ledger has up to the mark. How somebody stood to a recording is a judgment
// of that moment and is not repeated.
Result<void> check_looks(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  const db::Params mine = {{"agency", agency.text()}};
  const db::Rows marks =
      TRY(tx.query("SELECT CAST(leaf_index AS TEXT) AS leaf_index, CAST(shares_after AS TEXT) AS shares_after FROM "
                   "watch_marks WHERE agency = :agency",
                   mine));
  std::int64_t followed = -1, shares_after = -1;
  if (!marks.empty()) {
    for (const auto& [column, leaf] : {std::pair("leaf_index", &followed), std::pair("shares_after", &shares_after)}) {
      const std::string text = marks[0].maybe_text(column).value_or("");
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *leaf);
      if (error == std::errc() && end == text.data() + text.size()) continue;
      fault("watch_marks: no leaf's index: " + printable(text));
      return {};
    }
  }
  for (std::int64_t mark = -1;;) {
    const ledger::FeedPage page = TRY(ledger::read_feed(tx, agency, audit::act_events(), mark, kPage));
    Lines events, rows;
    for (const ledger::SealedEvent& sealed : page.events) {
      const auto event = proof::parse_event(sealed.event);
      if (!event || static_cast<std::int64_t>(sealed.index) > followed)
        continue;  // told with its chain; not judged yet
      const std::string act = sealed.type.substr(sealed.type.find('.') + 1);
      const bool is_share = act == audit::act_kind_name(audit::ActKind::kShared);
      if (is_share && static_cast<std::int64_t>(sealed.index) <= shares_after) continue;
      events.insert(look_line(std::to_string(sealed.index), told(*event, "actor"), act, sealed.subject.text(),
                              std::to_string(sealed.at.us), told(*event, "purpose"), told(*event, "case")));
    }
    const db::Params stretch = {{"agency", agency.text()}, {"after", mark}, {"until", page.mark}, {"limit", 2 * kPage}};
    const db::Rows judged = TRY(tx.query(
        "SELECT CAST(leaf_index AS TEXT) AS leaf, CAST(person AS TEXT) AS person, CAST(act AS TEXT) AS act, "
        "CAST(recording AS TEXT) AS recording, CAST(at_us AS TEXT) AS at_us, CAST(purpose AS TEXT) AS purpose, "
        "CAST(case_number AS TEXT) AS case_number FROM watched_acts WHERE agency = :agency AND leaf_index > :after AND "
        "leaf_index <= :until ORDER BY leaf_index LIMIT :limit",
        stretch));
    for (const db::Row& row : judged) {
      rows.insert(look_line(told(row, "leaf"), told(row, "person"), told(row, "act"), told(row, "recording"),
                            told(row, "at_us"), told(row, "purpose"), told(row, "case_number")));
    }
    for (const std::string& line : rows) {
      if (!events.contains(line)) fault(line + ": it was judged, and no event says so");
    }
    for (const std::string& line : events) {
      if (!rows.contains(line)) fault(line + ": an event says so, and it was not judged");
    }
    if (page.is_last) {
      if (followed > page.mark)
        fault(fmt::format("watch_marks: leaf {} of a ledger that ends at {}", followed, page.mark));
      // The pages go from the first leaf to the last event: a row on either side of them was compared with nothing.
      const db::Params last = {{"agency", agency.text()}, {"last", page.mark}};
      const db::Rows counted =
          TRY(tx.query("SELECT COUNT(*) AS strays FROM watched_acts WHERE agency = :agency AND "
                       "(leaf_index < 0 OR leaf_index > :last)",
                       last));
      const std::int64_t strays = counted[0].integer("strays");
      if (strays > 0) fault(fmt::format("watched_acts: {} rows stand at no leaf of the ledger", strays));
      return {};
    }
    mark = page.mark;
  }
}

}  // namespace

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  TRY(check_looks(tx, agency, fault));
  TRY(check_places(tx, agency, fault));
  Places places;
  const Lines events = TRY(by_events(tx, agency, fault, places));
  TRY(check_named_places(tx, agency, places, fault));
  const Lines catalog = TRY(by_catalog(tx, agency));
  for (const std::string_view table :
       {"alerts", "digests", "access_reviews", "watched_acts", "watch_marks", "digest_weeks"}) {
    const std::string sql = fmt::format(
        "SELECT COUNT(*) AS strays FROM {} t WHERE NOT EXISTS (SELECT 1 FROM agencies a WHERE a.id = t.agency)", table);
    const db::Rows counted = TRY(tx.query(sql));
    const std::int64_t strays = counted[0].integer("strays");
    if (strays > 0) fault(fmt::format("{}: {} rows name no agency", table, strays));
  }
  for (const std::string& line : catalog) {
    if (!events.contains(line)) fault(line + ": the catalog has it, and no event");
  }
  for (const std::string& line : events) {
    if (!catalog.contains(line)) fault(line + ": an event says so, and the catalog does not");
  }
  return {};
}

}  // namespace lapel::oversight
