// SPDX-License-Identifier: Apache-2.0
#pragma once
// The vault over a catalog, a store and ledgers of its own, with two agencies. For the tests of whatever stands on it.
//
// Owns: a scratch directory.
// Promises: time stands still until the test moves it. Who is entered is so in the catalog and in the ledger, as by the programs.
// Fails with: a failed test.
// Threads: one.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/problems.h"
#include "bucket/fs_bucket.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "db/catalog_for_tests.h"
#include "evidence/vault.h"
#include "proof/entry.h"
#include "roster/file_requests.h"
#include "roster/proposals.h"
#include "test/refusing_catalog.h"

namespace lapel::evidence {

// How something was refused; nullptr where it was done.
template <typename T>
const Problem* problem_of(const Result<T>& result) {
  return result ? nullptr : result.error().problem;
}
template <typename T>
std::optional<Code> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code());
}
template <typename T>
std::string message_of(const Result<T>& result) {
  return result ? "" : result.error().message;
}

// A description of which most is left out.
struct Said {
  std::string filename = {}, filetype = {};
  std::optional<Timestamp> recorded_at = {};
  std::optional<std::string> device = {}, wearer = {}, incident = {}, category = {};
  std::optional<RecordingId> group = {};

  operator Description() const {
    return {filename, filetype, recorded_at, device, wearer, incident, category, group, {}};
  }
};

// A change with a reason, of which most is left out.
struct Wanted {
  std::optional<std::string> category = {}, incident = {};
  std::optional<bool> inside_home = {}, victim_sensitive = {};
  std::optional<std::optional<PersonId>> officer = {};
  std::optional<std::optional<access::Restriction>> restriction = {};
  std::string reason = "told by the test";
};

class VaultTest : public testing::Test {
 protected:
  using Roles = std::set<access::Role>;

  VaultTest() {
    std::filesystem::create_directories(directory_);
    catalog_.emplace(directory_, db::CatalogForTests::Modules{{"roster", roster::schema()},
                                                              {"ledger", ledger::schema()},
                                                              {"jobs", jobs::schema()},
                                                              {"evidence", schema()},
                                                              {"holds", roster::holds_schema()},
                                                              {"file requests", roster::file_requests_schema()}});
    real_database_ = catalog_->open();
    database_ = std::make_unique<test::RefusingCatalog>(*real_database_);
    bucket_ = *bucket::open_fs_bucket(*disk_, files());
    store_.emplace(*bucket_);
    queue_ = std::make_unique<jobs::Queue>(*database_, clock_);
    ledgers_ = std::make_unique<ledger::Ledgers>([this](const AgencyId& id) { return open_ledger(id); }, clock_);
    vault_.emplace(Vault::Parts{*database_, *store_, *bucket_, *queue_, *ledgers_, clock_});
    add(ashfield_);
  }
  ~VaultTest() override {
    ledgers_.reset();
    std::filesystem::remove_all(directory_);
  }

  // As much of the tables of signing in as the check of a catalog reads: its room is above.
  void make_tables_of_signing_in() {
    create(
        {"CREATE TABLE tokens (id TEXT NOT NULL PRIMARY KEY, person TEXT, scopes TEXT, created_us BIGINT, "
         "expires_us BIGINT, revoked_us BIGINT, is_sealed BIGINT)",
         "CREATE TABLE signin_rules (agency TEXT NOT NULL PRIMARY KEY, second_factor TEXT, banner TEXT, idle_days "
         "BIGINT)",
         "CREATE TABLE sign_in_providers (agency TEXT NOT NULL PRIMARY KEY, version TEXT, name TEXT, issuer TEXT, "
         "client_id TEXT, settings TEXT)"});
  }

