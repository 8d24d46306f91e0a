// SPDX-License-Identifier: Apache-2.0
#pragma once
// Signing in: passwords.
//
// Owns: the table passwords, and the schema of the whole room (tokens.h and sessions.h have the other tables).
// Promises: secrets are kept only as hashes.
// Fails with: what the database fails with.
// Threads: any.

#include <cstddef>
#include <span>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::signin {

inline constexpr std::size_t kPasswordBytesMin = 8;
inline constexpr std::size_t kPasswordBytesMax = 1024;

Result<void> set_password(db::Transaction& tx, const PersonId& person, const std::string& hash);

std::span<const db::Migration> schema();

}  // namespace lapel::signin
