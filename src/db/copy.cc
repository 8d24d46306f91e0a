// SPDX-License-Identifier: Apache-2.0
// A catalog moved from the embedded database to a server. It goes by what the databases say of themselves, so that no list
// of tables has to be kept; the schema is made by the same steps on both, never copied.
//
// Both sides are read in the order of the primary key, which is the same on both (text by its bytes, numbers by value), so
// equal content has equal digests whatever order the rows were written in.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/check.h"
#include "base/problems.h"
#include "crypto/sha256.h"
#include "db/db.h"

namespace lapel::db {
namespace {

constexpr std::int64_t kPageRows = 1'000;
constexpr std::size_t kInsertValuesMax = 8'000;         // parameters of one INSERT
constexpr std::string_view kSteps = "schema_versions";  // each database's own

struct Table {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::pair<std::string, std::string>> key;  // column and type, as the primary key has them
  std::set<std::string> parents;                         // tables that must have their rows first
};

Result<std::vector<Table>> tables_of(Transaction& sqlite) {
  std::vector<Table> out;
  const Rows names =
      TRY(sqlite.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER "
                       "BY name LIMIT 1000"));
  for (const Row& row : names) {
    Table table;
    table.name = row.text("name");
    if (table.name == kSteps) continue;
    std::map<std::int64_t, std::pair<std::string, std::string>> key;
    const Rows columns = TRY(sqlite.query("SELECT name, type, pk FROM pragma_table_info(:name) ORDER BY cid LIMIT 1000",
                                          {{"name", table.name}}));
    for (const Row& column : columns) {
      table.columns.push_back(column.text("name"));
      const std::string type = column.text("type") == "TEXT" ? "TEXT" : "BIGINT";
      if (column.integer("pk") > 0) key[column.integer("pk")] = {column.text("name"), type};
    }
    for (const auto& [place, column] : key) table.key.push_back(column);
    if (table.key.empty()) {
      return fail(problems::kDataFormat, "A table without a primary key cannot be copied.", table.name);
    }
    for (const Row& parent : TRY(sqlite.query("SELECT \"table\" AS parent, id, seq FROM pragma_foreign_key_list(:name) "
                                              "ORDER BY id, seq LIMIT 1000",
                                              {{"name", table.name}}))) {
      if (parent.text("parent") != table.name) table.parents.insert(parent.text("parent"));
    }
    out.push_back(std::move(table));
  }
  return out;
}

// Parents before children.
std::vector<Table> in_order(std::vector<Table> tables) {
  std::vector<Table> out;
  std::set<std::string> done;
  while (!tables.empty()) {
    const auto next = std::find_if(tables.begin(), tables.end(), [&](const Table& table) {
      return std::includes(done.begin(), done.end(), table.parents.begin(), table.parents.end());
    });
    CHECK(next != tables.end());  // two tables that need each other could not have been filled in the first place
    done.insert(next->name);
    out.push_back(std::move(*next));
    tables.erase(next);
  }
  return out;
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// Calls `page` with up to kPageRows rows at a time, in the order of the key.
Result<void> read_table(Transaction& tx, const Table& table, const std::function<Result<void>(const Rows&)>& page) {
  std::string order, left, right;
  for (const auto& [column, type] : table.key) {
    order += (order.empty() ? "" : ", ") + column;
    right += fmt::format("{}CAST(:{} AS {})", right.empty() ? "" : ", ", column, type);
  }
  left = order;
  const std::string select = fmt::format("SELECT {} FROM {} ", list_of(table.columns), table.name);
  const std::string rest = fmt::format("ORDER BY {} LIMIT {}", order, kPageRows);
  Params after;
  for (;;) {
    const std::string where = after.empty() ? "" : fmt::format("WHERE ({}) > ({}) ", left, right);
    const Rows rows = TRY(tx.query(select + where + rest, after));
    TRY(page(rows));
    if (rows.size() < static_cast<std::size_t>(kPageRows)) return {};
    after.clear();
    for (const auto& [column, type] : table.key) {
      Param param(column, nullptr);
      param.value = rows[rows.size() - 1].value(column);
      after.push_back(std::move(param));
    }
  }
}

class Digester {
 public:
  void table(const std::string& name) {
    ++out_.tables;
    word('t', name);
  }
  void row(const Row& row, const Table& table) {
    ++out_.rows;
    word('r', "");
    for (const std::string& column : table.columns) {
      const Value& value = row.value(column);
      if (std::holds_alternative<std::nullptr_t>(value)) {
        word('0', "");
      } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        word('i', std::to_string(*integer));
      } else if (const auto* text = std::get_if<std::string>(&value)) {
        word('s', *text);
      } else {
        word('b', as_text(std::get<Bytes>(value)));
      }
    }
  }
  CatalogDigest finish() {
    out_.sha256 = hash_.finish();
    return out_;
  }

 private:
  void word(char kind, std::string_view text) {
    hash_.update(as_bytes(fmt::format("{}{}:", kind, text.size())));
    hash_.update(as_bytes(text));
  }
  CatalogDigest out_;
  crypto::Sha256 hash_;
};

Result<CatalogDigest> digest_of(Transaction& tx, const std::vector<Table>& tables) {
  Digester digester;
  for (const Table& table : tables) {
    digester.table(table.name);
    TRY(read_table(tx, table, [&](const Rows& rows) -> Result<void> {
      for (const Row& row : rows) digester.row(row, table);
      return {};
    }));
  }
  return digester.finish();
}

Result<void> insert(Transaction& tx, const Table& table, const Rows& rows) {
  const std::size_t width = table.columns.size();
  const std::size_t most = std::max<std::size_t>(kInsertValuesMax / width, 1);
  for (std::size_t first = 0; first < rows.size(); first += most) {
    const std::size_t count = std::min(most, rows.size() - first);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count * width; ++i) names.push_back(fmt::format("v{}", i));
    std::string sql = fmt::format("INSERT INTO {} ({}) VALUES ", table.name, list_of(table.columns));
    Params params;
    for (std::size_t i = 0; i < count; ++i) {
      sql += i == 0 ? "(" : "), (";
      for (std::size_t j = 0; j < width; ++j) {
        const std::string& name = names[i * width + j];
        sql += (j == 0 ? ":" : ", :") + name;
        Param param(name, nullptr);
        param.value = rows[first + i].value(table.columns[j]);
        params.push_back(std::move(param));
      }
    }
    TRY(tx.run(sql + ")", params));
  }
  return {};
}

