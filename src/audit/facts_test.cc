// SPDX-License-Identifier: Apache-2.0
// The facts that access and release stand on, row by row against the events that say them.
#include "audit/audit_for_tests.h"
#include "audit/facts_check.h"
#include "base/text.h"
#include "evidence/holds.h"
#include "roster/told.h"

namespace lapel::audit {
namespace {

class FactsTest : public CheckedRecord {
 protected:
  FactsTest() { make_foreign_tables(); }

  // An event, and what the catalog is told beside it.
  void fact(const SubjectId& by, const SubjectId& subject, const std::string& type, Json::Object fields,
            const std::string& sql = {}) {
    seal(by, {{subject, type, std::move(fields), false}}, ashfield_, [&](db::Transaction& tx, auto) -> Result<void> {
      if (!sql.empty()) TRY(tx.run(sql));
      return {};
    });
  }
  // One that the catalog has nothing of, by which the check finds this.
  void expect_told(const SubjectId& by, const SubjectId& subject, const std::string& type, Json::Object fields,
                   const std::vector<std::string>& words) {
    fact(by, subject, type, std::move(fields));
    const std::vector<std::string> found = faults();
    EXPECT_TRUE(names(found, words)) << fmt::format("{}\n{}", fmt::join(words, " "), fmt::join(found, "\n"));
  }
  std::string now() const { return ledger_time(clock_.now()); }
  std::string now_us() const { return std::to_string(clock_.now().us); }

