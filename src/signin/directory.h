// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an agency's directory says of its people and groups (SCIM 2.0), and what follows from it here.
//
// Owns: the tables directory_users, directory_groups and directory_members.
// Promises: somebody is a person here as soon as one of their groups means a role, or when they first sign in through the
//   provider with one; who has lost the last of them, or is not active there, is deactivated, with their sessions and tokens. Whoever was
//   deactivated here by hand stays so. What changes a person is sealed before the answer, and the directory's row with
//   it. A change is made to what stands when it is written, on however many servers: of two at once, neither is lost, and
//   what was decided on another state is decided again. Whoever is not in step yet is remembered with the change, and
//   finish() brings them there. A user who was removed keeps their name and person: another account is not entered over them.
// Fails with: kInvalid, kNotFound, kConflict (a name that is taken), problems::kLastAdministrator, kDenied, kLimited,
//   kUnavailable (others change the same user all the time).
// Threads: any; calls block.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "db/db.h"
#include "signin/as_it_stands.h"
#include "signin/managed_people.h"
#include "signin/provider_settings.h"

namespace lapel::signin {

inline constexpr std::int64_t kDirectoryUsersMax = 20'000;  // of an agency
inline constexpr std::int64_t kDirectoryGroupsMax = 1'000;
inline constexpr std::int64_t kDirectoryPageMax = 200;
inline constexpr std::ptrdiff_t kDirectoryNewcomersMax = 1'000;      // members who come to a group in one request
inline constexpr std::size_t kDirectorySettledPage = 200;            // users whom one transaction looks at
inline constexpr std::int64_t kDirectoryFinishedMax = 100;           // users whom one finish() looks at
inline constexpr std::int64_t kDirectoryAgainUs = 60LL * 1'000'000;  // after one that was refused

struct DirectoryUser {
  std::string id;
  std::string user_name;
  std::optional<std::string> external_id;
  std::string name;
  bool is_active = true;
  Timestamp created, changed;

  friend bool operator==(const DirectoryUser&, const DirectoryUser&) = default;
};
struct DirectoryGroup {
  std::string id;
  std::optional<std::string> external_id;
  std::string name;
  std::set<std::string> members;  // ids of users
  Timestamp created, changed;
};

class Directory {
 public:
  struct Parts {
    db::Database& database;
    const Clock& clock;
    Providers& providers;
    ManagedPeople& managed;
  };
  explicit Directory(Parts parts) : parts_(parts) {}

  // One comparison, of a text that the column has: user_name, external_id, name, id.
  struct Query {
    enum class By { kAll, kId, kUserName, kExternalId, kName };
    By by = By::kAll;
    std::string value;
    std::int64_t start = 1, count = 100;  // from the start-th on, at most so many
  };
  template <typename T>
  struct Page {
    std::int64_t total = 0;
    std::vector<T> items;
  };

  Result<Page<DirectoryUser>> users(const AgencyId& agency, const Query& query);
  Result<DirectoryUser> user(const AgencyId& agency, const std::string& id);
  // With the names of the groups that they are in.
  Result<std::vector<DirectoryGroup>> groups_of(const AgencyId& agency, const std::string& user);
  Result<DirectoryUser> add_user(const access::Actor& actor, DirectoryUser wanted);
  // `edit` may run several times, and only changes what it is given.
  using UserEdit = std::function<Result<void>(DirectoryUser&)>;
  Result<DirectoryUser> change_user(const access::Actor& actor, const std::string& id, const UserEdit& edit);
  Result<void> remove_user(const access::Actor& actor, const std::string& id);

  Result<Page<DirectoryGroup>> groups(const AgencyId& agency, const Query& query);
  Result<DirectoryGroup> group(const AgencyId& agency, const std::string& id);
  Result<DirectoryGroup> add_group(const access::Actor& actor, DirectoryGroup wanted);
  // The set gathers whose standing is looked at again, also where nothing changes.
  using GroupEdit = std::function<Result<void>(DirectoryGroup&, std::set<std::string>&)>;
  Result<DirectoryGroup> change_group(const access::Actor& actor, const std::string& id, const GroupEdit& edit);
  Result<void> remove_group(const access::Actor& actor, const std::string& id);

  // Brings those in step whose change was written and could not be followed to its end: by a token of the directory, or by
  // the server's console for all agencies. Who is refused there is tried again after kDirectoryAgainUs; where it is the server that
  // cannot at this moment, by the next request.
  Result<void> finish(const access::Actor& actor);
  Result<void> finish_all();

 private:
  struct State;
  // Whose acts they are. `person`: whom a token acts for.
  struct Who {
    AgencyId agency;
    SubjectId actor;
    std::optional<PersonId> person;
  };
  using Act = std::function<Result<Progress>(const State&, const Unchanged&)>;

  static Who who_of(const access::Actor& actor) { return {actor.agency, actor.subject(), actor.person}; }
  static Result<State> read_state(db::Transaction& tx, const AgencyId& agency, const std::string& id,
                                  const std::optional<Provider>& provider);
  // Acts on what is known of a user until all is done (as_it_stands.h).
  Result<void> act(const AgencyId& agency, const std::string& id, const Act& act);
  // Brings the person in step with what the directory says of them.
  Result<void> settle(const Who& who, const std::string& user);
  Result<Progress> step(const Who& who, const State& state, const Unchanged& unchanged);
  Result<void> settle_all(const Who& who, const std::set<std::string>& users);
  Result<std::vector<std::string>> not_in_step(const Who& who, std::span<const std::string> page);
  Result<Progress> put_out(const Who& who, const State& state, const DirectoryUser& wanted, bool is_deleted,
                           const Unchanged& unchanged);
  // Whether there may be more of them.
  Result<bool> finish(const Who& who);
  // In a group's transaction: these are to be settled, and none of them is whom the token acts for, or nothing follows.
  Result<void> mark(db::Transaction& tx, const Who& who, const std::set<std::string>& users,
                    const std::optional<Provider>& provider);

  const Parts parts_;
};

}  // namespace lapel::signin
