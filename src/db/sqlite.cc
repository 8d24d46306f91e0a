// SPDX-License-Identifier: Apache-2.0
// The SQLite engine. One connection writes and a few read; each is lent to one thread at a time, because the
// library is built with SQLITE_THREADSAFE=2 and locks nothing itself.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <list>
#include <map>
#include <system_error>
#include <unordered_map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/check.h"
#include "base/json.h"
#include "base/problems.h"
#include "db/engine.h"

namespace lapel::db {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kWriteAttemptsMax = 8;               // runs of one write()'s body
constexpr int kCommitBodiesMax = 64;               // write()s that share one commit
constexpr int kBusyPollMs = 2;                     // between two looks at another process's lock
constexpr int kCheckpointPages = 1000;             // pages in the WAL that make a checkpoint due: 4 MB
constexpr const char* kWalBytesKept = "67108864";  // a WAL grown past this by a slow reader is cut down again

// Linux drops the dirty pages of a failed sync and says so once: a second sync would succeed over lost bytes.
bool is_failed_sync(int rc) {
  return rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC;
}

bool is_no_room(int system_errno) {
  return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG;
}

const Problem& problem_of(int rc, int system_errno) {
  switch (rc & 0xff) {
    case SQLITE_BUSY:
      return problems::kBusy;
    case SQLITE_CONSTRAINT:
      return problems::kConflict;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return problems::kCorrupt;
    case SQLITE_FULL:
      return problems::kFull;
    case SQLITE_TOOBIG:
      return problems::kTooLarge;
    case SQLITE_IOERR:
      if (is_failed_sync(rc)) return problems::kStoreStopped;
      if (rc == SQLITE_IOERR_CORRUPTFS || rc == SQLITE_IOERR_DATA) return problems::kCorrupt;
      return is_no_room(system_errno) ? problems::kFull : problems::kInternal;
    case SQLITE_CANTOPEN:
      return is_no_room(system_errno) ? problems::kFull : problems::kInternal;
    default:
      return problems::kInternal;
  }
}

std::string message_of(const Problem& problem) {
  switch (problem.code) {
    case Code::kBusy:
      return "The database is in use by another process.";
    case Code::kConflict:
      return "The change breaks a rule of the database.";
    case Code::kCorrupt:
      return "The database file is damaged.";
    case Code::kFull:
      return "The database has no room to grow.";
    case Code::kTooLarge:
      return "A value is too large for the database.";
    case Code::kUnavailable:
      return "The database stopped after a failed sync.";
    default:
      return "The database failed.";
  }
}

class Connection {
 public:
  enum class Role { kWriter, kReader };

  // `stopped` is shared by all connections of a database and set by the first that sees a sync fail.
  static Result<std::unique_ptr<Connection>> open(const std::string& path, const SqliteOptions& options, Role role,
                                                  std::atomic<bool>& stopped);
  // After a failed sync, closing does not checkpoint: what could not be synced is left for recovery at the
  // next open.
  ~Connection() {
    if (stopped_ && db_) CHECK(configure(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1) == SQLITE_OK);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<void> begin_read() { return control("BEGIN"); }
  Result<void> begin_write() { return control("BEGIN IMMEDIATE"); }

  // One statement, bound, run to its end and reset: no cursor outlives this call.
  Result<Rows> execute(std::string_view sql, const Params& params, Expect expect);
  Result<void> control(std::string_view sql) {
    TRY(execute(sql, {}, Expect::kNoRows));
    return {};
  }

  bool in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }
  void roll_back();
  // After a commit: moves pages from the WAL into the file when enough have gathered.
  void checkpoint_if_due();
  std::int64_t changed() const { return changed_; }

