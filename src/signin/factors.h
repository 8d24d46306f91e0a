// SPDX-License-Identifier: Apache-2.0
#pragma once
// Second factors: passkeys, authenticator apps and recovery codes of people.
//
// Owns: the tables factors and recovery_codes.
// Promises: what is presented counts once: a code's step, a recovery code and a challenge are used up before their owner is
//   let in, so that of two who present one only one gets in, and who is cut off between has spent it. An app's secret is
//   sealed under a key made of its owner's key in the key store: the catalog alone tells no codes. Each change is in
//   signin_events. What is enrolled in the very moment of a reset is gone with it, or refused. A wrong code counts towards the
//   lock of locks.h; a wrong passkey does not.
// Fails with: kUnauthenticated (kSecondFactor, kSignIn), kConflict (enrolled already; the last one, where one is required),
//   kNotFound, kLimited (kFactorsMax).
// Threads: any.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/db.h"
#include "signin/challenges.h"
#include "signin/locks.h"
#include "signin/totp.h"
#include "signin/webauthn.h"
#include "store/keys.h"

namespace lapel::signin {

inline constexpr std::int64_t kFactorsMax = 20;  // of one person
inline constexpr std::size_t kFactorNameBytesMax = 80;
inline constexpr std::size_t kRecoveryCodes = 10;
enum class FactorKind { kPasskey, kTotp };
std::string_view factor_kind_name(FactorKind kind);

struct Factor {
  FactorId id;
  FactorKind kind = FactorKind::kPasskey;
  std::string name;
  Timestamp created_at;
  std::optional<Timestamp> used_at;
};

// Who acts, for the record.
struct By {
  PersonId person;
  std::string login;
  std::string client;
  // By which they are signed in, as the catalog knows it: what it enrolls is written while it stands, or not at all.
  std::optional<std::string> session = std::nullopt;
};

class Factors {
 public:
  struct Parts {
    db::Database& database;
    const Clock& clock;
    store::KeyStore& keys;
    Locks& locks;
    Challenges& challenges;
  };
  explicit Factors(Parts parts) : parts_(parts) {}

  Result<std::vector<Factor>> list(const PersonId& person);
  Result<std::vector<std::string>> passkey_ids(const PersonId& person, std::string_view rp_id);  // base64url
  Result<std::int64_t> recovery_codes_left(const PersonId& person);

  // An app: its secret, then its first code.
  Result<TotpSecret> begin_totp(const PersonId& person);
  Result<void> confirm_totp(const By& by, const std::string& name, const std::string& code);
  Result<void> add_passkey(const By& by, const std::string& name, const PasskeyQuestion& question,
                           const PasskeyCreated& answer);
  enum class Last { kMayGo, kStays };
  Result<void> remove(const By& by, const FactorId& factor, Last last);
  // Those before are void. Each reads "abcd-efgh-ijkl-mnop": 80 bits.
  Result<std::vector<std::string>> make_recovery_codes(const By& by);

  Result<void> present_totp(const By& by, const std::string& code);
  Result<void> present_recovery_code(const By& by, const std::string& code);
  // Whose it is. Where `by` is given it must be theirs.
  Result<PersonId> present_passkey(const std::optional<By>& by, const Bytes& credential_id,
                                   const PasskeyQuestion& question, const PasskeyPresented& answer);

  // What a passkey of theirs signed that is no sign-in: its challenge is the caller's own and is used for nothing else. With all that
  // an outsider needs to check it.
  struct Signed {
    Passkey passkey;
    std::string rp_id;
  };
  Result<Signed> present_signature(const By& by, const Bytes& credential_id, const PasskeyQuestion& question,
                                   const PasskeyPresented& answer);

  // All factors and codes of somebody go: in the caller's transaction, with its record.
  static Result<void> reset(db::Transaction& tx, const PersonId& person);

 private:
  // The passkey behind an answer, once it is theirs and has given it; `then` is of the same transaction as its counter.
  struct Shown {
    Passkey passkey;
    std::string rp_id;
    PersonId person;
  };
  Result<Shown> show_passkey(const std::optional<By>& by, const Bytes& credential_id, const PasskeyQuestion& question,
                             const PasskeyPresented& answer, const std::function<Result<void>(db::Transaction&)>& then);
  Result<ByteArray<32>> sealing_key(const PersonId& person);
  Result<void> attempt(const By& by, std::string_view what, const std::function<Result<bool>()>& is_right);
  static Result<void> require_room(db::Transaction& tx, const PersonId& person);
  static Result<void> require_session(db::Transaction& tx, const By& by);

  const Parts parts_;
};

}  // namespace lapel::signin