// A number that a database gave is never given twice, not even by its successor.
Result<void> move_counters(Transaction& sqlite, Transaction& postgres) {
  const bool has_counters =
      !TRY(sqlite.query("SELECT name FROM sqlite_schema WHERE name = 'sqlite_sequence' LIMIT 1")).empty();
  if (!has_counters) return {};
  for (const Row& row : TRY(sqlite.query("SELECT name, seq FROM sqlite_sequence ORDER BY name LIMIT 1000"))) {
    if (row.integer("seq") < 1) continue;
    const Rows columns = TRY(
        postgres.query("SELECT CAST(column_name AS TEXT) AS name FROM information_schema.columns WHERE table_schema = "
                       "current_schema() AND CAST(table_name AS TEXT) = CAST(:table AS TEXT) AND is_identity = 'YES' "
                       "LIMIT 2",
                       {{"table", row.text("name")}}));
    CHECK(columns.size() == 1);
    TRY(
        postgres.query("SELECT setval(pg_get_serial_sequence(CAST(:table AS TEXT), CAST(:column AS TEXT)), CAST(:n AS "
                       "BIGINT)) AS n",
                       {{"table", row.text("name")}, {"column", columns[0].text("name")}, {"n", row.integer("seq")}}));
  }
  return {};
}

Result<std::vector<std::string>> steps_of(Transaction& tx) {
  std::vector<std::string> out;
  for (const Row& row :
       TRY(tx.query("SELECT module, version, name FROM schema_versions ORDER BY module, version LIMIT 10000"))) {
    out.push_back(fmt::format("{} {} {}", row.text("module"), row.integer("version"), row.text("name")));
  }
  return out;
}

}  // namespace

Result<bool> is_empty(Database& database) {
  const std::string_view sql =
      database.engine() == Engine::kSqlite
          ? "SELECT count(*) AS tables FROM sqlite_schema"
          : "SELECT count(*) AS tables FROM information_schema.tables WHERE table_schema = current_schema()";
  bool out = false;
  TRY(database.read([&](Transaction& tx) -> Result<void> {
    out = TRY(tx.query(sql))[0].integer("tables") == 0;
    return {};
  }));
  return out;
}

Result<CatalogDigest> copy_catalog(Database& sqlite, Database& postgres) {
  CHECK(sqlite.engine() == Engine::kSqlite && postgres.engine() == Engine::kPostgres);
  CatalogDigest out;
  TRY(sqlite.read([&](Transaction& from) -> Result<void> {
    const std::vector<Table> tables = in_order(TRY(tables_of(from)));
    return postgres.write([&](Transaction& to) -> Result<void> {
      if (TRY(steps_of(from)) != TRY(steps_of(to))) {
        return fail(problems::kDataFormat, "The two catalogs were not made by the same steps.");
      }
      if (TRY(digest_of(to, tables)).rows != 0) {
        return fail(problems::kDataExists, "The database has rows already; nothing was copied.");
      }
      out = TRY(digest_of(from, tables));
      for (const Table& table : tables) {
        TRY(read_table(from, table, [&](const Rows& rows) { return insert(to, table, rows); }));
      }
      TRY(move_counters(from, to));
      if (TRY(digest_of(to, tables)) != out) {
        return fail(Code::kCorrupt, "What the database gives back is not what was copied into it; nothing was kept.");
      }
      return {};
    });
  }));
  return out;
}

Result<CatalogDigest> digest_catalog(Database& sqlite) {
  CHECK(sqlite.engine() == Engine::kSqlite);
  CatalogDigest out;
  TRY(sqlite.read([&](Transaction& tx) -> Result<void> {
    out = TRY(digest_of(tx, in_order(TRY(tables_of(tx)))));
    return {};
  }));
  return out;
}

Result<bool> same_catalog(Database& sqlite, Database& postgres) {
  CHECK(sqlite.engine() == Engine::kSqlite && postgres.engine() == Engine::kPostgres);
  bool out = false;
  TRY(sqlite.read([&](Transaction& from) -> Result<void> {
    const std::vector<Table> tables = in_order(TRY(tables_of(from)));
    return postgres.read([&](Transaction& to) -> Result<void> {
      out = TRY(steps_of(from)) == TRY(steps_of(to)) && TRY(digest_of(from, tables)) == TRY(digest_of(to, tables));
      return {};
    });
  }));
  return out;
}

}  // namespace lapel::db
