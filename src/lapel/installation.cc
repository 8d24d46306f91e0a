// SPDX-License-Identifier: Apache-2.0
#include "lapel/installation.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "bucket/fs_bucket.h"
#include "cameras/schema.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "disclosure/recipients.h"
#include "fleet/schema.h"
#include "imports/schema.h"
#include "intake/uploads.h"
#include "invitations/requests.h"
#include "lapel/settings.h"
#include "os/filesystem.h"
#include "oversight/schema.h"
#include "program/rows.h"
#include "roster/file_requests.h"
#include "roster/proposals.h"
#include "roster/roles.h"
#include "roster/staffing.h"
#include "sharing/shares.h"
#include "signin/signin.h"
#include "training/schema.h"

namespace lapel::door {
namespace {

constexpr std::string_view kFormat = "lapel-data/1\n";
constexpr std::string_view kFormatFile = "lapel.format";
constexpr std::string_view kCatalogFile = "catalog.db";
constexpr std::string_view kMovingFile = "catalog.db.moving";  // set aside, its copy not yet known to be good
constexpr std::string_view kMovedFile = "catalog.db.moved";    // what it was when it moved; kept, never read
constexpr const char* kIsServed = "Another server is running on this data directory";
constexpr const char* kIsMoving = "The catalog of this data directory is just being moved";
constexpr const char* kIsOpen = "A command has the catalog of this data directory open";
constexpr std::int64_t kBeatMaxS = 86'400;

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

bool is_slug(std::string_view text) {
  return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// The names that /ledger/<slug>/… could not tell from the log's own.
bool is_reserved_slug(std::string_view slug) {
  return slug == "checkpoint" || slug == "key" || slug == "tile";
}

Result<void> check_text(std::string_view what, std::string_view text) {
  if (text.empty() || text.size() > limits::kFieldBytesMax || !is_utf8(text) || has_control_characters(text)) {
    return fail(Code::kInvalid, fmt::format("{} must be 1 to {} bytes of UTF-8 without control characters", what,
                                            limits::kFieldBytesMax));
  }
  return {};
}

Result<void> check_person(const NewPerson& person) {
  TRY(check_text("A login", person.login));
  if (person.login.find(' ') != std::string::npos) return fail(Code::kInvalid, "A login has no spaces");
  if (!person.name.empty()) TRY(check_text("A name", person.name));
  if (person.badge) TRY(check_text("A badge", *person.badge));
  TRY(roster::check_roles(person.roles));
  return signin::check_new_password(person.password);
}

Result<NewAgency> complete(NewAgency agency) {
  TRY(check_text("An agency's name", agency.name));
  if (agency.slug.empty()) agency.slug = roster::slug_of(agency.name);
  if (!is_slug(agency.slug) || is_reserved_slug(agency.slug)) {
    return fail(
        Code::kInvalid,
        fmt::format(
            "\"{}\" cannot be a slug: 1 to 40 of a-z, 0-9 and '-', not checkpoint, key or tile; give one with --slug",
            agency.slug));
  }
  if (agency.host.empty()) agency.host = hex(crypto::random_bytes<16>()) + ".lapel.invalid";
  if (!is_host(agency.host)) return fail(Code::kInvalid, "A host is 1 to 200 of a-z, 0-9, '.' and '-'");
  if (agency.beat_s < 1 || agency.beat_s > kBeatMaxS)
    return fail(Code::kInvalid, fmt::format("A beat is 1 to {} seconds", kBeatMaxS));
  return agency;
}

// Each directory may be a mount of its own, so each is asked for itself.
Result<void> check_filesystems(os::Disk& disk, const os::Path& data, const os::Path& bucket) {
  struct Place {
    os::Path directory;
    os::FilesystemUse use;
  };
  const Place places[] = {
      {data, os::FilesystemUse::kCatalog},
      {data / "keys", os::FilesystemUse::kCatalog},
      {bucket / "ledger", os::FilesystemUse::kCatalog},
      {bucket / "uploads", os::FilesystemUse::kOriginals},
      {bucket / "objects", os::FilesystemUse::kOriginals},
      {bucket / "derived", os::FilesystemUse::kOriginals},
  };
  for (const Place& place : places) {
    const os::Path& directory = place.directory;
    const auto there = disk.stat(directory);
    if (!there && there.error().code() == Code::kNotFound) continue;  // it will be made on the filesystem above it
    if (!there) return fail(there.error());
    const std::string warning =
        TRY(os::check_filesystem(disk, directory, TRY(os::filesystem_kind(directory)), place.use));
    if (!warning.empty()) fmt::print(stderr, "warning: {}\n", warning);
  }
  return {};
}

// Whoever can read the log key can sign in the ledger's name, and whoever can write there can put another one in its place.
Result<void> check_key_store(const os::Path& keys) {
  struct ::stat status;
  if (::stat(keys.c_str(), &status) != 0 || (status.st_mode & 0027) == 0) return {};
  return fail(problems::kWeakFile, "The key store is open to others than its owner", keys.string());
}

Result<void> migrate_all(db::Database& database) {
  TRY(db::migrate(database, "roster", roster::schema()));
  TRY(db::migrate(database, "file requests", roster::file_requests_schema()));
  TRY(db::migrate(database, "signin", signin::schema()));
  TRY(db::migrate(database, "ledger", ledger::schema()));
  TRY(db::migrate(database, "jobs", jobs::schema()));
  TRY(db::migrate(database, "evidence", evidence::schema()));
  TRY(db::migrate(database, "sharing", sharing::schema()));
  TRY(db::migrate(database, "disclosure", disclosure::schema()));
  TRY(db::migrate(database, "holds", roster::holds_schema()));
  TRY(db::migrate(database, "setup", signin::setup_schema()));
  TRY(db::migrate(database, "ingest", intake::schema()));  // as it was called first
  TRY(db::migrate(database, "oversight", oversight::schema()));
  TRY(db::migrate(database, "program", program::schema()));
  TRY(db::migrate(database, "staffing", roster::staffing_schema()));
  TRY(db::migrate(database, "fleet", fleet::schema()));
  TRY(db::migrate(database, "training", training::schema()));
  TRY(db::migrate(database, "invitations", invitations::schema()));
  TRY(db::migrate(database, "cameras", cameras::schema()));
  return db::migrate(database, "imports", imports::schema());
}

Result<bool> is_there(os::Disk& disk, const os::Path& path) {
  const auto there = disk.stat(path);
  if (!there && there.error().code() != Code::kNotFound) return fail(there.error());
  return there.has_value();
}

// The terms of `where` with what the directory remembers in the places left empty.
Result<Where> complete(os::Disk& disk, Where where) {
  const Settings settings = TRY(read_settings(disk, where.data));
  if (where.database.empty()) where.database = settings.database;
  if (where.bucket.empty()) where.bucket = settings.bucket;
  return where;
}

}  // namespace

Installation::~Installation() = default;

// What a change of a table's text does shows only when it is next used, if then: compared with one that is new.
Result<std::vector<std::string>> Installation::schema_faults() {
  const std::vector<std::string> found = TRY(database_->schema());
  if (found.empty()) return found;  // an engine that keeps it to itself
  const os::Path scratch =
      std::filesystem::temp_directory_path() / fmt::format("lapel-schema-{}", hex(crypto::random_bytes<16>()));
  auto wanted = [&]() -> Result<std::vector<std::string>> {
    TRY(disk_->make_directory(scratch));
    const auto database = TRY(db::open_sqlite((scratch / kCatalogFile).string()));
    TRY(migrate_all(*database));
    return database->schema();
  }();
  std::error_code ignored;
  std::filesystem::remove_all(scratch, ignored);
  const std::vector<std::string> right = TRY(std::move(wanted));
  std::vector<std::string> out;
  for (const std::string& text : found) {
    if (std::find(right.begin(), right.end(), text) == right.end()) out.push_back("not of this schema: " + text);
  }
  for (const std::string& text : right) {
    if (std::find(found.begin(), found.end(), text) == found.end()) out.push_back("missing or changed: " + text);
  }
  return out;
}

Result<Installation::Lock> Installation::lock(os::Disk& disk, const os::Path& path, Share share, std::string refusal) {
  Lock out;
  out.file = TRY(disk.open(path, os::OpenMode::kCreateOrOpen));
  auto held = share == Share::kAlone ? os::FileLock::acquire(*out.file) : os::FileLock::share(*out.file);
  if (!held && held.error().code() != Code::kBusy) return fail(held.error());
  if (!held) {
    return fail(problems::kDataLocked, std::move(refusal), path.parent_path().string());
  }
  out.held = *std::move(held);
  return out;
}

// `where` says all of it. The catalog may be one that is being made. A server has a lock, shared as `serving` says.
Result<std::unique_ptr<Installation>> Installation::open_parts(const Where& where, Publishing publishing,
                                                               std::optional<Share> serving) {
  const os::Path& data = where.data;
  std::unique_ptr<Installation> out(new Installation());
  out->data_ = data;
  out->disk_ = os::real_disk();
  out->bucket_directory_ = TRY(door::bucket_directory(data, where.bucket));
  TRY(check_filesystems(*out->disk_, data, out->bucket_directory_));
  // Before the catalog is opened: a newer program would take its schema further under the server that runs.
  if (serving) out->serving_ = TRY(lock(*out->disk_, data / "lock", *serving, kIsServed));
  if (where.database.empty()) {
    // Against the move of the very file: who opened it before would go on writing to what has been copied already.
    out->catalog_ = TRY(lock(*out->disk_, data / "catalog.lock", Share::kBeside, kIsMoving));
    out->database_ = TRY(db::open_sqlite((data / kCatalogFile).string()));
  } else {
    out->database_ = TRY(db::open_postgres(where.database));
  }
  TRY(migrate_all(*out->database_));
  TRY(check_key_store(data / "keys"));
  out->keys_ = TRY(store::KeyStore::open(*out->disk_, data / "keys"));
  TRY(os::make_directories(*out->disk_, out->bucket_directory_));
  out->bucket_ = TRY(bucket::open_fs_bucket(*out->disk_, out->bucket_directory_));
  out->store_ = std::make_unique<store::Store>(*out->bucket_);
  Installation* raw = out.get();
  out->ledgers_ = std::make_unique<ledger::Ledgers>(
      [raw, publishing](const AgencyId& agency) { return raw->open_ledger(agency, publishing); }, out->clock_);
  out->jobs_ = std::make_unique<jobs::Queue>(*out->database_, out->clock_);
  out->vault_ = std::make_unique<evidence::Vault>(
      evidence::Vault::Parts{*out->database_, *out->store_, *out->bucket_, *out->jobs_, *out->ledgers_, out->clock_});
  return out;
}

Result<std::unique_ptr<ledger::Ledger>> Installation::open_ledger(const AgencyId& agency, Publishing publishing) {
  ledger::Terms terms;
  roster::Agency row;
  TRY(database_->read([&](db::Transaction& tx) -> Result<void> {
    terms = TRY(ledger::Ledger::terms(tx, agency));
    row = TRY(roster::agency(tx, agency));
    return {};
  }));
  const store::AgencySecrets secrets = TRY(keys_->agency_secrets(terms.slug));
  auto subject_keys = [keys = keys_.get(), slug = terms.slug](const SubjectId& subject, ledger::KeyUse use) {
    return use == ledger::KeyUse::kCreate ? keys->subject_key_or_create(slug, subject)
                                          : keys->subject_key(slug, subject);
  };
  auto ledger = TRY(ledger::Ledger::open(
      {agency, terms, {secrets.log_seed, secrets.pad_key}, std::move(subject_keys), *database_, *bucket_, clock_}));
  TRY(ledger->begin());
  TRY(bind_console(*ledger, row.console));
  if (publishing == Publishing::kYes) ledger->start_publishing();
  return ledger;
}

// The console's name is the first event of a ledger, sealed before anything else can be. Only there: a console that the
// catalog names later is none that the ledger knows.
Result<void> Installation::bind_console(ledger::Ledger& ledger, const PersonId& console) {
  if (TRY(ledger.head()).size > 1) return {};
  ledger::Submission submission;
  submission.actor = console;
  submission.events.push_back(
      {console, "identity.bound", {{"name", "server console"}, {"from", ledger_time(clock_.now())}}, true});
  submission.rows = [](db::Transaction&, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
    if (sealed[0].n == 0) return {};
    return fail(Code::kConflict, "The console's name is bound already");
  };
  const auto bound = ledger.commit(std::move(submission));
  // By another program, or another thread of this one, that opened it at the same moment.
  if (!bound && bound.error().code() != Code::kConflict) return fail(bound.error());
  return {};
}

Result<void> Installation::init(const Where& where, const NewAgency& wanted,
                                const std::optional<NewPerson>& administrator) {
  const os::Path& data = where.data;
  const NewAgency agency = TRY(complete(wanted));
  if (administrator) TRY(check_person(*administrator));
  const std::unique_ptr<os::Disk> disk = os::real_disk();
  if (disk->stat(data)) {
    const auto names = disk->list(data);
    if (!names)
      return fail(problems::kDataExists, "The data directory is there already and is no directory", data.string());
    if (!names->empty()) {
      const bool is_whole = std::find(names->begin(), names->end(), kFormatFile) != names->end();
      return fail(
          problems::kDataExists,
          is_whole ? "The data directory is in use already; init never overwrites"
                   : "The data directory is not empty; if an earlier init was interrupted, remove it and start again",
          data.string());
    }
  }
  TRY(door::bucket_directory(data, where.bucket));
  if (!where.database.empty()) {
    const auto database = TRY(db::open_postgres(where.database, {.writers = 1, .readers = 1}));
    if (!TRY(db::is_empty(*database))) {
      return fail(problems::kDataExists,
                  "The database is not empty; if an earlier init was interrupted, drop it and create it again");
    }
  }
  TRY(os::make_directories(*disk, data));
  TRY(write_settings(*disk, data, {where.database, where.bucket}));
  {
    const auto installation = TRY(open_parts(where, Publishing::kNo, std::nullopt));
    TRY(installation->make_agency(agency, std::nullopt));
    if (administrator) TRY(installation->add_person(agency.slug, *administrator));
  }
  // Last: only now is it a data directory.
  return os::write_new_file(*disk, data / kFormatFile, as_bytes(kFormat));
}

Result<std::unique_ptr<Installation>> Installation::open(const Where& wanted, Publishing publishing) {
  return open_as(wanted, publishing, std::nullopt);
}

Result<std::unique_ptr<Installation>> Installation::open_as(const Where& wanted, Publishing publishing,
                                                            std::optional<Share> serving) {
  const std::unique_ptr<os::Disk> disk = os::real_disk();
  const os::Path& data = wanted.data;
  auto format = os::read_file(*disk, data / kFormatFile, 256);
  if (!format && format.error().code() == Code::kNotFound) {
    return fail(Code::kNotFound, "This is not a Lapel data directory; make one with lapel init", data.string());
  }
  if (!format) return fail(std::move(format).error());
  if (as_text(*format) != kFormat) {
    return fail(problems::kDataFormat, "The data directory was written by another version of Lapel", data.string());
  }
  const Where where = TRY(door::complete(*disk, wanted));
  if (TRY(is_there(*disk, data / kMovingFile))) {
    return fail(problems::kCatalogElsewhere,
                "The catalog is being moved into a database: start the server with --database to finish that",
                (data / kMovingFile).string());
  }
  const bool is_embedded = TRY(is_there(*disk, data / kCatalogFile));
  if (where.database.empty() && !is_embedded) {
    if (TRY(is_there(*disk, data / kMovedFile))) {
      return fail(problems::kCatalogElsewhere, "The catalog was moved into a database: name it with --database",
                  data.string());
    }
    // Made once, by init: a new one here would be empty, and everything that only it knows of would be swept away.
    return fail(Code::kCorrupt, "The catalog of this data directory is missing; nothing was changed",
                (data / kCatalogFile).string());
  }
  if (!where.database.empty() && is_embedded) {
    return fail(problems::kCatalogElsewhere,
                "The catalog is still in the data directory: the server moves it when it is started with --database",
                (data / kCatalogFile).string());
  }
  if (!where.database.empty()) {
    // Before anything is made in it.
    const auto database = TRY(db::open_postgres(where.database, {.writers = 1, .readers = 1}));
    if (TRY(db::is_empty(*database))) {
      return fail(problems::kCatalogElsewhere, "The database is empty, and this directory's catalog should be in it");
    }
  }
  auto out = TRY(open_parts(where, publishing, serving));
  // A catalog inside the directory is its own; where its rows were changed, `lapel ledger check` tells which.
  if (!where.database.empty() || !where.bucket.empty()) TRY(out->check_belongs());
  return out;
}

// The agencies of the catalog are those whose keys are here, and their ledgers are in the bucket.
Result<void> Installation::check_belongs() {
  const std::vector<roster::Agency> all = TRY(agencies());
  if (all.empty()) return fail(problems::kCatalogElsewhere, "There is no agency in the catalog");
  for (const roster::Agency& agency : all) {
    std::string vkey;
    ledger::Terms terms;
    TRY(database_->read([&](db::Transaction& tx) -> Result<void> {
      terms = TRY(ledger::Ledger::terms(tx, agency.id));
      vkey = TRY(ledger::Ledger::stored_key(tx, agency.id));
      return {};
    }));
    const auto secrets = keys_->agency_secrets(agency.slug);
    if (!secrets && secrets.error().code() != Code::kNotFound) return fail(secrets.error());
    const bool is_ours =
        secrets && vkey == proof::VerifierKey{terms.origin, proof::KeyType::kLog,
                                              crypto::SigningKey::from_seed(secrets->log_seed).public_key()}
                               .text();
    if (!is_ours) {
      return fail(problems::kCatalogElsewhere, "The catalog is another installation's: its keys are not here",
                  agency.slug);
    }
    if (!TRY(is_there(*disk_, bucket_directory_ / "ledger" / agency.slug))) {
      return fail(problems::kCatalogElsewhere,
                  "The bucket has no ledger of this agency: bring objects, derived, ledger and uploads there first",
                  (bucket_directory_ / "ledger" / agency.slug).string());
    }
  }
  return {};
}

Result<std::unique_ptr<Installation>> Installation::open_for_serving(const Where& wanted) {
  const std::unique_ptr<os::Disk> disk = os::real_disk();
  const Where where = TRY(door::complete(*disk, wanted));
  if (!where.database.empty()) {
    const bool is_here = TRY(is_there(*disk, where.data / kCatalogFile));
    if (is_here || TRY(is_there(*disk, where.data / kMovingFile))) {
      const db::CatalogDigest moved = TRY(move_catalog(where));
      fmt::print(stderr, "lapel: the catalog was moved into the database: {} tables, {} rows; {} is kept\n",
                 moved.tables, moved.rows, kMovedFile);
    }
  }
  auto out = TRY(open_as(where, Publishing::kYes, where.database.empty() ? Share::kAlone : Share::kBeside));
  if (const Settings now{where.database, where.bucket}; now != TRY(read_settings(*disk, where.data))) {
    TRY(write_settings(*disk, where.data, now));
  }
  return out;
}

// What is true when this is killed behind each step, and what the next start does with it:
//   alone on the directory                               as before
//   catalog.db renamed to catalog.db.moving              nobody serves from it; the move is begun anew
//   its rows in the database, in one transaction         the same rows on both sides: the copy is kept
//   lapel.toml names the database                        the same
//   catalog.db.moving renamed to catalog.db.moved        done
// To give up a move, rename catalog.db.moving back: until the last step it is whole, and no server has used the copy.
Result<db::CatalogDigest> Installation::move_catalog(const Where& wanted) {
  const std::unique_ptr<os::Disk> disk = os::real_disk();
  const Where where = TRY(door::complete(*disk, wanted));
  const os::Path& data = where.data;
  if (where.database.empty()) return fail(Code::kInvalid, "Where to? Name the database with --database");
  const Lock serving = TRY(lock(*disk, data / "lock", Share::kAlone, kIsServed));
  const Lock catalog = TRY(lock(*disk, data / "catalog.lock", Share::kAlone, kIsOpen));
  const auto database = TRY(db::open_postgres(where.database, {.writers = 1, .readers = 1}));
  if (TRY(is_there(*disk, data / kCatalogFile))) {
    if (TRY(is_there(*disk, data / kMovingFile))) {
      return fail(problems::kCatalogElsewhere,
                  "There are two embedded catalogs, one of them being moved; nothing was changed",
                  (data / kMovingFile).string());
    }
    if (!TRY(db::is_empty(*database))) {
      return fail(problems::kCatalogElsewhere,
                  "The catalog is in the data directory, and the database is not empty; nothing was changed");
    }
    // Its steps taken and its log folded into the file, which closing does.
    TRY(migrate_all(*TRY(db::open_sqlite((data / kCatalogFile).string()))));
    for (const char* end : {"-wal", "-shm"}) {
      if (TRY(is_there(*disk, data / (std::string(kCatalogFile) + end)))) {
        return fail(problems::kDataLocked, "Another program has the catalog open", (data / kCatalogFile).string());
      }
    }
    TRY(disk->rename(data / kCatalogFile, data / kMovingFile));
    TRY(disk->sync_directory(data));
  }
  if (!TRY(is_there(*disk, data / kMovingFile))) return fail(Code::kNotFound, "There is no embedded catalog to move");
  db::CatalogDigest moved;
  {
    const auto from = TRY(db::open_sqlite((data / kMovingFile).string()));
    TRY(migrate_all(*database));
    auto copied = db::copy_catalog(*from, *database);
    const bool was_copied = !copied && copied.error().problem == &problems::kDataExists;
    if (!copied && !was_copied) return copied;
    if (was_copied && !TRY(db::same_catalog(*from, *database))) {
      return fail(problems::kCatalogElsewhere,
                  "The database has other rows than the catalog that is being moved into it; nothing was changed");
    }
    moved = was_copied ? TRY(db::digest_catalog(*from)) : *copied;
  }
  TRY(write_settings(*disk, data, {where.database, where.bucket}));
  TRY(disk->rename(data / kMovingFile, data / kMovedFile));
  TRY(disk->sync_directory(data));
  return moved;
}

Result<std::vector<roster::Agency>> Installation::agencies() {
  std::vector<roster::Agency> out;
  TRY(database_->read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(roster::agencies(tx));
    return {};
  }));
  return out;
}

