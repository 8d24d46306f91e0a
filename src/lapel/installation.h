// SPDX-License-Identifier: Apache-2.0
#pragma once
// An installation: one data directory and everything that stands on it, opened in the right order.
//
// Owns: the layout of the data directory (docs/formats/object_layout.md) and the objects over it.
// Promises: open() refuses a directory of another version, a network filesystem under catalog or ledger, and a SQLite
//   that loses writes. init() never overwrites, and what it leaves when it is interrupted is not mistaken for a whole.
// Fails with: kDataExists, kDataFormat, kDataFilesystem, kDataLocked, and what the parts fail with.
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

class Installation {
 public:
  // A new data directory with its first agency and administrator.
  static Result<void> init(const os::Path& data, const NewAgency& agency, const NewPerson& administrator);
  // Whether sealed sizes are published at each beat by this process: only the server does.
  enum class Publishing { kNo, kYes };
  static Result<std::unique_ptr<Installation>> open(const os::Path& data, Publishing publishing);
  ~Installation();

  // Held by the one server on this directory; console commands do without.
  Result<void> lock_for_serving();
  // Where the tables of the catalog are not those that the migrations make, in words.
  Result<std::vector<std::string>> schema_faults();

  Result<roster::Agency> add_agency(const NewAgency& agency);
  Result<roster::Person> add_person(const std::string& agency, const NewPerson& person);

  const os::Path& data() const { return data_; }
  const Clock& clock() const { return clock_; }
  os::Disk& disk() { return *disk_; }
  db::Database& database() { return *database_; }
  bucket::Bucket& bucket() { return *bucket_; }
  store::Store& store() { return *store_; }
  ledger::Ledgers& ledgers() { return *ledgers_; }
  jobs::Queue& jobs() { return *jobs_; }
  evidence::Vault& vault() { return *vault_; }
  Result<std::vector<roster::Agency>> agencies();

 private:
  Installation() = default;
  static Result<std::unique_ptr<Installation>> open_parts(const os::Path& data, Publishing publishing);
  Result<roster::Agency> make_agency(const NewAgency& agency, bool is_first);
  Result<std::unique_ptr<ledger::Ledger>> open_ledger(const AgencyId& agency, Publishing publishing);

  os::Path data_;
  RealClock clock_;
  std::unique_ptr<os::Disk> disk_;
  std::unique_ptr<os::File> lock_file_;
  std::optional<os::FileLock> lock_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<store::KeyStore> keys_;
  std::unique_ptr<bucket::Bucket> bucket_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<ledger::Ledgers> ledgers_;
  std::unique_ptr<jobs::Queue> jobs_;
  std::unique_ptr<evidence::Vault> vault_;
};

}  // namespace lapel::door