 private:
  struct Close {
    void operator()(sqlite3* db) const { CHECK(sqlite3_close(db) == SQLITE_OK); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Prepared {
    std::string sql;
    std::unique_ptr<sqlite3_stmt, Finalize> statement;
  };

  Connection(const std::string& path, const SqliteOptions& options, Role role, std::atomic<bool>& stopped)
      : path_(path), role_(role), busy_timeout_(options.busy_timeout_ms), stopped_(stopped) {}

  Result<void> set_up();
  Result<void> turn_wal_on();
  Result<void> make_found_commits_durable();
  int configure(int option, int on) { return sqlite3_db_config(db_.get(), option, on, nullptr); }
  Result<sqlite3_stmt*> prepare(std::string_view sql);
  Result<void> bind(sqlite3_stmt* statement, std::string_view sql, const Params& params);
  Result<std::vector<Value>> values(sqlite3_stmt* statement, std::string_view sql);
  Error error(int rc, std::string_view doing);

  static int on_busy(void* self, int times);
  static int on_commit_to_wal(void* self, sqlite3* db, const char* schema, int pages);

  const std::string path_;
  const Role role_;
  const std::chrono::milliseconds busy_timeout_;
  std::atomic<bool>& stopped_;
  SteadyClock::time_point busy_since_;
  int wal_pages_ = 0;
  std::int64_t changed_ = 0;
  std::unique_ptr<sqlite3, Close> db_;
  // Most recently used first. Declared after db_: statements go before the connection they belong to.
  std::list<Prepared> prepared_;
  std::unordered_map<std::string_view, std::list<Prepared>::iterator> prepared_by_sql_;
};

// SQLite would create the file with mode 0644; its WAL and shared memory take the mode of the file. O_EXCL
// also because opening a file that this process has open already, and closing it again, would drop SQLite's
// POSIX locks on it.
Result<void> create_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (descriptor >= 0) {
    ::close(descriptor);
    return {};
  }
  if (errno == EEXIST) return {};
  const int number = errno;
  return fail(is_no_room(number) ? problems::kFull : problems::kInternal, "The database file cannot be created.",
              fmt::format("{}: open: {}", path, std::generic_category().message(number)));
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, const SqliteOptions& options, Role role,
                                                     std::atomic<bool>& stopped) {
  std::unique_ptr<Connection> connection(new Connection(path, options, role, stopped));
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (role == Role::kWriter ? SQLITE_OPEN_CREATE : 0);
  const int rc = sqlite3_open_v2(path.c_str(), &db, flags, options.vfs.empty() ? nullptr : options.vfs.c_str());
  connection->db_.reset(db);
  if (db == nullptr) return fail(Code::kInternal, "No memory for a database connection.", path);
  if (rc != SQLITE_OK) return fail(connection->error(rc, "open"));
  TRY(connection->set_up());
  return connection;
}

Result<void> Connection::set_up() {
  // SQLite falls back to reading when it may not write, without saying so.
  if (sqlite3_db_readonly(db_.get(), "main") == 1) {
    return fail(Code::kInternal, "The database file cannot be written.", path_);
  }
  CHECK(sqlite3_busy_handler(db_.get(), on_busy, this) == SQLITE_OK);
  // A damaged or doctored file must not run functions from its schema, nor may SQL rewrite the schema table.
  CHECK(configure(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0) == SQLITE_OK);
  CHECK(configure(SQLITE_DBCONFIG_DEFENSIVE, 1) == SQLITE_OK);
  CHECK(configure(SQLITE_DBCONFIG_ENABLE_FKEY, 1) == SQLITE_OK);
  TRY(control("PRAGMA synchronous = FULL"));
  TRY(control("PRAGMA temp_store = MEMORY"));
  TRY(control("PRAGMA cell_size_check = ON"));
  if (role_ == Role::kReader) {
    CHECK(sqlite3_wal_autocheckpoint(db_.get(), 0) == SQLITE_OK);
    TRY(control("PRAGMA query_only = ON"));
    return {};
  }
  TRY(turn_wal_on());
  TRY(execute(std::string("PRAGMA journal_size_limit = ") + kWalBytesKept, {}, Expect::kRows));
  // In place of the automatic checkpoint, which throws its errors away, a failed sync among them.
  sqlite3_wal_hook(db_.get(), on_commit_to_wal, this);
  return make_found_commits_durable();
}

// A process killed between writing a commit and syncing it leaves that commit in the log, where everybody who
// opens the database next takes it for durable and may tell of it. Once it is moved into the file, it is. Where there is
// no room to move it, the log itself is synced: what was received must be readable on a full disk too.
Result<void> Connection::make_found_commits_durable() {
  const int rc = sqlite3_wal_checkpoint_v2(db_.get(), "main", SQLITE_CHECKPOINT_FULL, nullptr, nullptr);
  if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY) return {};
  Error failed = error(rc, "checkpoint");
  if (failed.code() != Code::kFull) return fail(std::move(failed));
  sqlite3_file* log = nullptr;
  CHECK(sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK);
  if (log == nullptr || log->pMethods == nullptr) return fail(std::move(failed));  // no test: the log is open by then
  const int synced = log->pMethods->xSync(log, SQLITE_SYNC_FULL);
  if (synced == SQLITE_OK) return {};
  stopped_ = true;
  return fail(problems::kStoreStopped, message_of(problems::kStoreStopped), path_);
}

// Two processes that open a new file at once both want it alone for this, and SQLite then does not ask the
// busy handler.
Result<void> Connection::turn_wal_on() {
  const SteadyClock::time_point start = SteadyClock::now();
  for (;;) {
    const auto rows = execute("PRAGMA journal_mode = WAL", {}, Expect::kRows);
    if (rows) {
      const std::string& mode = (*rows)[0].text("journal_mode");
      if (mode == "wal") return {};
      return fail(problems::kDataFilesystem, "The filesystem cannot hold a write-ahead log.",
                  fmt::format("{}: journal mode is {}", path_, mode));
    }
    if (rows.error().code() != Code::kBusy || SteadyClock::now() - start >= busy_timeout_) return fail(rows.error());
    sqlite3_sleep(kBusyPollMs);
  }
}

// SQLite's own handler doubles its naps up to 100 ms, by which the command line would starve beside a busy
// server. Between processes there is no queue: whoever looks at the right moment is next.
int Connection::on_busy(void* self, int times) {
  Connection& connection = *static_cast<Connection*>(self);
  const SteadyClock::time_point now = SteadyClock::now();
  if (times == 0) connection.busy_since_ = now;
  if (now - connection.busy_since_ >= connection.busy_timeout_) return 0;
  sqlite3_sleep(kBusyPollMs);
  return 1;
}

int Connection::on_commit_to_wal(void* self, sqlite3*, const char*, int pages) {
  static_cast<Connection*>(self)->wal_pages_ = pages;
  return SQLITE_OK;
}

void Connection::checkpoint_if_due() {
  if (wal_pages_ < kCheckpointPages) return;
  wal_pages_ = 0;
  // The transaction before this is durable in the WAL, so no failure here is a failure of its write(). Pages
  // that could not be moved stay in the WAL, and the next commit tries again, unless it was a sync that
  // failed.
  if (is_failed_sync(sqlite3_wal_checkpoint_v2(db_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr))) {
    stopped_ = true;
  }
}

Error Connection::error(int rc, std::string_view doing) {
  if ((rc & 0xff) == SQLITE_MISUSE) bug("SQLite is used as documented", doing);
  if (is_failed_sync(rc)) stopped_ = true;
  const int system_errno = sqlite3_system_errno(db_.get());
  const Problem& problem = problem_of(rc, system_errno);
  // A constraint is told alone, so that a reader who looks for its name does not find it in the statement.
  std::string context = sqlite3_errmsg(db_.get());
  if (problem.code != Code::kConflict) {
    context = fmt::format("{}: {}: {} ({})", path_, doing.substr(0, kContextSqlMax), context, rc);
    if (((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN) && system_errno != 0) {
      context += ": " + std::generic_category().message(system_errno);
    }
  }
  return Error{&problem, message_of(problem), std::move(context)};
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql) {
  if (const auto found = prepared_by_sql_.find(sql); found != prepared_by_sql_.end()) {
    prepared_.splice(prepared_.begin(), prepared_, found->second);
    return found->second->statement.get();
  }

  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int rc =
      sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, &tail);
  std::unique_ptr<sqlite3_stmt, Finalize> statement(raw);
  if (rc != SQLITE_OK) return fail(error(rc, sql));
  if (raw == nullptr) bug("a statement is not empty", sql);
  const std::string_view rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
  if (rest.find_first_not_of(" \t\r\n") != std::string_view::npos) bug("one statement at a time", sql);
  std::vector<std::string> columns;
  for (int i = 0; i < sqlite3_column_count(raw); ++i) columns.emplace_back(sqlite3_column_name(raw, i));
  check_columns(columns, sql);

  if (prepared_.size() == kStatementsMax) {
    prepared_by_sql_.erase(prepared_.back().sql);
    prepared_.pop_back();
  }
  prepared_.push_front({std::string(sql), std::move(statement)});
  prepared_by_sql_.emplace(prepared_.front().sql, prepared_.begin());
  return raw;
}

Result<void> Connection::bind(sqlite3_stmt* statement, std::string_view sql, const Params& params) {
  const int count = sqlite3_bind_parameter_count(statement);
  // With every name of the SQL found among the parameters, equal counts leave none over and none twice.
  if (static_cast<std::size_t>(count) != params.size()) bug("SQL and parameters have the same names", sql);
  for (int i = 1; i <= count; ++i) {
    const char* name = sqlite3_bind_parameter_name(statement, i);
    if (name == nullptr || *name != ':') bug("a parameter is written :name", sql);
    const Param& param = param_named(name + 1, params, sql);

    // Static: the values outlive the statement's run, which ends inside execute().
    int rc = SQLITE_OK;
    if (std::holds_alternative<std::nullptr_t>(param.value)) {
      rc = sqlite3_bind_null(statement, i);
    } else if (const auto* integer = std::get_if<std::int64_t>(&param.value)) {
      rc = sqlite3_bind_int64(statement, i, *integer);
    } else if (const auto* text = std::get_if<std::string>(&param.value)) {
      TRY(check_text(param));
      rc = sqlite3_bind_text64(statement, i, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else {
      // A null pointer would bind NULL, and an empty vector may have one.
      const Bytes& bytes = std::get<Bytes>(param.value);
      rc = bytes.empty() ? sqlite3_bind_zeroblob(statement, i, 0)
                         : sqlite3_bind_blob64(statement, i, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
    if (rc != SQLITE_OK) return fail(error(rc, sql));
  }
  return {};
}

Result<std::vector<Value>> Connection::values(sqlite3_stmt* statement, std::string_view sql) {
  std::vector<Value> out;
  const int count = sqlite3_column_count(statement);
  out.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    switch (sqlite3_column_type(statement, i)) {
      case SQLITE_NULL:
        out.emplace_back(nullptr);
        break;
      case SQLITE_INTEGER:
        out.emplace_back(std::int64_t{sqlite3_column_int64(statement, i)});
        break;
      case SQLITE_TEXT: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
        if (text == nullptr) return fail(error(SQLITE_NOMEM, sql));
        out.emplace_back(std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, i))));
        break;
      }
      case SQLITE_BLOB: {
        const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, i));
        out.emplace_back(Bytes(bytes, bytes + sqlite3_column_bytes(statement, i)));
        break;
      }
      default:
        // An integer that overflowed inside SQLite arrives here too, where PostgreSQL reports it.
        return fail(Code::kInternal, "A query gave a floating-point number.",
                    fmt::format("{}: {}: {}", path_, sqlite3_column_name(statement, i), sql.substr(0, kContextSqlMax)));
    }
  }
  return out;
}