Result<roster::Agency> Installation::make_agency(const NewAgency& agency, const std::optional<Lead>& lead) {
  const roster::Agency row{crypto::new_id<AgencyId>(), agency.name, agency.slug, !lead, crypto::new_id<PersonId>()};
  ledger::Terms terms;
  terms.origin = agency.host + "/" + agency.slug;
  terms.slug = agency.slug;
  terms.beat_s = agency.beat_s;
  TRY(database_->read([&](db::Transaction& tx) -> Result<void> {
    const auto existing = TRY(roster::agencies(tx));
    if (existing.size() >= limits::kAgenciesMax)
      return fail(Code::kTooLarge, fmt::format("A server hosts at most {} agencies", limits::kAgenciesMax));
    for (const roster::Agency& other : existing) {
      if (other.name == agency.name || other.slug == agency.slug) {
        return fail(Code::kConflict, "An agency of this name or slug is there already; give another --slug",
                    agency.slug);
      }
    }
    return {};
  }));
  // Keys that an attempt before has left are taken up, but never those of a ledger that was.
  if (TRY(is_there(*disk_, bucket_directory_ / "ledger" / agency.slug))) {
    return fail(Code::kConflict, "There is a ledger of this slug, which is no agency's here; give another --slug",
                agency.slug);
  }
  // Keys first: a ledger whose log key were lost could never sign again.
  TRY(keys_->create_agency(agency.slug));
  const auto secrets = TRY(keys_->agency_secrets(agency.slug));
  const proof::VerifierKey key{terms.origin, proof::KeyType::kLog,
                               crypto::SigningKey::from_seed(secrets.log_seed).public_key()};
  const auto rows = [&](db::Transaction& tx) -> Result<void> {
    TRY(roster::add_agency(tx, row));
    return ledger::Ledger::create(tx, row.id, terms, key);
  };
  if (lead) {
    ledger::Submission added;
    added.actor = lead->by;
    added.events.push_back(
        {lead->agency.console,
         "agency.added",
         {{"agency", row.id.text()}, {"name", row.name}, {"slug", row.slug}, {"origin", terms.origin}},
         false});
    added.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) { return rows(tx); };
    TRY(TRY(ledgers_->find(lead->agency.id))->commit(std::move(added)));
  } else {
    TRY(database_->write(rows));
  }
  // Its first events are sealed as it opens. Where that fails the agency is there all the same, and whoever asks for its
  // ledger next opens it.
  if (const auto opened = ledgers_->find(row.id); !opened && !lead) return fail(opened.error());
  return row;
}

