// SPDX-License-Identifier: Apache-2.0
// Paths, inventories and mappings: what is taken, what is read and what is said of the rest.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "imports/inventory.h"
#include "imports/mapping.h"
#include "imports/path.h"

namespace lapel::imports {
namespace {

TEST(Path, TakesWhatStaysWithinTheExport) {
  for (const std::string_view path : {"a.mp4", "folder/a b.mp4", "Straße/ñ.mp4", "a..b/...x", ".hidden/a"})
    EXPECT_EQ(path_trouble(path), std::nullopt) << path;
}

TEST(Path, RefusesEveryTrickInASentence) {
  const std::string deep = [] {
    std::string out;
    for (std::size_t i = 0; i < kPathPartsMax; ++i) out += "a/";
    return out + "b";
  }();
  for (const std::string& path : {std::string(),
                                  std::string("/etc/passwd"),
                                  std::string("../a"),
                                  std::string("a/../../b"),
                                  std::string("a/.."),
                                  std::string("a//b"),
                                  std::string("./a"),
                                  std::string("a\\b"),
                                  std::string("C:a"),
                                  std::string("c:/a"),
                                  std::string("a\nb"),
                                  std::string("a\0b", 3),
                                  std::string("a\xff"),
                                  std::string("a\u202Eb"),
                                  std::string("a./b"),
                                  std::string("a /b"),
                                  std::string(" a"),
                                  std::string("a/b."),
                                  deep,
                                  std::string(kPathBytesMax + 1, 'a'),
                                  std::string(kPathPartBytesMax + 1, 'a')}) {
    EXPECT_TRUE(path_trouble(path).has_value()) << path;
  }
}

TEST(Path, ComparesAsAFilesystemWithoutCaseDoes) {
  EXPECT_EQ(folded_path("A/Über.MP4"), folded_path("a/über.mp4"));
  EXPECT_EQ(key_of_word(Match::kPath, "A\\b.MP4"), key_of_path(Match::kPath, "a/B.mp4"));
  EXPECT_EQ(key_of_word(Match::kName, "C:\\old\\B.mp4"), key_of_path(Match::kName, "x/y/b.mp4"));
  EXPECT_EQ(key_of_word(Match::kStem, "UT-1.5"), key_of_path(Match::kStem, "video/ut-1.5.mp4"));
}

TEST(Path, PatternsStayWithinAFolder) {
  EXPECT_TRUE(fits("*audit*.pdf", "deep/E-1_Audit_trail.PDF"));
  EXPECT_FALSE(fits("*audit*.pdf", "audit/E-1.pdf"));
  EXPECT_TRUE(fits("logs/*.csv", "logs/a.csv"));
  EXPECT_FALSE(fits("logs/*.csv", "logs/more/a.csv"));
  EXPECT_TRUE(fits("*", "a"));
  EXPECT_FALSE(fits("", "a"));
}

Result<std::vector<InventoryRow>> rows_of(const InventoryForm& form, std::string_view text) {
  std::vector<InventoryRow> out;
  const auto reader = InventoryReader::of(
      form, [](const std::vector<std::string>&) -> Result<void> { return {}; },
      [&](const InventoryRow& row) -> Result<void> {
        out.push_back(row);
        return {};
      });
  TRY(reader->take(text));
  TRY(reader->finish());
  return out;
}

TEST(Inventory, OfJsonIsTheListThatThePathLeadsTo) {
  InventoryForm form{InventoryForm::Kind::kJson, ',', {"export", "items"}};
  const auto rows = rows_of(form, R"({"note": ["items", {"items": [{"no": 1}]}], "export": {"by": "x", "items": [
      {"id": 7, "file": {"name": "a\"}.mp4"}, "tags": ["b", "c"], "held": false, "gone": null}, {"id": 8}]}})");
  ASSERT_TRUE(rows) << rows.error().text();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].cells.at("file.name"), "a\"}.mp4");
  EXPECT_EQ((*rows)[0].cells.at("tags"), "b; c");
  EXPECT_EQ((*rows)[0].cells.at("held"), "false");
  EXPECT_FALSE((*rows)[0].cells.contains("gone"));
  EXPECT_EQ((*rows)[1].number, 2);
}

TEST(Inventory, OfJsonMayBeOneObjectALine) {
  const auto rows = rows_of({InventoryForm::Kind::kJson, ',', {}}, "{\"a\": 1}\n{\"a\": 2}\n");
  ASSERT_TRUE(rows) << rows.error().text();
  EXPECT_EQ(rows->size(), 2U);
}

