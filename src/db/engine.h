// SPDX-License-Identifier: Apache-2.0
#pragma once
// What both engines do alike: connections lent in turn, a body run inside a transaction, names found for parameters.
//
// Owns: Pool, EngineTransaction and the run of one body. A Connection of an engine has
//     Result<void> begin_read(), begin_write(), commit();  void roll_back();
//     Result<Rows> execute(sql, params, Expect);  std::int64_t changed() const, of the last execute();
//     bool in_transaction() const
//   and says kBusy for a conflict with another writer after which the body may run again, and for nothing else.
// Promises: a body that says success although one of its statements failed is told that statement's error.
// Fails with: what the connection fails with.
// Threads: a Pool from any; an EngineTransaction by the thread that made it.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"
#include "db/db.h"
#include "os/worker.h"

namespace lapel::db {

enum class Expect { kRows, kNoRows };

inline constexpr std::size_t kStatementsMax = 256;  // kept prepared by each connection
inline constexpr std::size_t kContextSqlMax = 200;  // bytes of a statement told in an error

// A mistake in our own SQL or its use, told with the statement, since the line in this file says nothing.
[[noreturn]] void bug(const char* rule, std::string_view sql);

// The parameter that :name in `sql` stands for.
const Param& param_named(std::string_view name, const Params& params, std::string_view sql);
// SQLite would take any bytes and PostgreSQL does not; some texts come from strangers, so a wrong one is no bug.
Result<void> check_text(const Param& param);
// Columns of one query have different names, or it is a bug.
void check_columns(const std::vector<std::string>& columns, std::string_view sql);

// Lends connections, in the order they were asked for. The mutex is held for the queue only, never while one is lent.
template <typename Connection>
class Pool {
 public:
  class Lease {
   public:
    explicit Lease(Pool& pool) : pool_(pool), connection_(pool.take()) {}
    ~Lease() { pool_.give_back(connection_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& operator*() const { return *connection_; }

   private:
    Pool& pool_;
    Connection* const connection_;
  };

  void add(std::unique_ptr<Connection> connection) {
    const os::MutexLock lock(mutex_);
    idle_.push_back(connection.get());
    all_.push_back(std::move(connection));
  }
  // Whoever waits does so until it is given a connection: after a yes, the next give_back() gives to a waiter.
  bool is_wanted() {
    const os::MutexLock lock(mutex_);
    return !waiting_.empty();
  }

 private:
  struct Waiter {
    os::Condition ready;
    Connection* given = nullptr;
  };

  Connection* take() {
    const os::MutexLock lock(mutex_);
    if (!idle_.empty()) {
      Connection* const connection = idle_.back();
      idle_.pop_back();
      return connection;
    }
    Waiter self;
    waiting_.push_back(&self);
    while (self.given == nullptr) self.ready.wait(mutex_);
    return self.given;
  }
  // Handed straight to whoever waits longest: a newcomer cannot slip in between.
  void give_back(Connection* connection) {
    const os::MutexLock lock(mutex_);
    if (waiting_.empty()) {
      idle_.push_back(connection);
      return;
    }
    Waiter* const next = waiting_.front();
    waiting_.pop_front();
    next->given = connection;
    next->ready.notify_one();
  }

  os::Mutex mutex_;
  std::vector<std::unique_ptr<Connection>> all_ LAPEL_GUARDED_BY(mutex_);
  std::vector<Connection*> idle_ LAPEL_GUARDED_BY(mutex_);
  std::deque<Waiter*> waiting_ LAPEL_GUARDED_BY(mutex_);
};

// A thread inside a body that began another transaction would wait for a connection that it holds itself.
class OnlyTransactionOfThread {
 public:
  explicit OnlyTransactionOfThread(const Database& database) {
    CHECK(inside_a_body_of == nullptr);
    inside_a_body_of = &database;
  }
  ~OnlyTransactionOfThread() { inside_a_body_of = nullptr; }
  OnlyTransactionOfThread(const OnlyTransactionOfThread&) = delete;
  OnlyTransactionOfThread& operator=(const OnlyTransactionOfThread&) = delete;

 private:
  static thread_local const Database* inside_a_body_of;
};

template <typename Connection>
class EngineTransaction final : public Transaction {
 public:
  explicit EngineTransaction(Connection& connection) : connection_(connection) {}

  Result<Rows> query(std::string_view sql, const Params& params) override {
    return execute(sql, params, Expect::kRows);
  }

  Result<std::int64_t> run(std::string_view sql, const Params& params) override {
    TRY(execute(sql, params, Expect::kNoRows));
    return connection_.changed();
  }

  Result<void> savepoint(const std::function<Result<void>()>& body) override {
    const std::string name = fmt::format("s{}", ++depth_);
    TRY(execute("SAVEPOINT " + name, {}, Expect::kNoRows));
    const Result<void> result = outcome(body());
    --depth_;
    const bool gone = failed_ && (failed_->code() == Code::kBusy || !connection_.in_transaction());
    if (gone) return result;
    failed_.reset();
    if (!result) TRY(execute("ROLLBACK TO " + name, {}, Expect::kNoRows));
    TRY(execute("RELEASE " + name, {}, Expect::kNoRows));
    return result;
  }

  // What a body's success is worth: the first failed statement speaks for it when it says nothing.
  Result<void> outcome(Result<void> body) const {
    if (body && failed_) return fail(*failed_);
    return body;
  }
  bool met_another_writer() const { return failed_ && failed_->code() == Code::kBusy; }

 private:
  Result<Rows> execute(std::string_view sql, const Params& params, Expect expect) {
    CHECK(std::this_thread::get_id() == thread_);
    if (failed_) return fail(*failed_);
    Result<Rows> rows = connection_.execute(sql, params, expect);
    if (!rows) {
      failed_ = rows.error();
    } else if (!connection_.in_transaction()) {
      bug("a body does not end its own transaction", sql);
    }
    return rows;
  }

  Connection& connection_;
  const std::thread::id thread_ = std::this_thread::get_id();
  int depth_ = 0;
  std::optional<Error> failed_;
};

template <typename Connection>
Result<void> read_once(Connection& connection, const std::function<Result<void>(Transaction&)>& body) {
  TRY(connection.begin_read());
  EngineTransaction<Connection> transaction(connection);
  Result<void> result = transaction.outcome(body(transaction));
  connection.roll_back();
  return result;
}

// One run of a write()'s body. `met_another_writer`: all of it was undone, and it may run again.
template <typename Connection>
Result<void> write_once(Connection& connection, const std::function<Result<void>(Transaction&)>& body,
                        bool& met_another_writer) {
  if (auto begun = connection.begin_write(); !begun) {
    met_another_writer = begun.error().code() == Code::kBusy;
    return begun;
  }
  EngineTransaction<Connection> transaction(connection);
  Result<void> result = transaction.outcome(body(transaction));
  met_another_writer = transaction.met_another_writer();
  if (result) {
    result = connection.commit();
    met_another_writer = !result && result.error().code() == Code::kBusy;
    if (result) return result;
  }
  connection.roll_back();
  return result;
}

}  // namespace lapel::db
