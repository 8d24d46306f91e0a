// SPDX-License-Identifier: Apache-2.0
// Tables as spreadsheets write them.
#include "base/csv.h"

#include <gtest/gtest.h>

namespace lapel {
namespace {

TEST(Csv, ReadsWhatSpreadsheetsWrite) {
  const auto rows =
      parse_csv("\xEF\xBB\xBFname,count\r\n\"Smith, \"\"J\"\"\",3\r\n\r\n  last , \n", {"what", "name", "count"});
  ASSERT_TRUE(rows) << rows.error().text();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].number, 2);
  EXPECT_EQ((*rows)[0].cells.at("name"), "Smith, \"J\"");
  EXPECT_EQ((*rows)[1].number, 4);
  EXPECT_EQ((*rows)[1].cells.at("name"), "last");
  EXPECT_FALSE((*rows)[1].cells.contains("count"));
}

TEST(Csv, SaysWhatIsWrong) {
  const auto wrong_of = [](std::string_view text) {
    const auto rows = parse_csv(text, {"name", "count"});
    return rows ? std::string("nothing") : rows.error().message;
  };
  EXPECT_EQ(wrong_of(""), "The file is empty: its first row names columns, of name, count");
  EXPECT_EQ(wrong_of("name,sum\n"), "Row 1: \"sum\" is no column: the first row names columns, of name, count");
  EXPECT_EQ(wrong_of("name,name\n"), "Row 1: the column \"name\" is named twice");
  EXPECT_EQ(wrong_of("name\na,b\n"), "Row 2: it has more cells than the first row has names");
  EXPECT_EQ(wrong_of("name\n\"a\n"), "Row 2: a quotation mark is not closed");
  EXPECT_EQ(wrong_of("name\na\"b\n"),
            "Row 2: a quotation mark stands inside a cell: put the whole cell in quotes, and double those in it");
  EXPECT_EQ(wrong_of("name\n\"a\"b\n"),
            "Row 2: something stands behind a closing quotation mark: put the comma right behind it");
  EXPECT_EQ(wrong_of("name\n\"a\nb\"\n"), "Row 2: column name: a cell is one line of text without control characters");
  EXPECT_EQ(wrong_of("name\n\xff\n"),
            "The file is not UTF-8: save it as \"CSV UTF-8\" in the spreadsheet and send it again");
}

TEST(Csv, ReadsTheSameRowsWhereverThePiecesAreCut) {
  const std::string text = "\xEF\xBB\xBFname;count\r\n\"Smith; \"\"J\"\"\r\nlast\";3\r\n\r\n \"a\" ; \nlast;\rx";
  const auto rows_of = [&](std::size_t piece_bytes) {
    std::vector<std::pair<int, std::vector<std::string>>> out;
    const CsvReader::Row keep = [&](int number, std::vector<std::string> cells) -> Result<void> {
      out.emplace_back(number, std::move(cells));
      return {};
    };
    CsvReader reader({.delimiter = ';'});
    bool is_read = true;
    for (std::size_t at = 0; at < text.size() && is_read; at += piece_bytes)
      is_read = reader.take(std::string_view(text).substr(at, piece_bytes), keep).has_value();
    is_read = is_read && reader.finish(keep).has_value();
    out.emplace_back(is_read ? 1 : 0, std::vector<std::string>());
    return out;
  };
  const auto whole = rows_of(text.size());
  for (std::size_t bytes = 1; bytes < text.size(); ++bytes) EXPECT_EQ(rows_of(bytes), whole) << bytes;
  ASSERT_GE(whole.size(), 2U);
  EXPECT_EQ(whole[1].second, (std::vector<std::string>{"Smith; \"J\"\r\nlast", "3"}));
}

TEST(Csv, AReaderOfPiecesRefusesWhatIsNoTable) {
  const auto wrong_of = [](std::string_view text, CsvForm form) {
    CsvReader reader(form);
    const CsvReader::Row drop = [](int, std::vector<std::string>) -> Result<void> { return {}; };
    auto read = reader.take(text, drop);
    if (read) read = reader.finish(drop);
    return read ? std::string("nothing") : read.error().message;
  };
  EXPECT_EQ(wrong_of("a,b\n1,2,3\n", {.columns_max = 2}), "Row 2: it has more than 2 cells");
  EXPECT_EQ(wrong_of("\"aaaa", {.cell_bytes_max = 3}),
            "Row 1: a cell has more than 3 bytes, or a quotation mark is not closed");
  EXPECT_EQ(wrong_of("\xEF\xBB", {}), "nothing");
}

}  // namespace
}  // namespace lapel
