// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every Database promises, as tests: SQLite passes it today, PostgreSQL has to.
//
// Owns: the suite DatabaseConformance. A test file instantiates it for an engine:
//   INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, DatabaseConformance, SqliteEngine,
//   testing::internal::DefaultNameGenerator) where SqliteEngine makes an empty database when it is
//   constructed, and open() opens that one, also several times.
// Promises: nothing in here names an engine.
// Fails with: gtest failures.
// Threads: tests start their own and join them.

#include <algorithm>
#include <atomic>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/problems.h"
#include "db/db.h"

namespace lapel::db {

template <typename T>
std::optional<Code> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code());
}

template <typename EngineUnderTest>
class DatabaseConformance : public testing::Test {
 protected:
  void SetUp() override {
    static constexpr Migration kSchema[] = {{1, "things", R"sql(
      CREATE TABLE kinds (kind TEXT NOT NULL PRIMARY KEY);
      CREATE TABLE things (
        id TEXT NOT NULL PRIMARY KEY,
        n BIGINT CONSTRAINT things_not_minus_77 CHECK (n <> -77),
        label TEXT,
        data BYTES,
        code TEXT UNIQUE,
        kind TEXT REFERENCES kinds (kind)
      );
      CREATE TABLE numbered (id AUTO_ID, label TEXT NOT NULL);
    )sql"}};
    database_ = open();
    ASSERT_TRUE(database_);
    done(migrate(*database_, "things", kSchema));
  }

  std::unique_ptr<Database> open() {
    auto database = engine_.open();
    if (!database) {
      ADD_FAILURE() << database.error().text();
      return nullptr;
    }
    return *std::move(database);
  }

  static void done(const Result<void>& result) { ASSERT_TRUE(result) << result.error().text(); }

  Result<std::int64_t> run(std::string_view sql, const Params& params = {}) {
    std::int64_t changed = 0;
    TRY(database_->write([&](Transaction& tx) -> Result<void> {
      changed = TRY(tx.run(sql, params));
      return {};
    }));
    return changed;
  }
  // Every row's first column, named `v`, as text; NULL is "-".
  std::vector<std::string> column(std::string_view sql, const Params& params = {}) {
    std::vector<std::string> out;
    done(database_->read([&](Transaction& tx) -> Result<void> {
      out = TRY(column_in(tx, sql, params));
      return {};
    }));
    return out;
  }
  static Result<std::vector<std::string>> column_in(Transaction& tx, std::string_view sql, const Params& params = {}) {
    std::vector<std::string> out;
    const Rows rows = TRY(tx.query(sql, params));
    for (const Row& row : rows) out.push_back(row.maybe_text("v").value_or("-"));
    return out;
  }
  void add(std::string_view id, std::int64_t n) {
    const auto added = run("INSERT INTO things (id, n) VALUES (:id, :n)", {{"id", id}, {"n", n}});
    ASSERT_TRUE(added) << added.error().text();
  }
  std::int64_t number(std::string_view id) {
    std::int64_t n = -1;
    done(database_->read([&](Transaction& tx) -> Result<void> {
      const Rows rows = TRY(tx.query("SELECT n FROM things WHERE id = :id LIMIT 1", {{"id", id}}));
      if (!rows.empty()) n = rows[0].integer("n");
      return {};
    }));
    return n;
  }
  static Result<void> increment(Transaction& tx) {
    const Rows rows = TRY(tx.query("SELECT n FROM things WHERE id = 'counter' LIMIT 1"));
    TRY(tx.run("UPDATE things SET n = :n WHERE id = 'counter'", {{"n", rows[0].integer("n") + 1}}));
    return {};
  }

  EngineUnderTest engine_;
  std::unique_ptr<Database> database_;
};

TYPED_TEST_SUITE_P(DatabaseConformance);

TYPED_TEST_P(DatabaseConformance, IntegersKeepAll64Bits) {
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 53, (std::int64_t{1} << 53) + 1,
                               std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    this->add(std::to_string(n), n);
    EXPECT_EQ(this->number(std::to_string(n)), n);
  }
}

