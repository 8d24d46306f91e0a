// SPDX-License-Identifier: Apache-2.0
#include "xml/reader.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lapel::xml {
namespace {

// Writes down what it was told; fails at the element "stop".
class Scribe final : public Handler {
 public:
  Result<void> begin(std::string_view name, const std::vector<Attribute>& attributes) override {
    if (name == "stop") return fail(Code::kTooLarge, "enough");
    said += fmt::format("<{}", name);
    for (const Attribute& attribute : attributes) said += fmt::format(" {}={}", attribute.name, attribute.value);
    said += ">";
    return {};
  }
  Result<void> text(std::string_view piece) override {
    said += piece;
    return {};
  }
  Result<void> end(std::string_view name) override {
    said += fmt::format("</{}>", name);
    return {};
  }
  std::string said;
};

std::string read(std::string_view text, std::size_t piece_bytes) {
  Scribe scribe;
  Reader reader(scribe);
  for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
    if (const auto taken = reader.take(text.substr(at, piece_bytes)); !taken)
      return scribe.said + "! " + taken.error().message;
  }
  const auto finished = reader.finish();
  return finished ? scribe.said : scribe.said + "! " + finished.error().message;
}

TEST(XmlReader, GivesTheSameWhereverThePiecesAreCut) {
  const std::string text =
      "\xef\xbb\xbf<?xml version='1.0'?>\r\n<a:b xmlns='urn:x' xmlns:a='urn:y' c='1' a:d='&lt;'>"
      "e&amp;\xc3\xbc<undeclared:f/><![CDATA[<g>]]><!-- <h/> --></a:b>\n";
  for (std::size_t piece_bytes = 1; piece_bytes <= text.size(); ++piece_bytes)
    EXPECT_EQ(read(text, piece_bytes), "<b c=1 d=<>e&\xc3\xbc<f></f><g></b>") << piece_bytes;
}

TEST(XmlReader, RefusesADocumentTypeBeforeAnythingOfIt) {
  for (const std::string_view text : {"<!DOCTYPE a><a/>", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
                                      "<!DOCTYPE a [<!ENTITY b \"c\"><!ENTITY d \"&b;&b;\">]><a>&d;</a>"})
    EXPECT_EQ(read(text, 7), "! Line 1 of the XML has a document type, which is not read") << text;
}

TEST(XmlReader, NamesTheLineOfWhatIsWrong) {
  EXPECT_EQ(read("<a>\n</b>", 100), "<a>\n! Line 2 of the XML is wrong: mismatched tag");
  EXPECT_EQ(read("<a>\n<b>", 100), "<a>\n<b>! Line 2 of the XML ends early");
  EXPECT_EQ(read("", 1), "! Line 1 of the XML ends early");
  EXPECT_EQ(read("{}", 1), "! Line 1 of the XML is wrong: not well-formed (invalid token)");
  EXPECT_EQ(read("<a>&b;</a>", 100), "<a>! Line 1 of the XML is wrong: undefined entity");
}

TEST(XmlReader, EndsWithWhatTheHandlerFailsWith) {
  Scribe scribe;
  Reader reader(scribe);
  const auto taken = reader.take("<a><stop>more</stop></a>");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Code::kTooLarge);
  EXPECT_EQ(scribe.said, "<a>");
}

TEST(XmlReader, HasLimits) {
  std::string deep;
  for (std::size_t i = 0; i < kDepthMax; ++i) deep += "<a>";
  EXPECT_FALSE(read(deep, 1).find("nested") != std::string::npos);
  EXPECT_TRUE(read(deep + "<a>", 1).ends_with("! Line 1 of the XML is nested over 64 deep"));
  const std::string comment = "<a><!--" + std::string(2 * kTokenBytesMax, 'x') + "--></a>";
  EXPECT_EQ(read(comment, 1 << 16), "<a>! Line 1 of the XML has a tag or comment of over 1048576 bytes");
  // Text and many small tokens have none.
  const std::string text = "<a>" + std::string(4 * kTokenBytesMax, 'x') + "</a>";
  EXPECT_EQ(read(text, text.size()), text);
  std::string many = "<a>";
  while (many.size() < 4 * kTokenBytesMax) many += "<b></b>";
  many += "</a>";
  EXPECT_EQ(read(many, 1 << 16), many);
}

TEST(XmlReader, SpacelessTakesOnlyXmlsWhiteSpace) {
  EXPECT_EQ(spaceless(" \t\r\n a b \n"), "a b");
  EXPECT_EQ(spaceless("\n"), "");
  EXPECT_EQ(spaceless("\xc2\xa0"), "\xc2\xa0");
}

}  // namespace
}  // namespace lapel::xml
