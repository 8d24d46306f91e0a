// SPDX-License-Identifier: Apache-2.0
#pragma once
// The users and cameras that a body-worn system has told of, which become people and devices
// (docs/formats/content_destination.md).
//
// Owns: the table camera_entries.
// Promises: told of again, an entry is the one that there is, with what was said last. A user whose own id is an officer's badge is that
//   officer; one whom nobody here knows is entered, and can do nothing.
// Fails with: kInvalid (of one not told of), kLimited (of their number), and what the vault and the ledger fail with.
// Threads: any; calls block.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "cameras/content_names.h"
#include "cameras/systems.h"
#include "db/db.h"
#include "evidence/vault.h"
#include "ledger/ledgers.h"

namespace lapel::cameras {

inline constexpr std::int64_t kEntriesMax = 20'000;  // users and cameras of one system

class Announced {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
    evidence::Vault& vault;
  };
  explicit Announced(Parts parts) : parts_(parts) {}

  // `container`: of the kind that the entry was put into.
  Result<void> put(const Systems::Asking& asking, ContainerKind container, const std::string& name,
                   const ContentMetadata& metadata);
  // A recording of somebody or something that the system has not told of would be nobody's.
  Result<void> check(const Systems::Asking& asking, const ContainerName& recording);
  struct User {
    std::string name, badge;  // empty where nothing was told
  };
  Result<User> user(const Systems::Asking& asking, const std::string& name);
  // What was said of it last; nothing where it was not told of.
  Result<std::optional<ContentMetadata>> metadata(const Systems::Asking& asking, ContainerKind container,
                                                  const std::string& name);

 private:
  Result<std::optional<PersonId>> mirror_person(const Systems::Asking& asking, const ContentMetadata& metadata);

  const Parts parts_;
};

}  // namespace lapel::cameras