TYPED_TEST_P(DatabaseConformance, TextAndBytesComeBackAsTheyWere) {
  Bytes every;
  for (int i = 0; i < 256; ++i) every.push_back(static_cast<std::uint8_t>(i));
  const std::vector<std::pair<std::string, Bytes>> all = {{"", {}},
                                                          {"plain", {0}},
                                                          {"quote ' and \" and \\ and ; and :name", every},
                                                          {"\u00e9\u4e2d\U0001F4F7", {0xff}},
                                                          {"line\nbreak\r\ttab \x01", {1, 2}}};
  for (const auto& written : all) {
    const std::string& label = written.first;
    const Bytes& data = written.second;
    this->done(this->database_->write([&](Transaction& tx) -> Result<void> {
      TRY(tx.run("DELETE FROM things"));
      TRY(tx.run("INSERT INTO things (id, label, data) VALUES ('a', :label, :data)",
                 {{"label", label}, {"data", data}}));
      const Rows rows = TRY(tx.query("SELECT label, data FROM things LIMIT 2"));
      EXPECT_EQ(rows.size(), 1u);
      EXPECT_EQ(rows[0].text("label"), label);
      EXPECT_EQ(rows[0].bytes("data"), data);
      EXPECT_FALSE(rows[0].is_null("label"));
      EXPECT_FALSE(rows[0].is_null("data"));
      return {};
    }));
  }
}

TYPED_TEST_P(DatabaseConformance, ARowOutlivesTheRowsItCameWith) {
  this->add("kept", 7);
  this->done(this->database_->read([&](Transaction& tx) -> Result<void> {
    const Row row = TRY(tx.query("SELECT id, n FROM things ORDER BY id LIMIT 9"))[0];
    EXPECT_EQ(row.text("id"), "kept");
    EXPECT_EQ(row.integer("n"), 7);
    return {};
  }));
}

TYPED_TEST_P(DatabaseConformance, NullIsNeitherZeroNorEmpty) {
  this->done(this->database_->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.run("INSERT INTO things (id, n, label, data) VALUES ('a', :n, :label, :data)",
               {{"n", std::optional<std::int64_t>()}, {"label", std::optional<std::string>()}, {"data", nullptr}}));
    const Rows rows = TRY(tx.query("SELECT n, label, data FROM things LIMIT 2"));
    EXPECT_TRUE(rows[0].is_null("n"));
    EXPECT_EQ(rows[0].maybe_integer("n"), std::nullopt);
    EXPECT_EQ(rows[0].maybe_text("label"), std::nullopt);
    EXPECT_TRUE(rows[0].is_null("data"));
    return {};
  }));
}

TYPED_TEST_P(DatabaseConformance, TextThatIsNoneIsRefused) {
  using namespace std::string_literals;
  for (const std::string& bad : {"a\0b"s, "\0"s, "\xff"s, "\xc0\x80"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s, "\xc3"s}) {
    const auto result = this->run("INSERT INTO things (id, label) VALUES ('a', :label)", {{"label", bad}});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kInvalid);
    EXPECT_NE(result.error().context.find("label"), std::string::npos);
  }
  EXPECT_EQ(this->number("a"), -1);
}

TYPED_TEST_P(DatabaseConformance, ParametersBindByNameInAnyOrderAndAgain) {
  this->add("a", 5);
  const std::string_view sql =
      "SELECT id AS v FROM things WHERE n > CAST(:low AS BIGINT) AND n < CAST(:high AS BIGINT) "
      "AND n <> CAST(:high AS BIGINT) - CAST(:low AS BIGINT) LIMIT 9";
  EXPECT_EQ(this->column(sql, {{"high", 9}, {"low", 1}}), std::vector<std::string>{"a"});
  EXPECT_EQ(this->column(sql, {{"low", 1}, {"high", 9}}), std::vector<std::string>{"a"});
  EXPECT_EQ(this->column(sql, {{"low", 9}, {"high", 1}}), std::vector<std::string>{});
  EXPECT_EQ(this->column(sql, {{"low", 2}, {"high", 7}}), std::vector<std::string>{}) << "7 - 2 is 5";
}

