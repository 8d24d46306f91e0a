// SPDX-License-Identifier: Apache-2.0
// Who looked at what, as the ledger has it; and a catalog that was changed behind the ledger's back.
#include "audit/acts.h"
#include "audit/check.h"
#include "audit/facts_check.h"
#include "evidence/holds.h"
#include "evidence/vault_for_tests.h"
#include "test/refusing_catalog.h"

namespace lapel::audit {
namespace {

using access::Purpose;
using access::Role;
using evidence::message_of;

class AuditTest : public evidence::VaultTest {
 protected:
  Acts acts(std::int64_t mark = -1, std::int64_t limit = 100) {
    return read([&](db::Transaction& tx) { return acts_after(tx, ashfield_.id, mark, limit); });
  }
  void view(const access::Actor& who, const RecordingId& id, const evidence::ViewRequest& request = {}) {
    const auto done = vault_->open_view(who, id, request);
    ASSERT_TRUE(done) << message_of(done);
  }
  static evidence::ViewRequest of_case(const std::string& number) {
    return {Purpose::kInvestigation, number, "W-12", {}};
  }
  // How whoever looked last stood to it.
  Tie tie() { return acts().items.back().tie; }

  // As much of the tables of shares as the check reads: they are another module's, of the same floor.
  void make_foreign_tables() {
    make_tables_of_signing_in();
    create(
        {"CREATE TABLE shares (id TEXT NOT NULL PRIMARY KEY, agency TEXT, maker TEXT, kind TEXT, recipient TEXT, "
         "organization TEXT, purpose TEXT, case_number TEXT, warrant TEXT, order_text TEXT, secret_sha256 TEXT, "
         "made_us "
         "BIGINT, ends_us BIGINT, views_max BIGINT, views_used BIGINT, revoked_us BIGINT, opened_us BIGINT, "
         "accepted_us "
         "BIGINT, received_us BIGINT, code_failed_us BIGINT, prepared_us BIGINT, failed_us BIGINT, failure TEXT, waits "
         "BIGINT NOT NULL "
         "DEFAULT 0)",
         "CREATE TABLE share_items (share TEXT NOT NULL, n BIGINT NOT NULL, agency TEXT, recording TEXT, restriction "
         "TEXT, downloaded_us BIGINT, PRIMARY KEY (share, n))",
         "CREATE TABLE share_views (id TEXT NOT NULL PRIMARY KEY, share TEXT, n BIGINT, agency TEXT, use_as TEXT)"});
  }
  CatalogReport check() {
    const os::Path where = files();
    const std::string origin = terms(ashfield_).origin;
    const auto report = check_catalog({ashfield_, origin, *database_, *store_, *bucket_, where, {}});
    EXPECT_TRUE(report) << message_of(report);
    return *report;
  }
  std::vector<std::string> faults() { return check().faults; }
  // A row is changed, the check names it in these words, and the row is as it was: the change is never committed.
  void expect_named(const std::string& sql, const std::vector<std::string>& words) {
    SCOPED_TRACE(sql);
    std::vector<std::string> found;
    const auto done = database_->write([&](db::Transaction& tx) -> Result<void> {
      EXPECT_GE(TRY(tx.run(sql)), 1);
      TRY(check_facts(
          tx, ashfield_.id.text(), [&](std::string fault) { found.push_back(std::move(fault)); },
          [](const std::string&) {}));
      return fail(Code::kInternal, "as it was");
    });
    EXPECT_EQ(message_of(done), "as it was");
    EXPECT_TRUE(names(found, words)) << fmt::format("{}", fmt::join(found, "\n"));
  }
  static bool names(const std::vector<std::string>& faults, const std::vector<std::string>& words) {
    return std::any_of(faults.begin(), faults.end(), [&](const std::string& fault) {
      return std::all_of(words.begin(), words.end(),
                         [&](const std::string& word) { return fault.find(word) != fault.npos; });
    });
  }

  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
  const access::Actor detective_ = enter("detective", {Role::kInvestigator});
};

// ---- acts ----

TEST_F(AuditTest, EachLookIsAnActOnceInTheLedgersOrder) {
  const RecordingId id = admit(clerk_, {.incident = "22-117"});
  view(detective_, id, of_case("22-117"));
  clock_.advance_us(-60'000'000);  // a clock that is set back moves nothing
  ASSERT_TRUE(vault_->open_export(clerk_, id, {}));
  ASSERT_FALSE(vault_->open_view(clerk_, id, {Purpose::kTraining, {}, {}, {}}));
  ASSERT_TRUE(vault_->seal_sharing(clerk_, {{id, "recording.shared", {{"purpose", "discovery"}}, false}}, {}));
  ASSERT_TRUE(vault_->list(clerk_, {}));  // is none
  std::vector<std::string> all;
  const Acts found = acts();
  for (const Act& act : found.items) {
    EXPECT_EQ(act.recording, id);
    all.push_back(fmt::format("{} by {} for {}", act_kind_name(act.kind),
                              act.person == clerk_.person ? "clerk" : "detective", act.purpose));
  }
  EXPECT_EQ(all, (std::vector<std::string>{"viewed by detective for investigation", "exported by clerk for review",
                                           "refused by clerk for training", "shared by clerk for discovery"}));
  EXPECT_EQ(found.items[0].case_number, "22-117");
  EXPECT_TRUE(found.is_last);

  // By pages of one: the same, each once, and nothing after the last.
  std::vector<std::int64_t> by_pages, at_once;
  for (const Act& act : found.items) at_once.push_back(act.index);
  std::int64_t mark = -1;
  for (Acts page = acts(mark, 1);; page = acts(mark, 1)) {
    for (const Act& act : page.items) by_pages.push_back(act.index);
    EXPECT_LE(page.items.size(), 1U);
    EXPECT_GE(page.mark, mark);
    mark = page.mark;
    if (page.is_last) break;
  }
  EXPECT_EQ(by_pages, at_once);
  EXPECT_TRUE(acts(mark).items.empty());
  view(clerk_, id);
  EXPECT_EQ(acts(mark).items.size(), 1U);
}

TEST_F(AuditTest, HowWhoLookedStoodToItIsTheFirstTieThatFits) {
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711");
  const RecordingId own = admit(clerk_, {.wearer = "4711", .incident = "22-117"}), nobodys = admit(clerk_);
  view(hill, own, {Purpose::kOwnRecording, {}, {}, {}});
  EXPECT_EQ(tie(), Tie::kOwn);
  view(clerk_, nobodys);
  EXPECT_EQ(tie(), Tie::kUnattributed);
  view(detective_, own, of_case("22-117"));
  EXPECT_EQ(tie(), Tie::kNamed) << "Lapel has no such case";
  view(detective_, own, of_case("22-999"));
  EXPECT_EQ(tie(), Tie::kUnit) << "without units the agency is one";
  const CaseId number = crypto::new_id<CaseId>();
  write([&](db::Transaction& tx) {
    return roster::add_case(tx, {number, ashfield_.id, "22-117", "A burglary"}, clock_.now());
  });
  view(detective_, own, of_case("22-117"));
  EXPECT_EQ(tie(), Tie::kUnit) << "a number is a word where there is such a case";
  assign(detective_, roster::AssignmentKind::kCase, number.text());
  view(detective_, own, of_case("22-117"));
  EXPECT_EQ(tie(), Tie::kCase);
}

TEST_F(AuditTest, AnIncidentThatTheReaderGaveItTiesNobodyToIt) {
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711");
  const RecordingId id = admit(clerk_, {.wearer = "4711"});
  ASSERT_TRUE(change(detective_, id, {.incident = "22-117", .inside_home = false}));
  view(detective_, id, of_case("22-117"));
  EXPECT_EQ(tie(), Tie::kUnit);
  // Said by somebody else it does, from then on; what was before stays as it was.
  ASSERT_TRUE(change(clerk_, id, {.incident = "22-118"}));
  view(detective_, id, of_case("22-118"));
  EXPECT_EQ(tie(), Tie::kNamed);
  ASSERT_TRUE(change(clerk_, id, {.incident = "22-119"}));
  EXPECT_EQ(acts().items[0].tie, Tie::kUnit);
  EXPECT_EQ(tie(), Tie::kUnit) << "it is of that incident no more";
}

TEST_F(AuditTest, NamesOfKindsAndTiesAreReadAsTheyAreWritten) {
  for (const ActKind kind : {ActKind::kViewed, ActKind::kExported, ActKind::kShared, ActKind::kRefused})
    EXPECT_EQ(parse_act_kind(act_kind_name(kind)), kind);
  for (const Tie each : {Tie::kOwn, Tie::kCase, Tie::kNamed, Tie::kUnit, Tie::kUnattributed, Tie::kNone})
    EXPECT_EQ(parse_tie(tie_name(each)), each);
  EXPECT_EQ(parse_act_kind("listed"), std::nullopt);
  EXPECT_EQ(parse_tie(""), std::nullopt);
}

// ---- the check of the catalog ----

TEST_F(AuditTest, NothingIsFoundWhereNothingWasChanged) {
  make_foreign_tables();
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711");
  const RecordingId first = admit(clerk_, {.filename = "a.mp4", .device = "X81234", .wearer = "4711"});
  admit(clerk_, {.group = first});
  view(hill, first, {Purpose::kOwnRecording, {}, {}, {}});
  ASSERT_TRUE(change(clerk_, first, {.category = "arrest", .inside_home = false, .victim_sensitive = true}));
  ASSERT_TRUE(change(clerk_, first, {.restriction = access::Restriction::kMinor}));
  const CatalogReport report = check();
  EXPECT_EQ(report.faults, std::vector<std::string>());
  EXPECT_EQ(report.notes, std::vector<std::string>());
  EXPECT_EQ(report.recordings, 2U);
  EXPECT_EQ(report.originals, 2U);
  EXPECT_EQ(report.views, 1U);
  EXPECT_EQ(report.identities, 5U) << "clerk, detective, hill, the camera, the console";
}

TEST_F(AuditTest, ACheckThatCouldNotReadSaysSoAndNotThatAllIsWell) {
  make_foreign_tables();
  enter("hill", {Role::kOfficer}, "4711");
  const RecordingId first = admit(clerk_, {.filename = "a.mp4", .device = "X81234", .wearer = "4711"});
  view(clerk_, first);
  ASSERT_TRUE(change(clerk_, first, {.category = "arrest", .restriction = access::Restriction::kMinor}));
  const os::Path where = files();
  const std::string origin = terms(ashfield_).origin;
  test::RefusingCatalog catalog(*database_);
  std::size_t refusals = 0;
  for (;; ++refusals) {
    ASSERT_LT(refusals, 1'000U);
    catalog.refuse(refusals + 1, test::RefusingCatalog::Whose::kThisThread);
    const auto report = check_catalog({ashfield_, origin, catalog, *store_, *bucket_, where, {}});
    ASSERT_EQ(report.has_value(), !catalog.has_refused()) << refusals;
    if (report) break;
  }
  EXPECT_GE(refusals, 20U);
}

TEST_F(AuditTest, WhatARecordingIsSaidToBeIsWhatItsEventsSay) {
  make_foreign_tables();
  enter("hill", {Role::kOfficer}, "4711");
  const RecordingId id = admit(clerk_, {.filename = "a.mp4", .device = "X81234", .wearer = "4711"});
  view(clerk_, id);
  const std::string what = "recording " + id.text();
  const std::pair<std::string, std::string> columns[] = {{"sha256 = 'x'", "sha256 x"},
                                                         {"bytes = bytes + 1", "bytes"},
                                                         {"filename = ''", "filename nothing"},
                                                         {"received_us = received_us + 10000", "received_at"},
                                                         {"sort_us = sort_us + 1", "sorted under another time"},
                                                         {"device = NULL", "device nothing"},
                                                         {"wearer = '4712'", "wearer 4712"},
                                                         {"assigned_officer = NULL", "officer nothing"},
                                                         {"incident = '22-117'", "incident 22-117"},
                                                         {"category = 'arrest'", "category arrest"},
                                                         {"group_id = 'x'", "group x"},
                                                         {"dock_file = 'x'", "dock file x"},
                                                         {"chain_starts_at = 'camera'", "chain_starts_at camera"},
                                                         {"state = 'disposed'", "state disposed"},
                                                         {"restriction = 'minor'", "restriction minor"},
                                                         {"is_victim_sensitive = 1", "victim_sensitive 1"},
                                                         {"inside_home_known = 1", "inside_home 0"}};
  write([](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("CREATE TABLE kept AS SELECT * FROM recordings"));
    return {};
  });
  for (const auto& [change, words] : columns) {
    run("UPDATE recordings SET " + change);
    EXPECT_TRUE(names(faults(), {what, words})) << change;
    const std::string column = change.substr(0, change.find(' '));
    write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run(fmt::format("UPDATE recordings SET {0} = (SELECT {0} FROM kept)", column)));
      return {};
    });
  }
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(AuditTest, RowsWithoutEventsAndEventsWithoutRowsAreNamed) {
  make_foreign_tables();
  const RecordingId id = admit(clerk_);
  view(clerk_, id);
  const std::string nobody(32, '0');
  const auto said = [&](const std::string& sql, const std::vector<std::string>& words, const std::string& back) {
    run(sql);
    EXPECT_TRUE(names(faults(), words)) << sql;
    run(back);
  };
  said(fmt::format("INSERT INTO people (id, agency, login, name, added_us) SELECT '{}', agency, 'nobody', name, "
                   "added_us FROM people WHERE login = 'clerk'",
                   nobody),
       {"person " + nobody, "no event"}, fmt::format("DELETE FROM people WHERE id = '{}'", nobody));
  said(fmt::format("INSERT INTO devices (id, agency, serial, added_us) SELECT '{}', agency, 'X1', added_us FROM people "
                   "WHERE login = 'clerk'",
                   nobody),
       {"device " + nobody, "no event"}, fmt::format("DELETE FROM devices WHERE id = '{}'", nobody));
  said("UPDATE people SET name = 'Somebody' WHERE login = 'clerk'", {"person " + clerk_.person.text(), "name Somebody"},
       "UPDATE people SET name = 'Of clerk' WHERE login = 'clerk'");
  said("UPDATE people SET active_until_us = 1 WHERE login = 'clerk'", {"active until"},
       "UPDATE people SET active_until_us = NULL WHERE login = 'clerk'");
  said(fmt::format("INSERT INTO person_roles (person, role) VALUES ('{}', 'command')", clerk_.person.text()),
       {"person " + clerk_.person.text(), "roles command, records"}, "DELETE FROM person_roles WHERE role = 'command'");
  said("UPDATE views SET purpose = 'training'", {"of recording " + id.text(), "purpose training"},
       "UPDATE views SET purpose = 'review'");
  said("UPDATE views SET warrant = 'W'", {"warrant W"}, "UPDATE views SET warrant = NULL");
  run("DELETE FROM views");
  EXPECT_TRUE(names(faults(), {"view ", "it was opened, and the catalog has no row"}));
  EXPECT_TRUE(names(faults(), {"recording " + id.text(), "views 0"}));
  run("DELETE FROM recordings");
  EXPECT_TRUE(names(faults(), {"recording " + id.text(), "it was admitted, and the catalog has no row"}));
}

