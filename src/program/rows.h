// SPDX-License-Identifier: Apache-2.0
#pragma once
// The table of program statements.
//
// Owns: program_statements, and the tables of publications.h and drafts.h; the digest by which an event commits to a row.
// Promises: rows are added and never changed. A row's digest covers everything that it says, with a random salt.
// Fails with: kCorrupt for a damaged row, and what the database fails with.
// Threads: one transaction.

#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "db/db.h"
#include "program/statement.h"

namespace lapel::program {

std::span<const db::Migration> schema();

// Of an agency, in the ledger's order.
Result<std::vector<Statement>> read_statements(db::Transaction& tx, const AgencyId& agency);
// The leaf of the last one; -1 when there is none.
// Whether a gate stands before each handing out of a camera: asked before everything is read.
Result<bool> opens_check_out(db::Transaction& tx, const AgencyId& agency);
Result<std::int64_t> last_leaf(db::Transaction& tx, const AgencyId& agency);

// A statement on its way into the ledger.
struct Sealing {
  const Statement& statement;
  const std::string& import;  // id of the act
  const std::string& salt;
};
std::string digest_of(const Sealing& sealing);
Result<void> add_statement(db::Transaction& tx, const AgencyId& agency, const Sealing& sealing,
                           std::uint64_t leaf_index, std::int64_t place, Timestamp at);

// The columns that a digest covers.
std::span<const std::string_view> sealed_columns();

}  // namespace lapel::program