TYPED_TEST_P(DatabaseConformance, MistakenNamesAreBugs) {
  const auto query = [&](std::string_view sql, const Params& params) {
    const auto database = this->open();
    (void)database->read([&](Transaction& tx) -> Result<void> {
      TRY(tx.query(sql, params));
      return {};
    });
  };
  EXPECT_DEATH(query("SELECT n FROM things WHERE id = :id", {}), "CHECK failed.*same names");
  EXPECT_DEATH(query("SELECT n FROM things", {{"id", "a"}}), "CHECK failed.*same names");
  EXPECT_DEATH(query("SELECT n FROM things WHERE id = :id", {{"di", "a"}}), "CHECK failed.*same names");
  EXPECT_DEATH(query("SELECT n FROM things WHERE id = :id", {{"id", "a"}, {"id", "b"}}), "CHECK failed.*same names");
  EXPECT_DEATH(query("SELECT n FROM things WHERE id = :id AND n = :n", {{"id", "a"}, {"id", "b"}}), "CHECK failed");
  EXPECT_DEATH(query("SELECT n FROM things WHERE id = ?", {{"id", "a"}}), "CHECK failed.*:name");
  EXPECT_DEATH(query("SELECT n FROM things; DELETE FROM things", {}), "CHECK failed.*one statement");
  EXPECT_DEATH(query("", {}), "CHECK failed.*empty");
  EXPECT_DEATH(query("SELECT n, id AS n FROM things", {}), "CHECK failed.*different names");
}

TYPED_TEST_P(DatabaseConformance, MistakenUseIsABug) {
  const auto write = [&](auto body) {
    const auto database = this->open();
    (void)database->write([&](Transaction& tx) -> Result<void> { return body(*database, tx); });
  };
  const auto nothing = [](Transaction&) -> Result<void> { return {}; };
  EXPECT_DEATH(write([&](Database& d, Transaction&) { return d.write(nothing); }), "CHECK failed.*inside_a_body");
  EXPECT_DEATH(write([&](Database& d, Transaction&) { return d.read(nothing); }), "CHECK failed.*inside_a_body");
  EXPECT_DEATH(write([](Database&, Transaction& tx) -> Result<void> {
                 TRY(tx.run("COMMIT"));
                 return {};
               }),
               "CHECK failed.*own transaction");
  EXPECT_DEATH(write([](Database&, Transaction& tx) -> Result<void> {
                 TRY(tx.query("DELETE FROM things"));
                 return {};
               }),
               "CHECK failed.*gives none");
  EXPECT_DEATH(write([](Database&, Transaction& tx) -> Result<void> {
                 TRY(tx.run("SELECT n FROM things"));
                 return {};
               }),
               "CHECK failed.*gives none");
  EXPECT_DEATH(write([](Database&, Transaction& tx) -> Result<void> {
                 return std::async(std::launch::async,
                                   [&]() -> Result<void> {
                                     TRY(tx.run("DELETE FROM things"));
                                     return {};
                                   })
                     .get();
               }),
               "CHECK failed.*thread_");
  this->add("a", 1);
  const auto look = [&](auto at_row) {
    const auto database = this->open();
    (void)database->read([&](Transaction& tx) -> Result<void> {
      const Rows rows = TRY(tx.query("SELECT n, label FROM things LIMIT 1"));
      at_row(rows[0]);
      return {};
    });
  };
  EXPECT_DEATH(look([](const Row& row) { (void)row.integer("m"); }), "CHECK failed.*selects m");
  EXPECT_DEATH(look([](const Row& row) { (void)row.text("n"); }), "CHECK failed.*column n holds a TEXT");
  EXPECT_DEATH(look([](const Row& row) { (void)row.text("label"); }), "CHECK failed.*column label holds a TEXT");
  EXPECT_DEATH(look([](const Row& row) { (void)row.bytes("n"); }), "CHECK failed.*column n holds bytes");
  EXPECT_DEATH((void)Param("n", std::uint64_t{1} << 63), "CHECK failed");
  EXPECT_DEATH((void)this->database_->read([](Transaction& tx) -> Result<void> {
    TRY(tx.run("DELETE FROM things"));
    return {};
  }),
               "CHECK failed.*does not write");
}