Result<Rows> Connection::execute(std::string_view sql, const Params& params, Expect expect) {
  sqlite3_stmt* statement = TRY(prepare(sql));
  struct Reset {
    ~Reset() {
      sqlite3_reset(statement);
      sqlite3_clear_bindings(statement);
    }
    sqlite3_stmt* statement;
  } const reset{statement};

  if ((sqlite3_column_count(statement) > 0) != (expect == Expect::kRows)) {
    bug("query() gives rows and run() gives none", sql);
  }
  if (role_ == Role::kReader && sqlite3_stmt_readonly(statement) == 0) bug("read() does not write", sql);
  TRY(bind(statement, sql, params));

  const auto columns = std::make_shared<std::vector<std::string>>();
  std::vector<Row> rows;
  const std::int64_t changes_before = sqlite3_total_changes64(db_.get());
  for (;;) {
    const int rc = sqlite3_step(statement);
    if (rc == SQLITE_DONE) {
      // After a statement that changed nothing, SQLite still tells the count of the one before.
      const bool changed_some = sqlite3_total_changes64(db_.get()) != changes_before;
      changed_ = changed_some ? sqlite3_changes64(db_.get()) : 0;
      return Rows(std::move(rows));
    }
    if (rc != SQLITE_ROW) return fail(error(rc, sql));
    if (rows.empty()) {
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        columns->emplace_back(sqlite3_column_name(statement, i));
      }
    }
    if (rows.size() == kRowsMax) {
      return fail(Code::kTooLarge, fmt::format("A query gave more than {} rows.", kRowsMax),
                  fmt::format("{}: {}", path_, sql.substr(0, kContextSqlMax)));
    }
    rows.emplace_back(columns, TRY(values(statement, sql)));
  }
}

