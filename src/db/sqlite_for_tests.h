// SPDX-License-Identifier: Apache-2.0
#pragma once
// SQLite for tests of what only it does: in a directory of the test's own, over the system's VFS with a hand on its writes and syncs.
//
// Owns: Directory, gone with its files; Vfs, one at a time in a program.
// Promises: what a Vfs does not answer itself is the system's own doing.
// Fails with: abort, where a database cannot be opened that must be.
// Threads: as db.h has it; a Vfs asks its fault from whichever thread writes.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "db/db.h"

namespace lapel::db {

class Directory {
 public:
  Directory() : path_(std::filesystem::temp_directory_path() / "lapel-db-XXXXXX") {
    std::string name = path_.string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string file(std::string_view name = "catalog.db") const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The system's VFS, with a hand on its writes and syncs.
class Vfs {
 public:
  enum class On { kWalWrite, kWalSync, kFileWrite, kFileSync, kOtherWrite, kOtherSync };
  static bool is_write(On on) { return on == On::kWalWrite || on == On::kFileWrite || on == On::kOtherWrite; }
  // `fault` is asked before each write and sync and answers what SQLite shall be told; SQLITE_OK lets the
  // call through.
  using Fault = std::function<int(On)>;

  explicit Vfs(Fault fault) {
    fault_ = std::move(fault);
    system_ = sqlite3_vfs_find(nullptr);
    vfs_ = *system_;
    vfs_.zName = kName;
    vfs_.xOpen = open;
    EXPECT_EQ(sqlite3_vfs_register(&vfs_, 0), SQLITE_OK);
  }
  ~Vfs() { sqlite3_vfs_unregister(&vfs_); }
  Vfs(const Vfs&) = delete;
  Vfs& operator=(const Vfs&) = delete;

  SqliteOptions options() const { return {.readers = 1, .busy_timeout_ms = 1'000, .vfs = kName}; }

 private:
  static constexpr const char* kName = "faulty";

  // The file stays the system's own; only its table of methods is exchanged for one with two entries
  // replaced. One for each kind of file, because the system's VFS has several tables: only the database
  // itself is ever locked.
  template <On kWrite, On kSync>
  struct Methods {
    static void install(sqlite3_file* file) {
      original = file->pMethods;
      replaced = *original;
      replaced.xWrite = [](sqlite3_file* f, const void* bytes, int count, sqlite3_int64 offset) {
        const int rc = fault_(kWrite);
        return rc == SQLITE_OK ? original->xWrite(f, bytes, count, offset) : rc;
      };
      replaced.xSync = [](sqlite3_file* f, int flags) {
        const int rc = fault_(kSync);
        return rc == SQLITE_OK ? original->xSync(f, flags) : rc;
      };
      file->pMethods = &replaced;
    }
    static inline const sqlite3_io_methods* original = nullptr;
    static inline sqlite3_io_methods replaced{};
  };

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    const int rc = system_->xOpen(system_, name, file, flags, flags_out);
    if (rc != SQLITE_OK) return rc;
    if (flags & SQLITE_OPEN_WAL) {
      Methods<On::kWalWrite, On::kWalSync>::install(file);
    } else if (flags & SQLITE_OPEN_MAIN_DB) {
      Methods<On::kFileWrite, On::kFileSync>::install(file);
    } else {
      Methods<On::kOtherWrite, On::kOtherSync>::install(file);
    }
    return SQLITE_OK;
  }

  static inline Fault fault_;
  static inline sqlite3_vfs* system_ = nullptr;
  sqlite3_vfs vfs_;
};

inline Result<void> run(Database& database, std::string_view sql, const Params& params = {}) {
  return database.write([&](Transaction& tx) -> Result<void> {
    TRY(tx.run(sql, params));
    return {};
  });
}
// The integer that `sql` selects as `n`.
inline Result<std::int64_t> number(Database& database, std::string_view sql) {
  std::int64_t n = 0;
  TRY(database.read([&](Transaction& tx) -> Result<void> {
    n = TRY(tx.query(sql))[0].integer("n");
    return {};
  }));
  return n;
}
inline constexpr std::string_view kCount = "SELECT count(*) AS n FROM t";

inline std::unique_ptr<Database> must_open(const std::string& path, const SqliteOptions& options = {}) {
  auto database = open_sqlite(path, options);
  if (!database) {
    std::fprintf(stderr, "%s\n", database.error().text().c_str());
    std::abort();
  }
  return *std::move(database);
}

}  // namespace lapel::db
