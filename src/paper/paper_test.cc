// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "paper/csv.h"
#include "paper/html.h"
#include "paper/pdf.h"

// What fontconfig reads of a machine's fonts it keeps for as long as the process lives, and gives back to nobody.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libfontconfig";
}

namespace lapel::paper {
namespace {

Document sample(const std::string& words = "Words") {
  Document out{"Pittsfield <Police>", "To the council & others", {19'325}, {19'326}, "the manager", {"DRAFT"}, {}};
  out.blocks = {Heading{"Costs"}, Paragraph{words}, Paragraph{"Quiet", Tone::kQuiet},
                Table{"A table", {{"Who"}, {"How much", Align::kEnd}}, {{words, "12.50"}, {"=1+1", "-3"}}}};
  Bars bars{"Payments", {{Fill::kSolid, "grant"}, {Fill::kHatched, "city, approximate"}}, {}, {}};
  bars.bars = {{"Payment 1", {{106'515, Fill::kSolid}, {0, Fill::kLight}}, "$106,515.00"},
               {"Payment 2", {{60'071, Fill::kSolid}, {124'967, Fill::kHatched}}, "~$185,039.00"}};
  bars.twin = {"The same", {{"Payment"}, {"Amount", Align::kEnd}}, {{"Payment 1", "$106,515.00"}}};
  out.blocks.emplace_back(std::move(bars));
  return out;
}

TEST(Csv, EveryLineHasFiveCellsAndNoCellIsRun) {
  const std::string text = to_csv(sample("a, \"b\"\nc"));
  EXPECT_EQ(text.substr(0, text.find("\r\n")), "section,table,row,column,value");
  EXPECT_NE(text.find("Costs,A table,1,Who,\"a, \"\"b\"\"\nc\"\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Costs,A table,2,Who,'=1+1\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Costs,A table,2,How much,'-3\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Costs,The same,1,Amount,\"$106,515.00\"\r\n"), std::string::npos) << "a chart is its table";
  for (const char* cell : {"=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1"}) {
    const std::string written = csv_cell(cell);
    EXPECT_TRUE(written.starts_with("'") || written.starts_with("\"'")) << written;
  }
  EXPECT_EQ(csv_cell("a=1"), "a=1");
}

TEST(Html, WordsAreNeverMarkupAndThePageDoesNothing) {
  const std::string page = to_html(sample("<script>alert(1)</script> & \"x\" 'y'"));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; &#39;y&#39;"), std::string::npos);
  EXPECT_NE(page.find("Pittsfield &lt;Police&gt;"), std::string::npos);
  // The one style that the page allows is its own.
  const std::size_t begin = page.find("<style>") + 7, end = page.find("</style>");
  const std::string style = page.substr(begin, end - begin);
  EXPECT_NE(page.find(fmt::format("style-src 'sha256-{}'", base64(crypto::sha256(as_bytes(style))))),
            std::string::npos);
  EXPECT_EQ(page.find(" style="), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
  EXPECT_EQ(page.find("href="), std::string::npos);
}

RC_GTEST_PROP(Html, NoWordsOpenATag, (const std::string& words)) {
  const auto tags = [](const std::string& page) { return std::count(page.begin(), page.end(), '<'); };
  RC_ASSERT(tags(to_html(sample(words))) == tags(to_html(sample("x"))));
}

TEST(Pdf, TheSameDocumentGivesTheSameBytesAndAnotherGivesOthers) {
  const auto one = to_pdf(sample()), same = to_pdf(sample()), other = to_pdf(sample("Other words"));
  ASSERT_TRUE(one && same && other) << (one ? "" : one.error().text());
  EXPECT_TRUE(one->starts_with("%PDF-1."));
  EXPECT_EQ(*one, *same);
  EXPECT_NE(*one, *other);
}

TEST(Pdf, AsManyPagesAsItTakesAndNoneForNothing) {
  const auto pages = [](const std::string& pdf) {
    std::size_t count = 0;
    for (std::size_t at = pdf.find("/Type /Page %"); at != std::string::npos; at = pdf.find("/Type /Page %", at + 1))
      ++count;
    return count;
  };
  Document document = sample();
  EXPECT_EQ(pages(*to_pdf(document)), 1U);
  Table many{"Many", {{"Row"}, {"Words"}}, {}};
  for (int i = 0; i < 200; ++i) many.rows.push_back({std::to_string(i), "Words that are told"});
  document.blocks.emplace_back(std::move(many));
  std::string long_words;
  for (int i = 0; i < 2'000; ++i) long_words += "word ";
  document.blocks.emplace_back(Paragraph{long_words});
  document.blocks.emplace_back(Table{"Nothing", {}, {}});
  document.blocks.emplace_back(Bars{});
  const auto made = to_pdf(document);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_GT(pages(*made), 6U);
  EXPECT_EQ(pages(*to_pdf({"", "", {}, {}, "", {}, {}})), 1U);
}

}  // namespace
}  // namespace lapel::paper