void Connection::roll_back() {
  // SQLite ends a transaction by itself after some errors, and a rollback that meets one has ended it all the
  // same.
  if (in_transaction()) (void)control("ROLLBACK");
  CHECK(!in_transaction());
}

class SqliteDatabase final : public Database {
 public:
  Result<void> open(const std::string& path, const SqliteOptions& options) {
    path_ = path;
    busy_timeout_ = std::chrono::milliseconds(options.busy_timeout_ms);
    writer_.add(TRY(Connection::open(path, options, Connection::Role::kWriter, stopped_)));
    for (int i = 0; i < options.readers; ++i) {
      readers_.add(TRY(Connection::open(path, options, Connection::Role::kReader, stopped_)));
    }
    return {};
  }

  Engine engine() const override { return Engine::kSqlite; }
  std::string contains(std::string_view column, std::string_view parameter) const override {
    return fmt::format("instr({}, :{}) > 0", column, parameter);
  }

  Result<void> read(const std::function<Result<void>(Transaction&)>& body) override {
    const OnlyTransactionOfThread only(*this);
    const Pool<Connection>::Lease lease(readers_);
    return read_once(*lease, body);
  }

  Result<void> check_writable() override { return stopped_ ? stopped() : Result<void>(); }

  // BEGIN IMMEDIATE lets nobody beside it.
  Result<void> change_schema(const std::function<Result<void>(Transaction&)>& body) override { return write(body); }

