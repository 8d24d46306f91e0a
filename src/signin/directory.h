// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an agency's directory says of its people and groups (SCIM 2.0), and what follows from it here.
//
// Owns: the tables directory_users, directory_groups and directory_members.
// Promises: somebody is a person here as soon as one of their groups means a role, or when they first sign in through the
//   provider with one; who has lost the last of them, or is not active there, is deactivated, with their sessions and tokens. Whoever was
//   deactivated here by hand stays so. What changes a person is sealed before the answer, and the directory's row with
//   it. A user who was removed keeps their name and person: another account is not entered over them.
// Fails with: kInvalid, kNotFound, kConflict (a name that is taken), problems::kLastAdministrator, kDenied, kLimited.
// Threads: any; calls block.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "db/db.h"
#include "signin/managed_people.h"
#include "signin/provider_settings.h"

namespace lapel::signin {

inline constexpr std::int64_t kDirectoryUsersMax = 20'000;  // of an agency
inline constexpr std::int64_t kDirectoryGroupsMax = 1'000;
inline constexpr std::int64_t kDirectoryPageMax = 200;
inline constexpr std::size_t kDirectoryChangesMax = 1'000;  // members of a group in one request

struct DirectoryUser {
  std::string id;
  std::string user_name;
  std::optional<std::string> external_id;
  std::string name;
  bool is_active = true;
  Timestamp created, changed;
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
  Result<DirectoryUser> set_user(const access::Actor& actor, const DirectoryUser& wanted);
  Result<void> remove_user(const access::Actor& actor, const std::string& id);

  Result<Page<DirectoryGroup>> groups(const AgencyId& agency, const Query& query);
  Result<DirectoryGroup> group(const AgencyId& agency, const std::string& id);
  Result<DirectoryGroup> add_group(const access::Actor& actor, DirectoryGroup wanted);
  // `touched`: whose standing is looked at again, also where nothing changes.
  Result<DirectoryGroup> set_group(const access::Actor& actor, const DirectoryGroup& wanted,
                                   const std::set<std::string>& touched);
  Result<void> remove_group(const access::Actor& actor, const std::string& id);

 private:
  struct State;
  Result<State> state(const AgencyId& agency, const std::string& id);
  // Brings the person in step with what the directory says of them.
  Result<void> settle(const access::Actor& actor, const std::string& user);
  Result<void> settle_all(const access::Actor& actor, const std::set<std::string>& users);
  Result<void> put_out(const access::Actor& actor, const State& state, const DirectoryUser& wanted, bool is_deleted);

  const Parts parts_;
};

}  // namespace lapel::signin
