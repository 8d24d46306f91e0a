// SPDX-License-Identifier: Apache-2.0
// Looks, alerts, digests and reviews, row by row against the events that say them.
#include "oversight/record_check.h"

#include "evidence/vault_for_tests.h"
#include "oversight/schema.h"

namespace lapel::oversight {
namespace {

using access::Role;
using Lines = std::vector<std::string>;

class RecordCheckTest : public evidence::VaultTest {
 protected:
  RecordCheckTest() {
    EXPECT_TRUE(db::migrate(*database_, "oversight", schema()));
    first_ = look();
    last_ = look();
    fact(
        hill_, "alert.raised",
        {{"alert", "a"},
         {"from", now()},
         {"at_look", now()},
         {"recordings", 20},
         {"from_leaf", first_},
         {"at_leaf", last_}},
        fmt::format("INSERT INTO alerts (id, agency, person, from_us, at_us, until_us, recordings, from_leaf, at_leaf, "
                    "until_leaf) VALUES ('a', '{}', '{}', {}, {}, {}, 20, {}, {}, {})",
                    agency_, hill_.person.text(), us(), us(), us(), first_, last_, last_));
    // As before events said anything of places.
    fact(
        hill_, "alert.raised", {{"alert", "b"}, {"from", now()}, {"at_look", now()}, {"recordings", 20}},
        fmt::format("INSERT INTO alerts (id, agency, person, from_us, at_us, until_us, recordings, from_leaf, at_leaf, "
                    "until_leaf) VALUES ('b', '{}', '{}', {}, {}, {}, 20, {}, {}, {})",
                    agency_, hill_.person.text(), us(), us(), us(), first_, last_, last_));
    fact(
        hill_, "alert.acknowledged", {{"alert", "b"}, {"reason", "a drill"}},
        fmt::format("UPDATE alerts SET acknowledged_us = {}, acknowledged_by = '{}', reason = 'a drill' WHERE id = 'b'",
                    us(), boyd_.person.text()));
    const std::string content = R"({"people": []})", sha256 = hex(crypto::sha256(as_bytes(content)));
    run(fmt::format("INSERT INTO digest_weeks (agency, from_us, leaf_index, is_made) VALUES ('{}', {}, {}, 1)", agency_,
                    us(), last_));
    for (const std::string id : {"c", "d"}) {
      Json::Object made = {{"digest", id}, {"from", now()}, {"to", now()}, {"sha256", sha256}};
      if (id == "c") made.emplace("leaf", last_);
      const std::string& reader = (id == "c" ? boyd_ : hill_).person.text();
      fact(id == "c" ? boyd_ : hill_, "digest.made", std::move(made),
           fmt::format("INSERT INTO digests (id, agency, reader, from_us, to_us, content, sha256) VALUES ('{}', '{}', "
                       "'{}', {}, {}, '{}', '{}')",
                       id, agency_, reader, us(), us(), content, sha256));
    }
    fact(boyd_, "digest.signed", {{"digest", "c"}, {"note", "seen"}},
         fmt::format("UPDATE digests SET signed_us = {}, note = 'seen' WHERE id = 'c'", us()));
    fact(boyd_, "access.reviewed", {{"review", "e"}, {"people", 3}, {"sha256", sha256}},
         fmt::format("INSERT INTO access_reviews (id, agency, person, at_us, people, sha256, note) VALUES ('e', '{}', "
                     "'{}', {}, 3, '{}', NULL)",
                     agency_, boyd_.person.text(), us(), sha256));
  }

