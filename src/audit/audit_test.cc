// SPDX-License-Identifier: Apache-2.0
// Who looked at what, as the ledger has it; and a catalog that was changed behind the ledger's back.
#include "audit/audit_for_tests.h"
#include "test/faulty_disk.h"

namespace lapel::audit {
namespace {

class AuditTest : public CheckedRecord {
 protected:
  // What the check says while the ledger's tables stand changed so.
  std::vector<std::string> faults_with(const std::vector<std::string>& changes) {
    const std::initializer_list<std::string_view> tables = {"ledger_events", "ledger_chains"};
    for (const std::string_view table : tables)
      create({fmt::format("CREATE TABLE kept_{0} AS SELECT * FROM {0}", table)});
    for (const std::string& change : changes) run(change);
    const std::vector<std::string> found = faults();
    for (const std::string_view table : tables) {
      run(fmt::format("DELETE FROM {}", table));
      run(fmt::format("INSERT INTO {0} SELECT * FROM kept_{0}", table));
      create({fmt::format("DROP TABLE kept_{}", table)});
    }
    return found;
  }
  void expect_fault(const std::vector<std::string>& changes, const std::vector<std::string>& words) {
    const std::vector<std::string> found = faults_with(changes);
    EXPECT_TRUE(names(found, words)) << fmt::format("{}\n{}", fmt::join(changes, "\n"), fmt::join(found, "\n"));
  }
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
  admit(clerk_, {.recorded_at = clock_.now() + -1'000'000, .group = first});
  view(hill, first, {Purpose::kOwnRecording, {}, {}, {}});
  ASSERT_TRUE(vault_->open_export(clerk_, first, {}));
  ASSERT_TRUE(change(clerk_, first, {.category = "arrest", .inside_home = false, .victim_sensitive = true}));
  ASSERT_TRUE(change(clerk_, first, {.restriction = access::Restriction::kMinor}));
  const CatalogReport report = check();
  EXPECT_EQ(report.faults, std::vector<std::string>());
  EXPECT_EQ(report.notes, std::vector<std::string>());
  EXPECT_EQ(report.recordings, 2U);
  EXPECT_EQ(report.originals, 2U);
  EXPECT_EQ(report.views, 2U);
  EXPECT_EQ(report.identities, 5U) << "clerk, detective, hill, the camera, the console";
}

TEST_F(AuditTest, ACheckThatCouldNotReadSaysSoAndNotThatAllIsWell) {
  make_foreign_tables();
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711");
  const RecordingId first = admit(clerk_, {.filename = "a.mp4", .device = "X81234", .wearer = "4711"});
  derive(first);
  check_signature(first, "verified");
  view(clerk_, first);
  ASSERT_TRUE(change(clerk_, first, {.category = "arrest", .restriction = access::Restriction::kMinor}));
  enter_dock();
  admit_as_before("4711", hill.person);
  admit_as_before("4712", {});
  const os::Path where = files();
  const std::string origin = terms(ashfield_).origin;
  test::RefusingCatalog catalog(*real_database_);
  std::size_t refusals = 0;
  for (;; ++refusals) {
    ASSERT_LT(refusals, 1'000U);
    catalog.refuse(refusals + 1, test::RefusingCatalog::Whose::kThisThread);
    const auto report = check_catalog({ashfield_, origin, catalog, *store_, *bucket_, where, {}});
    ASSERT_EQ(report.has_value(), !catalog.has_refused()) << refusals;
    if (report) break;
  }
  EXPECT_GE(refusals, 20U);
  catalog.refuse(1, test::RefusingCatalog::Whose::kThisThread);
  EXPECT_FALSE(ledgers_without_agency(catalog));
}

TEST_F(AuditTest, ALedgerOfNoAgencyIsTold) {
  EXPECT_EQ(*ledgers_without_agency(*database_), std::vector<std::string>());
  const std::string origin = terms(otherton_).origin;
  write([&](db::Transaction& tx) {
    const auto key = crypto::SigningKey::from_seed(secrets_.at(otherton_.id).log_seed).public_key();
    return ledger::Ledger::create(tx, otherton_.id, terms(otherton_), {origin, proof::KeyType::kLog, key});
  });
  EXPECT_EQ(*ledgers_without_agency(*database_), std::vector<std::string>{origin});
}

TEST_F(AuditTest, AFileOfADockIsTheOneThatItsStatementNames) {
  make_foreign_tables();
  const auto key = crypto::SigningKey::from_seed(crypto::random_bytes<32>());
  evidence::Admission made = file("from a dock");
  made.chain_starts_at = evidence::ChainStart::kDock;
  made.dock_statement = proof::sign_dock_statement(Json::Object{{"at", ledger_time(clock_.now())},
                                                                {"bytes", made.source.bytes},
                                                                {"file", crypto::new_id<ActId>().text()},
                                                                {"key", base64(key.public_key())},
                                                                {"ledger", terms(ashfield_).origin},
                                                                {"sha256", hex(made.sha256)}},
                                                   key);
  ASSERT_TRUE(try_admit(clerk_, made));
  EXPECT_EQ(faults(), std::vector<std::string>());
  run("UPDATE recordings SET dock_file = 'another'");
  EXPECT_TRUE(names(faults(), {"recording " + made.recording.text(), "dock file another"}));
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
  expect_fault(
      {"UPDATE ledger_events SET event = REPLACE(event, '\"view\"', '\"viex\"') WHERE type = 'recording.viewed'"},
      {"view  of recording", "the catalog has no row"});
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

// ---- events that say something else, or nothing ----

TEST_F(AuditTest, AnEventThatIsMalformedIsNamed) {
  make_foreign_tables();
  const RecordingId id = admit(clerk_, {.device = "X81234"});
  view(clerk_, id);
  seal(clerk_.person, {{crypto::new_id<SubjectId>(), "case.noted", {}, true}},
       ashfield_);  // of no row that is compared here
  const std::string of_it = fmt::format(" WHERE subject = '{}'", id.text());
  const std::string what = "recording " + id.text();
  EXPECT_EQ(faults(), std::vector<std::string>());
  expect_fault({"UPDATE ledger_events SET event = 'x'" + of_it + " AND n = 0"},
               {"subject " + id.text(), "its first event is malformed"});
  expect_fault({"UPDATE ledger_events SET event = 'x'" + of_it + " AND n = 1"}, {what, "event 1 is malformed"});
  expect_fault({"UPDATE ledger_events SET event = REPLACE(event, '\"bytes\"', '\"bytet\"')" + of_it + " AND n = 0"},
               {what, "its admission is malformed"});
  expect_fault(
      {"UPDATE ledger_events SET subject = 'nobody'" + of_it, "UPDATE ledger_chains SET subject = 'nobody'" + of_it},
      {"recording nobody", "its admission is malformed"});
  const auto elsewhere =
      check_catalog({ashfield_, "ledger.example/elsewhere", *database_, *store_, *bucket_, files(), {}});
  ASSERT_TRUE(elsewhere);
  EXPECT_TRUE(names(elsewhere->faults, {"the catalog says slug ashfield, its ledger ledger.example/elsewhere"}));
  run("DELETE FROM devices");
  EXPECT_TRUE(names(faults(), {"device ", "its events bind one identity, the catalog has 0"}));
  expect_fault({"DELETE FROM ledger_events WHERE subject = '" + ashfield_.console.text() + "'"},
               {"console " + ashfield_.console.text(), "the catalog has it, and no event"});
}

TEST_F(AuditTest, TheLastWordOfTheEventsHolds) {
  make_foreign_tables();
  const RecordingId id = admit(clerk_, {.device = "X81234"});
  ASSERT_TRUE(change(clerk_, id, {.restriction = access::Restriction::kMinor}));
  const std::string what = "recording " + id.text();
  const auto changed = [&](Json::Object fields) {
    seal(clerk_.person, {{id, "recording.changed", std::move(fields), false}}, ashfield_);
  };
  EXPECT_EQ(faults(), std::vector<std::string>());
  expect_fault({"DELETE FROM ledger_events WHERE type = 'identity.bound' AND subject IN (SELECT id FROM devices)"},
               {what, "device X81234, its events nothing"});
  changed({{"field", "incident"}, {"new", "22-117"}});
  EXPECT_TRUE(names(faults(), {what, "incident nothing, its events 22-117"}));
  changed({{"field", "restriction"}});
  EXPECT_TRUE(names(faults(), {what, "restriction minor, its events nothing"}));
  changed({{"field", "victim_sensitive"}, {"new", "yes"}});
  EXPECT_TRUE(names(faults(), {what, "victim_sensitive 0, its events nothing"}));
  changed({{"field", "assigned_officer"}, {"new", clerk_.person.text()}});
  EXPECT_TRUE(names(faults(), {what, "officer nothing, its events " + clerk_.person.text()}));
}

TEST_F(AuditTest, WhoAPersonIsFollowsFromWhatCanBeReadOfTheirEvents) {
  make_foreign_tables();
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711");
  const std::string what = "person " + hill.person.text();
  const std::string of_them = fmt::format(" WHERE subject = '{}'", hill.person.text());
  const auto say = [&](std::string_view type, Json::Object fields) {
    seal(ashfield_.console, {{hill.person, std::string(type), std::move(fields), false}}, ashfield_);
  };
  const std::string roles =
      "UPDATE ledger_events SET event = REPLACE(event, '{}', '{}')" + of_them + " AND type = 'person.roles'";
  const std::pair<std::string, std::string> said[] = {
      {"[\"officer\"]", "\"officer\""}, {"[\"officer\"]", "[1]"}, {"\"roles\"", "\"rolls\""}};
  for (const auto& [from, to] : said) {
    expect_fault({fmt::format(fmt::runtime(roles), from, to)}, {what, "roles officer, its events"});
  }
  expect_fault({"UPDATE ledger_events SET event = 'x'" + of_them + " AND type = 'person.roles'"},
               {what, "roles officer, its events"});

  // Deactivated, back again, and deactivated once more: since the second time, until the third.
  const Timestamp back = clock_.now() + 20'000, gone = clock_.now() + 30'000;
  for (const auto& [is_active, from] : {std::pair(false, clock_.now()), std::pair(true, back), std::pair(false, gone)})
    say("person.active", {{"active", is_active}, {"from", ledger_time(from)}});
  run(fmt::format("UPDATE people SET active_from_us = {}, active_until_us = {} WHERE id = '{}'", back.us, gone.us,
                  hill.person.text()));
  EXPECT_EQ(faults(), std::vector<std::string>());
  const std::string last = of_them + " AND n = (SELECT MAX(n) FROM kept_ledger_events" + of_them + ")";
  expect_fault({"UPDATE ledger_events SET event = 'x'" + last}, {what, "active until", "its events nothing"});
  // Whatever does not say that they are active ends it.
  for (const std::string to : {"\"active\":\"no\"", "\"activf\":false"}) {
    EXPECT_EQ(faults_with({"UPDATE ledger_events SET event = REPLACE(event, '\"active\":false', '" + to + "')" + last}),
              std::vector<std::string>());
  }

  // A badge goes with the assignment that it came with; one that ends by itself, and a second binding, change none.
  const std::string began = crypto::new_id<AssignmentId>().text(), now = ledger_time(clock_.now());
  const auto expect_badge = [&](std::string_view by_events) {
    EXPECT_TRUE(names(faults(), {what, fmt::format("badge 4711, its events {}", by_events)}))
        << fmt::format("{}", fmt::join(faults(), "\n"));
  };
  say("assignment.began", {{"assignment", began}, {"kind", "badge"}, {"target", "4712"}, {"from", now}});
  expect_badge("4712");
  say("assignment.began", {{"assignment", crypto::new_id<AssignmentId>().text()},
                           {"kind", "badge"},
                           {"target", "4713"},
                           {"from", now},
                           {"until", now}});
  say("assignment.began", {{"assignment", crypto::new_id<AssignmentId>().text()},
                           {"kind", "clearance"},
                           {"target", "minor"},
                           {"from", now}});
  say("identity.bound", {{"name", "Of hill"}, {"badge", "4714"}, {"from", now}});
  expect_badge("4712");
  say("assignment.ended", {{"assignment", began}});
  expect_badge("nothing");
  expect_fault({"UPDATE ledger_events SET event = 'x'" + last}, {what, "badge 4711, its events 4712"});
}

TEST_F(AuditTest, ADockIsKnownByTheKeyThatItsEventsCanTell) {
  make_foreign_tables();
  const roster::Dock dock = enter_dock();
  const std::string what = "dock " + dock.id.text(), key = "key " + hex(dock.key) + ", its events nothing";
  const std::string enrolled = fmt::format(" WHERE subject = '{}' AND type = 'dock.enrolled'", dock.id.text());
  EXPECT_EQ(faults(), std::vector<std::string>());
  expect_fault({"UPDATE ledger_events SET event = 'x'" + enrolled}, {what, key});
  expect_fault({"UPDATE ledger_events SET event = REPLACE(event, '\"key\":\"', '\"key\":\"-')" + enrolled},
               {what, key});
  seal(ashfield_.console, {{dock.id, "dock.revoked", {}, false}}, ashfield_);
  EXPECT_TRUE(names(faults(), {what, "revoked no, its events yes"}));
  run("DELETE FROM docks");
  EXPECT_TRUE(names(faults(),
                    {"person, dock, camera system, recipient or file request " + dock.id.text(), "the catalog has 0"}));
}

TEST_F(AuditTest, ACameraSystemIsKnownByItsNameAndStandsAsItsEventsSay) {
  make_foreign_tables();
  const roster::CameraSystem system{crypto::new_id<CameraSystemId>(), ashfield_.id, "West station"};
  seal(ashfield_.console,
       {{system.id, "identity.bound", {{"name", system.name}, {"from", ledger_time(clock_.now())}}, true},
        {system.id, "camera_system.added", {{"account", "a"}}, false}},
       ashfield_, [&](db::Transaction& tx, auto) { return roster::add_camera_system(tx, system, clock_.now()); });
  const std::string what = "camera system " + system.id.text();
  EXPECT_EQ(faults(), std::vector<std::string>());
  run("UPDATE camera_systems SET name = 'East station'");
  EXPECT_TRUE(names(faults(), {what, "name East station, its events West station"}));
  run("UPDATE camera_systems SET name = 'West station', revoked_us = 1");
  EXPECT_TRUE(names(faults(), {what, "revoked yes, its events no"}));
  run("UPDATE camera_systems SET revoked_us = NULL");
  seal(ashfield_.console, {{system.id, "camera_system.revoked", {}, false}}, ashfield_);
  EXPECT_TRUE(names(faults(), {what, "revoked no, its events yes"}));
  run("UPDATE camera_systems SET revoked_us = 1");
  EXPECT_EQ(faults(), std::vector<std::string>());
  expect_check_told([](const CatalogReport& report) { return report.faults.empty(); });
  run("DELETE FROM ledger_events WHERE subject = '" + system.id.text() + "'");
  EXPECT_TRUE(names(faults(), {what, "the catalog has it, and no event"}));
}

TEST_F(AuditTest, OfAnAdmissionThatNamesNoOfficerItFollowsFromTheBadge) {
  make_foreign_tables();
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711"), ford = enter("ford", {Role::kOfficer}, "4712");
  admit_as_before("4711", hill.person);
  admit_as_before({}, {});
  admit_as_before("4713", {});  // nobody has it yet
  clock_.advance_us(1'000'000);
  EXPECT_EQ(faults(), std::vector<std::string>());
  const access::Actor late = enter("late", {Role::kOfficer}, "4713");
  EXPECT_EQ(faults(), std::vector<std::string>()) << "whoever comes later may not have been seen by it";

  const auto expect_officer = [&](const RecordingId& id, const PersonId& officer, std::string_view badge,
                                  std::string_view wearer) {
    const std::vector<std::string> found = faults();
    EXPECT_TRUE(names(
        found, {"recording " + id.text(), fmt::format("the catalog says officer {} (badge {}), its events badge {}",
                                                      officer.text(), badge, wearer)}))
        << fmt::format("{}", fmt::join(found, "\n"));
  };
  expect_officer(admit_as_before("4711", ford.person), ford.person, "4712", "4711");
  expect_officer(admit_as_before("4711", clerk_.person), clerk_.person, "nothing", "4711");
  const RecordingId early = admit_as_before("4714", {});
  clock_.advance_us(1'000'000);
  const access::Actor latest = enter("latest", {Role::kOfficer}, "4714");
  run(fmt::format("UPDATE recordings SET assigned_officer = '{}' WHERE id = '{}'", latest.person.text(), early.text()));
  expect_officer(early, latest.person, "4714", "4714");
  const PersonId nobody = crypto::new_id<PersonId>();
  write([&](db::Transaction& tx) {
    return roster::add_person(tx, {nobody, ashfield_.id, "nobody", "Nobody", std::nullopt, {}}, clock_.now());
  });
  expect_officer(admit_as_before("4711", nobody), nobody, "nothing", "4711");

  const RecordingId unassigned = admit_as_before("4711", {});
  const std::vector<std::string> words = {"recording " + unassigned.text(),
                                          "officer nothing, its events badge 4711, which was " + hill.person.text()};
  EXPECT_TRUE(names(faults(), words));
  const std::string bound = fmt::format(" WHERE subject = '{}' AND n = 0", hill.person.text());
  for (const std::string change : {"event = 'x'", "event = REPLACE(event, '\"4711\"', '\"4715\"')"})
    EXPECT_FALSE(names(faults_with({"UPDATE ledger_events SET " + change + bound}), words)) << change;
}

// ---- what was derived ----

TEST_F(AuditTest, OfASignatureThatWasCheckedTwiceTheLastVerdictStands) {
  make_foreign_tables();
  const RecordingId id = admit(clerk_);
  check_signature(id, "altered");
  check_signature(id, "verified");
  const CatalogReport report = check();
  EXPECT_EQ(report.faults, std::vector<std::string>());
  EXPECT_EQ(report.derived, 1U);
  run("UPDATE recordings SET signature_verdict = 'altered'");
  EXPECT_TRUE(names(faults(), {"recording " + id.text(), "signature", "altered", "verified"}));
  run("UPDATE recordings SET signature_verdict = 'verified'");
  run("UPDATE derived_items SET content = '{\"verdict\":\"altered\"}'");
  EXPECT_TRUE(names(faults(), {"signature of recording " + id.text(), "is not what was derived"}));
}

TEST_F(AuditTest, WhatWasDerivedIsWhatTheCatalogAndItsFilesHave) {
  make_foreign_tables();
  const RecordingId id = admit(clerk_);
  derive(id);
  const SubjectId holder = crypto::new_id<SubjectId>();
  render(id, holder);
  EXPECT_EQ(faults(), std::vector<std::string>());
  EXPECT_EQ(check().derived, 4U);
  const auto said = [&](const std::string& sql, const std::vector<std::string>& words, const std::string& back) {
    run(sql);
    const std::vector<std::string> found = faults();
    EXPECT_TRUE(names(found, words)) << sql << "\n" << fmt::format("{}", fmt::join(found, "\n"));
    run(back);
  };
  const std::string of = " of recording " + id.text();
  expect_fault(
      {"UPDATE ledger_events SET event = REPLACE(event, '\"bytes\"', '\"bytet\"') WHERE type = 'recording.derived'"},
      {"probe" + of, "bytes 2, its events nothing"});
  said("UPDATE derived_items SET content = '{ }' WHERE kind = 'probe'", {"probe" + of, "is not what was derived"},
       "UPDATE derived_items SET content = '{}' WHERE kind = 'probe'");
  said("UPDATE derived_items SET content = NULL, object = 'derived/x' WHERE kind = 'probe'",
       {"probe" + of, "in the wrong place"},
       "UPDATE derived_items SET content = '{}', object = NULL WHERE kind = 'probe'");
  create({"CREATE TABLE kept AS SELECT object FROM derived_items WHERE kind = 'poster'"});
  const std::string back = "UPDATE derived_items SET object = (SELECT object FROM kept) WHERE kind = 'poster'";
  said("UPDATE derived_items SET object = '../catalog.db' WHERE kind = 'poster'", {"poster" + of, "is no name"}, back);
  said("UPDATE derived_items SET object = 'derived/none' WHERE kind = 'poster'", {"poster" + of, "is missing"}, back);
  said(
      "UPDATE derived_items SET object = (SELECT object FROM derived_items WHERE kind = 'filmstrip') WHERE kind = "
      "'poster'",
      {"poster" + of, "the stored bytes are not what was derived"}, back);
  said("UPDATE renditions SET holder = 'nobody'", {"rendition" + of, "holder nobody"},
       fmt::format("UPDATE renditions SET holder = '{}'", holder.text()));

  // Where its holder's right has ended it is gone, and that it was made still told.
  create({"CREATE TABLE kept_copy AS SELECT object FROM renditions"});
  ASSERT_TRUE(vault_->forget_renditions(holder));
  EXPECT_EQ(faults(), std::vector<std::string>());
  // A catalog without the constraint that keeps such a row from naming a file.
  create({"CREATE TABLE loose AS SELECT * FROM renditions", "DROP TABLE renditions",
          "ALTER TABLE loose RENAME TO renditions"});
  run("UPDATE renditions SET object = (SELECT object FROM kept_copy)");
  EXPECT_TRUE(names(faults(), {"rendition" + of, "is missing"}));
  run("UPDATE renditions SET recording = 'nobody'");
  EXPECT_TRUE(names(faults(), {"renditions: 1 rows name no recording of the agency"}));
  run("DELETE FROM renditions");
  EXPECT_TRUE(names(faults(), {"rendition" + of, "it was derived, and the catalog has no row"}));
}

TEST_F(AuditTest, WhatTheCatalogStoppedNamingBeforeItsFileWasReadIsNotLookedFor) {
  make_foreign_tables();
  const RecordingId id = admit(clerk_);
  derive(id);
  const SubjectId holder = crypto::new_id<SubjectId>();
  render(id, holder);
  const os::Path where = files();
  const std::string origin = terms(ashfield_).origin;
  // What the check says where this happens behind the reading of the rows and before that of the derived files.
  const auto faults_beside = [&](const std::function<void()>& change) {
    const auto report = check_catalog(
        {ashfield_, origin, *database_, *store_, *bucket_, where, [&](const CatalogReport&) { change(); }});
    EXPECT_TRUE(report) << message_of(report);
    return report ? report->faults : std::vector<std::string>{"none"};
  };
  EXPECT_EQ(faults_beside([&] { EXPECT_TRUE(vault_->forget_renditions(holder)); }), std::vector<std::string>());
  EXPECT_EQ(check().derived, 4U) << "that it was made is still told";

  const std::string poster = read([&](db::Transaction& tx) -> Result<std::string> {
    return TRY(tx.query("SELECT object FROM derived_items WHERE kind = 'poster' LIMIT 1"))[0].text("object");
  });
  EXPECT_EQ(faults_beside([&] {
              run("UPDATE derived_items SET object = 'derived/none' WHERE kind = 'poster'");
              EXPECT_TRUE(bucket_->remove(poster));
            }),
            std::vector<std::string>());
  const std::vector<std::string> missing = {"poster of recording " + id.text(), "derived/none is missing"};
  EXPECT_TRUE(names(faults(), missing)) << "of what it names from now on it is one";
  expect_check_told([&](const CatalogReport& report) { return names(report.faults, missing); });
  EXPECT_EQ(faults_beside([&] { run("DELETE FROM derived_items WHERE kind = 'poster'"); }), std::vector<std::string>());
  EXPECT_TRUE(names(faults(), {missing[0], "it was derived, and the catalog has no row"}));
}

TEST_F(AuditTest, AFileThatCannotBeReadIsAFaultAndAFolderThatCannotBeReadAFailure) {
  make_foreign_tables();
  derive(admit(clerk_));
  const os::Path where = files();
  const std::string origin = terms(ashfield_).origin;
  std::size_t failures = 0, unreadable = 0;
  for (const test::Op op : {test::Op::kOpen, test::Op::kRead, test::Op::kEnd}) {
    for (std::size_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 100U);
      const auto faulty = *test::FaultyDisk::over(*disk_, where);
      const auto bucket = *bucket::open_fs_bucket(*faulty, where);
      store::Store store(*bucket);
      std::size_t read = 0;
      faulty->inject({.op = op, .nth = nth});
      const auto report =
          check_catalog({ashfield_, origin, *database_, store, *bucket, where, [&](const CatalogReport&) { ++read; }});
      if (!faulty->has_failed()) {
        ASSERT_TRUE(report);
        EXPECT_EQ(report->faults, std::vector<std::string>());
        break;
      }
      EXPECT_EQ(read, 1U) << "each original, also one that could not be read";
      if (!report) {
        ++failures;
        continue;
      }
      EXPECT_EQ(report->faults.size(), 1U) << fmt::format("{}", fmt::join(report->faults, "\n"));
      ++unreadable;
    }
  }
  EXPECT_GE(failures, 1U);
  EXPECT_GE(unreadable, 9U) << "three files, opened, read and read to their ends";
}

TEST_F(AuditTest, FilesOfNobodyAreNotedWhateverTheirNames) {
  make_foreign_tables();
  const RecordingId id = admit(clerk_);
  const std::filesystem::path folder = files() / "objects" / ashfield_.slug;
  std::filesystem::create_directories(folder / "zz");
  for (const std::string& name : {std::string("stray"), id.text()}) std::ofstream(folder / "zz" / name) << "x";
  const CatalogReport report = check();
  EXPECT_EQ(report.faults, std::vector<std::string>());
  EXPECT_EQ(report.notes.size(), 2U);
  EXPECT_TRUE(names(report.notes, {"zz/stray", "no recording has this file"}));
  EXPECT_TRUE(names(report.notes, {"zz/" + id.text(), "no recording has this file"}));
}

TEST_F(AuditTest, OfVeryManyFaultsAndNotesAThousandAreTold) {
  make_foreign_tables();
  const std::filesystem::path folder = files() / "objects" / ashfield_.slug / "zz";
  std::filesystem::create_directories(folder);
  for (std::size_t i = 0; i <= kCatalogFaultsMax; ++i) std::ofstream(folder / std::to_string(i)) << "x";
  const std::string numbers =
      fmt::format("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {}) ", kCatalogFaultsMax);
  run(numbers + fmt::format("INSERT INTO people (id, agency, login, name, added_us) SELECT CAST(i AS TEXT), '{}', "
                            "CAST(i AS TEXT), 'x', 0 FROM n",
                            ashfield_.id.text()));
  run(numbers +
      fmt::format(
          "INSERT INTO devices (id, agency, serial, added_us) SELECT CAST(i AS TEXT), '{}', CAST(i AS TEXT), 0 FROM n",
          ashfield_.id.text()));
  const CatalogReport report = check();
  EXPECT_EQ(report.faults.size(), kCatalogFaultsMax);
  EXPECT_EQ(report.notes.size(), kCatalogFaultsMax);
}

}  // namespace
}  // namespace lapel::audit
