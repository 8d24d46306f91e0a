// SPDX-License-Identifier: Apache-2.0
// SQLite through the shared suite, and what only SQLite has: files, processes, syncs that fail. Children are
// forked before this process has a thread or a database of its own, and end with _exit.
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/problems.h"
#include "db/db_conformance.h"
#include "db/sqlite_for_tests.h"

namespace lapel::db {
namespace {

struct SqliteEngine {
  // Threads of the suite contend harder than any two programs do; none of its tests is about giving up.
  Result<std::unique_ptr<Database>> open() {
    return open_sqlite(directory.file(), {.readers = 2, .busy_timeout_ms = 60'000, .vfs = {}});
  }
  Directory directory;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, DatabaseConformance, SqliteEngine, testing::internal::DefaultNameGenerator);

pid_t start_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  return child;
}
int wait_for(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

TEST(SqliteVersion, TheWalResetBugIsKnownByItsNumbers) {
  for (const int affected : {3007000, 3040001, 3044005, 3045000, 3049002, 3050006, 3051000, 3051002}) {
    EXPECT_TRUE(sqlite_has_wal_reset_bug(affected)) << affected;
  }
  for (const int sound : {3006023, 3044006, 3044007, 3050007, 3050999, 3051003, 3052000, 3053002, 4000000}) {
    EXPECT_FALSE(sqlite_has_wal_reset_bug(sound)) << sound;
  }
  EXPECT_FALSE(sqlite_has_wal_reset_bug(sqlite3_libversion_number())) << "the pinned SQLite itself";
}

TEST(SqliteOpen, FilesAreForOwnerAndGroupOnly) {
  const Directory directory;
  const auto database = must_open(directory.file());
  ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT)"));
  for (const char* name : {"catalog.db", "catalog.db-wal", "catalog.db-shm"}) {
    struct stat status {};
    ASSERT_EQ(::stat(directory.file(name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777 & ~0640u, 0u) << name;
  }
}

TEST(SqliteOpen, ClosingLeavesOneFile) {
  const Directory directory;
  ASSERT_TRUE(run(*must_open(directory.file()), "CREATE TABLE t (n BIGINT)"));
  EXPECT_FALSE(std::filesystem::exists(directory.file("catalog.db-wal")));
  EXPECT_EQ(number(*must_open(directory.file()), kCount), 0);
}

TEST(SqliteOpen, APlaceThatIsNoneIsAnErrorThatNamesIt) {
  const Directory directory;
  std::ofstream(directory.file("plain")) << "x";
  for (const std::string& path :
       {directory.file("missing/catalog.db"), directory.file("plain/catalog.db"), directory.path().string(),
        directory.file(std::string(300, 'n')), std::string("/proc/lapel.db")}) {
    const auto database = open_sqlite(path);
    ASSERT_FALSE(database) << path;
    EXPECT_EQ(database.error().code(), Code::kInternal);
    EXPECT_NE(database.error().context.find(path), std::string::npos) << database.error().text();
  }
  EXPECT_FALSE(open_sqlite(directory.file(), {.readers = 1, .busy_timeout_ms = 0, .vfs = "nowhere"}));
}

TEST(SqliteOpen, MemoryIsNoPlaceForRecords) {
  SqliteOptions options;
  options.vfs = "unix";
  const auto database = open_sqlite(":memory:", options);
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().problem, &problems::kDataFilesystem);
}

TEST(SqliteOpen, ADirectoryWithoutWriteAccessIsAnErrorNotACrash) {
  const Directory directory;
  ASSERT_TRUE(run(*must_open(directory.file("old.db")), "CREATE TABLE t (n BIGINT)"));
  ::chmod(directory.file("old.db").c_str(), 0444);
  ::chmod(directory.path().c_str(), 0555);
  const pid_t child = start_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 9;  // root may write anywhere
    const auto fresh = open_sqlite(directory.file("new.db"));
    if (fresh || fresh.error().code() != Code::kInternal) return 1;
    const auto old = open_sqlite(directory.file("old.db"));
    if (old || old.error().code() != Code::kInternal) return 2;
    return 0;
  });
  EXPECT_EQ(wait_for(child), 0);
  ::chmod(directory.path().c_str(), 0755);
}

TEST(SqliteOpen, AFullDiskAtAnyWriteIsKFull) {
  int writes = 0;
  int room = 0;
  const Vfs vfs([&](Vfs::On on) { return Vfs::is_write(on) && ++writes > room ? SQLITE_FULL : SQLITE_OK; });
  int refusals = 0;
  for (room = 0;; ++room) {
    writes = 0;
    const Directory directory;
    auto database = open_sqlite(directory.file(), vfs.options());
    const Result<void> result = database ? run(**database, "CREATE TABLE t (n BIGINT)") : fail(database.error());
    if (result) break;
    EXPECT_EQ(result.error().problem, &problems::kFull) << result.error().text();
    ++refusals;
  }
  EXPECT_GE(refusals, 3);
}

// A column keeps whatever is put into it, and bytes are no text to whoever compares.
TEST(SqliteDamage, AValueOfAnotherKindThanItsColumnIsTold) {
  const Directory directory;
  const auto database = *open_sqlite(directory.file());
  const auto write = [&](std::string_view sql) {
    return database->write([&](Transaction& tx) -> Result<void> {
      TRY(tx.run(sql));
      return {};
    });
  };
  ASSERT_TRUE(write("CREATE TABLE holds (id TEXT NOT NULL PRIMARY KEY, until_us BIGINT, mark BLOB)"));
  ASSERT_TRUE(write("INSERT INTO holds (id, until_us, mark) VALUES ('a', 7, x'00'), ('b', NULL, NULL)"));
  EXPECT_EQ(*database->damage(), std::vector<std::string>());
  for (const auto& [change, back, words] :
       {std::tuple("id = CAST(id AS BLOB)", "id = CAST(id AS TEXT)",
                   "holds.id: 1 values are no text, one of them X'61' of X'61'"),
        std::tuple("until_us = CAST(until_us AS BLOB)", "until_us = 7",
                   "holds.until_us: 1 values are no integer, one of them X'37' of 'a'"),
        std::tuple("until_us = 7.5", "until_us = 7", "holds.until_us: 1 values are no integer, one of them 7.5 of 'a'"),
        std::tuple("mark = 'x'", "mark = x'00'", "holds.mark: 1 values are no blob, one of them 'x' of 'a'")}) {
    ASSERT_TRUE(write(fmt::format("UPDATE holds SET {} WHERE until_us IS NOT NULL", change)));
    EXPECT_EQ(*database->damage(), std::vector<std::string>{words}) << change;
    ASSERT_TRUE(write(fmt::format("UPDATE holds SET {} WHERE until_us IS NOT NULL", back)));
  }
  EXPECT_EQ(*database->damage(), std::vector<std::string>());
}

TEST(SqliteFull, NothingOfTheTransactionStaysAndTheNextOneWorks) {
  bool full = false;
  const Vfs vfs([&](Vfs::On on) {
    if (!full || on != Vfs::On::kWalWrite) return SQLITE_OK;
    errno = EDQUOT;  // as the system's VFS leaves it: it knows ENOSPC only
    return SQLITE_IOERR_WRITE;
  });
  const Directory directory;
  const auto database = must_open(directory.file(), vfs.options());
  ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT)"));
  full = true;
  const auto refused = run(*database, "INSERT INTO t (n) VALUES (1)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().problem, &problems::kFull) << refused.error().text();
  EXPECT_EQ(number(*database, kCount), 0);
  full = false;
  EXPECT_TRUE(run(*database, "INSERT INTO t (n) VALUES (2)"));
  EXPECT_EQ(number(*database, "SELECT n FROM t LIMIT 2"), 2);
}

TEST(SqliteFull, ASavepointCannotOutliveItsTransaction) {
  bool full = false;
  const Vfs vfs([&](Vfs::On on) { return full && on == Vfs::On::kWalWrite ? SQLITE_FULL : SQLITE_OK; });
  const Directory directory;
  const auto database = must_open(directory.file(), vfs.options());
  ASSERT_TRUE(run(*database, "CREATE TABLE t (data BLOB)"));
  const auto result = database->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.run("INSERT INTO t (data) VALUES ('before')"));
    full = true;
    // More than the page cache holds, so that it spills into the WAL before the commit.
    const auto inner = tx.savepoint([&]() -> Result<void> {
      TRY(tx.run("INSERT INTO t (data) VALUES (:data)", {{"data", Bytes(std::size_t{16} << 20)}}));
      return {};
    });
    EXPECT_FALSE(inner);
    EXPECT_FALSE(tx.run("INSERT INTO t (data) VALUES ('after')")) << "would commit by itself";
    return {};
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().problem, &problems::kFull);
  full = false;
  EXPECT_EQ(number(*database, kCount), 0);
}

