// SPDX-License-Identifier: Apache-2.0
#pragma once
// A table as spreadsheets write it: RFC 4180, with a line of names first.
//
// Owns: the form of the file: cells, quotes, lines.
// Promises: pure. Rows are numbered as a spreadsheet numbers them, the names being row 1. A file that is not of the form gives nothing.
// Fails with: kInvalid naming the row, kTooLarge.
// Threads: pure functions.

#include <cstddef>
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

struct CsvRow {
  int number = 0;
  std::map<std::string, std::string, std::less<>> cells;  // by column; empty cells are absent
};
// With these columns, in any order; some may be left out. A byte order mark, CR LF and empty lines are taken as they come.
Result<std::vector<CsvRow>> parse_csv(std::string_view text, const std::vector<std::string_view>& columns);

}  // namespace lapel
