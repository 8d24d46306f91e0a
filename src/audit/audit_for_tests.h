// SPDX-License-Identifier: Apache-2.0
#pragma once
// An agency's record, the check of its catalog, and what changes behind the ledger's back. For the tests of this room.
//
// Owns: as the vault's.
// Promises: as the vault's. Tables of rooms above are as much of them as the check reads.
// Fails with: a failed test.
// Threads: one.

#include <algorithm>
#include <string>
#include <vector>

#include "audit/acts.h"
#include "audit/check.h"
#include "audit/facts_check.h"
#include "evidence/renditions.h"
#include "evidence/vault_for_tests.h"

namespace lapel::audit {

using access::Purpose;
using access::Role;
using evidence::message_of;

class CheckedRecord : public evidence::VaultTest {
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
  // What a media worker makes of the recording admitted last.
  void derive(const RecordingId& id) {
    const auto item = [](evidence::DerivedKind kind, std::string_view bytes) {
      return evidence::Derived{kind, "lapel-media", "1.0", "--probe", Bytes(bytes.begin(), bytes.end())};
    };
    evidence::MediaFacts facts;
    facts.verdict = "whole";
    const auto done = vault_->derive(
        console(), {**queue_->lease(evidence::kMediaJob),
                    id,
                    facts,
                    {item(evidence::DerivedKind::kProbe, "{}"), item(evidence::DerivedKind::kPoster, "a still"),
                     item(evidence::DerivedKind::kFilmstrip, "many stills")}});
    ASSERT_TRUE(done) << message_of(done);
  }
  // What one more check of its camera's signature found.
  void check_signature(const RecordingId& id, const std::string& verdict) {
    write([&](db::Transaction& tx) { return queue_->enqueue_again(tx, {evidence::kSignatureJob, ashfield_.id, id}); });
    const std::string found = fmt::format(R"({{"verdict":"{}"}})", verdict);
    evidence::Derivation derivation;
    derivation.lease = **queue_->lease(evidence::kSignatureJob);
    derivation.recording = id;
    derivation.items = {
        {evidence::DerivedKind::kSignature, "lapel-media", "1.0", "--signature", Bytes(found.begin(), found.end())}};
    derivation.signature = evidence::SignatureFacts{verdict, std::string(64, '1'), evidence::KeyStanding::kUnknown};
    const auto done = vault_->derive(console(), derivation);
    ASSERT_TRUE(done) << message_of(done);
  }
  // A marked copy for somebody.
  void render(const RecordingId& id, const SubjectId& holder) {
    write([&](db::Transaction& tx) -> Result<void> {
      TRY(evidence::ask_rendition(tx, *queue_, {ashfield_.id, id, holder, {"Jane Doe"}}));
      return {};
    });
    const std::string_view bytes = "a marked film";
    const os::Path path = directory_ / crypto::new_id<ActId>().text();
    ASSERT_TRUE(os::write_new_file(*disk_, path, as_bytes(bytes)));
    const auto kept = vault_->keep_rendition(console(), **queue_->lease(evidence::kRenditionJob),
                                             {path, bytes.size(), "lapel-media", "1.0", "--rendition"});
    ASSERT_TRUE(kept) << message_of(kept);
  }
  roster::Dock enter_dock() {
    const ByteArray<32> key = crypto::SigningKey::from_seed(crypto::random_bytes<32>()).public_key();
    const roster::Dock dock{crypto::new_id<DockId>(), ashfield_.id, "east door", key};
    seal(ashfield_.console,
         {{dock.id, "identity.bound", {{"name", dock.name}, {"from", ledger_time(clock_.now())}}, true},
          {dock.id, "dock.enrolled", {{"key", base64(key)}}, false}},
         ashfield_, [&](db::Transaction& tx, auto) { return roster::add_dock(tx, dock, clock_.now()); });
    return dock;
  }
  // As before admissions told whose a recording is: that followed from the badge.
  RecordingId admit_as_before(const std::optional<std::string>& wearer, const std::optional<PersonId>& officer) {
    const evidence::Admission made = file(fmt::format("old footage {}", wearer.value_or("of nobody")));
    EXPECT_TRUE(store_->put(ashfield_.slug, made.recording, made.source));
    Json::Object fields = {{"bytes", made.source.bytes},
                           {"chain_starts_at", "server"},
                           {"received_at", ledger_time(made.received_at)},
                           {"sha256", hex(made.sha256)}};
    if (wearer) fields.emplace("wearer", *wearer);
    seal(clerk_.person, {{made.recording, "recording.admitted", std::move(fields), true}}, ashfield_,
         [&](db::Transaction& tx, auto) -> Result<void> {
           TRY(tx.run(
               "INSERT INTO recordings (id, agency, sha256, bytes, codec, filename, filetype, received_us, sort_us, "
               "uploader, wearer, assigned_officer, chain_starts_at, state, more) VALUES (:id, :agency, :sha256, "
               ":bytes, 'plain', '', '', :now, :now, :uploader, :wearer, :officer, 'server', 'sealed', '{}')",
               {{"id", made.recording.text()},
                {"agency", ashfield_.id.text()},
                {"sha256", hex(made.sha256)},
                {"bytes", made.source.bytes},
                {"now", made.received_at.us},
                {"uploader", clerk_.person.text()},
                {"wearer", wearer},
                {"officer", officer ? std::optional(officer->text()) : std::nullopt}}));
           return {};
         });
    return made.recording;
  }
  CatalogReport check() {
    const os::Path where = files();
    const std::string origin = terms(ashfield_).origin;
    const auto report = check_catalog({ashfield_, origin, *database_, *store_, *bucket_, where, {}});
    EXPECT_TRUE(report) << message_of(report);
    return *report;
  }
  std::vector<std::string> faults() { return check().faults; }
  // The whole check with each of its statements refused once: it is told; and with none, it comes to what `is_right` says.
  void expect_check_told(const std::function<bool(const CatalogReport&)>& is_right) {
    const os::Path where = files();
    const std::string origin = terms(ashfield_).origin;
    for (std::size_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 1'000U);
      database_->refuse(nth, test::RefusingCatalog::Whose::kThisThread);
      const auto report = check_catalog({ashfield_, origin, *database_, *store_, *bucket_, where, {}});
      database_->heal();
      ASSERT_EQ(report.has_value(), !database_->has_refused()) << nth;
      if (!report) continue;
      EXPECT_TRUE(is_right(*report)) << fmt::format("{}", fmt::join(report->faults, "\n"));
      return;
    }
  }
  // Rows are changed, the check names them in these words, and they are as they were.
  void expect_named(const std::vector<std::string>& changes, const std::vector<std::string>& words) {
    const std::vector<std::string> found = faults_after(changes, facts);
    EXPECT_TRUE(names(found, words)) << fmt::format("{}\n{}", fmt::join(changes, "; "), fmt::join(found, "\n"));
  }
  void expect_named(const std::string& change, const std::vector<std::string>& words) {
    expect_named(std::vector{change}, words);
  }
  static Result<void> facts(db::Transaction& tx, const AgencyId& agency,
                            const std::function<void(std::string)>& fault) {
    return check_facts(tx, agency.text(), fault, [](const std::string&) {});
  }

  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
  const access::Actor detective_ = enter("detective", {Role::kInvestigator});
};

}  // namespace lapel::audit