TYPED_TEST_P(DatabaseConformance, BrokenConstraintsAreConflictsThatNameThem) {
  ASSERT_TRUE(this->run("INSERT INTO things (id, code) VALUES ('a', 'secret')"));
  const auto refused = [&](std::string_view sql) {
    const auto result = this->run(sql);
    EXPECT_FALSE(result) << sql;
    if (result) return std::string();
    EXPECT_EQ(result.error().problem, &problems::kConflict) << result.error().text();
    EXPECT_EQ(result.error().text().find("secret"), std::string::npos) << "a value in an error";
    return result.error().context;
  };
  const std::string unique = refused("INSERT INTO things (id, code) VALUES ('b', 'secret')");
  EXPECT_NE(unique.find("things"), std::string::npos) << unique;
  EXPECT_NE(unique.find("code"), std::string::npos) << unique;
  EXPECT_NE(refused("INSERT INTO things (id, n) VALUES ('b', -77)").find("things_not_minus_77"), std::string::npos);
  EXPECT_NE(refused("INSERT INTO things (id) VALUES (NULL)").find("id"), std::string::npos);
  refused("INSERT INTO things (id) VALUES ('a')");
  refused("INSERT INTO things (id, kind) VALUES ('b', 'secret')");
  EXPECT_EQ(this->column("SELECT id AS v FROM things LIMIT 9"), std::vector<std::string>{"a"});
}

TYPED_TEST_P(DatabaseConformance, ForeignKeysHoldOnBothSides) {
  ASSERT_TRUE(this->run("INSERT INTO kinds (kind) VALUES ('video')"));
  ASSERT_TRUE(this->run("INSERT INTO things (id, kind) VALUES ('a', 'video')"));
  const auto orphaned = this->run("DELETE FROM kinds");
  ASSERT_FALSE(orphaned);
  EXPECT_EQ(orphaned.error().code(), Code::kConflict);
  ASSERT_TRUE(this->run("DELETE FROM things"));
  EXPECT_EQ(this->run("DELETE FROM kinds"), 1);
}

TYPED_TEST_P(DatabaseConformance, AnErrorFromTheBodyUndoesAllOfIt) {
  this->add("a", 1);
  const auto result = this->database_->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.run("UPDATE things SET n = 2"));
    TRY(tx.run("INSERT INTO things (id) VALUES ('b')"));
    return fail(problems::kUploadLocked, "No.", "there");
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().problem, &problems::kUploadLocked);
  EXPECT_EQ(result.error().context, "there");
  EXPECT_EQ(this->number("a"), 1);
  EXPECT_EQ(this->number("b"), -1);
  EXPECT_EQ(this->run("UPDATE things SET n = 3"), 1) << "the next transaction is not disturbed";
}

TYPED_TEST_P(DatabaseConformance, AFailedStatementSpoilsTheTransaction) {
  this->add("a", 1);
  const auto result = this->database_->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.run("UPDATE things SET n = 2"));
    EXPECT_FALSE(tx.run("INSERT INTO things (id) VALUES ('a')"));
    const auto after = tx.query("SELECT n FROM things LIMIT 1");
    EXPECT_EQ(code_of(after), Code::kConflict);
    EXPECT_FALSE(tx.savepoint([]() -> Result<void> { return {}; }));
    return {};
  });
  ASSERT_FALSE(result) << "success of a body whose statement failed";
  EXPECT_EQ(result.error().code(), Code::kConflict);
  EXPECT_EQ(this->number("a"), 1);

  const auto unknown = this->run("UPDATE nowhere SET n = 1");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::kInternal);
  EXPECT_NE(unknown.error().context.find("nowhere"), std::string::npos);
}

TYPED_TEST_P(DatabaseConformance, ASavepointIsUndoneAlone) {
  this->done(this->database_->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.run("INSERT INTO things (id) VALUES ('before')"));
    const auto inner = tx.savepoint([&]() -> Result<void> {
      TRY(tx.run("INSERT INTO things (id) VALUES ('undone')"));
      TRY(tx.savepoint([&]() -> Result<void> {
        TRY(tx.run("INSERT INTO things (id) VALUES ('nested')"));
        return {};
      }));
      TRY(tx.run("INSERT INTO things (id) VALUES ('before')"));
      return {};
    });
    EXPECT_EQ(code_of(inner), Code::kConflict);
    const auto silent = tx.savepoint([&]() -> Result<void> {
      EXPECT_FALSE(tx.run("INSERT INTO things (id) VALUES ('before')"));
      return {};
    });
    EXPECT_FALSE(silent) << "a savepoint whose statement failed says so";
    const auto own = tx.savepoint([&]() -> Result<void> {
      TRY(tx.run("DELETE FROM things"));
      return fail(Code::kDenied, "No.");
    });
    EXPECT_EQ(code_of(own), Code::kDenied);
    TRY(tx.savepoint([&]() -> Result<void> {
      TRY(tx.run("INSERT INTO things (id) VALUES ('kept')"));
      return {};
    }));
    TRY(tx.run("INSERT INTO things (id) VALUES ('after')"));
    return {};
  }));
  EXPECT_EQ(this->column("SELECT id AS v FROM things ORDER BY id LIMIT 9"),
            (std::vector<std::string>{"after", "before", "kept"}));
}