TEST(Inventory, ThatEndsEarlyIsNotReadToItsEnd) {
  const InventoryForm json{InventoryForm::Kind::kJson, ',', {"items"}};
  EXPECT_EQ(rows_of(json, R"({"items": [{"a": 1}, {"a")").error().message, "The inventory ends early, behind row 1");
  EXPECT_EQ(rows_of(json, R"({"items": [{"a": 1}])").error().message, "The inventory ends early, behind row 1");
  EXPECT_EQ(rows_of(json, R"({"other": []})").error().message, "The inventory has no list of rows at \"items\"");
  EXPECT_EQ(rows_of(json, R"({"items": [1]})").error().message,
            "The inventory is no JSON of rows: a row is no object, behind row 0");
  EXPECT_EQ(rows_of({}, "a,b\n1,2,3\n").error().message, "Row 2 of the inventory has a cell under no column's name");
  EXPECT_EQ(rows_of({}, "a,a\n").error().message, "Row 1 of the inventory names the column \"a\" twice");
  EXPECT_EQ(rows_of({}, "a\n\xff\n").error().message, "Row 2 of the inventory is not UTF-8: save it as \"CSV UTF-8\"");
}

const InventoryForm kXml{InventoryForm::Kind::kXml, ',', {"Export", "Recordings", "Recording"}};

TEST(Inventory, OfXmlIsTheElementsThatThePathLeadsTo) {
  const auto rows = rows_of(kXml, R"(<?xml version="1.0" encoding="UTF-8"?>
    <v:Export xmlns:v="urn:vendor" by="x"><Recording id="not this one"/><v:Recordings count="2">
      <v:Recording id="7"><File><Name> a&amp;"b".mp4
        </Name><Hash type="SHA1">00</Hash></File><Tag>b</Tag><Tag/><Tag>c &#x2713;</Tag><Gone></Gone>
        <Recording>in it</Recording></v:Recording>
      <!-- <Recording id="8"/> --><Recording id='9'><![CDATA[own <words>]]></Recording>
    </v:Recordings></v:Export>)");
  ASSERT_TRUE(rows) << rows.error().text();
  ASSERT_EQ(rows->size(), 2U);
  using Cells = std::map<std::string, std::string, std::less<>>;
  EXPECT_EQ((*rows)[0].cells, (Cells{{"@id", "7"},
                                     {"File.Name", "a&\"b\".mp4"},
                                     {"File.Hash", "00"},
                                     {"File.Hash.@type", "SHA1"},
                                     {"Tag", "b; c \u2713"},
                                     {"Recording", "in it"}}));
  EXPECT_EQ((*rows)[1].number, 2);
  EXPECT_EQ((*rows)[1].cells, (Cells{{"@id", "9"}, {"text()", "own <words>"}}));
}

TEST(Inventory, OfXmlMayBeInAnotherEncoding) {
  const auto rows = rows_of({InventoryForm::Kind::kXml, ',', {"a", "b"}},
                            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a><b c=\"\xfc\"/></a>");
  ASSERT_TRUE(rows) << rows.error().text();
  EXPECT_EQ(rows->at(0).cells.at("@c"), "ü");
}

