// SPDX-License-Identifier: Apache-2.0
#include "imports/inventory.h"

#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/text.h"
#include "crypto/sha256.h"

namespace lapel::imports {
namespace {

class Table final : public InventoryReader {
 public:
  Table(const InventoryForm& form, Columns columns, Step step)
      : reader_({form.delimiter, kInventoryColumnsMax, kInventoryCellBytesMax}),
        columns_(std::move(columns)),
        step_(std::move(step)) {}

  Result<void> take(std::string_view piece) override { return reader_.take(piece, row_); }
  Result<void> finish() override {
    TRY(reader_.finish(row_));
    return names_.empty() ? fail(Code::kInvalid, "The inventory is empty: its first row names columns")
                          : Result<void>();
  }

 private:
  Result<void> take_row(int number, std::vector<std::string> cells) {
    for (const std::string& cell : cells) {
      if (!is_utf8(cell) || cell.find('\0') != std::string::npos)
        return fail(Code::kInvalid,
                    fmt::format("Row {} of the inventory is not UTF-8: save it as \"CSV UTF-8\"", number));
    }
    if (names_.empty()) return take_names(number, std::move(cells));
    InventoryRow row{number, {}};
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].empty()) continue;
      if (i >= names_.size() || names_[i].empty())
        return fail(Code::kInvalid, fmt::format("Row {} of the inventory has a cell under no column's name", number));
      row.cells.emplace(names_[i], std::move(cells[i]));
    }
    return step_(row);
  }

  Result<void> take_names(int number, std::vector<std::string> cells) {
    std::set<std::string> seen;
    for (const std::string& name : cells) {
      if (!name.empty() && !seen.insert(name).second) {
        return fail(Code::kInvalid,
                    fmt::format("Row {} of the inventory names the column \"{}\" twice", number, printable(name)));
      }
    }
    TRY(columns_(cells));
    names_ = std::move(cells);
    return {};
  }

  CsvReader reader_;
  const Columns columns_;
  const Step step_;
  std::vector<std::string> names_;
  const CsvReader::Row row_ = [this](int number, std::vector<std::string> cells) {
    return take_row(number, std::move(cells));
  };
};

// What one member says, in words.
std::string words_of(const Json& value) {
  if (value.string()) return *value.string();
  if (!value.array()) return value.is_null() ? std::string() : to_json(value);
  std::string out;
  for (const Json& each : *value.array()) {
    const std::string words = words_of(each);
    if (!words.empty()) out += (out.empty() ? "" : "; ") + words;
  }
  return out;
}

Result<void> flatten(const Json::Object& object, const std::string& before, InventoryRow& out) {
  for (const auto& [name, value] : object) {
    if (value.object()) {
      TRY(flatten(*value.object(), before + name + ".", out));
      continue;
    }
    std::string words = words_of(value);
    if (words.empty()) continue;
    if (words.find('\0') != std::string::npos || words.size() > kInventoryCellBytesMax)
      return fail(Code::kInvalid,
                  fmt::format("Row {} of the inventory: a value is too long, or has a zero byte in it", out.number));
    out.cells.emplace(before + name, std::move(words));
    if (out.cells.size() > kInventoryColumnsMax)
      return fail(Code::kInvalid,
                  fmt::format("Row {} of the inventory has over {} values", out.number, kInventoryColumnsMax));
  }
  return {};
}

// Looks only for where the rows begin and end; each row is then read as JSON, strictly.
class Elements final : public InventoryReader {
 public:
  Elements(const InventoryForm& form, Step step) : path_(form.rows_at), step_(std::move(step)) {}

  Result<void> take(std::string_view piece) override {
    for (const char c : piece) {
      if (!is_past_mark_ && static_cast<unsigned char>(c) >= 0x80 && row_.empty()) continue;  // a byte order mark
      is_past_mark_ = true;
      TRY(is_in_row_ ? take_in_row(c) : take_around(c));
    }
    return {};
  }

  Result<void> finish() override {
    if (is_in_row_ || is_in_string_ || !open_.empty())
      return fail(Code::kInvalid, fmt::format("The inventory ends early, behind row {}", number_));
    if (!is_found_) {
      std::string place;
      for (const std::string& name : path_) place += (place.empty() ? "" : ".") + name;
      return fail(Code::kInvalid, fmt::format("The inventory has no list of rows at \"{}\"", printable(place)));
    }
    return {};
  }

 private:
  struct Open {
    bool is_list = false;
    bool is_rows = false;
    std::string key;  // of what comes next
  };

