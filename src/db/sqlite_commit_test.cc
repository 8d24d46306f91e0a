// SPDX-License-Identifier: Apache-2.0
// One transaction, and one sync, of several write()s: what each of them is answered.
#include <atomic>
#include <cerrno>
#include <fstream>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/problems.h"
#include "db/sqlite_for_tests.h"

namespace lapel::db {
namespace {

// Each thread inserts its numbers one write() at a time; those that `is_refused` fail their own body after their insert.
// What each write() answered.
std::map<std::int64_t, Result<void>> insert_from_threads(Database& database, std::int64_t first, int threads, int each,
                                                         const std::function<bool(std::int64_t)>& is_refused) {
  std::mutex mutex;
  std::map<std::int64_t, Result<void>> answers;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        const std::int64_t n = first + t * each + i;
        const Result<void> answer = database.write([&](Transaction& tx) -> Result<void> {
          TRY(tx.run("INSERT INTO t (n) VALUES (:n)", {{"n", n}}));
          if (is_refused(n)) return fail(problems::kInvalid, "This number is refused.");
          return {};
        });
        const std::scoped_lock lock(mutex);
        answers.emplace(n, answer);
      }
    });
  }
  for (std::thread& thread : all) thread.join();
  return answers;
}

TEST(SqliteSharedCommit, WritersThatWaitShareASyncAndAFailedBodyUndoesItsOwnAlone) {
  constexpr int kThreads = 8, kEach = 8, kRoundsMax = 1'000;
  std::atomic<int> syncs = 0;
  const Vfs vfs([&](Vfs::On on) {
    if (on == Vfs::On::kWalSync) ++syncs;
    return SQLITE_OK;
  });
  const Directory directory;
  const auto database = must_open(directory.file(), vfs.options());
  ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT)"));
  const auto is_refused = [](std::int64_t n) { return n % 3 == 0; };
  std::int64_t made = 0, kept = 0;
  bool is_shared = false;
  // Whether threads meet is the scheduler's to say, so this goes on until they have.
  for (int round = 0; round < kRoundsMax && !is_shared; ++round) {
    const int before = syncs;
    std::int64_t kept_now = 0;
    for (const auto& [n, answer] : insert_from_threads(*database, made, kThreads, kEach, is_refused)) {
      EXPECT_EQ(answer.has_value(), !is_refused(n)) << n;
      if (!answer) {
        EXPECT_EQ(answer.error().problem, &problems::kInvalid) << answer.error().text();
      }
      kept_now += answer.has_value();
    }
    made += kThreads * kEach;
    kept += kept_now;
    EXPECT_EQ(number(*database, kCount), kept);
    EXPECT_EQ(number(*database, "SELECT COUNT(*) AS n FROM t WHERE n % 3 = 0"), 0);
    is_shared = syncs - before < kept_now;
  }
  EXPECT_TRUE(is_shared);
}

TEST(SqliteSharedCommit, AFailedSyncIsTheFailureOfAllWhoSharedIt) {
  constexpr int kThreads = 8, kEach = 40;
  std::atomic<int> syncs_left = 1'000'000;
  const Vfs vfs([&](Vfs::On on) {
    if (on != Vfs::On::kWalSync || --syncs_left != 0) return SQLITE_OK;
    errno = EIO;
    return SQLITE_IOERR_FSYNC;
  });
  const Directory directory;
  std::map<std::int64_t, Result<void>> answers;
  {
    const auto database = must_open(directory.file(), vfs.options());
    ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT)"));
    syncs_left = 5;
    answers = insert_from_threads(*database, 0, kThreads, kEach, [](std::int64_t) { return false; });
  }
  syncs_left = 1'000'000;
  const auto database = must_open(directory.file(), vfs.options());
  int kept = 0;
  for (const auto& [n, answer] : answers) {
    if (!answer) {
      EXPECT_EQ(answer.error().problem, &problems::kStoreStopped) << answer.error().text();
      continue;
    }
    ++kept;
    EXPECT_EQ(number(*database, fmt::format("SELECT COUNT(*) AS n FROM t WHERE n = {}", n)), 1) << n;
  }
  EXPECT_GE(kept, 4);  // each sync before the failed one answered somebody
  EXPECT_LT(kept, kThreads * kEach);
}

// Until that thread of this process sleeps: whoever has nothing else to wait for then waits for its turn.
void wait_until_asleep(pid_t thread) {
  for (char state = 0; state != 'S'; std::this_thread::yield()) {
    std::string stat;
    std::getline(std::ifstream(fmt::format("/proc/self/task/{}/stat", thread)), stat);
    const std::size_t name_end = stat.rfind(") ");
    if (name_end != stat.npos) state = stat.at(name_end + 2);
  }
}

using Body = std::function<Result<void>(Transaction&)>;