  void fact(const access::Actor& about, const std::string& type, Json::Object fields, const std::string& sql = {}) {
    seal(boyd_.person, {{about.person, type, std::move(fields), false}}, ashfield_,
         [&](db::Transaction& tx, auto) -> Result<void> {
           if (!sql.empty()) TRY(tx.run(sql));
           return {};
         });
  }
  // A view that was judged, and its leaf.
  std::int64_t look() {
    const std::string case_number = "22-117";
    const RecordingId id = admit(hill_, {.incident = case_number});
    const auto viewed = vault_->open_view(hill_, id, {access::Purpose::kInvestigation, case_number, {}, {}});
    EXPECT_TRUE(viewed) << evidence::message_of(viewed);
    const std::int64_t leaf = static_cast<std::int64_t>(sealed()) - 1;
    run(
        fmt::format("INSERT INTO watched_acts (agency, leaf_index, person, recording, at_us, act, tie, purpose, "
                    "case_number) VALUES ('{}', {}, '{}', '{}', {}, 'viewed', 'own', 'investigation', '{}')",
                    agency_, leaf, hill_.person.text(), id.text(), us(), case_number));
    follow(leaf);
    return leaf;
  }
  void follow(std::int64_t leaf) {
    run(
        fmt::format("INSERT INTO watch_marks (agency, leaf_index) VALUES ('{}', {}) ON CONFLICT (agency) DO UPDATE SET "
                    "leaf_index = {}",
                    agency_, leaf, leaf));
  }
  void expect_named(const std::vector<std::string>& changes, const std::vector<std::string>& words) {
    const Lines found = faults_after(changes, check_record);
    EXPECT_TRUE(names(found, words)) << fmt::format("{}\n{}", fmt::join(changes, "; "), fmt::join(found, "\n"));
  }
  void expect_named(const std::string& change, const std::vector<std::string>& words) {
    expect_named(std::vector{change}, words);
  }
  std::string now() const { return ledger_time(clock_.now()); }
  std::int64_t us() const { return clock_.now().us; }
  std::string at(const std::string& id) const { return " WHERE id = '" + id + "'"; }

