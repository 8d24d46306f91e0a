// SPDX-License-Identifier: Apache-2.0
#include "roster/sealed_rows.h"

#include <charconv>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "db/pages.h"

namespace lapel::roster {
namespace {

constexpr std::int64_t kPage = 1'000;
constexpr std::int64_t kHundredthUs = 10'000;

// What the column takes for the member's value; NULL where the row does not say.
Result<db::Value> column_value(const SealedColumn& column, const SealedRow& row) {
  if (column.kind == ColumnKind::kSubject) return db::Value(row.subject.text());
  const auto found = row.values.find(column.member);
  if (found == row.values.end()) return db::Value(nullptr);
  const std::string* text = found->second.string();
  switch (column.kind) {
    case ColumnKind::kNumber:
      if (const std::int64_t* number = found->second.integer()) return db::Value(*number);
      break;
    case ColumnKind::kDay:
      if (const auto day = text ? parse_day(*text) : std::nullopt) return db::Value(day->number);
      break;
    case ColumnKind::kTime:
      if (const auto time = text ? parse_ledger_time(*text) : std::nullopt) return db::Value(time->us);
      break;
    case ColumnKind::kText:
    case ColumnKind::kSubject:
      if (text) return db::Value(*text);
      break;
  }
  return fail(Code::kInternal, "A row was given a value of another kind than its column", std::string(column.column));
}

std::string column_list(const SealedTable& table) {
  std::string out;
  for (const auto& columns : {table.columns, table.end_columns}) {
    for (const SealedColumn& column : columns) out += fmt::format(", {}", column.column);
  }
  return out;
}

Result<SealedRow> read_row(const SealedTable& table, const db::Row& row) {
  const auto id = SealedRowId::parse(row.text("id"));
  const auto by = PersonId::parse(row.text("entered_by"));
  const auto damaged = [&] {
    return fail(Code::kCorrupt, fmt::format("A {} in the catalog is damaged", table.noun), row.text("id"));
  };
  const auto is_time = [](std::int64_t us) { return us >= 0 && us < kLedgerTimeEndUs; };
  if (!id || !by || row.integer("leaf_index") < 0 || !is_time(row.integer("entered_us"))) return damaged();
  SealedRow out{*id, {}, static_cast<std::uint64_t>(row.integer("leaf_index")), *by, {row.integer("entered_us")}, {}};
  for (const auto& columns : {table.columns, table.end_columns}) {
    for (const SealedColumn& column : columns) {
      if (row.is_null(column.column)) continue;
      switch (column.kind) {
        case ColumnKind::kSubject: {
          const auto subject = SubjectId::parse(row.text(column.column));
          if (!subject) return damaged();
          out.subject = *subject;
          break;
        }
        case ColumnKind::kText:
          out.values.emplace(column.member, row.text(column.column));
          break;
        case ColumnKind::kNumber:
          out.values.emplace(column.member, row.integer(column.column));
          break;
        case ColumnKind::kDay:
          if (!is_day(row.integer(column.column))) return damaged();
          out.values.emplace(column.member, day_text({row.integer(column.column)}));
          break;
        case ColumnKind::kTime:
          if (!is_time(row.integer(column.column))) return damaged();
          out.values.emplace(column.member, ledger_time({row.integer(column.column)}));
          break;
      }
    }
  }
  return out;
}

// ---- both sides as texts, for the comparison ----

using Said = std::map<std::string, std::string, std::less<>>;  // by column

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t out = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  return error == std::errc() && stop == end ? std::optional(out) : std::nullopt;
}

// As the event writes it; what is no such value, as it is.
std::string told_by_column(ColumnKind kind, const std::string& text) {
  const auto number = number_of(text);
  if (kind == ColumnKind::kDay && number && is_day(*number)) return day_text({*number});
  if (kind == ColumnKind::kTime && number && *number >= 0 && *number < kLedgerTimeEndUs && *number % kHundredthUs == 0)
    return ledger_time({*number});
  return printable(text);
}

std::string told_by_member(const Json& value) {
  const std::string* text = value.string();
  return text ? printable(*text) : printable(to_json(value));
}

void add_members(std::span<const SealedColumn> columns, const ToldEvent& told, Said& out) {
  for (const SealedColumn& column : columns) {
    if (column.kind == ColumnKind::kSubject) {
      out[std::string(column.column)] = told.subject;
    } else if (const Json* value = told.event->find(column.member)) {
      out[std::string(column.column)] = told_by_member(*value);
    }
  }
}

std::string in_words(const Said& said) {
  std::string out;
  for (const auto& [column, value] : said) out += fmt::format("{}{} \"{}\"", out.empty() ? "" : ", ", column, value);
  return out;
}

Result<void> compare(db::Transaction& tx, const SealedTable& table, const AgencyId& agency,
                     std::map<std::string, Said>& events, const std::function<void(std::string)>& fault) {
  std::string casts;
  for (const auto& columns : {table.columns, table.end_columns}) {
    for (const SealedColumn& column : columns) casts += fmt::format(", CAST({0} AS TEXT) AS {0}", column.column);
  }
  const std::string sql = fmt::format(
      "SELECT CAST(id AS TEXT) AS id, CAST(leaf_index AS TEXT) AS leaf_index, CAST(entered_by AS TEXT) AS entered_by, "
      "CAST(entered_us AS TEXT) AS entered_us{} FROM {} WHERE agency = :agency AND {} ORDER BY CAST(id AS TEXT) LIMIT "
      ":limit",
      casts, table.table, db::is_on_next_page("CAST(id AS TEXT)"));
  TRY(db::for_rows(
      tx, sql, {{"agency", agency.text()}, {"limit", kPage}}, "id", [&](const db::Row& row) -> Result<void> {
        const std::string& id = row.text("id");
        Said said;
        const auto add = [&](std::string_view column, ColumnKind kind) {
          if (const auto text = row.maybe_text(column)) said[std::string(column)] = told_by_column(kind, *text);
        };
        add("leaf_index", ColumnKind::kNumber);
        add("entered_by", ColumnKind::kText);
        add("entered_us", ColumnKind::kTime);
        for (const auto& columns : {table.columns, table.end_columns}) {
          for (const SealedColumn& column : columns) add(column.column, column.kind);
        }
        const std::string name = fmt::format("{} {}", table.noun, printable(id));
        const auto found = events.find(id);
        if (found == events.end()) {
          fault(fmt::format("{}: the catalog has it, and no event: {}", name, in_words(said)));
          return {};
        }
        if (found->second != said) {
          fault(fmt::format("{}: the catalog says {}; the ledger {}", name, in_words(said), in_words(found->second)));
        }
        events.erase(found);
        return {};
      }));
  for (const auto& [id, said] : events) {
    fault(fmt::format("{} {}: an event says so, and the catalog does not: {}", table.noun, id, in_words(said)));
  }
  const std::int64_t strays = TRY(tx.query(
      fmt::format("SELECT COUNT(*) AS strays FROM {} t WHERE NOT EXISTS (SELECT 1 FROM agencies a WHERE a.id "
                  "= t.agency)",
                  table.table)))[0]
                                  .integer("strays");
  if (strays > 0) fault(fmt::format("{}: {} rows name no agency", table.table, strays));
  return {};
}

}  // namespace

