// SPDX-License-Identifier: Apache-2.0
#include "oversight/watch.h"

#include <algorithm>
#include <map>
#include <utility>

#include "crypto/random.h"

namespace lapel::oversight {
namespace {

using audit::Act;

constexpr std::int64_t kLooksMax = 20'000;  // of one person within the window before a page
constexpr int kLostMax = 64;                // pages in all that others have judged first

}  // namespace

struct Watch::Raised {
  std::string id;
  PersonId person;
  Burst burst;
};

struct Watch::Page {
  std::int64_t before = -1;
  bool has_mark = false;
  audit::Acts acts;
  std::vector<Raised> raised;
  std::vector<std::pair<std::string, Place>> go_on;  // alerts of before, and until where
};

// What was judged before, as far as the window of any new look reaches back, and what is new.
Result<std::vector<Look>> Watch::looks_of(db::Transaction& tx, const AgencyId& agency, const PersonId& person,
                                          const std::vector<Act>& acts) {
  std::vector<Look> out;
  const auto first = std::min_element(acts.begin(), acts.end(), [](const Act& a, const Act& b) { return a.at < b.at; });
  const db::Params asked = {
      {"agency", agency.text()}, {"person", person.text()}, {"since", first->at.us - kBurstWindowUs}};
  const db::Rows older = TRY(
      tx.query("SELECT leaf_index FROM watched_acts WHERE agency = :agency AND person = :person AND at_us <= :since "
               "ORDER BY leaf_index DESC LIMIT 1",
               asked));
  // The newest of them, where there are too many.
  for (const db::Row& row : TRY(tx.query(
           "SELECT leaf_index, at_us, recording, tie, case_number FROM watched_acts WHERE agency = :agency AND "
           "person = :person AND leaf_index > :after ORDER BY leaf_index DESC LIMIT :limit",
           {{"agency", agency.text()},
            {"person", person.text()},
            {"after", older.empty() ? -1 : older[0].integer("leaf_index")},
            {"limit", kLooksMax}}))) {
    const auto recording = RecordingId::parse(row.text("recording"));
    const auto tie = audit::parse_tie(row.text("tie"));
    if (!recording || !tie) return fail(Code::kCorrupt, "A watched act in the catalog is damaged", person.text());
    out.push_back({row.integer("leaf_index"),
                   {row.integer("at_us")},
                   *recording,
                   *tie,
                   row.maybe_text("case_number").value_or(""),
                   false});
  }
  std::ranges::reverse(out);
  for (const Act& act : acts) {
    out.push_back({act.index, act.at, act.recording, act.tie, act.case_number.value_or(""), true});
  }
  return out;
}

Result<Watch::Page> Watch::read_page(const AgencyId& agency) {
  Page out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    const db::Rows marks =
        TRY(tx.query("SELECT leaf_index FROM watch_marks WHERE agency = :agency", {{"agency", agency.text()}}));
    out.has_mark = !marks.empty();
    if (out.has_mark) out.before = marks[0].integer("leaf_index");
    out.acts = TRY(audit::acts_after(tx, agency, out.before, kActsAtOnce));
    std::map<PersonId, std::vector<Act>> by_person;
    for (const Act& act : out.acts.items) by_person[act.person].push_back(act);
    for (const auto& [person, acts] : by_person) {
      const std::vector<Look> looks = TRY(looks_of(tx, agency, person, acts));
      const db::Rows rows = TRY(tx.query(
          "SELECT id, until_leaf, until_us, CASE WHEN acknowledged_us IS NULL THEN 0 ELSE 1 END AS is_settled FROM "
          "alerts WHERE agency = :agency AND person = :person ORDER BY at_leaf DESC, id LIMIT 1",
          {{"agency", agency.text()}, {"person", person.text()}}));
      std::optional<LastBurst> last;
      if (!rows.empty()) {
        last = LastBurst{{rows[0].integer("until_leaf"), {rows[0].integer("until_us")}},
                         rows[0].integer("is_settled") == 1};
      }
      const Bursts bursts = find_bursts(looks, last);
      if (last && bursts.last_until != last->until) out.go_on.emplace_back(rows[0].text("id"), *bursts.last_until);
      for (const Burst& burst : bursts.found) out.raised.push_back({hex(crypto::random_bytes<16>()), person, burst});
    }
    return {};
  }));
  return out;
}