TEST(Inventory, OfXmlThatIsNoneIsRefusedInWords) {
  const auto wrong = [](const std::string& text) {
    const auto rows = rows_of(kXml, text);
    return rows ? std::string("nothing") : rows.error().message;
  };
  const std::string before = "<Export><Recordings>\n<Recording><File>a</File></Recording>\n";
  EXPECT_EQ(wrong("<Export><Recordings/></Export>"), "The inventory has no row at \"Export.Recordings.Recording\"");
  EXPECT_EQ(wrong(before), "Line 3 of the XML ends early");
  EXPECT_EQ(wrong(before + "<Recording>"), "Line 3 of the XML ends early");
  EXPECT_EQ(wrong(before + "</Export>"), "Line 3 of the XML is wrong: mismatched tag");
  EXPECT_EQ(wrong("<!DOCTYPE a [<!ENTITY b \"c\">]><Export/>"),
            "Line 1 of the XML has a document type, which is not read");
  EXPECT_EQ(wrong("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><Export/>"),
            "Line 1 of the XML has a document type, which is not read");
  EXPECT_EQ(wrong(before + "<Recording a=\"&b;\"/>"), "Line 3 of the XML is wrong: undefined entity");
  EXPECT_EQ(
      wrong(before + "<Recording a=\"" + std::string(kInventoryCellBytesMax + 1, 'x') + "\"/></Recordings></Export>"),
      "Row 2 of the inventory: a value is too long, or has a zero byte in it");
  std::string long_row = before + "<Recording>";
  for (int i = 0; i < 30; ++i) long_row += fmt::format("<a{0}>{1}</a{0}>", i, std::string(20'000, 'x'));
  EXPECT_EQ(wrong(long_row + "</Recording></Recordings></Export>"),
            fmt::format("Row 2 of the inventory is over {} bytes", kInventoryRowBytesMax));
  std::string wide_row = before + "<Recording>";
  for (std::size_t i = 0; i <= kInventoryColumnsMax; ++i) wide_row += fmt::format("<a{0}>1</a{0}>", i);
  EXPECT_EQ(wrong(wide_row), fmt::format("Row 2 of the inventory has over {} values", kInventoryColumnsMax));
}

TEST(Inventory, ADigestIsOfWhatTheRowSays) {
  // printf '{"a":"1","b":"x"}' | sha256sum
  EXPECT_EQ(row_digest({1, {{"b", "x"}, {"a", "1"}}}),
            "6d2349f371a5eb9cf30f59249da29fca7a1a5c25c4b43442dd95be13cd927b87");
}

std::optional<std::string> time_of(std::string_view text, const std::vector<std::string>& forms,
                                   std::string_view zone = "America/New_York") {
  const auto time = read_time(text, forms, parse_zone(zone));
  return time ? std::optional(ledger_time(*time)) : std::nullopt;
}

TEST(Times, AreReadInTheirForms) {
  EXPECT_EQ(time_of("Dec 2, 2022 1:12:07 AM", {"MMM D, YYYY h:mm:ss a"}), "2022-12-02T06:12:07.00Z");
  EXPECT_EQ(time_of("12/2/2022 12:00 pm", {"rfc3339", "M/D/YYYY h:mm a"}), "2022-12-02T17:00:00.00Z");
  EXPECT_EQ(time_of("2022-12-02 01:12:07.25 -0500", {"YYYY-MM-DD HH:mm:ss.f Z"}), "2022-12-02T06:12:07.25Z");
  EXPECT_EQ(time_of("1669961527000", {"epoch_ms"}), "2022-12-02T06:12:07.00Z");
  EXPECT_EQ(time_of("06/15/2022 12:00", {"MM/DD/YYYY HH:mm"}, "America/Phoenix"), "2022-06-15T19:00:00.00Z");
}

TEST(Times, ThatAreNoneOrTwoAreNotGuessed) {
  const std::vector<std::string> form = {"YYYY-MM-DD HH:mm"};
  EXPECT_EQ(time_of("2022-11-06 01:30", form), std::nullopt);  // twice
  EXPECT_EQ(time_of("2022-03-13 02:30", form), std::nullopt);  // never
  EXPECT_EQ(time_of("2022-02-30 02:30", form), std::nullopt);
  EXPECT_EQ(time_of("2022-12-02 24:00", form), std::nullopt);
  EXPECT_EQ(time_of("2022-12-02 01:30 AM", form), std::nullopt);
  EXPECT_EQ(time_of("2022-12-02 13:30 PM", {"YYYY-MM-DD h:mm a"}), std::nullopt);
  EXPECT_EQ(time_of("2022-12-02 01:30", form, "Europe/Berlin"), std::nullopt);  // no zone is known
}

Json mapping_json(std::string_view more = {}) {
  const std::string text = fmt::format(
      R"({{"format": "lapel-import-mapping/1", "name": "mine", "title": "t", "make": "m", "system": "s", "verified": false,
          "inventory": {{"files": ["list.csv"], "format": "csv"}}, "logs": ["*.log"],
          "fields": {{"file": {{"columns": ["File", "Path"]}}, "hash": {{"columns": ["MD5"], "algorithm": "md5"}},
                     "recorded_at": {{"columns": ["When"]}}, "category": {{"columns": ["Kind"]}},
                     "hold": {{"columns": ["Held"]}}}},
          "time_forms": ["YYYY-MM-DD HH:mm"], "categories": {{"Traffic Stop": "Traffic", "None": ""}}, "no_hold": ["No"]{}}})",
      more);
  return *parse_json(text);
}

