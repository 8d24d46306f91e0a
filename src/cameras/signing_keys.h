// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whom an agency believes that sign footage: keys, each of one camera, and roots of certificates (docs/formats/signed_video.md).
//
// Owns: the table camera_signing_keys, and the events camera_key.trusted and camera_key.revoked.
// Promises: trusting and revoking are sealed before they count, by name of who did it, and every signature that was checked before is
//   checked once more. What was trusted is kept for good. The worker reads certificates of strangers; here only what the agency's own
//   console and people bring is read.
// Fails with: kInvalid (a sentence on the serial, key or root), kConflict (trusted already, or no longer), kNotFound, kDenied.
// Threads: any; calls block.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acts/act.h"
#include "base/clock.h"
#include "base/ids.h"
#include "evidence/vault.h"

namespace lapel::cameras {

inline constexpr std::size_t kTrustedRootsMax = 8;          // at once, of one agency: the worker is given all of them
inline constexpr std::size_t kTrustedRootBytesMax = 3'072;  // of PEM
inline constexpr std::size_t kTrustedKeyBytesMax = 2'048;

struct SigningKey {
  roster::SealedRowId id;
  bool is_root = false;
  std::string serial;  // of the camera; empty for a root
  std::string sha256;  // of the key's DER (SubjectPublicKeyInfo), or of the root's DER
  std::string pem;
  Timestamp since;
  std::optional<Timestamp> revoked_at;
};

class SigningKeys {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
    evidence::Vault& vault;
  };
  explicit SigningKeys(Parts parts) : parts_(parts) {}

  // ---- by the server's console ----
  Result<SigningKey> trust_key(std::string_view agency, const std::string& serial, const std::string& pem);
  Result<SigningKey> trust_root(std::string_view agency, const std::string& pem);
  Result<std::vector<SigningKey>> list(std::string_view agency);
  // By its fingerprint.
  Result<void> revoke(std::string_view agency, const std::string& sha256, const std::string& reason);

  // ---- by people ----
  Result<SigningKey> trust_key(const access::Actor& actor, const std::string& serial, const std::string& pem);
  Result<SigningKey> trust_root(const access::Actor& actor, const std::string& pem);
  Result<std::vector<SigningKey>> list(const access::Actor& actor);
  Result<void> revoke(const access::Actor& actor, const std::string& sha256, const std::string& reason);

  // What counts at this moment, and the keys that no longer do.
  Result<std::vector<SigningKey>> all(const AgencyId& agency);
  // Another with every key that is trusted or revoked.
  static Result<std::string> mark(db::Transaction& tx, const AgencyId& agency);

 private:
  Result<access::Actor> console(std::string_view agency);
  Result<SigningKey> trust_as(const access::Actor& actor, SigningKey key);
  Result<void> revoke_as(const access::Actor& actor, const std::string& sha256, const std::string& reason);
  const Parts parts_;
};

}  // namespace lapel::cameras