// A process killed after its commit leaves it in the log.
void leave_a_commit_in_the_log(const Directory& directory) {
  const pid_t child = start_child([&] {
    const auto database = must_open(directory.file());
    const bool is_done = run(*database, "CREATE TABLE t (n BIGINT)") && run(*database, "INSERT INTO t (n) VALUES (1)");
    ::_exit(is_done ? 0 : 1);
    return 1;
  });
  ASSERT_EQ(wait_for(child), 0);
}

TEST(SqliteFull, ItOpensWithoutRoomForACheckpointOnceTheLogIsDurable) {
  const Directory directory;
  ASSERT_NO_FATAL_FAILURE(leave_a_commit_in_the_log(directory));
  bool full = true;
  bool sync_fails = false;
  bool is_refused = false;
  int log_syncs = 0;  // after the refusal
  const Vfs vfs([&](Vfs::On on) {
    if (on == Vfs::On::kFileWrite && full) {
      is_refused = true;
      return SQLITE_FULL;
    }
    if (on == Vfs::On::kWalSync && is_refused) {
      ++log_syncs;
      if (sync_fails) return SQLITE_IOERR_FSYNC;
    }
    return SQLITE_OK;
  });
  sync_fails = true;
  const auto unsynced = open_sqlite(directory.file(), vfs.options());
  ASSERT_FALSE(unsynced);
  EXPECT_EQ(unsynced.error().problem, &problems::kStoreStopped);
  EXPECT_EQ(log_syncs, 1);

  sync_fails = is_refused = false;
  auto database = must_open(directory.file(), vfs.options());
  EXPECT_EQ(log_syncs, 2);
  EXPECT_EQ(number(*database, kCount), 1);
  full = false;
  EXPECT_TRUE(run(*database, "INSERT INTO t (n) VALUES (2)"));
  database.reset();
  EXPECT_EQ(number(*must_open(directory.file()), kCount), 2);
}

