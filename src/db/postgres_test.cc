// SPDX-License-Identifier: Apache-2.0
// PostgreSQL through the shared suite, and what only a server has: settings that lose commits, connections that die, and a
// commit whose answer does not come. Every test stands on a real server of this program's own.
#include <atomic>
#include <future>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/check.h"
#include "base/problems.h"
#include "db/db_conformance.h"
#include "db/postgres_for_tests.h"

namespace lapel::db {
namespace {

struct PostgresEngine {
  // Threads of the suite contend harder than any two programs do; none of its tests is about giving up.
  Result<std::unique_ptr<Database>> open() {
    return open_postgres(url, {.writers = 2, .readers = 2, .busy_timeout_ms = 60'000});
  }
  std::string url = PostgresForTests::instance().make_database();
};

INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, DatabaseConformance, PostgresEngine, testing::internal::DefaultNameGenerator);

std::unique_ptr<Database> open_or_fail(const std::string& url, const PostgresOptions& options = {}) {
  auto database = open_postgres(url, options);
  if (!database) ADD_FAILURE() << database.error().text();
  CHECK(database.has_value());
  return *std::move(database);
}

constexpr Migration kCounter[] = {
    {1, "counter", "CREATE TABLE counter (id TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)"},
    {2, "zero", "INSERT INTO counter (id, n) VALUES ('a', 0)"}};

std::unique_ptr<Database> counting(const std::string& url, const PostgresOptions& options = {}) {
  auto database = open_or_fail(url, options);
  const auto migrated = migrate(*database, "counter", kCounter);
  if (!migrated) ADD_FAILURE() << migrated.error().text();
  CHECK(migrated.has_value());
  return database;
}

Result<std::int64_t> count(Database& database) {
  std::int64_t n = -1;
  TRY(database.read([&](Transaction& tx) -> Result<void> {
    n = TRY(tx.query("SELECT n FROM counter WHERE id = 'a' LIMIT 1"))[0].integer("n");
    return {};
  }));
  return n;
}

Result<void> increment(Transaction& tx) {
  const std::int64_t n = TRY(tx.query("SELECT n FROM counter WHERE id = 'a' LIMIT 1"))[0].integer("n");
  TRY(tx.run("UPDATE counter SET n = :n WHERE id = 'a'", {{"n", n + 1}}));
  return {};
}

TEST(Postgres, EightThreadsLoseNoIncrement) {
  const auto database =
      counting(PostgresForTests::instance().make_database(), {.writers = 8, .readers = 2, .busy_timeout_ms = 60'000});
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 25; ++j) {
        const auto done = database->write(increment);
        EXPECT_TRUE(done) << done.error().text();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count(*database), 200);
}

// Each of two reads what the other writes: either order alone is right, both at once is not (write skew).
TEST(Postgres, TransactionsAreAsIfOneByOne) {
  static constexpr Migration kSkew[] = {
      {1, "on duty", "CREATE TABLE duty (id TEXT NOT NULL PRIMARY KEY, is_on BIGINT NOT NULL)"}};
  const auto database = open_or_fail(PostgresForTests::instance().make_database());
  ASSERT_TRUE(migrate(*database, "skew", kSkew));
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(database->write([](Transaction& tx) -> Result<void> {
      TRY(tx.run("DELETE FROM duty"));
      TRY(tx.run("INSERT INTO duty (id, is_on) VALUES ('a', 1), ('b', 1)"));
      return {};
    }));
    const auto leave = [&](std::string_view id) {
      EXPECT_TRUE(database->write([&](Transaction& tx) -> Result<void> {
        const std::int64_t on =
            TRY(tx.query("SELECT count(*) AS on_duty FROM duty WHERE is_on = 1"))[0].integer("on_duty");
        if (on == 2) TRY(tx.run("UPDATE duty SET is_on = 0 WHERE id = :id", {{"id", id}}));
        return {};
      }));
    };
    std::thread one([&] { leave("a"); }), two([&] { leave("b"); });
    one.join();
    two.join();
    ASSERT_TRUE(database->read([](Transaction& tx) -> Result<void> {
      EXPECT_EQ(TRY(tx.query("SELECT count(*) AS on_duty FROM duty WHERE is_on = 1"))[0].integer("on_duty"), 1);
      return {};
    }));
  }
}

TEST(Postgres, RefusesWhatIsNoDatabaseOfOurs) {
  PostgresForTests& server = PostgresForTests::instance();
  const auto refusal = [](const std::string& url) {
    const auto database = open_postgres(url, {.writers = 1, .readers = 1, .connect_timeout_s = 2});
    EXPECT_FALSE(database);
    return database ? Error{&problems::kInternal, "", ""} : database.error();
  };
  const Error encoding = refusal(server.make_database({"-E", "SQL_ASCII"}));
  EXPECT_EQ(encoding.problem, &problems::kDatabaseServer) << encoding.text();
  EXPECT_NE(encoding.message.find("UTF8"), std::string::npos);
  const Error collation = refusal(server.make_database({"--lc-collate=C.UTF-8"}));
  EXPECT_EQ(collation.problem, &problems::kDatabaseServer) << collation.text();
  EXPECT_NE(collation.message.find("LOCALE 'C'"), std::string::npos);
  EXPECT_EQ(refusal(server.url("nowhere")).problem, &problems::kUnavailable);
  EXPECT_EQ(refusal("sqlite:///tmp/x").code(), Code::kInvalid);
  EXPECT_EQ(refusal("").code(), Code::kInvalid);
}

TEST(Postgres, NoErrorHasThePasswordOfTheUrl) {
  const std::string secret = "correct-horse-battery";
  for (const std::string& url :
       {"postgresql://lapel:" + secret + "@127.0.0.1:1/x", "postgres//lapel:" + secret + "@127.0.0.1/x",
        "postgresql://lapel:" + secret + "@127.0.0.1:port/x", "postgresql://127.0.0.1:1/x?password=" + secret,
        "postgresql://lapel:" + secret + "@127.0.0.1:1/x?" + secret, "password=" + secret + " host=127.0.0.1"}) {
    const auto database = open_postgres(url, {.writers = 1, .readers = 1, .connect_timeout_s = 2});
    ASSERT_FALSE(database) << url;
    EXPECT_EQ(database.error().text().find(secret), std::string::npos) << database.error().text();
  }
}

TEST(Postgres, RefusesAServerThatLosesCommits) {
  PostgresForTests& server = PostgresForTests::instance();
  const std::string url = server.make_database();
  for (const char* setting : {"fsync", "full_page_writes"}) {
    server.stop("fast");
    server.start({fmt::format("{}=off", setting)});
    const auto database = open_postgres(url, {.writers = 1, .readers = 1});
    EXPECT_FALSE(database);
    if (!database) {
      EXPECT_EQ(database.error().problem, &problems::kDatabaseServer);
      EXPECT_NE(database.error().message.find(setting), std::string::npos);
    }
  }
  server.stop("fast");
  server.start({"synchronous_commit=off"});
  const auto database = open_or_fail(url, {.writers = 1, .readers = 1});
  EXPECT_TRUE(database->read([](Transaction& tx) -> Result<void> {
    const Rows rows = TRY(tx.query("SELECT current_setting('synchronous_commit') AS setting"));
    EXPECT_EQ(rows[0].text("setting"), "on") << "asked for by each connection";
    return {};
  }));
  server.stop("fast");
  server.start();
}

TEST(Postgres, AServerThatWasStartedAnewIsFoundAgain) {
  PostgresForTests& server = PostgresForTests::instance();
  const auto database = counting(server.make_database(), {.writers = 2, .readers = 2});
  ASSERT_TRUE(database->write(increment));
  server.stop("immediate");
  const auto down = database->write(increment);
  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().problem, &problems::kUnavailable) << down.error().text();
  EXPECT_GT(down.error().retry_after_s, 0);
  EXPECT_FALSE(count(*database));
  server.start();
  EXPECT_EQ(count(*database), 1) << "what was committed survived";
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(database->write(increment)) << "on each of the connections";
  EXPECT_EQ(count(*database), 5);
}

TEST(Postgres, AConnectionThatIsEndedWhileIdleIsReplaced) {
  PostgresForTests& server = PostgresForTests::instance();
  const std::string url = server.make_database();
  const auto database = counting(url, {.writers = 1, .readers = 1});
  const std::string end_the_others =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lapel'";
  server.sql(url, end_the_others);
  EXPECT_TRUE(database->write(increment));
  server.sql(url, end_the_others);
  EXPECT_EQ(count(*database), 1);
}

TEST(Postgres, ALostConnectionUndoesTheBodyAndDoesNotRunItAgain) {
  PostgresForTests& server = PostgresForTests::instance();
  const std::string url = server.make_database();
  const auto database = counting(url, {.writers = 1, .readers = 1});
  int bodies = 0;
  const auto cut = database->write([&](Transaction& tx) -> Result<void> {
    ++bodies;
    TRY(increment(tx));
    server.sql(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'");
    return increment(tx);
  });
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().problem, &problems::kUnavailable) << cut.error().text();
  EXPECT_EQ(bodies, 1);
  EXPECT_EQ(count(*database), 0);
  EXPECT_TRUE(database->write(increment));
}

// The server is stopped when the body has run and before its COMMIT is sent.
TEST(Postgres, ACommitWithoutAnAnswerIsToldAsUnknown) {
  PostgresForTests& server = PostgresForTests::instance();
  const auto database = counting(server.make_database(), {.writers = 1, .readers = 1});
  int bodies = 0;
  const auto cut = database->write([&](Transaction& tx) -> Result<void> {
    ++bodies;
    TRY(increment(tx));
    server.stop("immediate");
    return {};
  });
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().problem, &problems::kCommitUnknown) << cut.error().text();
  EXPECT_EQ(bodies, 1);
  server.start();
  EXPECT_EQ(count(*database), 0) << "this one was not made";
}

// A deferred trigger lets the commit itself wait until the test has ended its connection: made or not, it is one of both.
TEST(Postgres, ACommitThatIsCutOffIsThereAsAWholeOrNotAtAll) {
  PostgresForTests& server = PostgresForTests::instance();
  const std::string url = server.make_database();
  const auto database = counting(url, {.writers = 1, .readers = 1});
  server.sql(url,
             "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; "
             "END'; CREATE CONSTRAINT TRIGGER dawdle AFTER UPDATE ON counter DEFERRABLE INITIALLY DEFERRED FOR EACH "
             "ROW EXECUTE FUNCTION dawdle()");
  auto cut = std::async(std::launch::async, [&] { return database->write(increment); });
  server.sql(url,
             "DO $$ BEGIN LOOP PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'COMMIT' AND "
             "state = 'active'; EXIT WHEN FOUND; PERFORM pg_stat_clear_snapshot(); END LOOP; END $$");
  const auto result = cut.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().problem, &problems::kCommitUnknown) << result.error().text();
  EXPECT_EQ(count(*database), 0);
}

