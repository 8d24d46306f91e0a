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
#include "xml/reader.h"

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

Result<void> add_cell(std::string name, std::string words, InventoryRow& out) {
  if (words.empty()) return {};
  std::string& cell = out.cells[std::move(name)];
  if (!cell.empty()) cell += "; ";
  cell += words;
  if (cell.find('\0') != std::string::npos || cell.size() > kInventoryCellBytesMax)
    return fail(Code::kInvalid,
                fmt::format("Row {} of the inventory: a value is too long, or has a zero byte in it", out.number));
  if (out.cells.size() > kInventoryColumnsMax)
    return fail(Code::kInvalid,
                fmt::format("Row {} of the inventory has over {} values", out.number, kInventoryColumnsMax));
  return {};
}

Result<void> flatten(const Json::Object& object, const std::string& before, InventoryRow& out) {
  for (const auto& [name, value] : object) {
    if (value.object()) {
      TRY(flatten(*value.object(), before + name + ".", out));
      continue;
    }
    TRY(add_cell(before + name, words_of(value), out));
  }
  return {};
}

std::string in_words(const std::vector<std::string>& path) {
  std::string out;
  for (const std::string& name : path) out += (out.empty() ? "" : ".") + name;
  return printable(out);
}

// Looks only for where the rows begin and end; each row is then read as JSON, strictly.
class Objects final : public InventoryReader {
 public:
  Objects(const InventoryForm& form, Step step) : path_(form.rows_at), step_(std::move(step)) {}

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
    if (!is_found_)
      return fail(Code::kInvalid, fmt::format("The inventory has no list of rows at \"{}\"", in_words(path_)));
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

// The elements of one path are the rows, and what is in them the cells.
class Elements final : public InventoryReader, private xml::Handler {
 public:
  Elements(const InventoryForm& form, Step step) : path_(form.rows_at), step_(std::move(step)), reader_(*this) {}

  Result<void> take(std::string_view piece) override { return reader_.take(piece); }

  Result<void> finish() override {
    TRY(reader_.finish());
    return row_.number > 0 ? Result<void>()
                           : fail(Code::kInvalid, fmt::format("The inventory has no row at \"{}\"", in_words(path_)));
  }

 private:
  struct Open {
    std::size_t column_bytes = 0;  // of the column around it
    std::string text;
  };

  Result<void> begin(std::string_view name, const std::vector<xml::Attribute>& attributes) override {
    if (in_row_.empty()) {
      around_.emplace_back(name);
      if (around_ != path_) return {};
      row_ = InventoryRow{row_.number + 1, {}};
      row_bytes_ = 0;
      in_row_.emplace_back();
    } else {
      in_row_.push_back({column_.size(), {}});
      column_ = below(name);
    }
    for (const auto& [attribute, value] : attributes) TRY(add(below("@" + std::string(attribute)), value));
    return {};
  }

  Result<void> text(std::string_view piece) override {
    if (in_row_.empty()) return {};
    TRY(count(piece.size()));
    in_row_.back().text += piece;
    return {};
  }

  Result<void> end(std::string_view) override {
    if (in_row_.empty()) {
      around_.pop_back();
      return {};
    }
    const bool is_row = in_row_.size() == 1;
    TRY(add(is_row ? kOwnText : column_, xml::spaceless(in_row_.back().text)));
    column_.resize(in_row_.back().column_bytes);
    in_row_.pop_back();
    if (!is_row) return {};
    around_.pop_back();
    return step_(row_);
  }

  std::string below(std::string_view name) const { return column_ + (column_.empty() ? "" : ".") + std::string(name); }

  Result<void> add(std::string column, std::string_view value) {
    TRY(count(column.size() + value.size()));
    return add_cell(std::move(column), std::string(value), row_);
  }

  Result<void> count(std::size_t bytes) {
    row_bytes_ += bytes;
    if (row_bytes_ <= kInventoryRowBytesMax) return {};
    return fail(Code::kInvalid,
                fmt::format("Row {} of the inventory is over {} bytes", row_.number, kInventoryRowBytesMax));
  }

  static constexpr const char* kOwnText = "text()";
  const std::vector<std::string> path_;
  const Step step_;
  xml::Reader reader_;
  std::vector<std::string> around_;  // open elements, down to the row's
  std::vector<Open> in_row_;         // open elements, from the row's
  std::string column_;               // of the element that is open
  InventoryRow row_;
  std::size_t row_bytes_ = 0;
};

}  // namespace

std::string row_digest(const InventoryRow& row) {
  Json::Object cells;
  for (const auto& [name, value] : row.cells) cells.emplace(name, value);
  const std::string text = to_json(Json(std::move(cells)));
  return hex(crypto::sha256(as_bytes(text)));
}

std::unique_ptr<InventoryReader> InventoryReader::of(const InventoryForm& form, Columns columns, Step step) {
  switch (form.kind) {
    case InventoryForm::Kind::kCsv:
      return std::make_unique<Table>(form, std::move(columns), std::move(step));
    case InventoryForm::Kind::kJson:
      return std::make_unique<Objects>(form, std::move(step));
    case InventoryForm::Kind::kXml:
      return std::make_unique<Elements>(form, std::move(step));
  }
  return nullptr;
}

}  // namespace lapel::imports