TEST_F(AuditTest, AFileThatIsNotTheOneThatWasSealedIsNamedAndOneOfNobodyNoted) {
  make_foreign_tables();
  const RecordingId flipped = admit(clerk_), cut = admit(clerk_), gone = admit(clerk_), linked = admit(clerk_),
                    open = admit(clerk_);
  damage(object(flipped));
  std::filesystem::permissions(object(flipped), std::filesystem::perms::owner_read);
  std::filesystem::permissions(object(cut), std::filesystem::perms::owner_all);
  std::filesystem::resize_file(object(cut), 3);
  std::filesystem::permissions(object(cut), std::filesystem::perms::owner_read);
  std::filesystem::remove(object(gone));
  std::filesystem::rename(object(linked), files() / "elsewhere");
  std::filesystem::create_symlink(files() / "elsewhere", object(linked));
  std::filesystem::permissions(object(open), std::filesystem::perms::owner_all);
  const evidence::Admission stray = file("put, and never admitted");
  ASSERT_TRUE(store_->put(ashfield_.slug, stray.recording, stray.source));
  const CatalogReport report = check();
  EXPECT_EQ(report.faults.size(), 4U) << fmt::format("{}", fmt::join(report.faults, "\n"));
  EXPECT_TRUE(names(report.faults, {flipped.text(), "its bytes hash to"}));
  EXPECT_TRUE(names(report.faults, {cut.text()}));
  EXPECT_TRUE(names(report.faults, {gone.text(), "is missing"}));
  EXPECT_TRUE(names(report.faults, {linked.text(), "no regular file"}));
  EXPECT_EQ(report.notes.size(), 2U);
  EXPECT_TRUE(names(report.notes, {open.text(), "may be written to"}));
  EXPECT_TRUE(names(report.notes, {stray.recording.text(), "no recording has this file"}));
}

// ---- the facts that access stands on ----

TEST_F(AuditTest, AFactThatOnlyOneOfTheTwoKnowsIsNamed) {
  make_foreign_tables();
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
  expect_named("DELETE FROM holds", {"hold ", "Doe", "the catalog does not"});
}

TEST_F(AuditTest, WhatBecameOfAShareIsWhatItsEventsSay) {
  make_foreign_tables();
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

TEST_F(AuditTest, AColumnThatIsNoTimeIsToldAsItIs) {
  EXPECT_EQ(column_time(std::nullopt), std::nullopt);
  EXPECT_EQ(column_time("0"), "1970-01-01T00:00:00.00Z");
  EXPECT_EQ(column_time("1670000000129999"), "2022-12-02T16:53:20.12Z") << "to the hundredth";
  for (const char* text : {"", "-1", "many", "1x", "253402300800000000", "99999999999999999999"})
    EXPECT_EQ(column_time(text), text);
}

}  // namespace
}  // namespace lapel::audit
