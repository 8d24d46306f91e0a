// SPDX-License-Identifier: Apache-2.0
#pragma once
// A catalog over another in which one statement fails, as on a disk that is full or a server that has gone away. The question
// whether it may be written to counts as one.
//
// Owns: which statement it is.
// Promises: that statement fails in the catalog below, so that what a failure does to its transaction is the engine's own doing. All
//   others go through.
// Fails with: what the catalog below fails with; kStoreStopped where it is asked whether it may be written to.
// Threads: any; refuse() and heal() by the one that made it.

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/problems.h"
#include "db/db.h"
#include "os/worker.h"

namespace lapel::test {

class RefusingCatalog final : public db::Database {
 public:
  using Body = std::function<Result<void>(db::Transaction&)>;
  enum class Whose { kThisThread, kOtherThreads };

  explicit RefusingCatalog(db::Database& real) : real_(real) {}

  // The nth statement from now on, of the thread that made this or of all others; 1 is the next.
  void refuse(std::size_t nth, Whose whose) {
    whose_ = whose;
    has_refused_ = false;
    left_ = static_cast<std::int64_t>(nth);
  }
  void heal() { left_ = commits_left_ = 0; }
  // The nth commit from now on, of whichever thread: that write's body has said success and learns nothing of it. 1 is the next.
  void refuse_commit(std::size_t nth) { commits_left_ = static_cast<std::int64_t>(nth); }
  // What somebody else does before the nth write from now on begins, of whichever thread; 1 is the next.
  void meanwhile(std::size_t nth, std::function<void()> act) {
    const os::MutexLock lock(mutex_);
    writes_left_ = nth;
    meanwhile_ = std::move(act);
  }
  bool has_refused() const { return has_refused_; }

  db::Engine engine() const override { return real_.engine(); }
  std::string contains(std::string_view column, std::string_view parameter) const override {
    return real_.contains(column, parameter);
  }
  Result<void> read(const Body& body) override {
    return real_.read([&](db::Transaction& tx) { return run(tx, body); });
  }
  Result<void> write(const Body& body) override {
    if (const auto act = due()) act();
    return real_.write([&](db::Transaction& tx) -> Result<void> {
      auto result = run(tx, body);
      if (result && commits_left_ > 0 && --commits_left_ == 0)
        return fail(problems::kCommitUnknown, "This commit has no answer");
      return result;
    });
  }
  Result<void> check_writable() override {
    if (is_refused()) return fail(problems::kStoreStopped, "This catalog takes no more writes");
    return real_.check_writable();
  }
  Result<void> change_schema(const Body& body) override { return real_.change_schema(body); }
  Result<std::vector<std::string>> damage() override { return real_.damage(); }
  Result<std::vector<std::string>> schema() override { return real_.schema(); }

 private:
  class Refusing final : public db::Transaction {
   public:
    Refusing(RefusingCatalog& catalog, db::Transaction& real) : catalog_(catalog), real_(real) {}
    Result<db::Rows> query(std::string_view sql, const db::Params& params) override {
      return catalog_.is_refused() ? real_.query(kNone) : real_.query(sql, params);
    }
    Result<std::int64_t> run(std::string_view sql, const db::Params& params) override {
      return catalog_.is_refused() ? real_.run(kNone) : real_.run(sql, params);
    }
    Result<void> savepoint(const std::function<Result<void>()>& body) override { return real_.savepoint(body); }

   private:
    static constexpr std::string_view kNone = "DELETE FROM a_table_that_there_is_not";
    RefusingCatalog& catalog_;
    db::Transaction& real_;
  };

  Result<void> run(db::Transaction& tx, const Body& body) {
    Refusing refusing(*this, tx);
    return body(refusing);
  }
  std::function<void()> due() {
    const os::MutexLock lock(mutex_);
    if (writes_left_ == 0 || --writes_left_ > 0) return nullptr;
    return meanwhile_;
  }
  bool is_refused() {
    if ((std::this_thread::get_id() == thread_) != (whose_ == Whose::kThisThread)) return false;
    if (left_ <= 0 || --left_ != 0) return false;
    has_refused_ = true;
    return true;
  }

  db::Database& real_;
  const std::thread::id thread_ = std::this_thread::get_id();
  os::Mutex mutex_;
  std::function<void()> meanwhile_ LAPEL_GUARDED_BY(mutex_);
  std::size_t writes_left_ LAPEL_GUARDED_BY(mutex_) = 0;
  std::atomic<Whose> whose_ = Whose::kThisThread;
  std::atomic<std::int64_t> left_ = 0, commits_left_ = 0;
  std::atomic<bool> has_refused_ = false;
};

}  // namespace lapel::test