  Result<void> write(const std::function<Result<void>(Transaction&)>& body) override {
    const OnlyTransactionOfThread only(*this);
    const SteadyClock::time_point start = SteadyClock::now();
    for (int attempt = 1;; ++attempt) {
      bool met_another_writer = false;
      Result<void> result = write_in_group(body, met_another_writer);
      const bool again = attempt < kWriteAttemptsMax && SteadyClock::now() - start < busy_timeout_;
      if (!met_another_writer || !again) return result;
    }
  }

  Result<std::vector<std::string>> damage() override {
    std::vector<std::string> out;
    TRY(read([&](Transaction& tx) -> Result<void> {
      out.clear();
      for (const Row& row : TRY(tx.query(fmt::format("PRAGMA integrity_check({})", kDamageMax)))) {
        if (row.text("integrity_check") != "ok") out.push_back(row.text("integrity_check"));
      }
      return {};
    }));
    if (out.empty()) TRY(read([&](Transaction& tx) { return find_other_kinds(tx, out); }));
    return out;
  }

  // A column keeps whatever is put into it: bytes compare with no text and are greater than every number, so that a value of
  // another kind would be another answer to whoever asks, and look the same to whoever reads all as text.
  static Result<void> find_other_kinds(Transaction& tx, std::vector<std::string>& out) {
    out.clear();
    // Of each table: its columns' names and kinds, the first of which names a row to whoever reads of it.
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> tables;
    for (const Row& row : TRY(tx.query(
             "SELECT t.name AS of_table, c.name AS name, CASE upper(c.type) WHEN 'TEXT' THEN 'text' WHEN 'BLOB' "
             "THEN 'blob' ELSE 'integer' END AS kind, c.cid AS place FROM sqlite_schema t JOIN "
             "pragma_table_info(t.name) c "
             "WHERE t.type = 'table' AND upper(c.type) IN ('TEXT', 'BLOB', 'BIGINT', 'INTEGER') ORDER BY 1, 4 "
             "LIMIT 10000"))) {
      tables[row.text("of_table")].emplace_back(row.text("name"), row.text("kind"));
    }
    const auto is_other = [](const auto& column) {
      return fmt::format("typeof(\"{}\") NOT IN ('null', '{}')", column.first, column.second);
    };
    for (const auto& [table, columns] : tables) {
      std::string counts;
      for (std::size_t i = 0; i < columns.size(); ++i)
        counts +=
            fmt::format("{}COUNT(CASE WHEN {} THEN 1 END) AS others_{}", i == 0 ? "" : ", ", is_other(columns[i]), i);
      const Rows counted = TRY(tx.query(fmt::format("SELECT {} FROM \"{}\"", counts, table)));
      for (std::size_t i = 0; i < columns.size() && out.size() < kDamageMax; ++i) {
        const auto& [name, kind] = columns[i];
        const std::int64_t others = counted[0].integer(fmt::format("others_{}", i));
        if (others == 0) continue;
        const Rows first = TRY(
            tx.query(fmt::format("SELECT quote(\"{}\") AS of_row, quote(\"{}\") AS found FROM \"{}\" WHERE {} LIMIT 1",
                                 columns[0].first, name, table, is_other(columns[i]))));
        out.push_back(fmt::format("{}.{}: {} values are no {}, one of them {} of {}", table, name, others, kind,
                                  first[0].text("found"), first[0].text("of_row")));
      }
    }
    return {};
  }

