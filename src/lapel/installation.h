// SPDX-License-Identifier: Apache-2.0
#pragma once
// An installation: one data directory and everything that stands on it, opened in the right order.
//
// Owns: the layout of the data directory (docs/formats/object_layout.md) and the objects over it.
// Promises: open() refuses a directory of another version, a network filesystem under catalog or ledger, a SQLite that
//   loses writes, and a database that is empty or another installation's. init() never overwrites, and what it leaves when
//   it is interrupted is not mistaken for a whole. There is one catalog: the embedded one is set aside before a copy of
//   it counts (docs/decisions/0008).
// Fails with: kDataExists, kDataFormat, kDataFilesystem, kDataLocked, kCatalogElsewhere, and what the parts fail with.
// Threads: open once; the parts are as thread-safe as they say.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bucket/bucket.h"
#include "db/db.h"
#include "evidence/vault.h"
#include "jobs/jobs.h"
#include "ledger/ledgers.h"
#include "os/disk.h"
#include "roster/roster.h"
#include "signin/setup.h"
#include "store/keys.h"
#include "store/store.h"

namespace lapel::door {

struct NewAgency {
  std::string name;
  std::string slug;  // empty: made of the name
  std::string host;  // of the ledger's origin; empty: random, under lapel.invalid
  std::int64_t beat_s = 60;
};

struct NewPerson {
  std::string login;
  std::string name;  // empty: the login
  std::optional<std::string> badge;
  std::set<access::Role> roles;
  std::string password;
};

// Where an installation stands. What is empty is as DIR/lapel.toml says (lapel/settings.h), else under DIR.
struct Where {
  os::Path data;
  std::string database;
  std::string bucket;
};

class Installation {
 public:
  // A new data directory with its first agency and administrator; without one, `lapel serve` prints a link to make them by.
  static Result<void> init(const Where& where, const NewAgency& agency, const std::optional<NewPerson>& administrator);
  // Whether sealed sizes are published at each beat by this process: only the server does.
  enum class Publishing { kNo, kYes };
  static Result<std::unique_ptr<Installation>> open(const Where& where, Publishing publishing);
  ~Installation();

  // For the server: open(), locked against any other server where the catalog is embedded, and beside others where it is
  // not. An embedded catalog moves into the database named, where that is empty, and the directory remembers both.
  static Result<std::unique_ptr<Installation>> open_for_serving(const Where& where);
  // The move alone.
  static Result<db::CatalogDigest> move_catalog(const Where& where);
  // Where the tables of the catalog are not those that the migrations make, in words.
  Result<std::vector<std::string>> schema_faults();

  // On record in the lead agency's ledger as the act of `by`; of the server's console where nobody is named.
  Result<roster::Agency> add_agency(const NewAgency& agency, const std::optional<PersonId>& by = std::nullopt);
  Result<roster::Person> add_person(const std::string& agency, const NewPerson& person);
  // Whether the first agency has somebody who may manage people.
  Result<bool> has_administrator();
  static Result<bool> has_administrator(db::Transaction& tx, const AgencyId& agency);
  // Of this agency, or of the first. kDenied where it has one.
  Result<PersonId> add_first_administrator(const std::optional<AgencyId>& agency,
                                           const signin::FirstAdministrator& first);

  const os::Path& data() const { return data_; }
  // Of objects, ledger, derived items and uploads.
  const os::Path& bucket_directory() const { return bucket_directory_; }
  // Whether no other server can be at work on the same catalog.
  bool is_only_server() const { return database_->engine() == db::Engine::kSqlite; }
  const Clock& clock() const { return clock_; }
  os::Disk& disk() { return *disk_; }
  db::Database& database() { return *database_; }
  bucket::Bucket& bucket() { return *bucket_; }
  store::KeyStore& keys() { return *keys_; }
  store::Store& store() { return *store_; }
  ledger::Ledgers& ledgers() { return *ledgers_; }
  jobs::Queue& jobs() { return *jobs_; }
  evidence::Vault& vault() { return *vault_; }
  Result<std::vector<roster::Agency>> agencies();

 private:
  Installation() = default;
  enum class Share { kAlone, kBeside };
  static Result<std::unique_ptr<Installation>> open_as(const Where& wanted, Publishing publishing,
                                                       std::optional<Share> serving);
  static Result<std::unique_ptr<Installation>> open_parts(const Where& where, Publishing publishing,
                                                          std::optional<Share> serving);
  enum class Which { kAny, kFirstAdministrator };
  Result<roster::Person> add_person(const std::string& agency, const NewPerson& person, Which which);
  Result<void> check_belongs();
  struct Lead {
    roster::Agency agency;
    SubjectId by;  // who adds the other
  };
  Result<roster::Agency> make_agency(const NewAgency& agency, const std::optional<Lead>& lead);
  Result<std::unique_ptr<ledger::Ledger>> open_ledger(const AgencyId& agency, Publishing publishing);
  Result<void> bind_console(ledger::Ledger& ledger, const PersonId& console);

  // Names a file under the data directory, and the lock on it.
  struct Lock {
    std::unique_ptr<os::File> file;
    std::optional<os::FileLock> held;
  };
  // kDataLocked with `refusal` when somebody else has it.
  static Result<Lock> lock(os::Disk& disk, const os::Path& path, Share share, std::string refusal);

  os::Path data_, bucket_directory_;
  RealClock clock_;
  std::unique_ptr<os::Disk> disk_;
  Lock serving_, catalog_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<store::KeyStore> keys_;
  std::unique_ptr<bucket::Bucket> bucket_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<ledger::Ledgers> ledgers_;
  std::unique_ptr<jobs::Queue> jobs_;
  std::unique_ptr<evidence::Vault> vault_;
};

}  // namespace lapel::door
