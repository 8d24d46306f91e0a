// SPDX-License-Identifier: Apache-2.0
#pragma once
// A catalog for the tests of whoever keeps rows in one: embedded, or, where LAPEL_TEST_ENGINE is "postgres", in a database of
// the test program's own PostgreSQL. Each such test program is run once for each engine. A hundred tables take longer to make
// than most tests do, so they are made once a program, and what a test gets is a copy of that catalog, in which nothing was ever done.
//
// Owns: where the catalog is; the rows are gone with the directory or the program.
// Promises: open() again finds what was committed.
// Fails with: CHECK.
// Threads: any; one at a time.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "db/db.h"
#include "db/postgres_for_tests.h"

namespace lapel::db {

class CatalogForTests {
 public:
  // Of which modules there are tables, each by its name as db::migrate() has it.
  using Modules = std::vector<std::pair<std::string_view, std::span<const Migration>>>;

  // `directory` is there already.
  explicit CatalogForTests(const std::filesystem::path& directory, const Modules& modules = {})
      : place_((directory / "catalog.db").string()) {
    if (const char* engine = std::getenv("LAPEL_TEST_ENGINE")) {
      CHECK(std::string_view(engine) == "postgres");
      is_on_postgres_ = true;
      place_ = PostgresForTests::instance().make_database(modules.empty() ? "template0" : name_of(made(modules)));
    } else if (!modules.empty()) {
      std::ofstream(place_, std::ios::binary) << made(modules);
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
  // A catalog with these tables and nothing in them: the bytes of its file, or its URL.
  static const std::string& made(const Modules& modules) {
    static std::map<std::string, std::string> all;
    std::string names;
    for (const auto& [name, steps] : modules) names += fmt::format("{} {}\n", name, steps.size());
    std::string& out = all[names];
    if (!out.empty()) return out;
    std::string name = (std::filesystem::temp_directory_path() / "lapel-catalog-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    const CatalogForTests first{std::filesystem::path(name)};
    {
      const auto database = first.open();
      for (const auto& [module, steps] : modules) CHECK(migrate(*database, module, steps).has_value());
    }
    if (first.is_on_postgres_) {
      out = first.place_;
    } else {
      std::ostringstream bytes;
      bytes << std::ifstream(first.place_, std::ios::binary).rdbuf();
      out = bytes.str();
    }
    std::filesystem::remove_all(name);
    return out;
  }
  static std::string name_of(const std::string& url) { return url.substr(url.rfind('/') + 1); }

  bool is_on_postgres_ = false;
  std::string place_;
};

}  // namespace lapel::db