TYPED_TEST_P(DatabaseConformance, AReaderSeesOneStateWhileAWriterCommits) {
  this->add("a", 1);
  std::promise<void> has_read, has_written;
  std::thread writer([&] {
    has_read.get_future().wait();
    EXPECT_EQ(this->run("UPDATE things SET n = 2"), 1);
    has_written.set_value();
  });
  this->done(this->database_->read([&](Transaction& tx) -> Result<void> {
    const std::string_view sql = "SELECT n FROM things LIMIT 1";
    EXPECT_EQ(TRY(tx.query(sql))[0].integer("n"), 1);
    has_read.set_value();
    has_written.get_future().wait();
    EXPECT_EQ(TRY(tx.query(sql))[0].integer("n"), 1) << "a reader saw a later commit";
    return {};
  }));
  writer.join();
  EXPECT_EQ(this->number("a"), 2);
}

TYPED_TEST_P(DatabaseConformance, NobodySeesWhatIsNotCommitted) {
  this->add("a", 1);
  this->done(this->database_->write([&](Transaction& tx) -> Result<void> {
    TRY(tx.run("UPDATE things SET n = 2"));
    std::thread([&] { EXPECT_EQ(this->number("a"), 1); }).join();
    return {};
  }));
  EXPECT_EQ(this->number("a"), 2);
}

TYPED_TEST_P(DatabaseConformance, TwoThreadsIncrementWithoutLosingOne) {
  this->add("counter", 0);
  const auto work = [&] {
    for (int i = 0; i < 500; ++i) this->done(this->database_->write(this->increment));
  };
  std::thread one(work), two(work);
  one.join();
  two.join();
  EXPECT_EQ(this->number("counter"), 1000);
}

TYPED_TEST_P(DatabaseConformance, ABodyThatRunsAgainLeavesOneEffect) {
  this->add("counter", 0);
  std::atomic<int> bodies = 0;
  const auto work = [&] {
    const auto database = this->open();
    for (int i = 0; i < 50; ++i) {
      this->done(database->write([&](Transaction& tx) -> Result<void> {
        ++bodies;
        TRY(this->increment(tx));
        const Rows rows = TRY(tx.query("SELECT n FROM things WHERE id = 'counter' LIMIT 1"));
        TRY(tx.run("INSERT INTO things (id) VALUES (:id)", {{"id", "n" + std::to_string(rows[0].integer("n"))}}));
        return {};
      }));
    }
  };
  std::thread one(work), two(work);
  one.join();
  two.join();
  EXPECT_GE(bodies, 100);
  EXPECT_EQ(this->number("counter"), 100);
  EXPECT_EQ(this->column("SELECT id AS v FROM things LIMIT 1000").size(), 101u);
}

TYPED_TEST_P(DatabaseConformance, RunTellsHowManyRowsChanged) {
  this->add("a", 1);
  this->add("b", 1);
  EXPECT_EQ(this->run("UPDATE things SET n = 2 WHERE id = 'a' AND n = 1"), 1) << "compare and swap";
  EXPECT_EQ(this->run("UPDATE things SET n = 2 WHERE id = 'a' AND n = 1"), 0) << "lost";
  EXPECT_EQ(this->run("UPDATE things SET n = 2"), 2) << "a row set to what it was counts";
  EXPECT_EQ(this->run("CREATE TABLE further (id TEXT NOT NULL)"), 0);
  EXPECT_EQ(this->run("INSERT INTO further (id) SELECT id FROM things"), 2);
  EXPECT_EQ(this->run("DELETE FROM things WHERE id = 'c'"), 0);
  EXPECT_EQ(this->run("DELETE FROM things"), 2);
}