TEST(SqliteSync, AFailedSyncInACommitStopsAllWrites) {
  bool failing = false;
  int syncs = 0;
  const Vfs vfs([&](Vfs::On on) {
    if (on != Vfs::On::kWalSync && on != Vfs::On::kFileSync) return SQLITE_OK;
    ++syncs;
    if (!failing || on != Vfs::On::kWalSync) return SQLITE_OK;
    failing = false;  // Linux says so once
    errno = EIO;
    return SQLITE_IOERR_FSYNC;
  });
  const Directory directory;
  auto database = must_open(directory.file(), vfs.options());
  ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT)"));
  ASSERT_TRUE(run(*database, "INSERT INTO t (n) VALUES (1)"));
  EXPECT_TRUE(database->check_writable());
  failing = true;
  const auto failed = run(*database, "INSERT INTO t (n) VALUES (2)");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().problem, &problems::kStoreStopped) << failed.error().text();
  EXPECT_FALSE(failing) << "the sync was never asked for";

  EXPECT_EQ(database->check_writable().error().problem, &problems::kStoreStopped);
  syncs = 0;
  for (int i = 0; i < 3; ++i) {
    const auto later = database->write([](Transaction&) -> Result<void> {
      ADD_FAILURE() << "a body ran";
      return {};
    });
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().problem, &problems::kStoreStopped);
  }
  EXPECT_EQ(number(*database, "SELECT max(n) AS n FROM t"), 1) << "reads go on, without what was refused";
  database.reset();
  EXPECT_EQ(syncs, 0) << "closing synced again, and would have turned the loss into a success";
  EXPECT_TRUE(std::filesystem::exists(directory.file("catalog.db-wal")));

  database = must_open(directory.file());
  const auto n = number(*database, "SELECT max(n) AS n FROM t");
  EXPECT_TRUE(n == 1 || n == 2) << "whole or not at all";
  EXPECT_TRUE(run(*database, "INSERT INTO t (n) VALUES (3)"));
}

