// SPDX-License-Identifier: Apache-2.0
#pragma once
// The full check of an agency's catalog and originals against the events of its ledger.
//
// Owns: nothing; reads every table that repeats what an event says, whoever writes it, and every stored file.
// Promises: takes the ledger's events for the truth: ledger::Ledger::check() has to have found them sound. Each row and
//   each event is compared in one read transaction, so it may run beside a server. No value in a row is trusted to be
//   of its type. What is compared, and what is not, stands in SECURITY.md.
// Fails with: what the database fails with. A file that is missing, damaged or unreadable is a fault, not a failure.
// Threads: any.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bucket/bucket.h"
#include "db/db.h"
#include "os/disk.h"
#include "roster/roster.h"
#include "store/store.h"

namespace lapel::audit {

struct CatalogReport {
  std::uint64_t recordings = 0, originals = 0, original_bytes = 0;  // originals: read to the end
  std::uint64_t views = 0, derived = 0, identities = 0;  // identities: people, devices, docks, recipients, the console
  std::vector<std::string> faults;                       // in words; at most kCatalogFaultsMax
  std::vector<std::string> notes;                        // what an interruption leaves; as many
};
inline constexpr std::size_t kCatalogFaultsMax = 1'000;

struct CatalogCheck {
  const roster::Agency& agency;
  const std::string& origin;  // of its ledger
  db::Database& database;
  store::Store& store;
  bucket::Bucket& bucket;
  const os::Path& files;                                // below it, the bucket keeps each object as a file
  std::function<void(const CatalogReport&)> on_object;  // after each file that was read
};
Result<CatalogReport> check_catalog(const CatalogCheck& check);

// The origins of ledgers that no agency of the catalog has any more: who asks each agency would not hear of them.
Result<std::vector<std::string>> ledgers_without_agency(db::Database& database);

}  // namespace lapel::audit
