// SPDX-License-Identifier: Apache-2.0
// Whoever looks: views, exports, lists, and what of it stands in the record before it is answered.
#include "evidence/vault_for_tests.h"
#include "proof/receipt.h"
#include "roster/roles.h"
#include "test/watched_disk.h"

namespace lapel::evidence {
namespace {

using access::Purpose;
using access::Role;

class ViewsTest : public VaultTest {
 protected:
  static ViewRequest for_case(const std::string& number, std::optional<bool> inside_home = {}) {
    return {Purpose::kInvestigation, number, {}, inside_home};
  }
  std::vector<RecordingId> listed(const access::Actor& who, const ListQuery& query = {}) {
    std::vector<RecordingId> out;
    const auto page = vault_->list(who, query);
    EXPECT_TRUE(page) << message_of(page);
    for (const Recording& recording : page->items) out.push_back(recording.id);
    return out;
  }
  void publish() {
    ledger::Ledger& ledger = **ledgers_->find(ashfield_.id);
    const std::uint64_t now = sealed();
    ledger.start_publishing();
    clock_.advance_us(terms(ashfield_).beat_s * 1'000'000);
    // The publisher looks at the clock on its own thread.
    while (ledger.standing(ledger::Under::kPublished)->size < now) std::this_thread::yield();
  }

  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
  const access::Actor detective_ = enter("detective", {Role::kInvestigator});
  const access::Actor sergeant_ = enter("sergeant", {Role::kSupervisor});
};

TEST_F(ViewsTest, AViewIsSealedWithItsPurposeAndOpensToWhoAskedForIt) {
  const RecordingId id = admit(clerk_, {.incident = "22-117"});
  const auto view = vault_->open_view(detective_, id, {Purpose::kInvestigation, "22-117", "W-12", false});
  ASSERT_TRUE(view) << message_of(view);
  const Json viewed = events(id, "recording.viewed").at(0);
  EXPECT_EQ(text(viewed, "actor"), detective_.person.text());
  EXPECT_EQ(text(viewed, "purpose"), "investigation");
  EXPECT_EQ(text(viewed, "case"), "22-117");
  EXPECT_EQ(text(viewed, "warrant"), "W-12");
  EXPECT_EQ(text(viewed, "view"), view->id.text());
  auto opened = vault_->view(detective_, view->id);
  ASSERT_TRUE(opened) << message_of(opened);
  EXPECT_EQ(*store_->digest(opened->original), vault_->show(clerk_, id)->sha256);
  const auto anothers = vault_->view(clerk_, view->id), unknown = vault_->view(clerk_, crypto::new_id<ViewId>());
  EXPECT_EQ(code_of(anothers), Code::kNotFound);
  EXPECT_EQ(message_of(anothers), message_of(unknown));
}

TEST_F(ViewsTest, AViewEndsByItselfAndWithWhatItStoodOn) {
  const RecordingId first = admit(clerk_), second = admit(clerk_);
  const ViewId view = vault_->open_view(detective_, first, {})->id,
               other = vault_->open_view(detective_, second, {})->id;
  ASSERT_TRUE(change(clerk_, second, {.restriction = access::Restriction::kMinor}));
  EXPECT_EQ(code_of(vault_->view(detective_, other)), Code::kNotFound) << "they may not know of it any more";
  access::Actor narrower = detective_;
  narrower.scopes = {access::Action::kList};
  EXPECT_EQ(problem_of(vault_->view(narrower, view)), &problems::kRule);
  narrower.scopes.reset();
  narrower.roles = {Role::kCoordinator};
  EXPECT_EQ(problem_of(vault_->view(narrower, view)), &problems::kRule);
  clock_.advance_us(limits::kViewLifeUs - 1);
  EXPECT_TRUE(vault_->view(detective_, view));
  clock_.advance_us(1);
  EXPECT_EQ(code_of(vault_->view(detective_, view)), Code::kGone);
}

TEST_F(ViewsTest, WhatARuleRefusesIsSealedAndWhatIsHiddenIsNot) {
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711");
  const RecordingId id = admit(clerk_);
  const ViewRequest training = {Purpose::kTraining, "22-117", "W-12", {}};
  EXPECT_EQ(problem_of(vault_->open_view(detective_, id, training)), &problems::kRule);
  EXPECT_EQ(problem_of(vault_->open_export(sergeant_, id, {})), &problems::kRule);
  EXPECT_EQ(problem_of(vault_->to_share(sergeant_, id, {})), &problems::kRule) << "who may view may not share for that";
  std::vector<std::string> refused;
  for (const Json& event : events(id, "recording.refused")) {
    refused.push_back(fmt::format("{} {} for {}, case {}, warrant {}", text(event, "actor"), text(event, "action"),
                                  text(event, "purpose"), text(event, "case"), text(event, "warrant")));
    EXPECT_NE(text(event, "rule"), "nothing");
  }
  const std::string detective = detective_.person.text(), sergeant = sergeant_.person.text();
  EXPECT_EQ(refused, (std::vector<std::string>{detective + " view for training, case 22-117, warrant W-12",
                                               sergeant + " export for review, case nothing, warrant nothing",
                                               sergeant + " share for review, case nothing, warrant nothing"}));
  const std::uint64_t before = sealed();
  EXPECT_EQ(code_of(vault_->open_view(hill, id, {})), Code::kNotFound);
  EXPECT_EQ(problem_of(vault_->to_share(sergeant_, id, {}, Vault::Refusal::kUnsealed)), &problems::kRule)
      << "which nobody asked for";
  EXPECT_EQ(sealed(), before);
  EXPECT_TRUE(vault_->open_view(sergeant_, id, {}));
}

TEST_F(ViewsTest, FactsAStillAndAReceiptAreRefusedOnRecord) {
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711");
  const RecordingId id = admit(clerk_, {.wearer = "4711"});
  ASSERT_TRUE(change(clerk_, id, {.restriction = access::Restriction::kMinor}));
  EXPECT_EQ(problem_of(vault_->show(hill, id)), &problems::kRule);
  EXPECT_EQ(problem_of(vault_->poster(hill, id)), &problems::kRule);
  EXPECT_EQ(problem_of(vault_->receipt(hill, id, 0, ledger::Under::kSealed)), &problems::kRule);
  std::vector<std::string> denied;
  for (const Json& event : events(id, "recording.denied")) {
    EXPECT_EQ(text(event, "actor"), hill.person.text());
    denied.push_back(text(event, "action"));
  }
  EXPECT_EQ(denied, (std::vector<std::string>{"show", "poster", "receipt"}));
  // Whoever may not know of it learns nothing, and nothing of that is sealed.
  const std::uint64_t before = sealed();
  EXPECT_EQ(code_of(vault_->show(detective_, id)), Code::kNotFound);
  EXPECT_EQ(code_of(vault_->poster(detective_, id)), Code::kNotFound);
  EXPECT_EQ(sealed(), before);
  // Nobody fills a chain by asking on and on; a minute later they are told the rule again, and of another recording at once.
  const auto asked = static_cast<std::int64_t>(denied.size());
  for (std::int64_t n = asked; n < limits::kRefusalsAtOnce; ++n)
    ASSERT_EQ(problem_of(vault_->show(hill, id)), &problems::kRule) << n;
  EXPECT_EQ(problem_of(vault_->show(hill, id)), &problems::kLimited);
  EXPECT_EQ(static_cast<std::int64_t>(events(id, "recording.denied").size()), limits::kRefusalsAtOnce);
  EXPECT_TRUE(vault_->show(clerk_, id)) << "which slows nobody else";
  const RecordingId other = admit(clerk_, {.wearer = "4711"});
  ASSERT_TRUE(change(clerk_, other, {.restriction = access::Restriction::kMinor}));
  EXPECT_EQ(problem_of(vault_->show(hill, other)), &problems::kRule);
  EXPECT_EQ(events(other, "recording.denied").size(), 1U);
  clock_.advance_us(limits::kRefusalAgainS * 1'000'000);
  EXPECT_EQ(problem_of(vault_->show(hill, id)), &problems::kRule);
}

TEST_F(ViewsTest, TheFirstWordOnAHomeCountsAndIsSaidByWhoWasAsked) {
  const auto said = [&](const RecordingId& id) { return vault_->show(clerk_, id)->is_inside_home; };
  const RecordingId id = admit(clerk_, {.incident = "22-117"});
  EXPECT_EQ(problem_of(vault_->open_view(detective_, id, for_case("22-118"))), &problems::kInsideHome);
  EXPECT_EQ(problem_of(vault_->open_view(detective_, id, {Purpose::kTraining, {}, {}, true})), &problems::kRule);
  EXPECT_EQ(said(id), std::nullopt) << "of whoever gets nothing by it no word counts";
  EXPECT_EQ(problem_of(vault_->open_view(detective_, id, for_case("22-118", true))), &problems::kRule);
  EXPECT_EQ(said(id), true) << "what was answered stays said";
  EXPECT_EQ(problem_of(vault_->open_view(detective_, id, for_case("22-118", false))), &problems::kRule);
  EXPECT_EQ(said(id), true);
  EXPECT_TRUE(vault_->open_view(detective_, id, {Purpose::kInvestigation, "22-118", "W-12", {}}));
  EXPECT_TRUE(vault_->open_view(detective_, id, for_case("22-117")));

  const RecordingId street = admit(clerk_, {.incident = "22-117"});
  EXPECT_TRUE(vault_->open_view(detective_, street, for_case("22-118", false)));
  EXPECT_EQ(said(street), false);
  EXPECT_EQ(types(street), (std::vector<std::string>{"recording.admitted", "recording.changed", "recording.viewed"}));
  EXPECT_TRUE(vault_->open_view(detective_, street, for_case("22-117", true)));
  EXPECT_EQ(said(street), true) << "that it is one after all can be said later";
}

TEST_F(ViewsTest, AnExportIsOfWhatIsPublishedAndNamesEverybodyInIt) {
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711");
  const RecordingId id = admit(clerk_, {.device = "X81234", .wearer = "4711"});
  ASSERT_TRUE(vault_->open_view(detective_, id, {}));
  const auto view = vault_->open_export(clerk_, id, {});
  ASSERT_TRUE(view) << message_of(view);
  EXPECT_EQ(types(id).back(), "recording.exported");
  EXPECT_EQ(problem_of(vault_->export_files(clerk_, view->id)), &problems::kNotSealed);
  publish();
  const auto files = vault_->export_files(clerk_, view->id);
  ASSERT_TRUE(files) << message_of(files);
  // Another's, and one that was no export.
  EXPECT_EQ(code_of(vault_->export_files(detective_, view->id)), Code::kNotFound);

  const Json manifest = *parse_json(files->at("manifest.json"));
  std::vector<std::string> chapters;
  for (const Json& chapter : *manifest.find("subjects")->array()) {
    const std::string subject = text(chapter, "subject");
    EXPECT_TRUE(chapters.empty() || chapters.back().substr(0, 32) < subject) << "in order";
    chapters.push_back(fmt::format("{} {} {} {}", subject, text(chapter, "kind"), text(chapter, "role"),
                                   chapter.find("rows")->array()->size()));
    for (const Json& row : *chapter.find("rows")->array()) {
      const std::string path = fmt::format("subjects/{}/{}.tlog-proof", subject, *Json(row).integer());
      ASSERT_TRUE(files->contains(path)) << path;
      const auto verified = proof::verify_receipt(files->at(path), {(*ledgers_->find(ashfield_.id))->key(), {}});
      EXPECT_TRUE(verified) << path;
    }
  }
  const auto camera = read([&](db::Transaction& tx) { return roster::device_by_serial(tx, ashfield_.id, "X81234"); });
  std::vector<std::string> wanted = {id.text() + " recording exported 3", camera->id.text() + " device named 1",
                                     ashfield_.console.text() + " person named 1",
                                     clerk_.person.text() + " person named 1",
                                     detective_.person.text() + " person named 1"};
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(chapters, wanted) << "whoever is in no event of it is not in it: " << hill.person.text();
  EXPECT_EQ(files->size(), 2U + 3 + 4);
  EXPECT_EQ(text((*manifest.find("originals")->array())[0], "subject"), id.text());
}

TEST_F(ViewsTest, WhatIsDamagedDoesNotLeaveTheAgency) {
  const RecordingId id = admit(clerk_);
  damage(object(id));
  const std::uint64_t before = sealed();
  EXPECT_EQ(problem_of(vault_->open_export(clerk_, id, {})), &problems::kObjectDamaged);
  const auto to_share = vault_->to_share(clerk_, id, {});
  ASSERT_TRUE(to_share) << "what stands in the catalog is not read for asking";
  EXPECT_EQ(problem_of(vault_->require_undamaged(clerk_, *to_share)), &problems::kObjectDamaged);
  EXPECT_EQ(sealed(), before);
  EXPECT_EQ(count("views"), 0);
  std::filesystem::resize_file(object(id), 3);
  const ViewId view = vault_->open_view(clerk_, id, {})->id;
  EXPECT_EQ(problem_of(vault_->view(clerk_, view)), &problems::kObjectDamaged);
}

TEST_F(ViewsTest, AnExportIsAskedForAgainWhenItHasBeenRead) {
  test::WatchedDisk watched;
  const auto watched_bucket = *bucket::open_fs_bucket(watched, files());
  store::Store watched_store(*watched_bucket);
  Vault vault({*database_, watched_store, *watched_bucket, *queue_, *ledgers_, clock_});
  const RecordingId locked = admit(clerk_), kept = admit(clerk_);
  // What happens while the file is read to its end.
  watched.before_open = [&] { ASSERT_TRUE(change(clerk_, locked, {.restriction = access::Restriction::kMinor})); };
  EXPECT_EQ(problem_of(vault.open_export(clerk_, locked, {})), &problems::kRule);
  EXPECT_FALSE(watched.before_open) << "it was locked meanwhile";
  EXPECT_EQ(types(locked).back(), "recording.refused");

  watched.before_open = [&] {
    write([&](db::Transaction& tx) {
      return roster::change_roles(tx, clerk_.person, {Role::kRecords}, {Role::kCoordinator});
    });
  };
  EXPECT_EQ(problem_of(vault.open_export(clerk_, kept, {})), &problems::kRule);
  EXPECT_EQ(text(events(kept, "recording.refused").at(0), "actor"), clerk_.person.text());

  write([&](db::Transaction& tx) {
    return roster::change_roles(tx, clerk_.person, {Role::kCoordinator}, {Role::kRecords});
  });
  // A credential that covers nothing else is enough for both times.
  access::Actor narrow = clerk_;
  narrow.scopes = {access::Action::kExport};
  EXPECT_TRUE(vault.open_export(narrow, kept, {}));
  watched.before_open = [&] {
    write([&](db::Transaction& tx) { return roster::deactivate_person(tx, clerk_.person, clock_.now()); });
  };
  EXPECT_EQ(code_of(vault.open_export(clerk_, kept, {})), Code::kUnauthenticated);
  EXPECT_EQ(count("views"), 1);
}

TEST_F(ViewsTest, WhatWasLockedAfterItWasSharedGoesToItsRecipientNoMore) {
  const RecordingId id = admit(clerk_), unknown = crypto::new_id<RecordingId>();
  access::Actor recipient;
  recipient.agency = ashfield_.id;
  recipient.agency_slug = ashfield_.slug;
  recipient.share = crypto::new_id<ShareId>();
  EXPECT_TRUE(vault_->require_receivable(recipient, id, {}));
  EXPECT_EQ(code_of(vault_->require_receivable(recipient, unknown, {})), Code::kNotFound);
  ASSERT_TRUE(change(clerk_, id, {.restriction = access::Restriction::kMinor}));
  EXPECT_EQ(problem_of(vault_->require_receivable(recipient, id, {})), &problems::kRule);
  EXPECT_EQ(problem_of(vault_->require_receivable(recipient, id, access::Restriction::kMedical)), &problems::kRule);
  EXPECT_TRUE(vault_->require_receivable(recipient, id, access::Restriction::kMinor)) << "it was shared as that";
}

TEST_F(ViewsTest, AReceiptIsOfAnEventThatThereIs) {
  const RecordingId id = admit(clerk_);
  const auto receipt = vault_->receipt(clerk_, id, 0, ledger::Under::kSealed);
  ASSERT_TRUE(receipt) << message_of(receipt);
  const auto verified = proof::verify_receipt(*receipt, {(*ledgers_->find(ashfield_.id))->key(), {}});
  ASSERT_TRUE(verified);
  EXPECT_EQ(text(verified->event, "subject"), id.text());
  EXPECT_EQ(code_of(vault_->receipt(clerk_, id, 1, ledger::Under::kSealed)), Code::kNotFound);
  EXPECT_EQ(problem_of(vault_->receipt(clerk_, id, 0, ledger::Under::kPublished)), &problems::kNotSealed);
}

TEST_F(ViewsTest, CustodyNamesWhoActedAsTheyAreCalledToday) {
  const RecordingId id = admit(clerk_);
  ASSERT_TRUE(vault_->open_view(detective_, id, {}));
  run(fmt::format("UPDATE people SET name = 'Of the new name' WHERE id = '{}'", detective_.person.text()));
  const auto custody = vault_->custody(clerk_, id);
  ASSERT_TRUE(custody) << message_of(custody);
  std::vector<std::string> told;
  for (const CustodyItem& item : *custody)
    told.push_back(item.event.type + " by " + item.actor_name.value_or("nobody"));
  EXPECT_EQ(told, (std::vector<std::string>{"recording.admitted by Of clerk", "recording.viewed by Of the new name"}));
}

// ---- lists ----

TEST_F(ViewsTest, AListComesByThePageWithoutGapsAndEachQueryIsInTheAskersOwnChain) {
  std::vector<RecordingId> all;
  for (int i = 0; i < 5; ++i) {
    all.insert(all.begin(), admit(clerk_, {.recorded_at = clock_.now() + i / 2, .category = "arrest"}));
  }
  std::sort(all.begin(), all.end(), [&](const RecordingId& a, const RecordingId& b) {
    const auto at = [&](const RecordingId& id) { return *vault_->show(clerk_, id)->description.recorded_at; };
    return std::pair(at(a), a.text()) > std::pair(at(b), b.text());
  });
  ListQuery query;
  query.category = "arrest";
  query.limit = 2;
  std::vector<RecordingId> seen;
  do {
    const auto page = vault_->list(clerk_, query);
    ASSERT_TRUE(page) << message_of(page);
    for (const Recording& recording : page->items) seen.push_back(recording.id);
    query.cursor = page->next;
  } while (!query.cursor.empty());
  EXPECT_EQ(seen, all);
  const std::vector<Json> listings = events(clerk_.person, "recordings.listed");
  ASSERT_EQ(listings.size(), 3U);
  EXPECT_EQ(text(listings[2], "category"), "arrest");
  EXPECT_EQ(*listings[2].find_integer("items"), 1);
  query.cursor = "1.x";
  EXPECT_EQ(code_of(vault_->list(clerk_, query)), Code::kInvalid);
  EXPECT_EQ(events(clerk_.person, "recordings.listed").size(), 3U);
}

TEST_F(ViewsTest, AListHoldsWhatItsAskerIsShownOneByOneAndNothingElse) {
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711"),
                      inspector = enter("inspector", {Role::kInternalAffairs, Role::kOfficer}, "4712"),
                      cleared = enter("cleared", {Role::kInvestigator}), boss = enter("boss", {Role::kAdministrator});
  clear(cleared, access::Restriction::kMinor);
  std::vector<RecordingId> all;
  for (const char* kind : {"", "minor", "internal_affairs"}) {
    for (const char* badge : {"", "4711", "4712"}) {
      const auto wearer = *badge ? std::optional<std::string>(badge) : std::nullopt;
      const RecordingId first = admit(clerk_, {.wearer = wearer});
      all.push_back(first);
      all.push_back(admit(clerk_, {.wearer = "4712", .group = first}));
      if (!*kind) continue;
      run(fmt::format("UPDATE recordings SET restriction = '{}', state = 'restricted' WHERE id = '{}'", kind,
                      first.text()));
    }
  }
  for (const access::Actor& who : {clerk_, detective_, sergeant_, hill, inspector, cleared}) {
    std::set<RecordingId> shown;
    for (const RecordingId& id : all) {
      if (vault_->show(who, id)) shown.insert(id);
    }
    const auto list = listed(who);
    EXPECT_EQ(std::set<RecordingId>(list.begin(), list.end()), shown) << who.login;
    EXPECT_EQ(*vault_->shown_of(who, all), shown) << who.login;
  }
  EXPECT_EQ(problem_of(vault_->list(boss, {})), &problems::kRule);
  EXPECT_TRUE(vault_->shown_of(boss, all)->empty());
}

TEST_F(ViewsTest, TheListOfAnotherTellsNoRowThatIsNotInTheLookersOwn) {
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711"), chief = enter("chief", {Role::kAdministrator});
  const RecordingId own = admit(clerk_, {.wearer = "4711"}), nobodys = admit(clerk_);
  const auto theirs = vault_->list_of_other(sergeant_, hill, {});
  ASSERT_TRUE(theirs) << message_of(theirs);
  EXPECT_EQ(std::pair(theirs->total, theirs->hidden), std::pair(std::int64_t{1}, std::int64_t{0}));
  const auto of_sergeant = vault_->list_of_other(hill, sergeant_, {});
  ASSERT_TRUE(of_sergeant) << message_of(of_sergeant);
  EXPECT_EQ(std::pair(of_sergeant->total, of_sergeant->hidden), std::pair(std::int64_t{2}, std::int64_t{1}));
  ASSERT_EQ(of_sergeant->items.size(), 1U) << "not " << nobodys.text();
  EXPECT_EQ(of_sergeant->items[0].recording.id, own);
  const auto without_list = vault_->list_of_other(chief, hill, {});
  EXPECT_TRUE(without_list->items.empty());
  EXPECT_EQ(without_list->hidden, 1);
  EXPECT_EQ(vault_->list_of_other(clerk_, hill, {})->items.at(0).recording.id, own);
  // In the chains of both, by one act.
  const Json looked = events(clerk_.person, "list.viewed_as").at(0),
             was_looked_at = events(hill.person, "list.viewed_as").back();
  EXPECT_EQ(text(looked, "person"), hill.person.text());
  EXPECT_EQ(text(looked, "act"), text(was_looked_at, "act"));
  EXPECT_EQ(text(was_looked_at, "actor"), clerk_.person.text());
}

TEST_F(ViewsTest, WhatNobodyIsAssignedToIsCountedByTheDayButNotWhatIsLocked) {
  enter("hill", {Role::kOfficer}, "4711");
  admit(clerk_);
  admit(clerk_, {.wearer = "4711"});
  clock_.advance_us(86'400LL * 1'000'000);
  admit(clerk_);
  const RecordingId locked = admit(clerk_);
  ASSERT_TRUE(change(clerk_, locked, {.restriction = access::Restriction::kMinor}));
  const auto days = vault_->unattributed_days(detective_);
  ASSERT_TRUE(days) << message_of(days);
  std::vector<std::int64_t> open;
  for (const UnattributedDay& day : *days) open.push_back(day.open);
  EXPECT_EQ(open, (std::vector<std::int64_t>{1, 1})) << "the newest first";
  EXPECT_GT(days->at(0).day, days->at(1).day);
}

}  // namespace
}  // namespace lapel::evidence
