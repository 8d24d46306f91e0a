// SPDX-License-Identifier: Apache-2.0
// PostgreSQL through the shared suite, and what only a server has: settings that lose commits, connections that die, and a
// commit whose answer does not come. Every test stands on a real server of this program's own.
#include <atomic>
#include <filesystem>
#include <future>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

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
  const Error encoding = refusal(server.make_database("template0", {"-E", "SQL_ASCII"}));
  EXPECT_EQ(encoding.problem, &problems::kDatabaseServer) << encoding.text();
  EXPECT_NE(encoding.message.find("UTF8"), std::string::npos);
  const Error collation = refusal(server.make_database("template0", {"--lc-collate=C.UTF-8"}));
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
        "postgresql://lapel:" + secret + "@127.0.0.1:port/x", "postgresql://lapel:a/" + secret + "@127.0.0.1:1/x",
        "postgresql://lapel:a@" + secret + "@127.0.0.1:1/x", "postgresql://lapel:a?" + secret + "@127.0.0.1:1/x",
        "postgresql://lapel:a#" + secret + "@127.0.0.1:1/x", "postgresql://lapel:a%2F" + secret + "@127.0.0.1:1/x",
        "postgresql://127.0.0.1:1/x?password=" + secret, "postgresql://lapel:" + secret + "@127.0.0.1:1/x?" + secret,
        "password=" + secret + " host=127.0.0.1"}) {
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

TEST(Postgres, AServerThatComesBackLosingCommitsIsNotWrittenTo) {
  PostgresForTests& server = PostgresForTests::instance();
  const auto database = counting(server.make_database(), {.writers = 1, .readers = 1});
  server.stop("fast");
  server.start({"fsync=off"});
  for (int i = 0; i < 3; ++i) {
    const auto refused = database->write(increment);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().problem, &problems::kDatabaseServer) << refused.error().text();
  }
  server.stop("fast");
  server.start();
  EXPECT_TRUE(database->write(increment));
  EXPECT_EQ(count(*database), 1);
}

TEST(Postgres, AServerThatTakesNoWritesIsUnavailableAndNoBug) {
  const auto database = counting(PostgresForTests::instance().make_database(), {.writers = 1, .readers = 1});
  const auto refused = database->write([](Transaction& tx) -> Result<void> {
    TRY(tx.query("SELECT set_config('transaction_read_only', 'on', true) AS setting"));
    return increment(tx);
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().problem, &problems::kUnavailable) << refused.error().text();
  EXPECT_EQ(refused.error().message, "The database server takes no writes now.");
  EXPECT_TRUE(database->write(increment));
}

// After a failover, say: the server that answers under the old address follows another one now.
TEST(Postgres, AStandbyIsReadAndWritesWaitForItsPromotion) {
  PostgresForTests& server = PostgresForTests::instance();
  const auto database = counting(server.make_database(), {.writers = 1, .readers = 1});
  ASSERT_TRUE(database->write(increment));
  server.stop("fast");
  server.make_standby(true);
  server.start();
  EXPECT_EQ(count(*database), 1);
  for (int i = 0; i < 2; ++i) {  // on a connection from before, which is made anew, and on that
    const auto refused = database->write(increment);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().problem, &problems::kUnavailable) << refused.error().text();
    EXPECT_EQ(refused.error().message, "The database server takes no writes now.");
    EXPECT_GT(refused.error().retry_after_s, 0);
  }
  server.stop("fast");
  server.make_standby(false);
  server.start();
  EXPECT_TRUE(database->write(increment));
  EXPECT_EQ(count(*database), 2);
}