TEST(Postgres, AStatementThatTakesTooLongIsEnded) {
  PostgresForTests& server = PostgresForTests::instance();
  const auto database = counting(server.make_database(), {.writers = 1, .readers = 1, .answer_timeout_ms = 50});
  const auto late = database->read([](Transaction& tx) -> Result<void> {
    TRY(tx.query("SELECT CAST(pg_sleep(60) AS TEXT) AS slept"));
    return {};
  });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::kUnavailable) << late.error().text();
  EXPECT_EQ(count(*database), 0) << "the connection is as good as before";
}

TEST(Postgres, ValuesOfAnotherKindAreBugs) {
  const std::string url = PostgresForTests::instance().make_database();
  const auto database = counting(url, {.writers = 1, .readers = 1});
  const auto query = [&](std::string_view sql, const Params& params) {
    const auto own = open_or_fail(url, {.writers = 1, .readers = 1});
    (void)own->read([&](Transaction& tx) -> Result<void> {
      TRY(tx.query(sql, params));
      return {};
    });
  };
  EXPECT_DEATH(query("SELECT n FROM counter WHERE n = :n", {{"n", "1"}}), "CHECK failed.*text is meant");
  EXPECT_DEATH(query("SELECT n FROM counter WHERE id = :id", {{"id", 1}}), "CHECK failed.*number is meant");
  EXPECT_DEATH(query("SELECT n FROM counter WHERE id = :id", {{"id", Bytes{1}}}), "CHECK failed.*bytes are meant");
  EXPECT_DEATH(query("SELECT n = 0 AS zero FROM counter", {}), "CHECK failed.*type of the dialect");
}

}  // namespace
}  // namespace lapel::db