Result<roster::Agency> Installation::add_agency(const NewAgency& wanted, const std::optional<PersonId>& by) {
  NewAgency agency = wanted;
  for (const roster::Agency& first : TRY(agencies())) {
    if (!first.is_first) continue;
    if (agency.host.empty()) {
      // The server's own host, as the first agency's origin has it.
      TRY(database_->read([&](db::Transaction& tx) -> Result<void> {
        const std::string origin = TRY(ledger::Ledger::terms(tx, first.id)).origin;
        agency.host = origin.substr(0, origin.find('/'));
        return {};
      }));
    }
    return make_agency(TRY(complete(agency)), Lead{first, SubjectId(by.value_or(first.console))});
  }
  return fail(Code::kCorrupt, "There is no first agency");
}

Result<bool> Installation::has_administrator(db::Transaction& tx, const AgencyId& agency) {
  return !TRY(tx.query(
                  "SELECT p.id AS id FROM people p JOIN person_roles r ON r.person = p.id WHERE p.agency = :agency AND "
                  "p.active_until_us IS NULL AND r.role = 'administrator' LIMIT 1",
                  {{"agency", agency.text()}}))
              .empty();
}

Result<bool> Installation::has_administrator() {
  bool has = false;
  TRY(database_->read([&](db::Transaction& tx) -> Result<void> {
    for (const roster::Agency& agency : TRY(roster::agencies(tx))) {
      if (agency.is_first) has = TRY(has_administrator(tx, agency.id));
    }
    return {};
  }));
  return has;
}