TEST(SqliteSync, AFailedSyncInACheckpointStopsTheWritesAfterIt) {
  bool failing = false;
  const Vfs vfs([&](Vfs::On on) {
    if (!failing || on != Vfs::On::kFileSync) return SQLITE_OK;
    failing = false;
    return SQLITE_IOERR_FSYNC;
  });
  const Directory directory;
  auto database = must_open(directory.file(), vfs.options());
  ASSERT_TRUE(run(*database, "CREATE TABLE t (data TEXT)"));
  failing = true;
  // Enough pages at once to make a checkpoint due.
  EXPECT_TRUE(run(*database, "INSERT INTO t (data) VALUES (:data)", {{"data", std::string(std::size_t{8} << 20, 'x')}}))
      << "this one is durable in the WAL";
  EXPECT_FALSE(failing) << "no checkpoint was made";
  const auto later = run(*database, "INSERT INTO t (data) VALUES ('later')");
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().problem, &problems::kStoreStopped);
  database.reset();
  EXPECT_EQ(number(*must_open(directory.file()), kCount), 1);
}

TEST(SqliteSync, AFailedSyncWhileOpeningIsAnError) {
  const Vfs vfs([](Vfs::On on) { return on == Vfs::On::kFileSync ? SQLITE_IOERR_FSYNC : SQLITE_OK; });
  const Directory directory;
  const auto database = open_sqlite(directory.file(), vfs.options());
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().problem, &problems::kStoreStopped);
}

TEST(SqliteSync, ACommitThatWasFoundAndCannotBeSyncedIsNotTaken) {
  const Directory directory;
  ASSERT_NO_FATAL_FAILURE(leave_a_commit_in_the_log(directory));
  {
    const Vfs vfs([](Vfs::On on) { return on == Vfs::On::kFileSync ? SQLITE_IOERR_FSYNC : SQLITE_OK; });
    const auto database = open_sqlite(directory.file(), vfs.options());
    ASSERT_FALSE(database);
    EXPECT_EQ(database.error().problem, &problems::kStoreStopped);
  }
  EXPECT_EQ(number(*must_open(directory.file()), kCount), 1);
}

// Who writes now has found them, and made them durable, before.
TEST(SqliteBusy, ItOpensWhileAnotherWrites) {
  const Directory directory;
  const auto writer = must_open(directory.file());
  ASSERT_TRUE(run(*writer, "CREATE TABLE t (n BIGINT)"));
  EXPECT_TRUE(writer->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.run("INSERT INTO t (n) VALUES (1)"));
    const auto second = open_sqlite(directory.file(), {.readers = 1, .busy_timeout_ms = 0, .vfs = {}});
    EXPECT_TRUE(second) << second.error().text();
    if (second) {
      EXPECT_EQ(number(**second, kCount), 0);
    }
    return {};
  }));
  EXPECT_EQ(number(*writer, kCount), 1);
}

TEST(SqliteWal, ACheckpointKeepsItFromGrowingWithoutEnd) {
  const Directory directory;
  const auto database = must_open(directory.file());
  ASSERT_TRUE(run(*database, "CREATE TABLE t (data TEXT)"));
  const std::string data(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(run(*database, "INSERT INTO t (data) VALUES (:data)", {{"data", data}}));
  EXPECT_LT(std::filesystem::file_size(directory.file("catalog.db-wal")), std::size_t{16} << 20);
  EXPECT_GT(std::filesystem::file_size(directory.file()), std::size_t{30} << 20);
}

TEST(SqliteBusy, ABusyCommitRunsTheBodyAgain) {
  int busy = 0;
  const Vfs vfs([&](Vfs::On on) { return on == Vfs::On::kWalWrite && busy-- > 0 ? SQLITE_BUSY : SQLITE_OK; });
  const Directory directory;
  const auto database = must_open(directory.file(), vfs.options());
  ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT)"));
  const auto insert = [&](int& bodies) {
    return database->write([&](Transaction& tx) -> Result<void> {
      ++bodies;
      TRY(tx.run("INSERT INTO t (n) VALUES (1)"));
      return {};
    });
  };
  int bodies = 0;
  busy = 2;
  EXPECT_TRUE(insert(bodies));
  EXPECT_EQ(bodies, 3);
  EXPECT_EQ(number(*database, kCount), 1);

  bodies = 0;
  busy = 1'000'000;
  const auto never = insert(bodies);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code(), Code::kBusy);
  EXPECT_EQ(bodies, 8);
  busy = 0;
  EXPECT_EQ(number(*database, kCount), 1);
}