TEST(Mapping, MapsARowOrSaysWhatItCouldNot) {
  const Mapping mapping = *read_mapping(mapping_json());
  EXPECT_TRUE(mapping.needs_zone());
  EXPECT_TRUE(mapping.is_inventory("a/List.CSV"));
  EXPECT_TRUE(mapping.is_log("a/b.log"));
  const Agency agency{parse_zone("America/New_York"), std::set<std::string>{"Traffic"}};
  const MappedRow good = map_row(mapping, agency,
                                 {2,
                                  {{"Path", "a.mp4"},
                                   {"MD5", "D41D8CD98F00B204E9800998ECF8427E"},
                                   {"When", "2022-12-02 01:12"},
                                   {"Kind", "traffic stop"},
                                   {"Held", "no"}}});
  EXPECT_EQ(good.file, "a.mp4");
  EXPECT_EQ(good.hash, "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(good.category, "Traffic");
  EXPECT_FALSE(good.hold);
  EXPECT_TRUE(good.findings.empty());
  const MappedRow bad =
      map_row(mapping, agency, {3, {{"MD5", "x"}, {"When", "soon"}, {"Kind", "Assault"}, {"Held", "Smith v. Town"}}});
  std::vector<std::string> kinds;
  for (const Finding& finding : bad.findings) kinds.push_back(finding.kind);
  EXPECT_EQ(kinds, (std::vector<std::string>{"no_file", "unreadable", "date", "category", "hold"}));
  EXPECT_FALSE(bad.category);
  EXPECT_FALSE(bad.recorded_at);
  EXPECT_EQ(bad.hold, "Smith v. Town");
}

TEST(Mapping, IsRefusedWithThePlaceInIt) {
  const auto wrong = [](const Json& file) {
    const auto mapping = read_mapping(file);
    return mapping ? std::string("nothing") : mapping.error().message;
  };
  EXPECT_EQ(wrong(mapping_json(R"(, "zone": "Mars")")).substr(0, 39), "The mapping: \"zone\" must be one of Amer");
  EXPECT_EQ(wrong(mapping_json(R"(, "match": "fuzzy")")), "The mapping: \"match\" must be path, name or stem");
  Json xml = mapping_json();
  (*xml.object())["inventory"] = Json::Object{{"files", Json::Array{"a.xml"}}, {"format", "xml"}};
  EXPECT_EQ(wrong(xml),
            "The mapping: \"rows_at\" must name the elements that lead to a row of the XML, the outermost first");
  Json yaml = mapping_json();
  (*yaml.object())["inventory"] = Json::Object{{"files", Json::Array{"a.yaml"}}, {"format", "yaml"}};
  EXPECT_EQ(wrong(yaml), "The mapping: \"format\" of the inventory must be csv, json or xml");
  Json forms = mapping_json();
  (*forms.object())["time_forms"] = Json::Array{"YY-MM"};
  EXPECT_EQ(wrong(forms), "The mapping: \"time_forms\" has \"YY-MM\", which is no form");
  Json unsaid = mapping_json();
  unsaid.object()->erase("verified");
  EXPECT_EQ(wrong(unsaid),
            "The mapping: \"verified\" must be true or false: whether a real export has been brought in by it");
  EXPECT_EQ(wrong(Json()), "The mapping: it must be a JSON object");
}

TEST(Mapping, ATableWithoutItsColumnsIsTold) {
  const Mapping mapping = *read_mapping(mapping_json());
  const auto findings = check_columns(mapping, {"Path", "MD5"});
  ASSERT_TRUE(findings);
  EXPECT_EQ(findings->size(), 3U);
  EXPECT_EQ(check_columns(mapping, {"MD5"}).error().message,
            "The inventory has no column \"File\", \"Path\", by which files are found; its columns are MD5");
}

// None of them has been run on a real export, and none may say that it was.
TEST(Mapping, ThoseThatAreInstalledReadAndAreUnverified) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(LAPEL_IMPORT_MAPPINGS)) {
    std::ifstream in(entry.path());
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto json = parse_json(text);
    ASSERT_TRUE(json) << entry.path();
    const auto mapping = read_mapping(*json);
    ASSERT_TRUE(mapping) << mapping.error().text();
    EXPECT_EQ(mapping->name, entry.path().stem());
    EXPECT_FALSE(mapping->is_verified);
    EXPECT_GE(mapping->sources.size(), 2U);
    ++count;
  }
  EXPECT_EQ(count, 4);
}

}  // namespace
}  // namespace lapel::imports
