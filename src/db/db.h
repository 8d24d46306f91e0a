// SPDX-License-Identifier: Apache-2.0
#pragma once
// Database: transactions over SQL that two engines share (docs/formats/sql.md). No ORM, no query written
// twice.
//
// Owns: Database, Transaction, Rows, Params; SQLite embedded, PostgreSQL for several servers.
// Promises: a write() that returns success is durable. Its body may run several times (bounded retry after a
//   conflict), so it has no other effect than on its transaction. Parameters bind by name. A text is UTF-8
//   without zero bytes. Writers of one Database take turns in the order they came.
// Fails with: kConflict (a constraint; context names it), kBusy (retries used up), kFull, kCorrupt,
// kStoreStopped,
//   kInvalid (a text that is none), kTooLarge (over kRowsMax), kUnavailable (no answer from the server), kInternal. A
//   storage error from the commit itself leaves the outcome open until the database is next opened: the transaction is
//   then there as a whole, or not at all. kCommitUnknown says the same of a server that went away while it committed:
//   the next transaction sees which it was.
// Threads: Database from any thread; a Transaction only inside its body, by its thread. A thread is in one
// transaction
//   at a time: read() or write() inside a body would wait for a connection that its own thread holds, and is
//   a bug.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace lapel::db {

// NULL, BIGINT, TEXT or bytes. No booleans (0/1), no timestamps (microseconds UTC), no floats.
using Value = std::variant<std::nullptr_t, std::int64_t, std::string, Bytes>;

struct Param {
  std::string_view name;  // as in the SQL, without ':'
  Value value;

  Param(std::string_view n, std::nullptr_t) : name(n), value(nullptr) {}
  Param(std::string_view n, std::int64_t v) : name(n), value(v) {}
  Param(std::string_view n, std::uint64_t v);  // at most 2^63-1, or a bug
  Param(std::string_view n, int v) : name(n), value(static_cast<std::int64_t>(v)) {}
  Param(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
  Param(std::string_view n, std::string_view v) : name(n), value(std::string(v)) {}
  Param(std::string_view n, const char* v) : name(n), value(std::string(v)) {}
  Param(std::string_view n, Bytes v) : name(n), value(std::move(v)) {}
  template <typename T>
  Param(std::string_view n, std::optional<T> v) : name(n), value(nullptr) {
    if (v) value = Param(n, *std::move(v)).value;
  }
};
using Params = std::vector<Param>;

// One row, by column name. Asking for a column that the SELECT does not name, or for another type, is a bug:
// CHECK.
class Row {
 public:
  Row(std::shared_ptr<const std::vector<std::string>> columns, std::vector<Value> values)
      : columns_(std::move(columns)), values_(std::move(values)) {}

  bool is_null(std::string_view column) const;
  std::int64_t integer(std::string_view column) const;
  const std::string& text(std::string_view column) const;
  const Bytes& bytes(std::string_view column) const;
  std::optional<std::int64_t> maybe_integer(std::string_view column) const;
  std::optional<std::string> maybe_text(std::string_view column) const;
  // Of whatever kind: for who copies rows and does not read them.
  const Value& value(std::string_view column) const { return at(column); }

 private:
  const Value& at(std::string_view column) const;
  std::shared_ptr<const std::vector<std::string>> columns_;  // of all rows of the query; a row may outlive the others
  std::vector<Value> values_;
};

class Rows {
 public:
  explicit Rows(std::vector<Row> rows) : rows_(std::move(rows)) {}

  bool empty() const { return rows_.empty(); }
  std::size_t size() const { return rows_.size(); }
  const Row& operator[](std::size_t i) const { return rows_[i]; }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

 private:
  std::vector<Row> rows_;
};

// The most rows one query may give: a bound on memory, not a page size.
inline constexpr std::size_t kRowsMax = 100'000;

inline constexpr int kDamageMax = 1'000;

// A statement that fails spoils the transaction, as PostgreSQL has it: every later statement fails with the
// same error and nothing is committed, whatever the body returns. What may fail and be gone around belongs in
// a savepoint.
class Transaction {
 public:
  virtual ~Transaction() = default;
  // SELECT, or a statement with RETURNING. Every query has its own LIMIT: the result is held in memory.
  virtual Result<Rows> query(std::string_view sql, const Params& params = {}) = 0;
  // INSERT, UPDATE, DELETE: how many rows changed, not counting those that a foreign key changed in turn.
  // DDL: 0.
  virtual Result<std::int64_t> run(std::string_view sql, const Params& params = {}) = 0;
  // A part that may fail alone: when `body` fails, what it did is undone, its error is returned and the
  // transaction goes on. A conflict with another writer is not confined: the whole write() runs again.
  virtual Result<void> savepoint(const std::function<Result<void>()>& body) = 0;
};

enum class Engine { kSqlite, kPostgres };

class Database {
 public:
  virtual ~Database() = default;