TEST(SqliteBusy, WhoeverWaitsTooLongIsTold) {
  const Directory directory;
  const auto holder = must_open(directory.file());
  const auto waiter = must_open(directory.file(), {.readers = 1, .busy_timeout_ms = 10, .vfs = {}});
  ASSERT_TRUE(holder->write([&](Transaction&) -> Result<void> {
    std::thread([&] {
      const auto refused = run(*waiter, "CREATE TABLE t (n BIGINT)");
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().problem, &problems::kBusy);
    }).join();
    return {};
  }));
  EXPECT_TRUE(run(*waiter, "CREATE TABLE t (n BIGINT)"));
}

TEST(SqliteReaders, MoreThreadsThanConnectionsAllGetTheirTurn) {
  const Directory directory;
  const auto database = must_open(directory.file(), {.readers = 2, .busy_timeout_ms = 1'000, .vfs = {}});
  ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT)"));
  std::atomic<int> inside = 0, most = 0, total = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        EXPECT_TRUE(database->read([&](Transaction& tx) -> Result<void> {
          const int now = ++inside;
          int seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          TRY(tx.query(kCount));
          ++total;
          --inside;
          return {};
        }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(total, 400);
  EXPECT_LE(most, 2);
}

TEST(SqliteStatements, MoreTextsThanTheCacheHoldsStillWork) {
  const Directory directory;
  const auto database = must_open(directory.file());
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 600; ++i) {
      EXPECT_EQ(number(*database, "SELECT " + std::to_string(i) + " AS n"), i);
    }
  }
}

TEST(SqliteCorrupt, AFileThatIsNoDatabaseIsRefused) {
  for (const std::string& content : {std::string(8192, 'x'), std::string("SQLite format 3"), std::string(100, '\0')}) {
    const Directory directory;
    std::ofstream(directory.file(), std::ios::binary) << content;
    const auto database = open_sqlite(directory.file());
    ASSERT_FALSE(database) << content.substr(0, 20);
    EXPECT_EQ(database.error().code(), Code::kCorrupt) << database.error().text();
    EXPECT_NE(database.error().context.find(directory.file()), std::string::npos);
  }
}

TEST(SqliteCorrupt, ADamagedPageIsAnErrorWhereItIsRead) {
  const Directory directory;
  {
    const auto database = must_open(directory.file());
    ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT, data TEXT)"));
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(run(*database, "INSERT INTO t (n, data) VALUES (1, :data)", {{"data", std::string(1000, 'x')}}));
    }
  }
  std::fstream file(directory.file(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(2 * 4096);
  file << std::string(4096, '\xa5');
  file.close();

  const auto database = must_open(directory.file());
  const auto read = number(*database, "SELECT sum(n) AS n FROM t");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kCorrupt) << read.error().text();
  const auto written = run(*database, "DELETE FROM t");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Code::kCorrupt) << written.error().text();
}

