// SPDX-License-Identifier: Apache-2.0
#pragma once
// Body-worn systems of another maker that send what their cameras recorded by the Axis content destination API: who they are, the
// file by which they connect, and their tokens (docs/formats/content_destination.md).
//
// Owns: the table camera_accounts, the tokens of camera systems, and the events camera_system.added, camera_system.key_given and
//   camera_system.revoked.
// Promises: the key is shown once, in the connection file; only its hash is kept. A connection file names a certificate, or an address
//   of this very machine: what is recorded never goes over a line in the clear. Once one asks for encryption, every later one of
//   that system does. A revoked system is refused from its next request on, whatever it holds.
// Fails with: kInvalid (a sentence on the address, certificate or key), kConflict (name taken, revoked already), kNotFound,
//   kUnauthenticated, problems::kRule.
// Threads: any; calls block.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "cameras/minter.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "roster/roster.h"

namespace lapel::cameras {

inline constexpr std::int64_t kSystemTokenLifeUs = 15LL * 60 * 1'000'000;
inline constexpr std::size_t kCertificatesMax = 10;             // of one connection file, as the API has it
inline constexpr std::size_t kCertificateBytesMax = 12 * 1024;  // of PEM: 16 KiB in base64
inline constexpr std::size_t kPublicKeyBytesMax = 1'536;        // of PEM: 2,048 in base64
inline constexpr std::size_t kConnectionFileBytesMax = 64 * 1024;
inline constexpr std::int64_t kSystemsMax = 200;  // of one agency

class Systems {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
  };
  explicit Systems(Parts parts) : parts_(parts), minter_(parts.clock) {}

  struct Terms {
    std::string base_url;                   // where the systems reach this server: http(s)://HOST[:PORT]
    std::vector<std::string> certificates;  // PEM, each one certificate or a chain
    std::optional<std::string> public_key;  // PEM, RSA: clips are encrypted to it before they leave the system
  };
  struct Connected {
    roster::CameraSystem system;
    std::string file;  // the connection file: JSON with the key in it
  };

  // ---- by the server's console ----
  Result<Connected> add(std::string_view agency, const std::string& name, const Terms& terms);
  Result<Connected> renew(std::string_view agency, std::string_view name, const Terms& terms);
  Result<std::vector<roster::CameraSystem>> list(std::string_view agency);
  Result<void> revoke(std::string_view agency, std::string_view name);

  // ---- by people ----
  Result<Connected> add(const access::Actor& actor, const std::string& name, const Terms& terms);
  // Another key and file for one that is there: the old key counts no more.
  Result<Connected> renew(const access::Actor& actor, const CameraSystemId& id, const Terms& terms);
  Result<void> revoke(const access::Actor& actor, const CameraSystemId& id);

  struct Known {
    roster::CameraSystem system;
    std::string base_url;
    bool wants_encryption = false;
    std::optional<Timestamp> seen_at;  // it last asked for a token
    std::int64_t users = 0, devices = 0, recordings = 0, open = 0;
    std::optional<Timestamp> last_at;  // its last container was made
  };
  Result<std::vector<Known>> list(const access::Actor& actor);

  // A user or camera as the system calls it.
  struct Entry {
    std::string kind, name, shown, user_id, model;
    bool is_active = true;
    std::optional<PersonId> person;
  };
  Result<std::vector<Entry>> entries(const access::Actor& actor, const CameraSystemId& id);

  // ---- by the system ----
  struct Token {
    std::string text, account, base_url;
  };
  Result<Token> sign_in(std::string_view user, std::string_view key);
  struct Asking {
    access::Actor actor;
    std::string name;
  };
  // Of a token of this account's.
  Result<Asking> asking(std::string_view token, std::string_view account);

 private:
  struct Made {
    std::string key;
    std::string file;
    std::optional<std::string> public_key_id;
  };
  Result<Made> make_file(const AgencyId& agency, const CameraSystemId& id, const Terms& terms) const;
  Result<Connected> add_as(const SubjectId& by, const AgencyId& agency, const std::string& name, const Terms& terms);
  Result<Connected> renew_as(const SubjectId& by, const AgencyId& agency, const roster::CameraSystem& system,
                             const Terms& terms);
  Result<void> revoke_as(const SubjectId& by, const AgencyId& agency, const roster::CameraSystem& system);
  Result<roster::CameraSystem> find(db::Transaction& tx, const AgencyId& agency, const CameraSystemId& id) const;

  const Parts parts_;
  const Minter minter_;
};

}  // namespace lapel::cameras
