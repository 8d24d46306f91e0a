// SPDX-License-Identifier: Apache-2.0
#pragma once
// A dock's state directory: who it is, whom it trusts, its keys; and how it comes to be one.
//
// Owns: <state>/dock.json, signing_key, agency_key.tlog-proof, spool_key (of docks from before that) and lock.
// Promises: secrets are files of mode 0600, and refused when others can read them. dock.json is written last: a
//   directory without it is no dock, whatever an interrupted enrollment left in it, and enrolling again goes
//   on with the same key. The ledger's key is the one that the code names, or there is no dock. The agency's spool key is believed only
//   with a receipt by that ledger's key, kept, and verified at each opening.
// Fails with: kNotFound (not enrolled), kConflict (enrolled already), kBusy (in use), kWeakFile, kCorrupt,
//   kProofInvalid (the server's ledger key is not the code's), what http/client.h and the server fail with.
// Threads: one.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "crypto/aead.h"
#include "crypto/ed25519.h"
#include "crypto/sealed_box.h"
#include "http/client.h"
#include "os/disk.h"
#include "proof/note.h"

namespace lapel::dock {

struct Identity {
  std::string server;  // its URL
  http::PlainHttp plain_http = http::PlainHttp::kLoopbackOnly;
  std::string ca_file;
  DockId dock;
  std::string name, agency, origin;
  proof::VerifierKey ledger;
};
// dock.json; nullopt for a text that is none.
std::string identity_text(const Identity& identity);
std::optional<Identity> parse_identity(std::string_view text);

class State {
 public:
  // Held by this process until destroyed.
  static Result<std::unique_ptr<State>> open(os::Disk& disk, const os::Path& directory);

  const os::Path& directory() const { return directory_; }
  const Identity& identity() const { return identity_; }
  const crypto::SigningKey& key() const { return key_; }
  // Of copies from before the agency's key was known here.
  const std::optional<crypto::AeadKey>& spool_key() const { return spool_key_; }
  // As it was when this was opened.
  const std::optional<crypto::X25519Public>& agency_key() const { return agency_key_; }

 private:
  State(os::Path directory, Identity identity, crypto::SigningKey key, std::optional<crypto::AeadKey> spool_key,
        std::optional<crypto::X25519Public> agency_key, std::unique_ptr<os::File> lock_file, os::FileLock lock)
      : directory_(std::move(directory)),
        identity_(std::move(identity)),
        key_(std::move(key)),
        spool_key_(spool_key),
        agency_key_(agency_key),
        lock_file_(std::move(lock_file)),
        lock_(std::move(lock)) {}
  os::Path directory_;
  Identity identity_;
  crypto::SigningKey key_;
  std::optional<crypto::AeadKey> spool_key_;
  std::optional<crypto::X25519Public> agency_key_;
  std::unique_ptr<os::File> lock_file_;
  os::FileLock lock_;
};

// The agency's spool key that this receipt tells, by the pinned key; kProofInvalid where it does not.
Result<crypto::X25519Public> check_agency_key(std::string_view receipt, const Identity& identity);
// Keeps the receipt that check_agency_key() has verified.
Result<void> keep_agency_key(os::Disk& disk, const os::Path& directory, std::string_view receipt);

struct EnrollOptions {
  os::Path directory;
  std::string server;  // URL
  std::string code;
  http::PlainHttp plain_http = http::PlainHttp::kLoopbackOnly;
  os::Path ca_file;  // PEM; empty: the system's
};
Result<Identity> enroll(os::Disk& disk, const EnrollOptions& options);

}  // namespace lapel::dock