Result<void> Watch::keep(db::Transaction& tx, const AgencyId& agency, const Page& page) {
  const db::Params mark = {{"agency", agency.text()}, {"mark", page.acts.mark}};
  std::int64_t moved = 0;
  if (page.has_mark) {
    moved = TRY(tx.run("UPDATE watch_marks SET leaf_index = :mark WHERE agency = :agency AND leaf_index = :before",
                       {{"agency", agency.text()}, {"mark", page.acts.mark}, {"before", page.before}}));
  } else {
    moved =
        TRY(tx.run("INSERT INTO watch_marks (agency, leaf_index) VALUES (:agency, :mark) ON CONFLICT "
                   "(agency) DO NOTHING",
                   mark));
  }
  if (moved != 1) return fail(Code::kConflict, "Another server has judged these looks", agency.text());
  for (const Act& act : page.acts.items) {
    TRY(tx.run(
        "INSERT INTO watched_acts (agency, leaf_index, person, recording, at_us, act, tie, purpose, case_number) "
        "VALUES (:agency, :leaf, :person, :recording, :at, :act, :tie, :purpose, :case_number)",
        {{"agency", agency.text()},
         {"leaf", act.index},
         {"person", act.person.text()},
         {"recording", act.recording.text()},
         {"at", act.at.us},
         {"act", audit::act_kind_name(act.kind)},
         {"tie", audit::tie_name(act.tie)},
         {"purpose", act.purpose},
         {"case_number", act.case_number}}));
  }
  for (const auto& [id, until] : page.go_on) {
    const std::int64_t changed =
        TRY(tx.run("UPDATE alerts SET until_us = :until, until_leaf = :leaf WHERE id = :id AND acknowledged_us IS NULL",
                   {{"id", id}, {"until", until.at.us}, {"leaf", until.leaf}}));
    // Settled in this moment: what follows is another.
    if (changed != 1) return fail(Code::kConflict, "An alert was settled while looks were judged", id);
  }
  for (const Raised& raised : page.raised) {
    const Burst& burst = raised.burst;
    TRY(
        tx.run("INSERT INTO alerts (id, agency, person, from_us, from_leaf, at_us, at_leaf, until_us, until_leaf, "
               "recordings) VALUES (:id, :agency, :person, :from, :from_leaf, :at, :at_leaf, :until, :until_leaf, "
               ":recordings)",
               {{"id", raised.id},
                {"agency", agency.text()},
                {"person", raised.person.text()},
                {"from", burst.from.at.us},
                {"from_leaf", burst.from.leaf},
                {"at", burst.at.at.us},
                {"at_leaf", burst.at.leaf},
                {"until", burst.until.at.us},
                {"until_leaf", burst.until.leaf},
                {"recordings", burst.recordings}}));
  }
  return {};
}

Result<std::size_t> Watch::follow(const roster::Agency& agency) {
  std::size_t raised = 0;
  int lost = 0;
  for (;;) {
    const Page page = TRY(read_page(agency.id));
    Result<void> kept;
    if (!page.raised.empty()) {
      ledger::Submission submission;
      submission.actor = agency.console;
      for (const Raised& each : page.raised) {
        submission.events.push_back({each.person,
                                     "alert.raised",
                                     {{"alert", each.id},
                                      {"from", ledger_time(each.burst.from.at)},
                                      {"from_leaf", each.burst.from.leaf},
                                      {"at_look", ledger_time(each.burst.at.at)},
                                      {"at_leaf", each.burst.at.leaf},
                                      {"recordings", each.burst.recordings},
                                      {"window_s", kBurstWindowUs / 1'000'000}},
                                     false});
      }
      submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
        return keep(tx, agency.id, page);
      };
      const auto sealed = TRY(parts_.ledgers.find(agency.id))->commit(std::move(submission));
      if (!sealed) kept = fail(sealed.error());
    } else if (!page.acts.items.empty() || page.acts.mark - page.before >= kMarkLeaves) {
      kept = parts_.database.write([&](db::Transaction& tx) { return keep(tx, agency.id, page); });
    }
    // Somebody else was faster: from where they stand.
    if (!kept && kept.error().code() == Code::kConflict && ++lost < kLostMax) continue;
    TRY(kept);
    raised += page.raised.size();
    if (page.acts.is_last) return raised;
  }
}

}  // namespace lapel::oversight