// What each body was answered. The first runs when all others wait for the writer, in their order: they join its transaction.
std::vector<Result<void>> write_together(Database& database, const std::vector<Body>& bodies) {
  std::vector<Result<void>> answers(bodies.size(), fail(problems::kInternal, "It was not answered."));
  std::vector<std::thread> others;
  bool is_begun = false;
  answers[0] = database.write([&](Transaction& tx) -> Result<void> {
    if (std::exchange(is_begun, true)) return bodies[0](tx);  // once more, with nobody to wait for
    for (std::size_t i = 1; i < bodies.size(); ++i) {
      std::promise<pid_t> id;
      others.emplace_back([&, i] {
        id.set_value(::gettid());
        answers[i] = database.write(bodies[i]);
      });
      wait_until_asleep(id.get_future().get());
    }
    return bodies[0](tx);
  });
  for (std::thread& other : others) other.join();
  return answers;
}

Body inserts(std::int64_t n) {
  return [n](Transaction& tx) -> Result<void> {
    TRY(tx.run("INSERT INTO t (n) VALUES (:n)", {{"n", n}}));
    return {};
  };
}

TEST(SqliteSharedCommit, OneCommitTakesNoMoreBodiesThanItsLimit) {
  constexpr std::size_t kShare = 64;
  std::atomic<int> syncs = 0;
  const Vfs vfs([&](Vfs::On on) {
    if (on == Vfs::On::kWalSync) ++syncs;
    return SQLITE_OK;
  });
  const Directory directory;
  const auto database = must_open(directory.file(), vfs.options());
  ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT)"));
  for (const auto& [bodies, commits] : std::map<std::size_t, int>{{1, 1}, {kShare, 1}, {kShare + 1, 2}}) {
    const int before = syncs;
    const std::vector<Body> all(bodies, inserts(static_cast<std::int64_t>(bodies)));
    for (const Result<void>& answer : write_together(*database, all)) EXPECT_TRUE(answer);
    EXPECT_EQ(syncs - before, commits) << bodies;
    EXPECT_EQ(number(*database, fmt::format("SELECT count(*) AS n FROM t WHERE n = {}", bodies)), bodies);
  }
}

TEST(SqliteSharedCommit, ABodyThatEndsTheTransactionEndsItForAllWhoSharedIt) {
  bool full = false;
  const Vfs vfs([&](Vfs::On on) { return full && on == Vfs::On::kWalWrite ? SQLITE_FULL : SQLITE_OK; });
  const Directory directory;
  const auto database = must_open(directory.file(), vfs.options());
  ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT, data BLOB)"));
  const auto fill = [&](Transaction& tx) -> Result<void> {
    full = true;
    // More than the page cache holds, so that it spills into the WAL before the commit.
    TRY(tx.run("INSERT INTO t (data) VALUES (:data)", {{"data", Bytes(std::size_t{16} << 20)}}));
    return {};
  };
  for (const Result<void>& answer : write_together(*database, {inserts(1), fill})) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().problem, &problems::kFull) << answer.error().text();
  }
  full = false;
  EXPECT_EQ(number(*database, kCount), 0);
  EXPECT_TRUE(run(*database, "INSERT INTO t (n) VALUES (2)"));
}

// SQLite as it is built for the product does not count its memory, and so knows no limit of it.
const int kMemoryIsCounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 1);

// SQLite has no memory for the statement that begins a neighbor, the one that undoes it, or the one that takes it over.
TEST(SqliteSharedCommit, WhereANeighborCannotBeToldApartNobodysChangesStay) {
  ASSERT_EQ(kMemoryIsCounted, SQLITE_OK);
  const Body inserts_and_uses_up = [&](Transaction& tx) -> Result<void> {
    TRY(inserts(2)(tx));
    sqlite3_hard_heap_limit64(sqlite3_memory_used());
    return {};
  };
  const Body fails_and_uses_up = [&](Transaction& tx) -> Result<void> {
    TRY(inserts_and_uses_up(tx));
    return fail(problems::kInvalid, "This one is refused.");
  };
  const Body never = [](Transaction&) -> Result<void> {
    ADD_FAILURE() << "a body ran beside another's changes without a savepoint";
    return {};
  };
  for (const auto& [first, second] : std::vector<std::pair<Body, Body>>{
           {inserts_and_uses_up, never}, {inserts(1), fails_and_uses_up}, {inserts(1), inserts_and_uses_up}}) {
    const Directory directory;
    const auto database = must_open(directory.file());
    ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT)"));
    ASSERT_FALSE(
        database->write([](Transaction&) { return fail(problems::kInvalid, "So that a rollback is known."); }));
    const std::vector<Result<void>> answers = write_together(*database, {first, second});
    sqlite3_hard_heap_limit64(0);
    for (const Result<void>& answer : answers) {
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().problem, &problems::kInternal) << answer.error().text();
      EXPECT_NE(answer.error().text().find(fmt::format("({})", SQLITE_NOMEM)), std::string::npos)
          << answer.error().text();
    }
    EXPECT_EQ(number(*database, kCount), 0);
    EXPECT_TRUE(database->write(inserts(3)));
    EXPECT_EQ(number(*database, kCount), 1);
  }
}

}  // namespace
}  // namespace lapel::db