  // Which column of the macro table in docs/formats/sql.md applies. Rooms do not ask.
  virtual Engine engine() const = 0;
  // A condition, true where `column` has the text of :parameter in it, byte for byte. Of one's own names only.
  virtual std::string contains(std::string_view column, std::string_view parameter) const = 0;
  // A snapshot; `body` sees one state of the database throughout: that of its first query.
  virtual Result<void> read(const std::function<Result<void>(Transaction&)>& body) = 0;
  // BEGIN IMMEDIATE (or SERIALIZABLE). Commits when `body` succeeds, and only then.
  virtual Result<void> write(const std::function<Result<void>(Transaction&)>& body) = 0;
  // kStoreStopped once a sync has failed: a commit that was refused may yet be found after a restart, so whoever changes files
  // by what the rows say asks this first. Costs nothing.
  virtual Result<void> check_writable() { return {}; }
  // A write() that no other change_schema() runs beside, of any process: what it creates, nobody creates meanwhile.
  virtual Result<void> change_schema(const std::function<Result<void>(Transaction&)>& body) = 0;
  // What the engine finds wrong with its own file, in its words, at most kDamageMax of them: pages that make no tree,
  // indexes that are not their table's, columns that break their own rules. Reads all of it. Nothing where the engine
  // keeps its files to itself.
  virtual Result<std::vector<std::string>> damage() { return std::vector<std::string>(); }
  // The text of every table and index as the engine keeps it in that file, sorted; the same migrations give the same.
  virtual Result<std::vector<std::string>> schema() { return std::vector<std::string>(); }
};

struct SqliteOptions {
  int readers = 4;              // connections for read(); 1..64
  int busy_timeout_ms = 5'000;  // waiting for another process's transaction; 0..600,000
  std::string vfs;              // name of a registered SQLite VFS; empty: the system's
};
// Opens or creates (mode 0640) the file with WAL, synchronous=FULL and foreign keys; refuses a SQLite with
// the WAL-reset bug (kSqliteVersion) and a filesystem without shared memory (kDataFilesystem). After any
// failed sync the Database answers writes with kStoreStopped and goes on reading; only opening it anew ends
// that, by recovery from the WAL. A Database must not be carried over a fork().
Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, const SqliteOptions& options = {});

struct PostgresOptions {
  int writers = 8;                 // connections for write(); 1..64
  int readers = 8;                 // connections for read(); 1..64
  int busy_timeout_ms = 5'000;     // meeting other transactions and waiting for their locks; 0..600,000
  int connect_timeout_s = 5;       // for one connection to be made
  int answer_timeout_ms = 30'000;  // for one statement
};
// `url` as libpq takes it, postgresql://USER@HOST:PORT/NAME?…; a password may stand in it, or in libpq's password file, and
// is never told. Refuses (kDatabaseServer) a server before 15, a database that is not UTF8 with collation C, and a server
// that does not sync what it commits. Connections that die are made anew between transactions.
Result<std::unique_ptr<Database>> open_postgres(const std::string& url, const PostgresOptions& options = {});

// True for versions that lose committed writes with several WAL connections (3.7.0 to 3.51.2 but for the
// backports 3.44.6 and 3.50.7). `number` is SQLITE_VERSION_NUMBER's form.
bool sqlite_has_wal_reset_bug(int number);

// One step of the schema. Steps are appended, never edited after a release.
struct Migration {
  int version = 0;        // 1, 2, 3 … without a gap
  std::string_view name;  // for the trace and the table
  std::string_view sql;   // statements separated by ';', with the macros of docs/formats/sql.md
};
// Brings `module`'s part of the schema to its newest version, each step in one transaction with its row in
// schema_versions, so that a program killed in the middle goes on where it was. Several processes may run it
// at once. kDataFormat when the database is newer than the program, or was made by steps of other names.
Result<void> migrate(Database& database, std::string_view module, std::span<const Migration> steps);

// Whether nothing has ever been made in this database.
Result<bool> is_empty(Database& database);

// What copy_catalog() copied, and what same_catalog() compared.
struct CatalogDigest {
  std::int64_t tables = 0;
  std::int64_t rows = 0;
  ByteArray<32> sha256{};  // over each table's name and rows, in the order of their primary keys

  friend bool operator==(const CatalogDigest&, const CatalogDigest&) = default;
};
// Every row of an embedded catalog into a PostgreSQL database that the same steps have been taken in and that has no rows
// yet: in one transaction, read back and compared before it is committed. kDataFormat when the steps differ, kCorrupt when
// what is read back is not what was written, kDataExists when there are rows already.
Result<CatalogDigest> copy_catalog(Database& sqlite, Database& postgres);
Result<CatalogDigest> digest_catalog(Database& sqlite);
// Whether both hold the very same rows.
Result<bool> same_catalog(Database& sqlite, Database& postgres);

}  // namespace lapel::db