std::string SealedRow::text(std::string_view member) const {
  const auto found = values.find(member);
  const std::string* text = found == values.end() ? nullptr : found->second.string();
  return text ? *text : std::string();
}
std::optional<std::int64_t> SealedRow::number(std::string_view member) const {
  const auto found = values.find(member);
  const std::int64_t* number = found == values.end() ? nullptr : found->second.integer();
  return number ? std::optional(*number) : std::nullopt;
}
std::optional<Day> SealedRow::day(std::string_view member) const {
  return parse_day(text(member));
}
std::optional<Timestamp> SealedRow::time(std::string_view member) const {
  return parse_ledger_time(text(member));
}

Json::Object event_fields(const SealedTable& table, const SealedRowId& id, Json::Object values) {
  values.insert_or_assign(std::string(table.noun), id.text());
  return values;
}

Result<void> insert_row(db::Transaction& tx, const SealedTable& table, const AgencyId& agency, const SealedRow& row) {
  std::string names, places;
  // The ledger's own time, as the event has it.
  const auto entered = parse_ledger_time(ledger_time(row.entered_at));
  CHECK(entered.has_value());
  db::Params params = {{"id", row.id.text()},
                       {"agency", agency.text()},
                       {"leaf_index", row.leaf_index},
                       {"entered_by", row.entered_by.text()},
                       {"entered_us", entered->us}};
  for (const SealedColumn& column : table.columns) {
    names += fmt::format(", {}", column.column);
    places += fmt::format(", :{}", column.column);
    db::Param param(column.column, nullptr);
    param.value = TRY(column_value(column, row));
    params.push_back(std::move(param));
  }
  TRY(tx.run(fmt::format("INSERT INTO {} (id, agency, leaf_index, entered_by, entered_us{}) VALUES (:id, :agency, "
                         ":leaf_index, :entered_by, :entered_us{})",
                         table.table, names, places),
             params));
  return {};
}

