// SPDX-License-Identifier: Apache-2.0
#pragma once
// The key store: an agency's secrets and one random key for each subject (docs/formats/key_store.md).
//
// Owns: <data>/keys. It lives apart from catalog, ledger and backups, because destroying a recording means that its
//   subject key is nowhere any more.
// Promises: a key that subject_key_or_create() has returned is durable. A subject's key never changes: on a page with a
//   damaged record no key is made. After a failed sync none is made until the program restarts; reading goes on.
// Fails with: kNotFound (no such key), kCorrupt (a record that does not open, or is none), kConflict (the agency has keys of subjects),
//   kFull, kStoreStopped.
// Threads: any; several processes may share the directory.

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "os/disk.h"
#include "os/worker.h"

namespace lapel::store {

struct AgencySecrets {
  ByteArray<32> log_seed;   // signs checkpoints, nothing else
  ByteArray<32> pad_key;    // makes padding
  ByteArray<32> heads_key;  // blinds snapshots
};

class KeyStore {
 public:
  // Creates the directory when it is missing.
  static Result<std::unique_ptr<KeyStore>> open(os::Disk& disk, os::Path directory);

  // Makes its secrets. Those that an attempt before left, whole and without a subject's key, are taken up.
  Result<void> create_agency(std::string_view slug);
  Result<AgencySecrets> agency_secrets(std::string_view slug);
  // What opens the keys of copies on its docks (X25519): made and synced first when there is none yet.
  Result<ByteArray<32>> spool_secret_or_create(std::string_view slug);

  // The subject's key, made and synced first when there is none yet.
  Result<ByteArray<32>> subject_key_or_create(std::string_view slug, const SubjectId& subject);
  Result<ByteArray<32>> subject_key(std::string_view slug, const SubjectId& subject);

 private:
  KeyStore(os::Disk& disk, os::Path directory) : disk_(disk), directory_(std::move(directory)) {}

  Result<ByteArray<32>> read_secret(std::string_view slug, std::string_view name);
  Result<void> make_secret(std::string_view slug, std::string_view name);
  os::Path page_path(std::string_view slug, const SubjectId& subject) const;
  struct Found {
    ByteArray<32> key;
    std::size_t end;  // of its record, in the page
  };
  Result<Found> look(std::string_view slug, const SubjectId& subject);
  std::size_t durable_bytes(const os::Path& page);
  void set_durable(const os::Path& page, std::size_t bytes);
  Result<void> stop_if_failed(Result<void> synced);

  os::Disk& disk_;
  os::Path directory_;
  std::atomic<bool> stopped_ = false;
  os::Mutex mutex_;
  // The part of each page that this process has synced: what stands behind it is another's, who may not have. 4,096
  // pages an agency at most.
  std::unordered_map<std::string, std::size_t> durable_bytes_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace lapel::store
