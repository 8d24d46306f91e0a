// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace lapel {
namespace {

tl::unexpected<Error> wrong(int row, std::string_view sentence) {
  return fail(Code::kInvalid, fmt::format("Row {}: {}", row, sentence));
}

// Takes one line of cells off `text`; `row` is counted in lines that begin a row.
Result<std::vector<std::string>> take_row(std::string_view& text, int row) {
  std::vector<std::string> out(1);
  bool is_quoted = false, was_quoted = false;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (is_quoted) {
      if (c != '"') {
        out.back().push_back(c);
      } else if (!text.empty() && text.front() == '"') {
        out.back().push_back('"');
        text.remove_prefix(1);
      } else {
        is_quoted = false;
      }
    } else if (c == '"') {
      if (!out.back().empty() || was_quoted)
        return wrong(row,
                     "a quotation mark stands inside a cell: put the whole cell in quotes, and double those in it");
      is_quoted = was_quoted = true;
    } else if (c == ',') {
      if (out.size() == kCsvColumnsMax) return wrong(row, fmt::format("it has more than {} cells", kCsvColumnsMax));
      out.emplace_back();
      was_quoted = false;
    } else if (c == '\n') {
      return out;
    } else if (c == '\r' && (text.empty() || text.front() == '\n')) {
      continue;
    } else {
      if (was_quoted)
        return wrong(row, "something stands behind a closing quotation mark: put the comma right behind it");
      out.back().push_back(c);
    }
    if (out.back().size() > kCsvCellBytesMax)
      return wrong(row,
                   fmt::format("a cell has more than {} bytes, or a quotation mark is not closed", kCsvCellBytesMax));
  }
  if (is_quoted) return wrong(row, "a quotation mark is not closed");
  return out;
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
  return begin == std::string::npos ? std::string() : text.substr(begin, end - begin + 1);
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

}  // namespace

Result<std::vector<CsvRow>> parse_csv(std::string_view text, const std::vector<std::string_view>& columns) {
  if (text.size() > kCsvBytesMax) return fail(Code::kTooLarge, fmt::format("The file is over {} bytes", kCsvBytesMax));
  if (!is_utf8(text)) {
    return fail(Code::kInvalid, "The file is not UTF-8: save it as \"CSV UTF-8\" in the spreadsheet and send it again");
  }
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  std::vector<std::string> names;
  std::vector<CsvRow> out;
  for (int number = 1; !text.empty(); ++number) {
    std::vector<std::string> cells = TRY(take_row(text, number));
    for (std::string& cell : cells) cell = trimmed(cell);
    if (std::ranges::all_of(cells, [](const std::string& cell) { return cell.empty(); })) continue;
    if (names.empty()) {
      std::set<std::string> seen;
      for (const std::string& name : cells) {
        if (std::ranges::find(columns, name) == columns.end())
          return wrong(number, fmt::format("\"{}\" is no column: the first row names columns, of {}", printable(name),
                                           joined(columns)));
        if (!seen.insert(name).second) return wrong(number, fmt::format("the column \"{}\" is named twice", name));
      }
      names = std::move(cells);
      continue;
    }
    if (out.size() == kCsvRowsMax) {
      return fail(Code::kTooLarge, fmt::format("The file has over {} rows: send it in parts", kCsvRowsMax));
    }
    CsvRow row{number, {}};
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].empty()) continue;
      if (i >= names.size()) return wrong(number, "it has more cells than the first row has names");
      if (has_control_characters(cells[i]))
        return wrong(number, fmt::format("column {}: a cell is one line of text without control characters", names[i]));
      row.cells.emplace(names[i], std::move(cells[i]));
    }
    out.push_back(std::move(row));
  }
  if (names.empty())
    return fail(Code::kInvalid, "The file is empty: its first row names columns, of " + joined(columns));
  return out;
}

}  // namespace lapel
