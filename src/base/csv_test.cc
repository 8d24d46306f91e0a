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

}  // namespace
}  // namespace lapel