  void write(const std::function<Result<void>(db::Transaction&)>& body) {
    const Result<void> written = database_->write(body);
    ASSERT_TRUE(written) << written.error().text();
  }
  void create(std::initializer_list<std::string> tables) {
    write([&](db::Transaction& tx) -> Result<void> {
      for (const std::string& table : tables) TRY(tx.run(table));
      return {};
    });
  }
  void run(const std::string& sql) {
    write([&](db::Transaction& tx) -> Result<void> {
      EXPECT_GE(TRY(tx.run(sql)), 1) << sql;
      return {};
    });
  }
  // What `body` finds: Transaction& -> Result of it.
  template <typename Body>
  auto read(const Body& body) {
    std::optional<typename decltype(body(std::declval<db::Transaction&>()))::value_type> out;
    const Result<void> done = database_->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(body(tx));
      return {};
    });
    EXPECT_TRUE(done) << message_of(done);
    return *std::move(out);
  }
  // What a room's check_record() finds.
  template <typename Check>
  std::vector<std::string> faults_by(const Check& check) {
    std::vector<std::string> out;
    read([&](db::Transaction& tx) -> Result<int> {
      TRY(check(tx, ashfield_.id, [&](std::string fault) { out.push_back(std::move(fault)); }));
      return 0;
    });
    return out;
  }
  // What it finds where rows were changed: the change is never committed.
  template <typename Check>
  std::vector<std::string> faults_after(const std::vector<std::string>& changes, const Check& check) {
    std::vector<std::string> out;
    const auto done = database_->write([&](db::Transaction& tx) -> Result<void> {
      std::int64_t changed = 0;
      for (const std::string& sql : changes) changed += TRY(tx.run(sql));
      EXPECT_GE(changed, 1) << fmt::format("{}", fmt::join(changes, "; "));
      TRY(check(tx, ashfield_.id, [&](std::string fault) { out.push_back(std::move(fault)); }));
      return fail(Code::kInternal, "as it was");
    });
    EXPECT_EQ(message_of(done), "as it was") << fmt::format("{}", fmt::join(changes, "; "));
    return out;
  }
  // One of them has all the words.
  static bool names(const std::vector<std::string>& faults, const std::vector<std::string>& words) {
    return std::any_of(faults.begin(), faults.end(), [&](const std::string& fault) {
      return std::all_of(words.begin(), words.end(),
                         [&](const std::string& word) { return fault.find(word) != fault.npos; });
    });
  }
  // A check that cannot read what it compares has found out nothing, and says so: each of its statements is refused once.
  template <typename Check>
  void expect_refusals_told(const Check& check, std::size_t least) {
    for (std::size_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 1'000U);
      database_->refuse(nth, test::RefusingCatalog::Whose::kThisThread);
      const auto done =
          database_->read([&](db::Transaction& tx) { return check(tx, ashfield_.id, [](const std::string&) {}); });
      database_->heal();
      ASSERT_EQ(done.has_value(), !database_->has_refused()) << nth;
      if (!done) continue;
      EXPECT_GT(nth, least);
      return;
    }
  }
  std::int64_t count(const std::string& from) {
    return read([&](db::Transaction& tx) -> Result<std::int64_t> {
      return TRY(tx.query("SELECT COUNT(*) AS n FROM " + from))[0].integer("n");
    });
  }

  // An agency with its ledger, which begins with the name of its console.
  void add(const roster::Agency& agency) {
    write([&](db::Transaction& tx) -> Result<void> {
      TRY(roster::add_agency(tx, agency));
      return ledger::Ledger::create(tx, agency.id, terms(agency),
                                    {terms(agency).origin, proof::KeyType::kLog,
                                     crypto::SigningKey::from_seed(secrets_.at(agency.id).log_seed).public_key()});
    });
    const std::string now = ledger_time(clock_.now());
    seal(agency.console, {{agency.console, "identity.bound", {{"name", "server console"}, {"from", now}}, true}},
         agency);
  }

  // ---- people, cameras, and what they are assigned ----

  // With the roles held now.
  access::Actor actor(const SubjectId& id) {
    return read([&](db::Transaction& tx) { return roster::actor(tx, id); });
  }
  // As the server itself acts, which is no person of the roster.
  access::Actor console() const {
    access::Actor out;
    out.agency = ashfield_.id;
    out.agency_slug = ashfield_.slug;
    out.person = ashfield_.console;
    return out;
  }
  access::Actor enter(const std::string& login, const Roles& roles, const std::optional<std::string>& badge = {}) {
    return enter(ashfield_, login, roles, badge);
  }
  // Of another agency on the same server.
  access::Actor enter_elsewhere(const std::string& login, const Roles& roles) {
    if (count("agencies") == 1) add(otherton_);
    return enter(otherton_, login, roles, {});
  }
  access::Actor enter(const roster::Agency& agency, const std::string& login, const Roles& roles,
                      const std::optional<std::string>& badge = {}) {
    const roster::Person person{crypto::new_id<PersonId>(), agency.id, login, "Of " + login, badge, roles};
    Json::Object bound = {{"name", person.name}, {"from", ledger_time(clock_.now())}};
    if (badge) bound.emplace("badge", *badge);
    Json::Array names;
    for (const access::Role role : roles) names.emplace_back(access::role_name(role));
    seal(agency.console,
         {{person.id, "identity.bound", std::move(bound), true},
          {person.id, "person.roles", {{"roles", std::move(names)}}, false}},
         agency, [&](db::Transaction& tx, auto) { return roster::add_person(tx, person, clock_.now()); });
    return actor(person.id);
  }
  AssignmentId assign(const access::Actor& person, roster::AssignmentKind kind, const std::string& target,
                      Timestamp from = {}) {
    const roster::Assignment made{crypto::new_id<AssignmentId>(), person.agency, person.person, kind, target, from, {}};
    Json::Object fields = {
        {"assignment", made.id.text()}, {"kind", roster::assignment_kind_name(kind)}, {"from", ledger_time(from)}};
    if (!target.empty()) fields.emplace("target", target);
    seal(ashfield_.console, {{person.person, "assignment.began", std::move(fields), false}}, ashfield_,
         [&](db::Transaction& tx, auto) { return roster::begin_assignment(tx, made); });
    return made.id;
  }
  void clear(const access::Actor& person, access::Restriction kind) {
    assign(person, roster::AssignmentKind::kClearance, std::string(access::restriction_name(kind)));
  }

  // ---- recordings ----

  // A synced file of these bytes, as whoever delivers it describes it.
  Admission file(std::string_view bytes, const Said& description = {}) {
    Admission out;
    out.recording = crypto::new_id<RecordingId>();
    out.source = {directory_ / out.recording.text(), bytes.size()};
    EXPECT_TRUE(os::write_new_file(*disk_, out.source.path, as_bytes(bytes)));
    out.sha256 = crypto::sha256(as_bytes(bytes));
    out.received_at = clock_.now();
    out.description = description;
    return out;
  }
  Result<void> try_admit(const access::Actor& actor, const Admission& admission) {
    return vault_->admit(actor, admission, [](db::Transaction&, const RecordingId&) -> Result<void> { return {}; });
  }
  RecordingId admit(const access::Actor& actor, const Said& description = {}) {
    const Admission admission = file(fmt::format("footage {}", ++admitted_), description);
    const Result<void> done = try_admit(actor, admission);
    EXPECT_TRUE(done) << message_of(done);
    return admission.recording;
  }
  Result<Recording> change(const access::Actor& who, const RecordingId& id, const Wanted& wanted) {
    return vault_->change(who, id,
                          {wanted.category, wanted.incident, wanted.inside_home, wanted.victim_sensitive,
                           wanted.officer, wanted.restriction, wanted.reason});
  }
  std::filesystem::path object(const RecordingId& id) {
    return files() / store::object_name(ashfield_.slug, SubjectId(id));
  }
  void damage(const std::filesystem::path& path) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    std::fstream stored(path, std::ios::binary | std::ios::in | std::ios::out);
    ASSERT_TRUE(stored.put('\xa5')) << path;
  }

  // ---- the record ----

  void seal(const SubjectId& by, std::vector<ledger::Draft> events, const roster::Agency& agency,
            ledger::RowsStep rows = {}) {
    ledger::Submission submission;
    submission.actor = by;
    submission.events = std::move(events);
    submission.rows = std::move(rows);
    const auto sealed = (*ledgers_->find(agency.id))->commit(std::move(submission));
    ASSERT_TRUE(sealed) << sealed.error().text();
  }
  // The events of a chain, of one type or of all.
  std::vector<Json> events(const SubjectId& subject, std::string_view type = {}) {
    std::vector<Json> out;
    for (const ledger::SealedEvent& sealed : chain(subject)) {
      if (type.empty() || sealed.type == type) out.push_back(*proof::parse_event(sealed.event));
    }
    return out;
  }
  std::vector<std::string> types(const SubjectId& subject) {
    std::vector<std::string> out;
    for (const ledger::SealedEvent& sealed : chain(subject)) out.push_back(sealed.type);
    return out;
  }
  std::vector<ledger::SealedEvent> chain(const SubjectId& subject) {
    return *(*ledgers_->find(ashfield_.id))->events(subject, 0, 10'000);
  }
  static std::string text(const Json& event, std::string_view name) {
    const std::string* found = event.find_string(name);
    return found ? *found : "nothing";
  }
  // Of everything that was ever sealed in the agency.
  std::uint64_t sealed() { return (*ledgers_->find(ashfield_.id))->head()->size; }

  std::filesystem::path files() const { return directory_ / "files"; }
  static ledger::Terms terms(const roster::Agency& agency) {
    return {.origin = "ledger.example/" + agency.slug, .slug = agency.slug};
  }

  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / fmt::format("lapel-vault-{}", hex(crypto::random_bytes<8>()));
  const roster::Agency ashfield_{crypto::new_id<AgencyId>(), "Ashfield", "ashfield", true, crypto::new_id<PersonId>()};
  const roster::Agency otherton_{crypto::new_id<AgencyId>(), "Otherton", "otherton", false, crypto::new_id<PersonId>()};
  const std::map<AgencyId, ledger::Secrets> secrets_ = {
      {ashfield_.id, {crypto::random_bytes<32>(), crypto::random_bytes<32>()}},
      {otherton_.id, {crypto::random_bytes<32>(), crypto::random_bytes<32>()}}};
  std::optional<db::CatalogForTests> catalog_;
  ManualClock clock_{{1'670'000'000'000'000}};
  const std::unique_ptr<os::Disk> disk_ = os::real_disk();
  std::unique_ptr<db::Database> real_database_;
  std::unique_ptr<test::RefusingCatalog> database_;  // what everything below works on
  std::unique_ptr<bucket::Bucket> bucket_;
  std::optional<store::Store> store_;
  std::unique_ptr<jobs::Queue> queue_;
  std::unique_ptr<ledger::Ledgers> ledgers_;
  std::optional<Vault> vault_;

 private:
  Result<std::unique_ptr<ledger::Ledger>> open_ledger(const AgencyId& id) {
    const auto key_of = [](const SubjectId& subject, ledger::KeyUse) -> Result<proof::SubjectKey> {
      return crypto::sha256(subject.bytes());  // the same each time, which is all that is asked here
    };
    const roster::Agency& agency = id == ashfield_.id ? ashfield_ : otherton_;
    auto ledger =
        ledger::Ledger::open({agency.id, terms(agency), secrets_.at(id), key_of, *database_, *bucket_, clock_});
    EXPECT_TRUE(ledger && (*ledger)->begin());
    return ledger;
  }

  int admitted_ = 0;
};

}  // namespace lapel::evidence