TYPED_TEST_P(DatabaseConformance, OnConflictDoNothingAndUpdate) {
  this->add("a", 1);
  EXPECT_EQ(this->run("INSERT INTO things (id, n) VALUES ('a', 2) ON CONFLICT (id) DO NOTHING"), 0);
  EXPECT_EQ(this->number("a"), 1);
  EXPECT_EQ(this->run("INSERT INTO things (id, n) VALUES ('a', 7) ON CONFLICT (id) DO UPDATE SET n = excluded.n"), 1);
  EXPECT_EQ(this->number("a"), 7);
}

TYPED_TEST_P(DatabaseConformance, ReturningGivesTheRowsThatChanged) {
  this->add("a", 1);
  this->done(this->database_->write([&](Transaction& tx) -> Result<void> {
    const Rows updated = TRY(tx.query("UPDATE things SET n = n + 1 WHERE id = 'a' RETURNING n"));
    EXPECT_EQ(updated.size(), 1u);
    EXPECT_EQ(updated[0].integer("n"), 2);
    EXPECT_TRUE(TRY(tx.query("UPDATE things SET n = 0 WHERE id = 'b' RETURNING n")).empty());
    const Rows first = TRY(tx.query("INSERT INTO numbered (label) VALUES ('x') RETURNING id"));
    TRY(tx.run("DELETE FROM numbered"));
    const Rows second = TRY(tx.query("INSERT INTO numbered (label) VALUES ('y') RETURNING id"));
    EXPECT_GT(second[0].integer("id"), first[0].integer("id")) << "a number given twice";
    return {};
  }));
  EXPECT_EQ(this->number("a"), 2);
}

TYPED_TEST_P(DatabaseConformance, TextSortsByItsBytes) {
  const std::vector<std::string> sorted = {"",  "A", "B",      "Z",      "_",      "a",      "a b",       "aa",
                                           "b", "z", "\u00c4", "\u00e9", "\u4e2d", "\uff5a", "\U0001F4F7"};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    ASSERT_TRUE(this->run("INSERT INTO things (id, label) VALUES (:id, :label)",
                          {{"id", std::to_string(sorted.size() - i)}, {"label", sorted[i]}}));
  }
  EXPECT_EQ(this->column("SELECT label AS v FROM things ORDER BY label, id LIMIT 99"), sorted);
  EXPECT_EQ(this->column("SELECT label AS v FROM things WHERE label > 'a' AND label < 'b' ORDER BY label, id LIMIT 9"),
            (std::vector<std::string>{"a b", "aa"}));
}

TYPED_TEST_P(DatabaseConformance, NullsSortWhereWritten) {
  ASSERT_TRUE(this->run("INSERT INTO things (id, label) VALUES ('1', NULL), ('2', 'b'), ('3', 'a')"));
  const auto sorted = [&](std::string_view how) {
    return this->column("SELECT label AS v FROM things ORDER BY label " + std::string(how) + ", id LIMIT 9");
  };
  EXPECT_EQ(sorted("NULLS LAST"), (std::vector<std::string>{"a", "b", "-"}));
  EXPECT_EQ(sorted("DESC NULLS LAST"), (std::vector<std::string>{"b", "a", "-"}));
  EXPECT_EQ(sorted("NULLS FIRST"), (std::vector<std::string>{"-", "a", "b"}));
}

