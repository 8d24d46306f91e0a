// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tables whose every row is what one event says: made with it, perhaps ended by a second one, and otherwise never changed.
//
// Owns: how a member of an event and a column of a row become one another. A table beside its own columns has id, agency,
//   leaf_index (of the event that made the row), entered_by and entered_us.
// Promises: event and row are made of the same values, so that they cannot say different things by mistake; check_sealed_rows()
//   finds the rows, ends and columns of which only one of the two knows, and rows of no agency. No value in a row is
//   trusted to be of its type. These rows are written inside the sequencer's transaction.
// Fails with: kConflict (ended already, and what the table's own constraints say), kCorrupt.
// Threads: any; each call runs in the caller's transaction.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/day.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::roster {

using SealedRowId = Id<struct SealedRowTag>;

enum class ColumnKind {
  kText,
  kNumber,   // 0 to 2^53-1
  kDay,      // "2022-12-02" in the event, days since 1970 in the row
  kTime,     // the ledger's time in the event, microseconds in the row: whole hundredths of a second
  kSubject,  // the chain that the event stands in
};
struct SealedColumn {
  std::string_view column, member;
  ColumnKind kind = ColumnKind::kText;
};
struct SealedTable {
  std::string_view table;
  std::string_view noun;  // the member of both events that has the row's id
  std::string_view made;  // the event that makes a row
  std::span<const SealedColumn> columns;
  std::string_view ended = {};  // the event that ends one; empty: none does
  std::span<const SealedColumn> end_columns = {};
};

// What a row says, by the members of its events: texts and numbers; what is not known is absent.
struct SealedRow {
  SealedRowId id;
  SubjectId subject;  // of the column of that kind; none where a table has none
  std::uint64_t leaf_index = 0;
  PersonId entered_by;
  Timestamp entered_at;
  Json::Object values;

  std::string text(std::string_view member) const;  // empty: absent
  std::optional<std::int64_t> number(std::string_view member) const;
  std::optional<Day> day(std::string_view member) const;
  std::optional<Timestamp> time(std::string_view member) const;
};

// The fields of an event: the values with the row's id.
Json::Object event_fields(const SealedTable& table, const SealedRowId& id, Json::Object values);

Result<void> insert_row(db::Transaction& tx, const SealedTable& table, const AgencyId& agency, const SealedRow& row);
// kConflict where there is no such row, or it has its end.
Result<void> end_row(db::Transaction& tx, const SealedTable& table, const AgencyId& agency, const SealedRowId& id,
                     const Json::Object& values);

inline constexpr std::int64_t kSealedRowsMax = 50'000;  // read at once
// In the ledger's order. A filter: only the rows that have this text in that column.
struct RowFilter {
  std::string_view column;
  std::string value;
};
struct RowQuery {
  std::optional<RowFilter> filter = {};
  enum class Which { kAll, kLastOfSubject } which = Which::kAll;
  enum class Order { kLedger, kNewestFirst } order = Order::kLedger;
  std::int64_t limit = kSealedRowsMax;
};
Result<std::vector<SealedRow>> sealed_rows(db::Transaction& tx, const SealedTable& table, const AgencyId& agency,
                                           const RowQuery& query = {});
Result<SealedRow> sealed_row(db::Transaction& tx, const SealedTable& table, const AgencyId& agency,
                             const SealedRowId& id, std::string_view what);

// An event as the ledger has it, for the comparison.
struct ToldEvent {
  std::string subject, type, at;
  std::uint64_t leaf_index = 0;
  const Json* event = nullptr;
};
// Each event of a ledger that has to do with these tables, in its order.
using EachEvent = std::function<Result<void>(const std::function<void(const ToldEvent&)>&)>;
Result<void> check_sealed_rows(db::Transaction& tx, std::span<const SealedTable* const> tables, const AgencyId& agency,
                               const EachEvent& each, const std::function<void(std::string)>& fault);

}  // namespace lapel::roster
