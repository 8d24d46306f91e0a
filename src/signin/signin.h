// SPDX-License-Identifier: Apache-2.0
#pragma once
// Signing in: passwords and service credentials.
//
// Owns: the tables passwords and tokens, and the schema of the whole room (sessions.h has the third).
// Promises: secrets are kept only as hashes. A token reads "lapel_<id>_<secret>", 128 bits of id and 256 of secret.
// Fails with: kUnauthenticated, always with the same words, whatever was wrong.
// Threads: any.

#include <set>
#include <string>

#include "base/clock.h"
#include "db/db.h"
#include "roster/asker.h"

namespace lapel::signin {

inline constexpr std::size_t kPasswordBytesMin = 8;
inline constexpr std::size_t kPasswordBytesMax = 1024;

Result<void> set_password(db::Transaction& tx, const PersonId& person, const std::string& hash);

// The token's text, shown once.
Result<std::string> create_token(db::Database& database, const PersonId& person, const std::set<access::Action>& scopes,
                                 Timestamp now);

// By the Authorization header.
roster::Asker asker(db::Database& database);

std::span<const db::Migration> schema();

}  // namespace lapel::signin
