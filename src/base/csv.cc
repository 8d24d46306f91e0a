// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace lapel {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";
constexpr std::string_view kBehindQuote =
    "something stands behind a closing quotation mark: put the comma right behind it";

tl::unexpected<Error> wrong(int row, std::string_view sentence) {
  return fail(Code::kInvalid, fmt::format("Row {}: {}", row, sentence));
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

Result<void> CsvReader::take(std::string_view piece, const Row& row) {
  for (const char c : piece) {
    if (!is_past_mark_) {
      if (c == kMark[mark_bytes_]) {
        is_past_mark_ = ++mark_bytes_ == kMark.size();
        continue;
      }
      is_past_mark_ = true;
      for (std::size_t i = 0; i < mark_bytes_; ++i) TRY(take(kMark[i], row));
    }
    TRY(take(c, row));
  }
  return {};
}

Result<void> CsvReader::take(char c, const Row& row) {
  std::string& cell = cells_.back();
  is_begun_ = true;
  if (at_ == At::kQuoteInQuoted) {
    at_ = c == '"' ? At::kQuoted : At::kBehindQuoted;
    if (c == '"') {
      cell.push_back(c);
      return {};
    }
  }
  if (at_ == At::kQuoted) {
    if (c == '"') {
      at_ = At::kQuoteInQuoted;
      return {};
    }
    cell.push_back(c);
  } else {
    const bool was_cr = std::exchange(is_cr_pending_, false);
    if (c == '\n') return end_row(row);
    if (was_cr) {
      if (at_ == At::kBehindQuoted) return wrong(number_, kBehindQuote);
      cell.push_back('\r');
    }
    if (c == '\r') {
      is_cr_pending_ = true;
    } else if (c == form_.delimiter) {
      if (cells_.size() == form_.columns_max)
        return wrong(number_, fmt::format("it has more than {} cells", form_.columns_max));
      cells_.emplace_back();
      at_ = At::kCell;
      return {};
    } else if (c == '"') {
      if (!cell.empty() || at_ == At::kBehindQuoted)
        return wrong(number_,
                     "a quotation mark stands inside a cell: put the whole cell in quotes, and double those in it");
      at_ = At::kQuoted;
    } else {
      if (at_ == At::kBehindQuoted) return wrong(number_, kBehindQuote);
      cell.push_back(c);
    }
  }
  if (cell.size() > form_.cell_bytes_max)
    return wrong(number_,
                 fmt::format("a cell has more than {} bytes, or a quotation mark is not closed", form_.cell_bytes_max));
  return {};
}

Result<void> CsvReader::end_row(const Row& row) {
  std::vector<std::string> cells = std::exchange(cells_, std::vector<std::string>(1));
  at_ = At::kCell;
  is_begun_ = false;
  const int number = number_++;
  for (std::string& cell : cells) cell = trimmed(cell);
  if (std::ranges::all_of(cells, [](const std::string& cell) { return cell.empty(); })) return {};
  return row(number, std::move(cells));
}

Result<void> CsvReader::finish(const Row& row) {
  if (!is_past_mark_) {
    is_past_mark_ = true;
    for (std::size_t i = 0; i < mark_bytes_; ++i) TRY(take(kMark[i], row));
  }
  if (at_ == At::kQuoted) return wrong(number_, "a quotation mark is not closed");
  is_cr_pending_ = false;
  return is_begun_ ? end_row(row) : Result<void>();
}

Result<std::vector<CsvRow>> parse_csv(std::string_view text, const std::vector<std::string_view>& columns) {
  if (text.size() > kCsvBytesMax) return fail(Code::kTooLarge, fmt::format("The file is over {} bytes", kCsvBytesMax));
  if (!is_utf8(text)) {
    return fail(Code::kInvalid, "The file is not UTF-8: save it as \"CSV UTF-8\" in the spreadsheet and send it again");
  }
  std::vector<std::string> names;
  std::vector<CsvRow> out;
  const auto take_names = [&](int number, std::vector<std::string> cells) -> Result<void> {
    std::set<std::string> seen;
    for (const std::string& name : cells) {
      if (std::ranges::find(columns, name) == columns.end())
        return wrong(number, fmt::format("\"{}\" is no column: the first row names columns, of {}", printable(name),
                                         joined(columns)));
      if (!seen.insert(name).second) return wrong(number, fmt::format("the column \"{}\" is named twice", name));
    }
    names = std::move(cells);
    return {};
  };
  const CsvReader::Row take_row = [&](int number, std::vector<std::string> cells) -> Result<void> {
    if (names.empty()) return take_names(number, std::move(cells));
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
    return {};
  };
  CsvReader reader;
  TRY(reader.take(text, take_row));
  TRY(reader.finish(take_row));
  if (names.empty())
    return fail(Code::kInvalid, "The file is empty: its first row names columns, of " + joined(columns));
  return out;
}

}  // namespace lapel