  roster::Proposal propose(const SubjectId& chain, const std::string& item) {
    const roster::Proposal made{crypto::new_id<ProposalId>(),
                                ashfield_.id,
                                roster::TwoPersonAct::kHoldRelease,
                                item,
                                3,
                                "the case is over",
                                PersonId(clerk_.person.bytes()),
                                clock_.now(),
                                {clock_.now().us + roster::kProposalLifeUs},
                                roster::ProposalState::kOpen,
                                {},
                                {},
                                {}};
    seal(clerk_.person,
         {{chain,
           "proposal.made",
           {{"proposal", made.id.text()},
            {"what", "hold_release"},
            {"item", item},
            {"revision", made.revision},
            {"reason", made.reason},
            {"expires", ledger_time(made.expires_at)}},
           false}},
         ashfield_, [&](db::Transaction& tx, auto) { return roster::add_proposal(tx, made); });
    return made;
  }
  void decide(const access::Actor& by, const SubjectId& chain, const roster::Proposal& made,
              const std::string& outcome) {
    fact(by.person, chain, "proposal." + outcome, {{"proposal", made.id.text()}, {"reason", "so it is"}},
         fmt::format("UPDATE proposals SET state = '{}', decider = '{}', decided_us = {}, decision_reason = 'so it is' "
                     "WHERE id = '{}'",
                     outcome, by.person.text(), now_us(), made.id.text()));
  }
};

TEST_F(FactsTest, AFactThatOnlyOneOfTheTwoKnowsIsNamed) {
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711"), captain = enter("captain", {Role::kCommand});
  clear(detective_, access::Restriction::kMinor);
  const RecordingId id = admit(clerk_, {.wearer = "4711"});
  ASSERT_TRUE(vault_->release_own(captain, id, "report filed"));
  evidence::Holds holds({*database_, *ledgers_, clock_});
  ASSERT_TRUE(holds.place(clerk_, {"Doe", "a letter", id, {}}));
  EXPECT_EQ(faults(), std::vector<std::string>());

  const std::string agency = ashfield_.id.text(), who = detective_.person.text();
  expect_named("UPDATE assignments SET target = 'medical' WHERE kind = 'clearance'", {"clearance medical", "no event"});
  expect_named("UPDATE assignments SET target = 'medical' WHERE kind = 'clearance'",
               {"clearance minor", "the catalog does not"});
  expect_named("UPDATE assignments SET until_us = 1670000000000000 WHERE kind = 'clearance'", {"until 2022-12-02"});
  expect_named("UPDATE assignments SET person = '" + hill.person.text() + "' WHERE kind = 'clearance'",
               {"of person " + hill.person.text(), "no event"});
  expect_named("UPDATE assignments SET from_us = 10000 WHERE kind = 'badge'", {"badge 4711", "no event"});
  expect_named("DELETE FROM assignments WHERE kind = 'badge'", {"badge 4711", "the catalog does not"});
  expect_named(
      fmt::format("INSERT INTO statements (agency, person, incident, filed_us) VALUES ('{}', '{}', '22-117', 1)",
                  agency, who),
      {"statement of person " + who, "22-117", "no event"});
  expect_named(fmt::format("INSERT INTO units (id, agency, name, added_us) VALUES ('{}', '{}', 'Night', 1)",
                           std::string(32, '1'), agency),
               {"unit ", "Night", "no event"});
  expect_named(
      fmt::format("INSERT INTO cases (id, agency, number, title, added_us) VALUES ('{}', '{}', '22-117', 'A', 1)",
                  std::string(32, '1'), agency),
      {"case ", "22-117", "no event"});
  expect_named(fmt::format("INSERT INTO agency_rules (agency, own_viewing) VALUES ('{}', 'allowed')", agency),
               {"rule own_viewing: allowed", "no event"});
  expect_named("DELETE FROM releases", {"release of recording " + id.text(), "the catalog does not"});
  expect_named("UPDATE releases SET person = '" + who + "'", {"to person " + who, "no event"});
  expect_named("UPDATE holds SET matter = 'Roe'", {"hold ", "Roe", "no event"});
  // Of an empty name, which comes before all others.
  expect_named(
      fmt::format("INSERT INTO assignments (id, agency, person, kind, target, from_us) VALUES ('', '{}', '{}', "
                  "'clearance', 'medical', 1)",
                  agency, who),
      {"assignment : clearance medical of person " + who, "no event"});
  expect_named("UPDATE holds SET id = ''", {"hold :", "no event"});
  expect_named("DELETE FROM holds", {"hold ", "Doe", "the catalog does not"});
}

TEST_F(FactsTest, WhatBecameOfAShareIsWhatItsEventsSay) {
  const RecordingId id = admit(clerk_);
  const ShareId share = crypto::new_id<ShareId>();
  const std::string view(32, '7'), now = ledger_time(clock_.now());
  seal(clerk_.person,
       {{share, "identity.bound", {{"name", "Jane Doe"}, {"from", now}}, true},
        {share,
         "share.made",
         {{"kind", "view"}, {"purpose", "discovery"}, {"recipient", "Jane Doe"}, {"link", "secret"}, {"until", now}},
         false},
        {id, "recording.shared", {{"share", share.text()}, {"purpose", "discovery"}, {"restriction", "minor"}}, false}},
       ashfield_, [&](db::Transaction& tx, auto) -> Result<void> {
         TRY(tx.run(
             fmt::format("INSERT INTO shares (id, agency, maker, kind, recipient, purpose, secret_sha256, made_us, "
                         "ends_us, views_used, opened_us) VALUES ('{0}', '{1}', '{2}', 'view', 'Jane Doe', "
                         "'discovery', 'secret', {3}, {3}, 1, {3})",
                         share.text(), ashfield_.id.text(), clerk_.person.text(), clock_.now().us)));
         TRY(tx.run(
             fmt::format("INSERT INTO share_items (share, n, agency, recording, restriction) VALUES ('{}', 0, '{}', "
                         "'{}', 'minor')",
                         share.text(), ashfield_.id.text(), id.text())));
         TRY(
             tx.run(fmt::format("INSERT INTO share_views (id, share, n, agency, use_as) VALUES ('{}', '{}', 0, '{}', "
                                "'watch')",
                                view, share.text(), ashfield_.id.text())));
         return {};
       });
  seal(share,
       {{share, "share.opened", {}, false},
        {id, "recording.received", {{"share", share.text()}, {"use", "watch"}, {"view", view}}, false}},
       ashfield_);
  EXPECT_EQ(faults(), std::vector<std::string>());
  const std::string what = "share " + share.text();
  expect_named("UPDATE shares SET maker = '" + detective_.person.text() + "'", {what, "no event"});
  expect_named("UPDATE shares SET recipient = 'John Doe'", {what, "John Doe", "no event"});
  // No text runs into what stands beside it, nor is taken for one that is absent.
  expect_named("UPDATE shares SET recipient = 'Jane Doe\" of \"nothing'", {what, "no event"});
  expect_named("UPDATE shares SET organization = 'nothing'", {what, "\"nothing\"", "no event"});
  expect_named("UPDATE shares SET purpose = 'review'", {what, "no event"});
  expect_named("UPDATE shares SET secret_sha256 = 'x'", {what, "link x", "no event"});
  expect_named("UPDATE shares SET ends_us = NULL", {what, "until nothing", "no event"});
  expect_named("UPDATE shares SET views_max = 5", {what, "cap 5", "no event"});
  expect_named("UPDATE shares SET views_used = 0", {what, "opened 0 times", "no event"});
  expect_named("UPDATE shares SET opened_us = NULL", {what + " opened", "the catalog does not"});
  for (const char* step : {"prepared", "failed", "revoked", "accepted", "received"})
    expect_named(fmt::format("UPDATE shares SET {}_us = 1670000000000000", step), {what + " " + step, "no event"});
  expect_named("UPDATE shares SET waits = 1", {what, "prepared later", "no event"});
  expect_named("UPDATE shares SET failure = 'nothing'", {what, "could not be prepared: \"nothing\"", "no event"});
  expect_named("UPDATE share_items SET restriction = NULL", {what, "restricted then as nothing", "no event"});
  expect_named("UPDATE share_items SET downloaded_us = 1670000000000000", {what + " downloaded", "no event"});
  expect_named("DELETE FROM share_items", {what, id.text(), "the catalog does not"});
  expect_named("UPDATE share_views SET use_as = 'download'", {"view " + view, "download", "no event"});
  expect_named("DELETE FROM share_views", {"view " + view, "the catalog does not"});
  expect_named("UPDATE share_views SET agency = 'nobody'", {"share_views: 1 rows name no agency"});
}

TEST_F(FactsTest, AColumnThatIsNoTimeIsToldAsItIs) {
  EXPECT_EQ(column_time(std::nullopt), std::nullopt);
  EXPECT_EQ(column_time("0"), "1970-01-01T00:00:00.00Z");
  EXPECT_EQ(column_time("1670000000129999"), "2022-12-02T16:53:20.12Z") << "to the hundredth";
  for (const char* text : {"", "-1", "many", "1x", "253402300800000000", "99999999999999999999"})
    EXPECT_EQ(column_time(text), text);
}

TEST_F(FactsTest, AHoldStandsOrIsReleasedAsItsEventsSay) {
  const RecordingId id = admit(clerk_);
  evidence::Holds holds({*database_, *ledgers_, clock_});
  const auto released = holds.place(clerk_, {"Doe", "a letter", id, {}});
  const auto standing = holds.place(clerk_, {"Roe", "a letter", {}, "22-117"});
  ASSERT_TRUE(released && standing);
  const std::string hold = released->hold.id.text(), other = standing->hold.id.text();
  const SubjectId console = ashfield_.console;
  const roster::Proposal approved = propose(id, hold), refused = propose(console, other);
  decide(detective_, id, approved, "approved");
  decide(detective_, console, refused, "refused");
  decide(clerk_, console, propose(console, other), "withdrawn");
  const roster::Proposal open = propose(console, other);
  fact(detective_.person, id, "hold.released", {{"hold", hold}, {"proposal", approved.id.text()}},
       fmt::format("UPDATE holds SET released_us = {}, released_by = '{}' WHERE id = '{}'", now_us(),
                   approved.id.text(), hold));
  EXPECT_EQ(faults(), std::vector<std::string>());
  expect_refusals_told(facts, 30);

  const auto at = [](const std::string& what) { return fmt::format(" WHERE id = '{}'", what); };
  expect_named("UPDATE holds SET released_us = NULL, released_by = NULL" + at(hold),
               {"hold " + hold, "standing", "no event"});
  expect_named(
      fmt::format("UPDATE holds SET released_us = {}, released_by = '{}'", now_us(), open.id.text()) + at(other),
      {"hold " + other, "released by " + open.id.text(), "no event"});
  expect_named("UPDATE holds SET placed_us = 1" + at(hold), {"hold " + hold, "at 1,", "no event"});
  expect_named("UPDATE holds SET placed_us = -10000" + at(hold), {"hold " + hold, "at -10000,", "no event"});
  expect_named("UPDATE holds SET placed_us = 253402300800000000" + at(hold), {"hold " + hold, "no event"});
  expect_named("UPDATE holds SET incident = '22-118'" + at(other), {"hold " + other, "22-118", "no event"});
  expect_named("UPDATE proposals SET state = 'open', decider = NULL, decided_us = NULL" + at(approved.id.text()),
               {"proposal " + approved.id.text(), "open", "no event"});
  expect_named("UPDATE proposals SET revision = 4" + at(open.id.text()), {"revision 4", "no event"});
  expect_named("UPDATE proposals SET decision_reason = NULL" + at(refused.id.text()),
               {"proposal " + refused.id.text(), "refused", "because nothing", "no event"});
  expect_named("UPDATE proposals SET reason = 'nothing'" + at(open.id.text()), {"because \"nothing\"", "no event"});
  if (database_->engine() == db::Engine::kSqlite) {
    expect_named("UPDATE holds SET placed_us = 'many'" + at(hold), {"hold " + hold, "at many,", "no event"});
    expect_named("UPDATE holds SET placed_us = '1x'" + at(hold), {"hold " + hold, "at 1x,", "no event"});
    // What no rule of the table would let stand: whoever changes the file asks none.
    const auto unruled = [&](const std::string& sql, const std::vector<std::string>& words) {
      expect_named({"PRAGMA ignore_check_constraints = ON", sql, "PRAGMA ignore_check_constraints = OFF"}, words);
    };
    unruled(fmt::format("UPDATE holds SET released_by = '{}'", open.id.text()) + at(other),
            {"hold " + other, "released by " + open.id.text() + " at nothing", "no event"});
    unruled(fmt::format("UPDATE proposals SET decider = '{}'", detective_.person.text()) + at(open.id.text()),
            {"proposal " + open.id.text(), "open by " + detective_.person.text(), "no event"});
    unruled("UPDATE proposals SET decided_us = 10000" + at(open.id.text()),
            {"proposal " + open.id.text(), "open by nothing at 1970", "no event"});
  }

  // Events that no rule of releasing holds allows.
  const auto release = [&](const std::string& what, const std::string& proposal) {
    expect_told(detective_.person, id, "hold.released", {{"hold", what}, {"proposal", proposal}},
                {"hold " + what, "without a hold, or without an approved proposal"});
  };
  release(std::string(32, '1'), approved.id.text());
  release(other, std::string(32, '2'));
  release(other, approved.id.text());
  release(other, refused.id.text());
  const auto decided = [&](const access::Actor& by, const SubjectId& chain, const std::string& outcome,
                           const std::string& proposal, const std::string& words) {
    expect_told(by.person, chain, "proposal." + outcome, {{"proposal", proposal}}, {"proposal " + proposal, words});
  };
  decided(detective_, console, "approved", std::string(32, '3'), "it was approved, and nobody made it");
  decided(detective_, id, "approved", open.id.text(), "it was approved, and nobody made it");
  decided(detective_, console, "approved", refused.id.text(), "it was decided twice");
  const roster::Proposal own = propose(console, "1"), taken = propose(console, "2"), late = propose(console, "3");
  decided(clerk_, console, "approved", own.id.text(), "by one person on both sides");
  decided(detective_, console, "withdrawn", taken.id.text(), "or withdrawn by another");
  clock_.advance_us(roster::kProposalLifeUs);
  decided(detective_, console, "refused", late.id.text(), "refused after its end");
  expect_told(clerk_.person, console, "hold.placed", {{"hold", std::string(32, '4')}, {"incident", "22-119"}},
              {"hold " + std::string(32, '4'), "for nothing because nothing", "the catalog does not"});
}

TEST_F(FactsTest, WhatIsTakenBackEndedOrRetiredIsSo) {
  const std::string agency = ashfield_.id.text(), who = detective_.person.text();
  const SubjectId console = ashfield_.console, person = detective_.person;
  const std::string category(32, '5'), unit(32, '6'), opened(32, '7'), titled(32, '8');
  fact(person, person, "statement.recorded", {{"incident", "22-117"}, {"filed_at", now()}},
       fmt::format("INSERT INTO statements (agency, person, incident, filed_us, withdrawn_us) VALUES ('{}', '{}', "
                   "'22-117', {}, 0)",
                   agency, who, now_us()));
  fact(console, console, "category.added", {{"category", category}, {"name", "Traffic"}},
       fmt::format("INSERT INTO categories (id, agency, name, added_us) VALUES ('{}', '{}', 'Traffic', 1)", category,
                   agency));
  fact(console, console, "unit.added", {{"unit", unit}, {"name", "Night"}},
       fmt::format("INSERT INTO units (id, agency, name, added_us) VALUES ('{}', '{}', 'Night', 1)", unit, agency));
  fact(console, console, "case.opened", {{"case", opened}, {"number", "22-117"}},
       fmt::format("INSERT INTO cases (id, agency, number, title, added_us) VALUES ('{}', '{}', '22-117', '', 1)",
                   opened, agency));
  const std::string cleared =
      assign(detective_, roster::AssignmentKind::kClearance, "minor", Timestamp{clock_.now().us - 20'000}).text();
  fact(console, console, "case.opened", {{"case", titled}, {"number", "22-118"}, {"title", "Main Street"}},
       fmt::format("INSERT INTO cases (id, agency, number, title, added_us) VALUES ('{}', '{}', '22-118', 'Main "
                   "Street', 1)",
                   titled, agency));
  EXPECT_EQ(faults(), std::vector<std::string>());
  expect_named("UPDATE categories SET retired_us = 1", {"category " + category + " is retired", "no event"});
  expect_named("UPDATE cases SET title = 'A' WHERE title = ''", {"case " + opened, "22-117 A", "no event"});

  const Json::Object statement = {{"incident", "22-117"}, {"filed_at", now()}};
  fact(person, person, "statement.withdrawn", statement,
       fmt::format("UPDATE statements SET withdrawn_us = {}", now_us()));
  fact(console, console, "category.retired", {{"category", category}},
       fmt::format("UPDATE categories SET retired_us = {}", now_us()));
  fact(console, person, "assignment.ended", {{"assignment", cleared}, {"until", now()}},
       fmt::format("UPDATE assignments SET until_us = {} WHERE id = '{}'", now_us(), cleared));
  EXPECT_EQ(faults(), std::vector<std::string>());
  expect_named("UPDATE statements SET withdrawn_us = 0",
               {"statement of person " + who, "taken back nothing", "no event"});
  expect_named("UPDATE categories SET retired_us = NULL", {"category " + category + " is retired", "does not"});
  expect_named("UPDATE assignments SET until_us = NULL WHERE kind = 'clearance'", {"until nothing", "no event"});

  expect_told(person, person, "statement.withdrawn", statement, {"takes back a statement that does not stand"});
  expect_told(console, person, "assignment.ended", {{"assignment", std::string(32, '8')}, {"until", now()}},
              {"person " + who, "ends an assignment that none began"});
  expect_told(console, clerk_.person, "assignment.ended", {{"assignment", cleared}, {"until", now()}},
              {"person " + clerk_.person.text(), "ends an assignment that none began"});
}

TEST_F(FactsTest, ABadgeIsItsPersonsFromTheBeginningOnlyWhereNobodyWoreItBefore) {
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711");
  assign(clerk_, roster::AssignmentKind::kBadge, "4712", clock_.now());
  clock_.advance_us(1'000'000);
  EXPECT_EQ(faults(), std::vector<std::string>());
  expect_named("UPDATE assignments SET from_us = 0 WHERE target = '4712'", {"badge 4712", "from 1970", "no event"});
  const std::string later(32, '9');
  seal(ashfield_.console,
       {{SubjectId(*PersonId::parse(later)),
         "identity.bound",
         {{"name", "A"}, {"from", now()}, {"badge", "4712"}},
         true}},
       ashfield_);
  EXPECT_TRUE(names(faults(), {"badge 4712 of person " + later + " from " + now(), "the catalog does not"}));
}

TEST_F(FactsTest, AnAgencyThatIsHostedIsCalledAsItsEventSays) {
  enter_elsewhere("chief", {Role::kCommand});
  const SubjectId console = ashfield_.console;
  fact(console, console, "agency.added",
       {{"agency", otherton_.id.text()}, {"name", otherton_.name}, {"slug", otherton_.slug}});
  EXPECT_EQ(faults(), std::vector<std::string>());
  expect_refusals_told(facts, 30);
  const std::string words = R"(an event says "Otherton", "otherton", and the catalog does not)";
  expect_named("UPDATE agencies SET name = 'Utherton' WHERE slug = 'otherton'", {words});
  // No name runs into the slug beside it.
  expect_named("UPDATE agencies SET name = '', slug = 'Otherton, otherton' WHERE slug = 'otherton'", {words});
  expect_named("UPDATE agencies SET slug = 'utherton' WHERE slug = 'otherton'", {words});
  expect_told(console, console, "agency.added",
              {{"agency", std::string(32, '1')}, {"name", "Nowhere"}, {"slug", "nowhere"}},
              {"agency " + std::string(32, '1'), R"(an event says "Nowhere", "nowhere")"});
}

TEST_F(FactsTest, WhatBecameOfAShareFirstIsKept) {
  const RecordingId id = admit(clerk_);
  const ShareId share = crypto::new_id<ShareId>(), lost = crypto::new_id<ShareId>();
  const std::string first = now_us();
  for (const ShareId& one : {share, lost}) {
    seal(clerk_.person,
         {{one, "identity.bound", {{"name", "Jane Doe"}, {"from", now()}}, true},
          {one,
           "share.made",
           {{"kind", "view"},
            {"purpose", "discovery"},
            {"recipient", "Jane Doe"},
            {"link", "secret"},
            {"until", now()},
            {"views_max", 5},
            {"waits", true}},
           false},
          {id, "recording.shared", {{"share", one.text()}, {"purpose", "discovery"}, {"restriction", "minor"}}, false}},
         ashfield_, [&](db::Transaction& tx, auto) -> Result<void> {
           TRY(tx.run(
               fmt::format("INSERT INTO shares (id, agency, maker, kind, recipient, purpose, secret_sha256, made_us, "
                           "ends_us, views_max, views_used, waits) VALUES ('{0}', '{1}', '{2}', 'view', 'Jane Doe', "
                           "'discovery', 'secret', {3}, {3}, 5, 0, 1)",
                           one.text(), ashfield_.id.text(), clerk_.person.text(), first)));
           TRY(tx.run(
               fmt::format("INSERT INTO share_items (share, n, agency, recording, restriction) VALUES ('{}', 0, '{}', "
                           "'{}', 'minor')",
                           one.text(), ashfield_.id.text(), id.text())));
           return {};
         });
  }
  const auto of = [](const ShareId& one) { return fmt::format(" WHERE id = '{}'", one.text()); };
  const Json::Object download = {{"share", share.text()}, {"use", "download"}};
  fact(share, id, "recording.received", download,
       "UPDATE share_items SET downloaded_us = " + first + fmt::format(" WHERE share = '{}'", share.text()));
  fact(share, share, "share.opened", {}, "UPDATE shares SET opened_us = " + first + of(share));
  fact(share, lost, "share.failed", {{"reason", "no room"}},
       "UPDATE shares SET failure = 'no room', failed_us = " + first + of(lost));
  clock_.advance_us(1'000'000);
  fact(share, id, "recording.received", download);
  fact(share, share, "share.opened", {});
  fact(share, share, "share.code_failed", {}, "UPDATE shares SET code_failed_us = " + first + of(share));
  clock_.advance_us(1'000'000);
  fact(share, share, "share.code_failed", {}, "UPDATE shares SET code_failed_us = " + now_us() + of(share));
  EXPECT_EQ(faults(), std::vector<std::string>());
  const std::string what = "share " + share.text();
  expect_named("UPDATE shares SET code_failed_us = " + first + of(share), {what + " code_failed", "no event"});
  expect_named("UPDATE shares SET opened_us = " + now_us() + of(share), {what + " opened", "no event"});
  expect_named("UPDATE shares SET failure = NULL" + of(lost), {"could not be prepared: \"no room\"", "does not"});
  expect_named("UPDATE share_items SET downloaded_us = NULL", {what + " downloaded", "the catalog does not"});
  expect_named("UPDATE shares SET waits = 0" + of(share), {what, "cap 5", "no event"});
}

TEST_F(FactsTest, HowPeopleSignInIsAsItWasChangedLast) {
  const std::string agency = ashfield_.id.text(), who = clerk_.person.text();
  const SubjectId console = ashfield_.console;
  const auto token = [&](const std::string& id, const std::string& scopes, bool is_sealed, std::int64_t at_us) {
    return fmt::format(
        "INSERT INTO tokens (id, person, scopes, created_us, expires_us, is_sealed) VALUES ('{}', '{}', "
        "'{}', {}, {}, {})",
        id, who, scopes, at_us, at_us + 1'000'000, is_sealed ? 1 : 0);
  };
  const std::int64_t made_us = clock_.now().us;
  run(token("old", "", false, made_us - 1'000'000));
  run(fmt::format(
      "INSERT INTO signin_rules (agency, second_factor, banner, idle_days) VALUES ('{}', 'optional', '', 0)", agency));
  run(fmt::format(
      "INSERT INTO sign_in_providers (agency, version, name, issuer, client_id, settings) VALUES ('{}', '1', "
      "'Town', 'https://id.example', 'lapel', NULL)",
      agency));
  CatalogReport report = check();
  EXPECT_EQ(report.faults, std::vector<std::string>());
  EXPECT_TRUE(names(report.notes, {"1 tokens are of before there were events of tokens"}));
  EXPECT_TRUE(names(report.notes, {"The identity provider was set before there were events of it"}));
  EXPECT_EQ(faults_after({"UPDATE signin_rules SET idle_days = 90"}, facts), std::vector<std::string>())
      << "no event speaks of it";

  const std::string until = ledger_time(Timestamp{made_us + 1'000'000});
  fact(console, clerk_.person, "token.made", {{"token", "all"}, {"expires", until}}, token("all", "", true, made_us));
  fact(console, clerk_.person, "token.made", {{"token", "some"}, {"expires", until}, {"scopes", "upload"}},
       token("some", "upload", true, made_us));
  fact(console, clerk_.person, "token.revoked", {{"token", "some"}},
       fmt::format("UPDATE tokens SET revoked_us = {} WHERE id = 'some'", now_us()));
  fact(console, clerk_.person, "token.revoked", {{"token", "old"}},
       fmt::format("UPDATE tokens SET revoked_us = {} WHERE id = 'old'", now_us()));
  const auto rule = [&](const std::string& name, const std::string& value, const std::string& sql) {
    fact(console, console, "rule.changed", {{"rule", name}, {"new", value}}, sql);
  };
  rule("second_factor", "required", "UPDATE signin_rules SET second_factor = 'required'");
  rule("notice_of_use", hex(crypto::sha256(as_bytes("Beware"))), "UPDATE signin_rules SET banner = 'Beware'");
  rule("idle_days", "90", "UPDATE signin_rules SET idle_days = 90");
  rule("own_viewing", "allowed",
       fmt::format("INSERT INTO agency_rules (agency, own_viewing) VALUES ('{}', 'allowed')", agency));
  const Json settings(Json::Object{
      {"client_id", "lapel"}, {"issuer", "https://id.example"}, {"name", "Town"}, {"settings", ""}, {"version", "2"}});
  rule("identity_provider", hex(crypto::sha256(as_bytes(to_json(settings)))),
       "UPDATE sign_in_providers SET version = '2'");
  EXPECT_EQ(faults(), std::vector<std::string>());
  expect_refusals_told(facts, 30);

  expect_named("UPDATE tokens SET scopes = 'upload' WHERE id = 'all'", {"token all", "for upload", "no event"});
  expect_named("UPDATE tokens SET scopes = '' WHERE id = 'some'", {"token some", "for everything", "no event"});
  expect_named("UPDATE tokens SET revoked_us = NULL WHERE id = 'some'", {"token some revoked", "does not"});
  expect_named("UPDATE tokens SET created_us = " + now_us() + " WHERE id = 'old'", {"token old", "no event"});
  expect_named("UPDATE tokens SET person = 'nobody' WHERE id = 'old'", {"tokens: 1 rows name no person"});
  expect_named("UPDATE signin_rules SET second_factor = 'optional'", {"rule second_factor: optional", "no event"});
  expect_named("UPDATE signin_rules SET banner = ''", {"rule notice_of_use: nothing", "no event"});
  expect_named("UPDATE signin_rules SET idle_days = 0", {"rule idle_days: 0", "no event"});
  expect_named("UPDATE agency_rules SET own_viewing = 'after_statement'", {"own_viewing: after_statement", "no event"});
  expect_named("UPDATE sign_in_providers SET issuer = 'https://evil.example'", {"rule identity_provider", "no event"});
  expect_named("DELETE FROM sign_in_providers", {"rule identity_provider: nothing", "no event"});
  expect_named("DELETE FROM signin_rules", {"rule idle_days: 90", "the catalog does not"});
}

TEST_F(FactsTest, WhatIsToldIsFitToBeShown) {
  const auto event = parse_json(R"({"text": "a\u001bb", "number": 7, "list": []})");
  ASSERT_TRUE(event);
  EXPECT_EQ(roster::told(*event, "text"), printable("a\x1b"
                                                    "b"));
  EXPECT_EQ(roster::told(*event, "number"), "nothing");
  EXPECT_EQ(roster::told_or_number(*event, "number"), "7");
  EXPECT_EQ(roster::told_or_number(*event, "text"), printable("a\x1b"
                                                              "b"));
  EXPECT_EQ(roster::told_or_number(*event, "list"), "nothing");
  EXPECT_EQ(roster::told(*event, "none"), "nothing");
  EXPECT_EQ(roster::quoted(*event, "none"), "nothing");
  EXPECT_EQ(roster::quoted(std::string("nothing")), "\"nothing\"");
}

TEST_F(FactsTest, RowsOfNobodyAreCounted) {
  const std::string later = "PRAGMA defer_foreign_keys = ON";
  clear(detective_, access::Restriction::kMinor);
  if (database_->engine() == db::Engine::kSqlite) {  // PostgreSQL lets nothing stand that names nobody
    expect_named({later, "UPDATE person_roles SET person = 'nobody' WHERE role = 'records'"},
                 {"person_roles: 1 rows name no person"});
    expect_named({later, "UPDATE assignments SET agency = 'nowhere'"}, {"assignments: 1 rows name no agency"});
  }
  run("INSERT INTO share_views (id, share, n, agency, use_as) VALUES ('v', 's', 0, 'nowhere', 'watch')");
  EXPECT_TRUE(names(faults(), {"share_views: 1 rows name no agency"}));
}

}  // namespace
}  // namespace lapel::audit