Result<PersonId> Installation::add_first_administrator(const std::optional<AgencyId>& wanted,
                                                       const signin::FirstAdministrator& first) {
  for (const roster::Agency& agency : TRY(agencies())) {
    if (wanted ? agency.id != *wanted : !agency.is_first) continue;
    NewPerson person;
    person.login = first.login;
    person.name = first.name;
    person.roles = {access::Role::kAdministrator};
    person.password = first.password;
    return TRY(add_person(agency.slug, person, Which::kFirstAdministrator)).id;
  }
  return fail(Code::kCorrupt, "The agency of this link is missing");
}

Result<roster::Person> Installation::add_person(const std::string& agency_name, const NewPerson& wanted) {
  return add_person(agency_name, wanted, Which::kAny);
}

Result<roster::Person> Installation::add_person(const std::string& agency_name, const NewPerson& wanted, Which which) {
  TRY(check_person(wanted));
  roster::Agency agency;
  TRY(database_->read([&](db::Transaction& tx) -> Result<void> {
    agency = TRY(roster::agency_by_name(tx, agency_name));
    return {};
  }));
  const roster::Person person{crypto::new_id<PersonId>(),
                              agency.id,
                              wanted.login,
                              wanted.name.empty() ? wanted.login : wanted.name,
                              wanted.badge,
                              wanted.roles};
  const std::string hash = crypto::hash_password(wanted.password);
  Json::Array roles;
  for (const access::Role role : person.roles) roles.emplace_back(access::role_name(role));
  const Timestamp now = clock_.now();
  Json::Object bound = {{"name", person.name}, {"from", ledger_time(now)}};
  if (person.badge) bound.emplace("badge", *person.badge);
  ledger::Submission submission;
  submission.actor = agency.console;
  submission.events.push_back({person.id, "identity.bound", std::move(bound), true});
  submission.events.push_back({person.id, "person.roles", {{"roles", std::move(roles)}}, false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    // Here, where no other server is at it too.
    if (which == Which::kFirstAdministrator && TRY(has_administrator(tx, agency.id)))
      return fail(problems::kDenied, "There is an administrator already; sign in as one");
    TRY(roster::add_person(tx, person, now));
    return signin::set_password(tx, person.id, hash, now);
  };
  auto sealed = TRY(ledgers_->find(agency.id))->commit(std::move(submission));
  if (!sealed && sealed.error().code() == Code::kConflict) {
    return fail(Code::kConflict, "This login or badge is taken", sealed.error().context);
  }
  if (!sealed) return fail(std::move(sealed).error());
  return person;
}

}  // namespace lapel::door
