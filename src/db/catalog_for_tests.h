// SPDX-License-Identifier: Apache-2.0
#pragma once
// A catalog for the tests of whoever keeps rows in one: embedded, or, where LAPEL_TEST_ENGINE is "postgres", in a database of
// the test program's own PostgreSQL. Each such test program is run once for each engine.
//
// Owns: where the catalog is; the rows are gone with the directory or the program.
// Promises: open() again finds what was committed.
// Fails with: CHECK.
// Threads: any; one at a time.

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "db/db.h"
#include "db/postgres_for_tests.h"

namespace lapel::db {

class CatalogForTests {
 public:
  // `directory` is there already.
  explicit CatalogForTests(const std::filesystem::path& directory) {
    const char* engine = std::getenv("LAPEL_TEST_ENGINE");
    if (engine == nullptr) {
      place_ = (directory / "catalog.db").string();
    } else {
      CHECK(std::string_view(engine) == "postgres");
      is_on_postgres_ = true;
      place_ = PostgresForTests::instance().make_database();
    }
  }

  // Connections enough for as many threads as a test has.
  std::unique_ptr<Database> open() const {
    auto database = is_on_postgres_ ? open_postgres(place_, {.readers = 4, .busy_timeout_ms = 60'000})
                                    : open_sqlite(place_, {.readers = 4, .busy_timeout_ms = 60'000, .vfs = {}});
    if (!database) fmt::print(stderr, "{}\n", database.error().text());
    CHECK(database.has_value());
    return *std::move(database);
  }

 private:
  bool is_on_postgres_ = false;
  std::string place_;
};

}  // namespace lapel::db