TYPED_TEST_P(DatabaseConformance, ContainsTakesTheTextAsItIs) {
  ASSERT_TRUE(
      this->run("INSERT INTO things (id, label) VALUES ('1', 'a%b_c'), ('2', 'aXbYc'), ('3', 'A%B'), ('4', NULL)"));
  const auto found = [&](std::string_view text) {
    std::vector<std::string> ids;
    this->done(this->database_->read([&](Transaction& tx) -> Result<void> {
      const Rows rows = TRY(
          tx.query("SELECT id FROM things WHERE " + this->database_->contains("label", "text") + " ORDER BY id LIMIT 9",
                   {{"text", text}}));
      ids.clear();
      for (const Row& row : rows) ids.push_back(row.text("id"));
      return {};
    }));
    return ids;
  };
  EXPECT_EQ(found("%"), (std::vector<std::string>{"1", "3"}));
  EXPECT_EQ(found("b_c"), std::vector<std::string>{"1"});
  EXPECT_EQ(found("a"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(found("' OR 1=1 --"), std::vector<std::string>());
}

TYPED_TEST_P(DatabaseConformance, KeysetPagesMissAndRepeatNothing) {
  for (int i = 0; i < 10; ++i) this->add("t" + std::to_string(i), i / 4);
  std::vector<std::string> seen;
  std::int64_t n = -1;
  std::string id;
  bool more = true;
  while (more) {
    this->done(this->database_->read([&](Transaction& tx) -> Result<void> {
      const Rows rows =
          TRY(tx.query("SELECT n, id FROM things WHERE (n, id) > (CAST(:n AS BIGINT), CAST(:id AS TEXT)) "
                       "ORDER BY n, id LIMIT 3",
                       {{"n", n}, {"id", id}}));
      for (const Row& row : rows) {
        n = row.integer("n");
        id = row.text("id");
        seen.push_back(id);
      }
      more = !rows.empty();
      return {};
    }));
  }
  EXPECT_EQ(seen.size(), 10u);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 10u);
}

TYPED_TEST_P(DatabaseConformance, AnOverflowIsAnErrorNotAFloat) {
  this->add("max", std::numeric_limits<std::int64_t>::max());
  const auto result = this->database_->read([](Transaction& tx) -> Result<void> {
    TRY(tx.query("SELECT n + 1 AS m FROM things LIMIT 1"));
    return {};
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kInternal);
}

TYPED_TEST_P(DatabaseConformance, AQueryOverItsBoundIsRefused) {
  const std::string_view sql =
      "WITH RECURSIVE counting (n) AS (SELECT CAST(1 AS BIGINT) AS n UNION ALL SELECT n + 1 FROM counting "
      "WHERE n < :n) "
      "SELECT n FROM counting";
  const auto count = [&](std::size_t n) {
    return this->database_->read([&](Transaction& tx) -> Result<void> {
      EXPECT_EQ(TRY(tx.query(sql, {{"n", n}})).size(), n);
      return {};
    });
  };
  EXPECT_TRUE(count(kRowsMax));
  const auto over = count(kRowsMax + 1);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), Code::kTooLarge);
}

TYPED_TEST_P(DatabaseConformance, WhatWasWrittenIsThereAfterReopening) {
  this->add("a", 42);
  this->database_.reset();
  this->database_ = this->open();
  EXPECT_EQ(this->number("a"), 42);
}

TYPED_TEST_P(DatabaseConformance, MigrationsGoForwardOnce) {
  // The second step's text has what a careless splitter would trip over.
  static constexpr Migration kSteps[] = {
      {1, "first", "CREATE TABLE m (id TEXT NOT NULL PRIMARY KEY, data BYTES); -- no; BYTES' here\n"},
      {2, "second", "INSERT INTO m (id) VALUES ('it''s; BYTES'), ('--');;\nALTER TABLE m ADD COLUMN \"more\" BIGINT"},
      {3, "third", "UPDATE m SET more = 3"}};
  const std::span<const Migration> steps(kSteps);
  this->done(migrate(*this->database_, "m", steps.first(1)));
  this->done(migrate(*this->database_, "m", steps.first(2)));
  this->done(migrate(*this->database_, "m", steps));
  this->done(migrate(*this->database_, "m", steps));
  EXPECT_EQ(this->column("SELECT id AS v FROM m WHERE more = 3 ORDER BY id LIMIT 9"),
            (std::vector<std::string>{"--", "it's; BYTES"}));
  EXPECT_EQ(this->column("SELECT name AS v FROM schema_versions WHERE module = 'm' ORDER BY version LIMIT 9"),
            (std::vector<std::string>{"first", "second", "third"}));
}