// Each run of the body meets a writer that is quicker.
TEST(Postgres, WhoeverAlwaysMeetsAnotherWriterIsToldIt) {
  PostgresForTests& server = PostgresForTests::instance();
  const std::string url = server.make_database();
  const auto quicker = counting(url, {.writers = 1, .readers = 1});
  for (const auto& [patience_ms, runs] : std::map<int, int>{{0, 1}, {600'000, 200}}) {
    const auto database = open_or_fail(url, {.writers = 1, .readers = 1, .busy_timeout_ms = patience_ms});
    int bodies = 0;
    const auto never = database->write([&](Transaction& tx) -> Result<void> {
      ++bodies;
      const std::int64_t n = TRY(tx.query("SELECT n FROM counter WHERE id = 'a' LIMIT 1"))[0].integer("n");
      std::thread([&] { EXPECT_TRUE(quicker->write(increment)); }).join();
      TRY(tx.run("UPDATE counter SET n = :n WHERE id = 'a'", {{"n", n + 1}}));
      return {};
    });
    ASSERT_FALSE(never);
    EXPECT_EQ(never.error().problem, &problems::kBusy) << never.error().text();
    EXPECT_EQ(bodies, runs);
  }
  EXPECT_EQ(count(*quicker), 201) << "nothing of what was undone";
}

// Its kernel answers for it, so no keepalive tells.
TEST(Postgres, AServerThatIsFrozenIsGivenUp) {
  PostgresForTests& server = PostgresForTests::instance();
  const auto database = counting(server.make_database(), {.writers = 1, .readers = 1, .answer_timeout_ms = 200});
  for (const bool in_commit : {false, true}) {
    pid_t backend = 0;
    const auto frozen = database->write([&](Transaction& tx) -> Result<void> {
      TRY(increment(tx));
      backend = static_cast<pid_t>(TRY(tx.query("SELECT pg_backend_pid() AS pid"))[0].integer("pid"));
      CHECK(backend > 1 && ::kill(backend, SIGSTOP) == 0);
      return in_commit ? Result<void>() : increment(tx);
    });
    EXPECT_EQ(::kill(backend, SIGCONT), 0);  // it now reads what was sent to it, and nobody is there to be answered
    ASSERT_FALSE(frozen);
    EXPECT_EQ(frozen.error().problem, in_commit ? &problems::kCommitUnknown : &problems::kUnavailable)
        << frozen.error().text();
    server.stop("fast");  // when its last backend has ended
    server.start();
    const auto made = count(*database);
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_TRUE(*made == 0 || (in_commit && *made == 1)) << *made;
  }
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

// An embedded catalog with every kind of value, and a parent whose name sorts behind its child's.
constexpr Migration kHousehold[] = {{1, "household", R"sql(
CREATE TABLE parents (id TEXT NOT NULL PRIMARY KEY, data BYTES);
CREATE TABLE children (parent TEXT NOT NULL REFERENCES parents (id), n BIGINT NOT NULL, label TEXT, PRIMARY KEY (parent, n));
CREATE TABLE numbered (id AUTO_ID, label TEXT NOT NULL);
)sql"}};

class CatalogCopy : public testing::Test {
 protected:
  CatalogCopy() : path_(testing::TempDir() + fmt::format("lapel-copy-{}.db", ::getpid())) {
    remove();
    auto opened = open_sqlite(path_);
    CHECK(opened.has_value());
    from_ = *std::move(opened);
    CHECK(migrate(*from_, "household", kHousehold).has_value());
    const auto filled = from_->write([](Transaction& tx) -> Result<void> {
      for (int i = 0; i < 3; ++i) {
        const std::string id = fmt::format("p\u00e9{}", i);
        TRY(tx.run("INSERT INTO parents (id, data) VALUES (:id, :data)",
                   {{"id", id}, {"data", i == 0 ? Bytes{} : Bytes{0, 255, 7}}}));
        for (int n = 0; n < 900; ++n) {  // more than a page in all
          TRY(tx.run("INSERT INTO children (parent, n, label) VALUES (:parent, :n, :label)",
                     {{"parent", id},
                      {"n", n == 7 ? std::int64_t{-1} << 62 : n},
                      {"label", n % 3 == 0 ? std::optional<std::string>() : fmt::format("it's {}", n)}}));
        }
      }
      TRY(tx.run("INSERT INTO parents (id) VALUES ('with null')"));
      for (int i = 0; i < 5; ++i) TRY(tx.run("INSERT INTO numbered (label) VALUES ('x')"));
      TRY(tx.run("DELETE FROM numbered WHERE id = 5"));
      return {};
    });
    CHECK(filled.has_value());
    url_ = PostgresForTests::instance().make_database();
    to_ = open_or_fail(url_, {.writers = 1, .readers = 1});
  }
  ~CatalogCopy() override {
    from_.reset();
    remove();
  }
  void remove() const {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + end);
  }
  Result<void> change(const std::string& sql) {
    return to_->write([&](Transaction& tx) -> Result<void> {
      TRY(tx.run(sql));
      return {};
    });
  }

  std::string path_, url_;
  std::unique_ptr<Database> from_, to_;
};

TEST_F(CatalogCopy, BringsEveryRowAndGoesOnCounting) {
  EXPECT_EQ(is_empty(*to_), true);
  EXPECT_EQ(is_empty(*from_), false);
  ASSERT_TRUE(migrate(*to_, "household", kHousehold));
  EXPECT_EQ(is_empty(*to_), false);
  const auto copied = copy_catalog(*from_, *to_);
  ASSERT_TRUE(copied) << copied.error().text();
  EXPECT_EQ(copied->tables, 3);
  EXPECT_EQ(copied->rows, 3 + 3 * 900 + 1 + 4);
  EXPECT_EQ(same_catalog(*from_, *to_), true);
  ASSERT_TRUE(to_->write([](Transaction& tx) -> Result<void> {
    EXPECT_EQ(TRY(tx.query("INSERT INTO numbered (label) VALUES ('y') RETURNING id"))[0].integer("id"), 6)
        << "5 was given before";
    return {};
  }));
  EXPECT_EQ(same_catalog(*from_, *to_), false);
}

TEST_F(CatalogCopy, SeesEachDifference) {
  ASSERT_TRUE(migrate(*to_, "household", kHousehold));
  ASSERT_TRUE(copy_catalog(*from_, *to_));
  for (const char* sql :
       {"UPDATE children SET label = NULL WHERE n = 1", "UPDATE children SET label = '' WHERE n = 0",
        "DELETE FROM children WHERE n = 899", "UPDATE parents SET data = NULL",
        "UPDATE numbered SET label = 'z' WHERE id = 4", "INSERT INTO parents (id) VALUES ('one more')"}) {
    const auto undone = to_->write([&](Transaction& tx) -> Result<void> {
      TRY(tx.run(sql));
      return {};
    });
    ASSERT_TRUE(undone) << sql;
    EXPECT_EQ(same_catalog(*from_, *to_), false) << sql;
    ASSERT_TRUE(change("DELETE FROM children"));
    ASSERT_TRUE(change("DELETE FROM parents"));
    ASSERT_TRUE(change("DELETE FROM numbered"));
    ASSERT_TRUE(copy_catalog(*from_, *to_)) << "into emptied tables again";
    EXPECT_EQ(same_catalog(*from_, *to_), true);
  }
}

TEST_F(CatalogCopy, RefusesRowsAndOtherSteps) {
  const auto without = copy_catalog(*from_, *to_);
  ASSERT_FALSE(without) << "no steps at all";
  ASSERT_TRUE(migrate(*to_, "household", kHousehold));
  ASSERT_TRUE(change("INSERT INTO parents (id) VALUES ('there before')"));
  const auto refused = copy_catalog(*from_, *to_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().problem, &problems::kDataExists) << refused.error().text();
  ASSERT_TRUE(change("DELETE FROM parents"));
  ASSERT_TRUE(change("UPDATE schema_versions SET name = 'other'"));
  const auto other = copy_catalog(*from_, *to_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().problem, &problems::kDataFormat) << other.error().text();
}

// A database that changes what it is given is found out before anything is kept.
TEST_F(CatalogCopy, KeepsNothingOfWhatDoesNotComeBack) {
  ASSERT_TRUE(migrate(*to_, "household", kHousehold));
  PostgresForTests::instance().sql(url_,
                                   "CREATE FUNCTION lie() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.label := "
                                   "upper(NEW.label); RETURN NEW; END'; "
                                   "CREATE TRIGGER lie BEFORE INSERT ON children FOR EACH ROW EXECUTE FUNCTION lie()");
  const auto refused = copy_catalog(*from_, *to_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kCorrupt) << refused.error().text();
  ASSERT_TRUE(to_->read([](Transaction& tx) -> Result<void> {
    EXPECT_EQ(TRY(tx.query("SELECT count(*) AS n FROM parents"))[0].integer("n"), 0);
    return {};
  }));
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