TEST(SqliteProcesses, ThreeOpenMigrateAndIncrementAtOnce) {
  const Directory directory;
  static constexpr Migration kSteps[] = {{1, "counter", "CREATE TABLE t (n BIGINT NOT NULL)"},
                                         {2, "start", "INSERT INTO t (n) VALUES (0)"}};
  const auto work = [&] {
    const auto database = must_open(directory.file(), {.readers = 1, .busy_timeout_ms = 60'000, .vfs = {}});
    if (!migrate(*database, "counter", kSteps)) return 1;
    for (int i = 0; i < 100; ++i) {
      const auto added = database->write([](Transaction& tx) -> Result<void> {
        const std::int64_t n = TRY(tx.query("SELECT n FROM t LIMIT 2"))[0].integer("n");
        TRY(tx.run("UPDATE t SET n = :n", {{"n", n + 1}}));
        return {};
      });
      if (!added) return 2;
    }
    return 0;
  };
  const pid_t children[] = {start_child(work), start_child(work), start_child(work)};
  for (const pid_t child : children) EXPECT_EQ(wait_for(child), 0);
  EXPECT_EQ(number(*must_open(directory.file()), "SELECT n FROM t LIMIT 2"), 300);
}

TEST(SqliteProcesses, WhatAKilledWriterWasToldIsThere) {
  const Directory directory;
  {
    const auto database = must_open(directory.file());
    ASSERT_TRUE(run(*database, "CREATE TABLE t (n BIGINT NOT NULL PRIMARY KEY)"));
    ASSERT_TRUE(run(*database, "CREATE TABLE twin (n BIGINT NOT NULL PRIMARY KEY)"));
  }
  std::int64_t acknowledged = 0;
  for (int round = 0; round < 5; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = start_child([&] {
      ::close(pipe[0]);
      const auto database = must_open(directory.file());
      for (std::int64_t n = *number(*database, "SELECT coalesce(max(n), 0) AS n FROM t") + 1;; ++n) {
        const auto committed = database->write([&](Transaction& tx) -> Result<void> {
          TRY(tx.run("INSERT INTO t (n) VALUES (:n)", {{"n", n}}));
          TRY(tx.run("INSERT INTO twin (n) VALUES (:n)", {{"n", n}}));
          return {};
        });
        if (!committed || ::write(pipe[1], &n, sizeof n) != sizeof n) return 1;
      }
    });
    ::close(pipe[1]);
    const std::int64_t enough = acknowledged + 20 + round;
    std::int64_t n = 0;
    while (::read(pipe[0], &n, sizeof n) == sizeof n) {
      acknowledged = n;
      if (n == enough) ::kill(child, SIGKILL);
    }
    ::close(pipe[0]);
    EXPECT_TRUE(WIFSIGNALED(wait_for(child)));
    EXPECT_GE(acknowledged, enough);

    const auto database = must_open(directory.file());
    const auto last = number(*database, "SELECT max(n) AS n FROM t");
    EXPECT_TRUE(last == acknowledged || last == acknowledged + 1) << *last << " after " << acknowledged;
    EXPECT_EQ(number(*database, kCount), *last) << "a gap";
    EXPECT_EQ(number(*database, "SELECT count(*) AS n FROM t JOIN twin ON twin.n = t.n"), *last)
        << "half a transaction";
    acknowledged = *last;
  }
}

// Killed before every single write that opening and migrating make, then run again.
TEST(SqliteProcesses, MigrationsKilledAtAnyWriteGoOnWhereTheyWere) {
  static constexpr Migration kSteps[] = {
      {1, "one", "CREATE TABLE a (id TEXT NOT NULL PRIMARY KEY); INSERT INTO a (id) VALUES ('x')"},
      {2, "two", "ALTER TABLE a ADD COLUMN n BIGINT; CREATE TABLE t (id TEXT NOT NULL); UPDATE a SET n = 2"},
      {3, "three", "INSERT INTO t (id) SELECT id FROM a; CREATE INDEX t_by_id ON t (id)"}};
  constexpr int kKilled = 77;
  int kills = 0;
  std::set<std::int64_t> versions_seen;
  for (int survives = 0;; ++survives) {
    const Directory directory;
    const pid_t child = start_child([&] {
      int writes = 0;
      const Vfs vfs([&](Vfs::On on) {
        if (Vfs::is_write(on) && writes++ == survives) ::_exit(kKilled);
        return SQLITE_OK;
      });
      const auto database = must_open(directory.file(), vfs.options());
      return migrate(*database, "m", kSteps) ? 0 : 1;
    });
    const int status = wait_for(child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 0) break;
    ASSERT_EQ(WEXITSTATUS(status), kKilled);
    ++kills;

    const auto database = must_open(directory.file());
    const auto version = number(*database, "SELECT coalesce(max(version), 0) AS n FROM schema_versions");
    if (version) {
      versions_seen.insert(*version);
      // A step's tables are there exactly when its row is.
      EXPECT_EQ(number(*database, "SELECT count(*) AS n FROM a").has_value(), *version >= 1);
      EXPECT_EQ(number(*database, kCount).has_value(), *version >= 2);
    }
    const auto again = migrate(*database, "m", kSteps);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(number(*database, "SELECT max(version) AS n FROM schema_versions"), 3);
    EXPECT_EQ(number(*database, "SELECT sum(n) AS n FROM a JOIN t ON t.id = a.id"), 2);
  }
  EXPECT_GE(kills, 10);
  // 3 is a kill inside the checkpoint that closing makes.
  EXPECT_EQ(versions_seen, (std::set<std::int64_t>{0, 1, 2, 3})) << "some step was never interrupted";
}

}  // namespace
}  // namespace lapel::db
