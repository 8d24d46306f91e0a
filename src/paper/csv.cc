// SPDX-License-Identifier: Apache-2.0
#include "paper/csv.h"

#include <array>
#include <variant>

namespace lapel::paper {
namespace {

class Writer {
 public:
  explicit Writer(const Document& document) {
    line({"section", "table", "row", "column", "value"});
    const std::array<std::pair<const char*, std::string>, 5> head = {{{"agency", document.agency},
                                                                      {"title", document.title},
                                                                      {"as of", day_text(document.as_of)},
                                                                      {"made on", day_text(document.made_on)},
                                                                      {"made by", document.made_by}}};
    for (const auto& [name, value] : head) line({"report", "", "", name, value});
    for (const std::string& mark : document.marks) line({"report", "", "", "mark", mark});
    for (const Block& block : document.blocks) std::visit([this](const auto& each) { write(each); }, block);
  }
  std::string out;

 private:
  void line(const std::array<std::string, 5>& cells) { out += csv_line(cells); }
  void write(const Heading& heading) { section_ = heading.words; }
  void write(const Paragraph& paragraph) { line({section_, "", "", "text", paragraph.words}); }
  void write(const Table& table) {
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      for (std::size_t i = 0; i < table.columns.size(); ++i) {
        line({section_, table.caption, std::to_string(row + 1), table.columns[i].title, table.rows[row][i]});
      }
    }
  }
  void write(const Bars& bars) { write(bars.twin); }

  std::string section_;
};

}  // namespace

std::string csv_cell(std::string_view text) {
  std::string out(text);
  // Also after a tab or a line break, which spreadsheets take away first.
  if (!out.empty() && std::string_view("=+-@\t\r\n").find(out.front()) != std::string_view::npos) out.insert(0, "'");
  if (out.find_first_of(",\"\r\n") == std::string::npos) return out;
  std::string quoted = "\"";
  for (const char letter : out) quoted += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return quoted + '"';
}

std::string csv_line(std::span<const std::string> cells) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) out += (i == 0 ? "" : ",") + csv_cell(cells[i]);
  return out + "\r\n";
}

std::string to_csv(const Document& document) {
  return Writer(document).out;
}

}  // namespace lapel::paper
