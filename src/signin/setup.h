// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who is made by a link: an agency's first administrator, by the one that the server prints when it starts, or one that the lead
// agency was given for an agency that it hosts; and the password of a person whom an administrator has added.
//
// Owns: the printed link's secret, in memory: a restart makes another; and the tables setup_links, of hosted agencies, and
//   person_links.
// Promises: a link makes an administrator only while its agency has none, and a password only where its person has none; it works
//   once. Of an agency, or a person, the newest link counts, for kSetupLinkLifeUs. Secrets are kept only as hashes; in a link
//   they stand behind '#': browsers send that to nobody, and no log of a proxy has it. An agency's link that is handed over ends
//   after kSetupTriesMax logins that were taken: it is no way to ask who is on this server.
// Fails with: kUnauthenticated (another secret, or none any more), kInvalid (login or password of no possible form), kConflict
//   (an invitation of somebody who signs in already).
// Threads: any.

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"
#include "os/worker.h"

namespace lapel::signin {

// To be handed over, and used by somebody who is on leave today.
inline constexpr std::int64_t kSetupLinkLifeUs = 7LL * 86'400 * 1'000'000;
// As many names as somebody may come upon that others have.
inline constexpr std::int64_t kSetupTriesMax = 5;

struct FirstAdministrator {
  std::string login;
  std::string name;  // empty: the login
  std::string password;
};

class Setup {
 public:
  // How the first administrator of an agency is added, of the first one where none is named: kConflict where there is one.
  using Add = std::function<Result<PersonId>(const std::optional<AgencyId>&, const FirstAdministrator&)>;
  struct Parts {
    db::Database& database;
    const Clock& clock;
  };
  // `is_needed`: whether a link is made at once, for the first agency.
  Setup(Parts parts, Add add, bool is_needed);

  // What stands behind '#' in the link; nullopt where none is needed. Given once: only the hash is kept.
  std::optional<std::string> take_secret();
  Result<bool> is_open();
  Result<PersonId> run(const std::string& secret, const FirstAdministrator& first);

  struct Link {
    std::string secret;
    Timestamp expires_at;
  };
  // For a hosted agency; the one before counts no more.
  Result<Link> make_link(const AgencyId& agency);
  // For a person of an agency, added by another: with it they choose their password; the one before counts no more.
  static Result<Link> invite(db::Transaction& tx, const PersonId& person, const PersonId& by, Timestamp now);
  // Whether somebody can be invited so: they have nothing yet to sign in with.
  static Result<bool> awaits_password(db::Transaction& tx, const PersonId& person);
  // Until when the agency's link works; nullopt where there is none.
  static Result<std::optional<Timestamp>> link_until(db::Transaction& tx, const AgencyId& agency, Timestamp now);

 private:
  // Whose invitation this is, the password set; nullopt where it is none, or another's login is said.
  Result<std::optional<PersonId>> accept(const Digest& hash, const FirstAdministrator& as_said);
  // Whose link this is, one of its tries taken.
  Result<std::optional<AgencyId>> take_try(const Digest& hash);

  const Parts parts_;
  const Add add_;
  os::Mutex mutex_;
  std::optional<std::string> secret_ LAPEL_GUARDED_BY(mutex_);  // until it is taken
  std::optional<Digest> hash_ LAPEL_GUARDED_BY(mutex_);
};

std::span<const db::Migration> setup_schema();

}  // namespace lapel::signin
