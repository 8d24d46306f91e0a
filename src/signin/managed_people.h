// SPDX-License-Identifier: Apache-2.0
#pragma once
// People whom the agency's own directory keeps: entered, given roles and put out by what the directory says.
//
// Owns: the tables managed_people and provider_links; the events identity.bound, person.roles and person.active of
//   managed people.
// Promises: row and event are sealed together, with the reason. An account at a provider is somebody here by its issuer and
//   subject, which somebody at the console wrote down, SCIM told, or a newcomer was entered with: never by a name or an
//   address. Nobody who was entered here is taken over by the directory: a login that is taken stays whose it is. Roles follow
//   the groups at each sign-in, for managed people alone, as they stand when the roles are written: a directory that changes them in
//   that moment is not undone. Whoever has no group that means a role does not get in. An agency keeps an active
//   administrator.
// Fails with: kDenied (no role; not active; nobody's account), kConflict (a login that is taken),
//   problems::kLastAdministrator.
// Threads: any; calls block.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "roster/roster.h"
#include "signin/as_it_stands.h"
#include "signin/id_token.h"
#include "signin/provider_settings.h"

namespace lapel::signin {

inline constexpr std::int64_t kDirectoryMembersMax = 50'000;  // of one group that are looked at

class ManagedPeople {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
  };
  explicit ManagedPeople(Parts parts) : parts_(parts) {}

  // Whom an identity signs in, after what the provider says of them holds here.
  Result<PersonId> admit(const Provider& provider, const Identity& identity);
  // Whose an identity is, as it stands.
  Result<std::optional<PersonId>> linked(const Provider& provider, const std::string& subject);

  // Whoever the acts are of: the directory's token, or the server's console.
  struct By {
    AgencyId agency;
    SubjectId actor;
    std::string reason;
    Unchanged check = {};  // may be null
  };
  struct NewPerson {
    std::string login, name;
    std::set<access::Role> roles;
  };
  // `rows`: what else is written in the same transaction.
  Result<PersonId> add(const By& by, const NewPerson& wanted,
                       const std::function<Result<void>(db::Transaction&, const PersonId&)>& rows);
  // Nothing where they hold these.
  Result<void> set_roles(const By& by, const PersonId& person, const std::set<access::Role>& roles);
  enum class Activity { kActive, kInactive };
  Result<void> set_activity(const By& by, const PersonId& person, Activity activity,
                            const std::function<Result<void>(db::Transaction&)>& rows);

  // Their activity was changed by hand, which the directory does not undo. Whether it was the directory that had put them out.
  static Result<bool> take_in_hand(db::Transaction& tx, const PersonId& person);
  // Whether anybody of the server has this login, in whatever case.
  static Result<bool> has_login(db::Database& database, const std::string& login);
  static Result<bool> is_managed(db::Transaction& tx, const PersonId& person);
  // At the console: an account there is this person; or is so no longer, and its person signs in as everybody else does.
  static Result<void> link(db::Transaction& tx, const Provider& provider, const PersonId& person,
                           const std::string& subject, Timestamp now);
  static Result<void> unlink(db::Transaction& tx, const PersonId& person);

 private:
  struct Standing;
  static Result<Standing> standing(db::Transaction& tx, const Provider& provider, const Identity& identity);
  // One step of admitting whom the identity is, on what stands.
  Result<Progress> admit(const Provider& provider, const Identity& identity, const Standing& standing,
                         const Unchanged& unchanged);
  Result<By> console(const Provider& provider, const Unchanged& unchanged);
  Result<PersonId> admit_newcomer(const Provider& provider, const Identity& identity, const Standing& standing,
                                  const Unchanged& unchanged);
  Result<void> commit(const By& by, std::vector<ledger::Draft> events, ledger::RowsStep rows);

  const Parts parts_;
};

// Roles by the groups of a user of the directory (directory.h).
Result<std::set<access::Role>> directory_roles(db::Transaction& tx, const std::string& user, const Provider& provider);

}  // namespace lapel::signin