TYPED_TEST_P(DatabaseConformance, MigrationsRefuseADatabaseNotTheirOwn) {
  static constexpr Migration kSteps[] = {{1, "first", "CREATE TABLE m (id TEXT NOT NULL)"},
                                         {2, "second", "CREATE TABLE o (id TEXT NOT NULL)"}};
  static constexpr Migration kOther[] = {{1, "first", "CREATE TABLE m (id TEXT NOT NULL)"},
                                         {2, "other", "CREATE TABLE p (id TEXT NOT NULL)"}};
  const std::span<const Migration> steps(kSteps);
  this->done(migrate(*this->database_, "m", steps));
  for (const auto& refused : {migrate(*this->database_, "m", steps.first(1)), migrate(*this->database_, "m", {}),
                              migrate(*this->database_, "m", kOther)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().problem, &problems::kDataFormat) << refused.error().text();
  }
  EXPECT_FALSE(this->run("INSERT INTO p (id) VALUES ('a')")) << "a refused step ran";
  static constexpr Migration kGap[] = {{2, "second", "SELECT"}};
  EXPECT_DEATH((void)migrate(*this->database_, "gap", kGap), "CHECK failed");
}

TYPED_TEST_P(DatabaseConformance, AFailingMigrationLeavesNothingOfItsStep) {
  static constexpr Migration kSteps[] = {{1, "good", "CREATE TABLE m (id TEXT NOT NULL)"},
                                         {2, "bad",
                                          "CREATE TABLE o (id TEXT NOT NULL); INSERT INTO m (id) VALUES "
                                          "('x'); INSERT INTO m (id) VALUES (NULL)"}};
  static constexpr Migration kMended[] = {kSteps[0], {2, "bad", "CREATE TABLE o (id TEXT NOT NULL)"}};
  const auto failed = migrate(*this->database_, "m", kSteps);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::kConflict);
  EXPECT_NE(failed.error().context.find("m 2 \"bad\""), std::string::npos) << failed.error().context;
  EXPECT_EQ(this->column("SELECT name AS v FROM schema_versions WHERE module = 'm' LIMIT 9"),
            std::vector<std::string>{"good"});
  EXPECT_TRUE(this->column("SELECT id AS v FROM m LIMIT 9").empty());
  this->done(migrate(*this->database_, "m", kMended));
}

TYPED_TEST_P(DatabaseConformance, TwoProgramsMigrateAtOnce) {
  static constexpr Migration kSteps[] = {{1, "first", "CREATE TABLE m (id TEXT NOT NULL PRIMARY KEY)"},
                                         {2, "second", "INSERT INTO m (id) VALUES ('once')"},
                                         {3, "third", "CREATE TABLE o (id TEXT NOT NULL)"}};
  const auto work = [&] {
    const auto database = this->open();
    this->done(migrate(*database, "m", kSteps));
  };
  std::thread one(work), two(work);
  one.join();
  two.join();
  EXPECT_EQ(this->column("SELECT id AS v FROM m LIMIT 9"), std::vector<std::string>{"once"});
}

REGISTER_TYPED_TEST_SUITE_P(DatabaseConformance, IntegersKeepAll64Bits, TextAndBytesComeBackAsTheyWere,
                            ARowOutlivesTheRowsItCameWith, NullIsNeitherZeroNorEmpty, TextThatIsNoneIsRefused,
                            ParametersBindByNameInAnyOrderAndAgain, MistakenNamesAreBugs, MistakenUseIsABug,
                            BrokenConstraintsAreConflictsThatNameThem, ForeignKeysHoldOnBothSides,
                            AnErrorFromTheBodyUndoesAllOfIt, AFailedStatementSpoilsTheTransaction,
                            ASavepointIsUndoneAlone, AReaderSeesOneStateWhileAWriterCommits,
                            NobodySeesWhatIsNotCommitted, TwoThreadsIncrementWithoutLosingOne,
                            ABodyThatRunsAgainLeavesOneEffect, RunTellsHowManyRowsChanged, OnConflictDoNothingAndUpdate,
                            ReturningGivesTheRowsThatChanged, TextSortsByItsBytes, NullsSortWhereWritten,
                            ContainsTakesTheTextAsItIs, KeysetPagesMissAndRepeatNothing, AnOverflowIsAnErrorNotAFloat,
                            AQueryOverItsBoundIsRefused, WhatWasWrittenIsThereAfterReopening, MigrationsGoForwardOnce,
                            MigrationsRefuseADatabaseNotTheirOwn, AFailingMigrationLeavesNothingOfItsStep,
                            TwoProgramsMigrateAtOnce);

}  // namespace lapel::db
