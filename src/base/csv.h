// SPDX-License-Identifier: Apache-2.0
#pragma once
// A table as spreadsheets write it: RFC 4180, with a line of names first.
//
// Owns: the form of the file: cells, quotes, lines.
// Promises: pure. Rows are numbered as a spreadsheet numbers them, the names being row 1. A file that is not of the form gives nothing.
//   A reader of pieces holds one row, however long the file is, and gives the same rows wherever the pieces are cut.
// Fails with: kInvalid naming the row, kTooLarge.
// Threads: pure functions; one CsvReader by one thread at a time.

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lapel {

inline constexpr std::size_t kCsvBytesMax = 1 << 20;
inline constexpr std::size_t kCsvRowsMax = 5'000;
inline constexpr std::size_t kCsvColumnsMax = 40;
inline constexpr std::size_t kCsvCellBytesMax = 1'024;

struct CsvForm {
  char delimiter = ',';
  std::size_t columns_max = kCsvColumnsMax;
  std::size_t cell_bytes_max = kCsvCellBytesMax;
};

// Row by row from a file that comes in pieces. A byte order mark and CR LF are taken as they come; the spaces around a cell are not of
// it, and an empty row is counted and not given.
class CsvReader {
 public:
  explicit CsvReader(CsvForm form = {}) : form_(form) {}

  using Row = std::function<Result<void>(int number, std::vector<std::string> cells)>;
  // After a failure the reader may only be destroyed.
  Result<void> take(std::string_view piece, const Row& row);
  // The file has ended.
  Result<void> finish(const Row& row);

 private:
  enum class At { kCell, kQuoted, kQuoteInQuoted, kBehindQuoted };
  Result<void> take(char c, const Row& row);
  Result<void> end_row(const Row& row);

  const CsvForm form_;
  std::vector<std::string> cells_ = std::vector<std::string>(1);
  At at_ = At::kCell;
  bool is_cr_pending_ = false;
  bool is_begun_ = false;       // something of the present row has been read
  std::size_t mark_bytes_ = 0;  // of the byte order mark
  bool is_past_mark_ = false;
  int number_ = 1;
};

struct CsvRow {
  int number = 0;
  std::map<std::string, std::string, std::less<>> cells;  // by column; empty cells are absent
};
// With these columns, in any order; some may be left out. A byte order mark, CR LF and empty lines are taken as they come.
Result<std::vector<CsvRow>> parse_csv(std::string_view text, const std::vector<std::string_view>& columns);

}  // namespace lapel