  const std::string agency_ = ashfield_.id.text();
  const access::Actor hill_ = enter("hill", {Role::kInvestigator, Role::kRecords}, "4711");
  const access::Actor boyd_ = enter("boyd", {Role::kCommand});
  std::int64_t first_ = 0, last_ = 0;
};

TEST_F(RecordCheckTest, ARecordThatIsSoundHasNoFaultAndOneThatCannotBeReadIsNoSoundOne) {
  EXPECT_EQ(faults_by(check_record), Lines());
  expect_refusals_told(check_record, 15);
}

TEST_F(RecordCheckTest, AnAlertIsWhatItsEventsSay) {
  expect_named("UPDATE alerts SET recordings = 21" + at("a"), {"alert a", "21 recordings", "no event"});
  expect_named("UPDATE alerts SET recordings = 21" + at("a"), {"alert a", "20 recordings", "the catalog does not"});
  expect_named("UPDATE alerts SET person = '" + boyd_.person.text() + "'" + at("a"), {"alert a", "no event"});
  expect_named("UPDATE alerts SET acknowledged_us = 1" + at("a"), {"alert a", "settled by nothing: nothing"});
  expect_named("UPDATE alerts SET acknowledged_by = '" + boyd_.person.text() + "'" + at("a"),
               {"alert a", "settled by " + boyd_.person.text() + ": nothing"});
  expect_named("UPDATE alerts SET reason = 'none'" + at("a"), {"alert a", "settled by nothing: none"});
  expect_named("UPDATE alerts SET acknowledged_us = NULL, acknowledged_by = NULL, reason = NULL" + at("b"),
               {"alert b", "not settled", "no event"});
  expect_named("UPDATE alerts SET from_leaf = 1" + at("a"), {"alert a", "from leaf", "the catalog does not"});
  expect_named("UPDATE alerts SET until_leaf = 1" + at("b"), {"alert b", "leaf 1 is no look", "\"until\""});
  expect_named("DELETE FROM alerts WHERE id = 'b'", {"alert b", "the catalog does not"});
  fact(hill_, "alert.acknowledged", {{"alert", "x"}, {"reason", "none"}});
  EXPECT_TRUE(names(faults_by(check_record), {"alert x: event", "speaks of it, and none made it"}));
}

TEST_F(RecordCheckTest, ADigestAndAReviewAreWhatTheirEventsSay) {
  expect_named("UPDATE digests SET content = 'nobody looked'" + at("c"), {"digest c", "kept as", "no event"});
  expect_named("UPDATE digests SET sha256 = 'x'" + at("c"), {"digest c", "kept as x", "no event"});
  expect_named("UPDATE digests SET signed_us = NULL, note = NULL" + at("c"), {"digest c", "not signed", "no event"});
  expect_named("UPDATE digests SET signed_us = 1" + at("d"), {"digest d", "signed: nothing", "no event"});
  expect_named("UPDATE digests SET note = 'fine'" + at("d"), {"digest d", "signed: fine", "no event"});
  expect_named("UPDATE digest_weeks SET leaf_index = 1", {"week of", "the catalog does not"});
  expect_named("UPDATE access_reviews SET people = 4", {"review e", "4 people", "no event"});
  expect_named("DELETE FROM access_reviews", {"review e", "the catalog does not"});
  fact(hill_, "digest.signed", {{"digest", "x"}});
  EXPECT_TRUE(names(faults_by(check_record), {"digest x: event", "speaks of it, and none made it"}));
}

TEST_F(RecordCheckTest, ALookIsJudgedAsTheLedgerHasIt) {
  const std::string one = fmt::format(" WHERE leaf_index = {}", last_);
  expect_named("UPDATE watched_acts SET person = '" + boyd_.person.text() + "'" + one,
               {fmt::format("look {}", last_), "no event says so"});
  expect_named("UPDATE watched_acts SET case_number = NULL" + one, {"in case nothing", "no event says so"});
  expect_named("DELETE FROM watched_acts" + one, {fmt::format("look {}", last_), "it was not judged"});
  expect_named(fmt::format("UPDATE watched_acts SET leaf_index = {}", sealed() + 7) + one,
               {"watched_acts: 1 rows stand at no leaf of the ledger"});
  expect_named(fmt::format("UPDATE watch_marks SET leaf_index = {}", sealed() + 7),
               {"watch_marks: leaf", "of a ledger that ends at"});
  expect_named("DELETE FROM watch_marks", {fmt::format("look {}", last_), "no event says so"});
  // A share is a look since it counts as one.
  const RecordingId id = admit(hill_);
  const auto shared = vault_->seal_sharing(hill_, {{id, "recording.shared", {{"purpose", "discovery"}}, false}}, {});
  ASSERT_TRUE(shared) << evidence::message_of(shared);
  const std::int64_t leaf = static_cast<std::int64_t>(sealed()) - 1;
  EXPECT_EQ(faults_by(check_record), Lines()) << "it was not followed so far";
  follow(leaf);
  EXPECT_TRUE(names(faults_by(check_record), {fmt::format("look {}", leaf), "shared", "it was not judged"}));
  run(fmt::format("UPDATE watch_marks SET shares_after = {}", leaf));
  EXPECT_EQ(faults_by(check_record), Lines());
  if (database_->engine() == db::Engine::kSqlite) {
    expect_named("UPDATE watch_marks SET shares_after = '7x'", {"watch_marks: no leaf's index: 7x"});
    expect_named("UPDATE watch_marks SET leaf_index = 'many'", {"watch_marks: no leaf's index: many"});
    expect_named({"PRAGMA defer_foreign_keys = ON", "UPDATE watched_acts SET agency = 'nowhere'" + one},
                 {"watched_acts: 1 rows name no agency"});
  }
}

TEST_F(RecordCheckTest, WhatIsNoEventIsToldWithItsChainAndOfManyEventsEachIsCompared) {
  constexpr int kMany = 1'001;
  const std::string made = fmt::format("type IN ('alert.raised', 'recording.viewed') AND leaf_index >= {}", first_);
  expect_named("UPDATE ledger_events SET event = '{' WHERE " + made, {"alert a", "the catalog has it, and no event"});
  expect_named("UPDATE ledger_events SET event = '{' WHERE " + made, {"look", "no event says so"});
  std::vector<ledger::Draft> events;
  std::string rows;
  for (int i = 0; i < kMany; ++i) {
    events.push_back({hill_.person,
                      "alert.raised",
                      {{"alert", fmt::format("n{}", i)}, {"from", now()}, {"at_look", now()}, {"recordings", 20}},
                      false});
    rows += fmt::format("{}('n{}', '{}', '{}', {}, {}, {}, 20, {}, {}, {})", i == 0 ? "" : ", ", i, agency_,
                        hill_.person.text(), us(), us(), us(), first_, last_, last_);
  }
  seal(boyd_.person, std::move(events), ashfield_, [&](db::Transaction& tx, auto) -> Result<void> {
    TRY(
        tx.run("INSERT INTO alerts (id, agency, person, from_us, at_us, until_us, recordings, from_leaf, at_leaf, "
               "until_leaf) VALUES " +
               rows));
    return {};
  });
  std::vector<ledger::Draft> looks;  // that nobody has followed yet
  const RecordingId id = admit(hill_);
  for (int i = 0; i < kMany; ++i) looks.push_back({id, "recording.viewed", {{"purpose", "review"}}, false});
  seal(hill_.person, std::move(looks), ashfield_);
  EXPECT_EQ(faults_by(check_record), Lines());
  expect_named("DELETE FROM alerts WHERE id = 'n1000'", {"alert n1000", "the catalog does not"});
}

}  // namespace
}  // namespace lapel::oversight