  Result<std::vector<std::string>> schema() override {
    std::vector<std::string> out;
    TRY(read([&](Transaction& tx) -> Result<void> {
      out.clear();
      for (const Row& row :
           TRY(tx.query("SELECT CAST(type AS TEXT) AS type, CAST(name AS TEXT) AS name, CAST(tbl_name AS "
                        "TEXT) AS of_table, COALESCE(CAST(sql AS TEXT), '') AS text FROM sqlite_schema ORDER "
                        "BY name LIMIT 10000"))) {
        out.push_back(
            fmt::format("{} {} of {}: {}", row.text("type"), row.text("name"), row.text("of_table"), row.text("text")));
      }
      return {};
    }));
    return out;
  }

 private:
  // Bodies that share a transaction and its commit: what waits for the writer while one body runs joins that body's
  // transaction instead of paying for a sync of its own. Nobody is answered before the commit, the failed neither, since what
  // a body saw may have been a neighbor's that was never committed.
  struct Group {
    int bodies = 0;
    std::optional<Result<void>> outcome LAPEL_GUARDED_BY(mutex);
    os::Mutex mutex;
    os::Condition decided;

    void decide(const Result<void>& result) {
      const os::MutexLock lock(mutex);
      outcome = result;
      decided.notify_all();
    }
    Result<void> wait() {
      const os::MutexLock lock(mutex);
      while (!outcome) decided.wait(mutex);
      return *outcome;
    }
  };

