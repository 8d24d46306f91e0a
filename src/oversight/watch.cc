// SPDX-License-Identifier: Apache-2.0
#include "oversight/watch.h"

#include <algorithm>
#include <map>
#include <utility>

#include "crypto/random.h"

namespace lapel::oversight {
namespace {

using evidence::Act;

constexpr std::int64_t kLooksMax = 20'000;  // of one person within the window before a page
constexpr int kLostMax = 64;                // pages in all that others have judged first

}  // namespace

struct Watch::Raised {
  std::string id;
  PersonId person;
  Burst burst;
  Timestamp until;
};

struct Watch::Page {
  std::int64_t before = -1;
  bool has_mark = false;
  evidence::Acts acts;
  std::vector<Raised> raised;
  std::vector<std::pair<std::string, Timestamp>> go_on;  // alerts of before, and until when
};

// What was judged before, as far as the window reaches back, and what is new.
Result<std::vector<Look>> Watch::looks_of(db::Transaction& tx, const AgencyId& agency, const PersonId& person,
                                          const std::vector<Act>& acts) {
  std::vector<Look> out;
  const auto first = std::min_element(acts.begin(), acts.end(), [](const Act& a, const Act& b) { return a.at < b.at; });
  for (const db::Row& row :
       TRY(tx.query("SELECT at_us, recording, tie, case_number FROM watched_acts WHERE agency = :agency AND person = "
                    ":person AND at_us > :since ORDER BY at_us, leaf_index LIMIT :limit",
                    {{"agency", agency.text()},
                     {"person", person.text()},
                     {"since", first->at.us - kBurstWindowUs},
                     {"limit", kLooksMax}}))) {
    const auto recording = RecordingId::parse(row.text("recording"));
    const auto tie = evidence::parse_tie(row.text("tie"));
    if (!recording || !tie) return fail(Code::kCorrupt, "A watched act in the catalog is damaged", person.text());
    out.push_back({{row.integer("at_us")}, *recording, *tie, row.maybe_text("case_number").value_or(""), false});
  }
  for (const Act& act : acts) out.push_back({act.at, act.recording, act.tie, act.case_number.value_or(""), true});
  std::ranges::stable_sort(out, [](const Look& a, const Look& b) { return a.at < b.at; });
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
    out.acts = TRY(evidence::acts_after(tx, agency, out.before, kActsAtOnce));
    std::map<PersonId, std::vector<Act>> by_person;
    for (const Act& act : out.acts.items) by_person[act.person].push_back(act);
    for (const auto& [person, acts] : by_person) {
      const std::vector<Look> looks = TRY(looks_of(tx, agency, person, acts));
      const db::Rows last = TRY(tx.query(
          "SELECT id, until_us FROM alerts WHERE agency = :agency AND person = :person ORDER BY at_us DESC, id "
          "LIMIT 1",
          {{"agency", agency.text()}, {"person", person.text()}}));
      const auto last_until = last.empty() ? std::nullopt : std::optional(Timestamp{last[0].integer("until_us")});
      const Bursts bursts = find_bursts(looks, last_until);
      if (bursts.last_until != last_until) out.go_on.emplace_back(last[0].text("id"), *bursts.last_until);
      for (std::size_t i = 0; i < bursts.found.size(); ++i) {
        out.raised.push_back({hex(crypto::random_bytes<16>()), person, bursts.found[i], bursts.until[i]});
      }
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
        TRY(tx.run("INSERT INTO watch_marks (agency, leaf_index, digests_to_us) VALUES (:agency, :mark, 0) ON CONFLICT "
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
         {"act", evidence::act_kind_name(act.kind)},
         {"tie", evidence::tie_name(act.tie)},
         {"purpose", act.purpose},
         {"case_number", act.case_number}}));
  }
  for (const auto& [id, until] : page.go_on) {
    TRY(tx.run("UPDATE alerts SET until_us = :until WHERE id = :id", {{"id", id}, {"until", until.us}}));
  }
  for (const Raised& raised : page.raised) {
    TRY(
        tx.run("INSERT INTO alerts (id, agency, person, from_us, at_us, until_us, recordings) VALUES (:id, :agency, "
               ":person, :from, :at, :until, :recordings)",
               {{"id", raised.id},
                {"agency", agency.text()},
                {"person", raised.person.text()},
                {"from", raised.burst.from.us},
                {"at", raised.burst.at.us},
                {"until", raised.until.us},
                {"recordings", raised.burst.recordings}}));
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
                                      {"from", ledger_time(each.burst.from)},
                                      {"at_look", ledger_time(each.burst.at)},
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