Result<void> end_row(db::Transaction& tx, const SealedTable& table, const AgencyId& agency, const SealedRowId& id,
                     const Json::Object& values) {
  CHECK(!table.end_columns.empty());
  SealedRow row;
  row.values = values;
  std::string sets;
  db::Params params = {{"id", id.text()}, {"agency", agency.text()}};
  for (const SealedColumn& column : table.end_columns) {
    sets += fmt::format("{0}{1} = :{1}", sets.empty() ? "" : ", ", column.column);
    db::Param param(column.column, nullptr);
    param.value = TRY(column_value(column, row));
    params.push_back(std::move(param));
  }
  const std::int64_t changed =
      TRY(tx.run(fmt::format("UPDATE {} SET {} WHERE id = :id AND agency = :agency AND {} IS NULL", table.table, sets,
                             table.end_columns[0].column),
                 params));
  if (changed == 1) return {};
  return fail(Code::kConflict, fmt::format("This {} has ended meanwhile: look at it again", table.noun), id.text());
}

Result<std::vector<SealedRow>> sealed_rows(db::Transaction& tx, const SealedTable& table, const AgencyId& agency,
                                           const RowQuery& query) {
  db::Params params = {{"agency", agency.text()}, {"limit", query.limit}};
  std::string narrowed;
  if (query.filter) {
    narrowed = fmt::format(" AND r.{} = :wanted", query.filter->column);
    params.emplace_back("wanted", query.filter->value);
  }
  if (query.which == RowQuery::Which::kLastOfSubject) {
    CHECK(!table.columns.empty() && table.columns[0].kind == ColumnKind::kSubject);
    narrowed += fmt::format(
        " AND r.leaf_index = (SELECT max(s.leaf_index) FROM {0} s WHERE s.agency = r.agency AND s.{1} = r.{1})",
        table.table, table.columns[0].column);
  }
  const std::string_view turn = query.order == RowQuery::Order::kNewestFirst ? " DESC" : "";
  std::vector<SealedRow> out;
  for (const db::Row& row :
       TRY(tx.query(fmt::format("SELECT id, leaf_index, entered_by, entered_us{0} FROM {1} r WHERE agency = "
                                ":agency{2} ORDER BY leaf_index{3}, id{3} LIMIT :limit",
                                column_list(table), table.table, narrowed, turn),
                    params))) {
    out.push_back(TRY(read_row(table, row)));
  }
  return out;
}

Result<SealedRow> sealed_row(db::Transaction& tx, const SealedTable& table, const AgencyId& agency,
                             const SealedRowId& id, std::string_view what) {
  const std::vector<SealedRow> rows = TRY(sealed_rows(tx, table, agency, {.filter = RowFilter{"id", id.text()}}));
  if (rows.empty()) return fail(Code::kNotFound, fmt::format("No such {}", what), id.text());
  return rows[0];
}

Result<void> check_sealed_rows(db::Transaction& tx, std::span<const SealedTable* const> tables, const AgencyId& agency,
                               const EachEvent& each, const std::function<void(std::string)>& fault) {
  std::vector<std::map<std::string, Said>> by_table(tables.size());
  TRY(each([&](const ToldEvent& told) {
    for (std::size_t i = 0; i < tables.size(); ++i) {
      const SealedTable& table = *tables[i];
      if (told.type != table.made && told.type != table.ended) continue;
      const std::string* id = told.event->find_string(table.noun);
      const std::string name = id ? printable(*id) : "nothing";
      if (told.type == table.made) {
        Said said = {{"leaf_index", std::to_string(told.leaf_index)}, {"entered_us", told.at}};
        if (const std::string* actor = told.event->find_string("actor")) said["entered_by"] = printable(*actor);
        add_members(table.columns, told, said);
        if (!by_table[i].emplace(name, std::move(said)).second) {
          fault(fmt::format("{} {}: two events make it", table.noun, name));
        }
        continue;
      }
      const auto found = by_table[i].find(name);
      if (found == by_table[i].end()) {
        fault(fmt::format("{} {}: an event ends it that none made", table.noun, name));
      } else {
        if (found->second.contains(table.end_columns[0].column)) {
          fault(fmt::format("{} {}: two events end it", table.noun, name));
        }
        add_members(table.end_columns, told, found->second);
      }
    }
  }));
  for (std::size_t i = 0; i < tables.size(); ++i) TRY(compare(tx, *tables[i], agency, by_table[i], fault));
  return {};
}

}  // namespace lapel::roster