  Result<void> write_in_group(const std::function<Result<void>(Transaction&)>& body, bool& met_another_writer) {
    std::optional<Pool<Connection>::Lease> lease(writer_);
    Connection& writer = **lease;
    if (stopped_) return end(writer, stopped());
    if (!group_) {
      if (auto begun = writer.begin_write(); !begun) {
        met_another_writer = begun.error().code() == Code::kBusy;
        return begun;
      }
      group_ = std::make_shared<Group>();
    }
    const std::shared_ptr<Group> group = group_;
    // Where another body's changes stand before this one's, its failure must undo its own alone.
    const bool is_alone = ++group->bodies == 1;
    if (!is_alone) {
      if (auto begun = writer.control("SAVEPOINT neighbor"); !begun) return end(writer, begun);
    }
    EngineTransaction<Connection> transaction(writer);
    Result<void> result = transaction.outcome(body(transaction));
    met_another_writer = transaction.met_another_writer();
    if (!result && (is_alone || !writer.in_transaction())) return end(writer, result);
    if (!is_alone) {
      if (!result) {
        if (auto undone = writer.control("ROLLBACK TO neighbor"); !undone) return end(writer, undone);
      }
      if (auto released = writer.control("RELEASE neighbor"); !released) return end(writer, released);
    }

    if (group->bodies < kCommitBodiesMax && writer_.is_wanted()) {
      lease.reset();  // to one that joins
    } else {
      commit(writer);
      lease.reset();
    }
    const Result<void> committed = group->wait();
    if (committed) return result;
    met_another_writer = committed.error().code() == Code::kBusy;
    return committed;
  }

  // Ends what the writer has begun, if anything, without a commit: for everybody in it.
  Result<void> end(Connection& writer, Result<void> result) {
    writer.roll_back();
    if (const auto group = std::exchange(group_, nullptr)) group->decide(result);
    return result;
  }

  void commit(Connection& writer) {
    const auto group = std::exchange(group_, nullptr);
    const Result<void> committed = writer.control("COMMIT");
    if (!committed) writer.roll_back();
    group->decide(committed);
    if (committed) writer.checkpoint_if_due();
  }

  Result<void> stopped() const { return fail(problems::kStoreStopped, message_of(problems::kStoreStopped), path_); }

  std::string path_;
  std::chrono::milliseconds busy_timeout_{};
  std::atomic<bool> stopped_ = false;
  // Declared before the readers, so closed after them: the last to close moves the WAL into the file.
  Pool<Connection> writer_;
  Pool<Connection> readers_;
  std::shared_ptr<Group> group_;  // whose transaction is open; belongs to who holds the writer
};

}  // namespace

bool sqlite_has_wal_reset_bug(int number) {
  if (number < 3'007'000 || number >= 3'051'003) return false;
  const auto backported = [number](int first) { return number >= first && number / 1000 == first / 1000; };
  return !backported(3'044'006) && !backported(3'050'007);
}

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, const SqliteOptions& options) {
  CHECK(options.readers >= 1 && options.readers <= 64);
  CHECK(options.busy_timeout_ms >= 0 && options.busy_timeout_ms <= 600'000);
  if (sqlite_has_wal_reset_bug(sqlite3_libversion_number())) {
    return fail(problems::kSqliteVersion, "This SQLite may lose committed writes.", sqlite3_libversion());
  }
  // Another VFS keeps its files where it likes, and gives them their mode.
  if (options.vfs.empty()) TRY(create_file(path));
  auto database = std::make_unique<SqliteDatabase>();
  TRY(database->open(path, options));
  return database;
}

}  // namespace lapel::db
