// SPDX-License-Identifier: Apache-2.0
#pragma once
// A vendor's inventory of an export, row by row: a table as spreadsheets write it, JSON or XML (docs/formats/import_mapping.md).
//
// Owns: the three forms, and how a row of JSON or XML becomes cells: members of members are joined by ".", what is in a list, and
//   elements of one name, by "; "; an attribute has "@" before its name.
// Promises: one row is held at a time, however long the file is; the same rows come out wherever the pieces are cut. A file that ends
//   early gives no clean end.
// Fails with: kInvalid naming the row, kTooLarge, and what the step for each row fails with.
// Threads: one reader by one thread at a time.

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lapel::imports {

inline constexpr std::size_t kInventoryColumnsMax = 300;
inline constexpr std::size_t kInventoryCellBytesMax = 32 * 1024;  // a description may be long
inline constexpr std::size_t kInventoryRowBytesMax = 512 * 1024;  // of JSON or XML
inline constexpr int kInventoryDepthMax = 32;                     // of JSON or XML around the rows

struct InventoryRow {
  int number = 0;  // as a spreadsheet numbers it, or the element's: the first is 1
  std::map<std::string, std::string, std::less<>> cells;  // by column; empty cells are absent
};
// SHA-256 of the cells as one JSON object with its members sorted, in hex.
std::string row_digest(const InventoryRow& row);

struct InventoryForm {
  enum class Kind { kCsv, kJson, kXml } kind = Kind::kCsv;
  char delimiter = ',';
  // Of JSON: members that lead to the list of rows; none: the file is the list, or one object a line. Of XML: elements from the
  // outermost to that of one row; at least one.
  std::vector<std::string> rows_at;
};

class InventoryReader {
 public:
  using Step = std::function<Result<void>(const InventoryRow&)>;
  // Once, before the first row: the columns of a table. Nobody knows them of JSON.
  using Columns = std::function<Result<void>(const std::vector<std::string>&)>;

  static std::unique_ptr<InventoryReader> of(const InventoryForm& form, Columns columns, Step step);
  virtual ~InventoryReader() = default;
  // After a failure the reader may only be destroyed.
  virtual Result<void> take(std::string_view piece) = 0;
  virtual Result<void> finish() = 0;
};

}  // namespace lapel::imports