  tl::unexpected<Error> wrong(std::string_view what) const {
    return fail(Code::kInvalid, fmt::format("The inventory is no JSON of rows: {}, behind row {}", what, number_));
  }

  bool is_at_rows() const {
    if (open_.size() != path_.size()) return false;
    for (std::size_t i = 0; i < path_.size(); ++i) {
      if (open_[i].is_list || open_[i].key != path_[i]) return false;
    }
    return true;
  }

  Result<void> take_around(char c) {
    if (is_in_string_) return take_in_string(c);
    const bool is_among_rows = !open_.empty() && open_.back().is_rows;
    switch (c) {
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        return {};
      case '"':
        if (is_among_rows) return wrong("a row is no object");
        is_in_string_ = true;
        string_.clear();
        return {};
      case ':':
        if (open_.empty() || open_.back().is_list) return wrong("a colon stands where none may");
        open_.back().key = string_;
        return {};
      case ',':
        if (!open_.empty() && !open_.back().is_list) open_.back().key.clear();
        return {};
      case '{':
        if (is_among_rows || (open_.empty() && path_.empty())) return begin_row();
        return begin({false, false, {}});
      case '[':
        if (is_among_rows) return wrong("a row is no object");
        if (is_at_rows()) {
          if (is_found_) return wrong("there are two lists of rows");
          is_found_ = true;
          return begin({true, true, {}});
        }
        return begin({true, false, {}});
      case '}':
      case ']':
        if (open_.empty() || open_.back().is_list != (c == ']')) return wrong("a bracket closes nothing");
        open_.pop_back();
        return {};
      default:
        if (is_among_rows || open_.empty()) return wrong("a row is no object");
        return {};  // a number or a word around the rows
    }
  }

  Result<void> begin(Open open) {
    if (open_.size() == static_cast<std::size_t>(kInventoryDepthMax)) return wrong("it is nested too deep");
    open_.push_back(std::move(open));
    return {};
  }

  Result<void> take_in_string(char c) {
    if (is_escaped_) {
      is_escaped_ = false;
    } else if (c == '\\') {
      is_escaped_ = true;
    } else if (c == '"') {
      is_in_string_ = false;
      return {};
    }
    if (string_.size() < kInventoryCellBytesMax) string_.push_back(c);
    return {};
  }

  Result<void> begin_row() {
    is_found_ = true;
    is_in_row_ = true;
    depth_ = 1;
    row_.assign(1, '{');
    return {};
  }

  Result<void> take_in_row(char c) {
    if (row_.size() == kInventoryRowBytesMax)
      return fail(Code::kInvalid,
                  fmt::format("Row {} of the inventory is over {} bytes", number_ + 1, kInventoryRowBytesMax));
    row_.push_back(c);
    if (is_in_string_) {
      if (is_escaped_) {
        is_escaped_ = false;
      } else if (c == '\\') {
        is_escaped_ = true;
      } else if (c == '"') {
        is_in_string_ = false;
      }
      return {};
    }
    if (c == '"') is_in_string_ = true;
    if (c == '{' || c == '[') ++depth_;
    if (c == '}' || c == ']') --depth_;
    return depth_ == 0 ? end_row() : Result<void>();
  }

  Result<void> end_row() {
    is_in_row_ = false;
    InventoryRow row{++number_, {}};
    const auto json = parse_json(row_, {kInventoryRowBytesMax, static_cast<std::size_t>(kInventoryDepthMax)});
    row_.clear();
    if (!json || !json->object())
      return fail(Code::kInvalid, fmt::format("Row {} of the inventory is no JSON object", number_));
    TRY(flatten(*json->object(), {}, row));
    return step_(row);
  }

  const std::vector<std::string> path_;
  const Step step_;
  std::vector<Open> open_;  // around the rows
  std::string string_, row_;
  bool is_past_mark_ = false, is_in_string_ = false, is_escaped_ = false, is_in_row_ = false, is_found_ = false;
  int depth_ = 0;  // within a row
  int number_ = 0;
};

}  // namespace

std::string row_digest(const InventoryRow& row) {
  Json::Object cells;
  for (const auto& [name, value] : row.cells) cells.emplace(name, value);
  const std::string text = to_json(Json(std::move(cells)));
  return hex(crypto::sha256(as_bytes(text)));
}

std::unique_ptr<InventoryReader> InventoryReader::of(const InventoryForm& form, Columns columns, Step step) {
  if (form.kind == InventoryForm::Kind::kCsv) return std::make_unique<Table>(form, std::move(columns), std::move(step));
  return std::make_unique<Elements>(form, std::move(step));
}

}  // namespace lapel::imports
