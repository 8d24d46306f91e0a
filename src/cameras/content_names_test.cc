// SPDX-License-Identifier: Apache-2.0
#include "cameras/content_names.h"

#include <string>

#include <gtest/gtest.h>

namespace lapel::cameras {
namespace {

http::Request heads(std::vector<std::pair<std::string, std::string>> headers) {
  http::Request out;
  out.headers = std::move(headers);
  return out;
}

TEST(ContainerName, ARecordingsSaysWhoseItIsAndWhen) {
  const auto name = parse_container_name("8e0d_4b1a_B8A44F0A1B2C_20221202T061207Z");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->kind, ContainerKind::kRecording);
  EXPECT_EQ(name->user, "8e0d_4b1a") << "a user's id may have what stands between the parts";
  EXPECT_EQ(name->device, "B8A44F0A1B2C");
  EXPECT_EQ(ledger_time(*name->triggered_at), "2022-12-02T06:12:07.00Z");
  const auto old = parse_container_name("u_d_20221202_061207");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->device, "d");
  EXPECT_EQ(old->triggered_at, name->triggered_at);
}

TEST(ContainerName, TheOthersAreNamedAsTheyAre) {
  EXPECT_EQ(parse_container_name("System")->kind, ContainerKind::kSystem);
  EXPECT_EQ(parse_container_name("Users")->kind, ContainerKind::kUsers);
  EXPECT_EQ(parse_container_name("Devices")->kind, ContainerKind::kDevices);
  EXPECT_EQ(parse_container_name("RejectedContent_UnknownTime_1")->kind, ContainerKind::kRejected);
  for (const char* none :
       {"", "system", "a", "a_b", "a_b_20221302T061207Z", "_b_20221202T061207Z", "a__20221202T061207Z",
        "b_20221202T061207Z", "a_b_20221202T061207", "a_b_20221202061207Z", "a/b_c_20221202T061207Z"}) {
    EXPECT_EQ(parse_container_name(none).error().code(), Code::kInvalid) << none;
  }
  EXPECT_FALSE(parse_container_name("a\x01_b_20221202T061207Z"));
  EXPECT_FALSE(parse_container_name(std::string(300, 'a') + "_b_20221202T061207Z"));
}

TEST(ContentMetadata, IsDecodedOnceAndKeptWhateverItIs) {
  const auto said = parse_content_metadata(heads({{"x-object-meta-name", "R%C3%A9n%C3%A9%2520"},
                                                  {"x-object-meta-nobody-knows", "kept"},
                                                  {"x-container-meta-status", "not this"},
                                                  {"x-object-meta-empty", ""}}),
                                           kObjectMetadata);
  ASSERT_TRUE(said);
  EXPECT_EQ(*said, (ContentMetadata{{"name", "R\u00e9n\u00e9%20"}, {"nobody-knows", "kept"}, {"empty", ""}}));
  EXPECT_EQ(read_stored_metadata(stored_metadata(*said)).value(), *said);
  EXPECT_EQ(metadata_header(kObjectMetadata, "nobody-knows"), "X-Object-Meta-Nobody-Knows");
  EXPECT_EQ(metadata_value("R\u00e9n\u00e9, 1"), "R%C3%A9n%C3%A9%2C%201");
}

TEST(ContentMetadata, HasLimits) {
  for (const std::string& bad :
       {std::string("%zz"), std::string("%ff"), std::string("%0A"), std::string(kContentValueBytesMax + 1, 'a')})
    EXPECT_FALSE(parse_content_metadata(heads({{"x-object-meta-a", bad}}), kObjectMetadata)) << bad;
  EXPECT_FALSE(parse_content_metadata(heads({{"x-object-meta-", "a"}}), kObjectMetadata));
  EXPECT_FALSE(parse_content_metadata(heads({{"x-object-meta-a", "1"}, {"x-object-meta-a", "2"}}), kObjectMetadata));
  std::vector<std::pair<std::string, std::string>> many;
  for (std::size_t i = 0; i < kContentKeysMax; ++i) many.emplace_back("x-object-meta-" + std::to_string(i), "a");
  EXPECT_TRUE(parse_content_metadata(heads(many), kObjectMetadata));
  many.emplace_back("x-object-meta-one-more", "a");
  EXPECT_FALSE(parse_content_metadata(heads(many), kObjectMetadata));
}

TEST(ContentTime, IsReadInEachForm) {
  const auto at = [](ContentMetadata said) {
    const auto time = content_time(said, "starttime");
    return time ? ledger_time(*time) : std::string("none");
  };
  EXPECT_EQ(at({{"starttime", "1669961497"}}), "2022-12-02T06:11:37.00Z");
  EXPECT_EQ(at({{"starttime", "1669961497.250"}}), "2022-12-02T06:11:37.25Z");
  EXPECT_EQ(at({{"starttime", "2022-12-02T06:11:37Z"}}), "2022-12-02T06:11:37.00Z");
  EXPECT_EQ(at({{"starttime", "x"}, {"starttimeiso", "2022-12-02T01:11:37-05:00"}}), "2022-12-02T06:11:37.00Z");
  for (const char* none : {"", "x", "-1", "1.", "1.a", "1.0000000000", "999999999999999999999", "300000000000"})
    EXPECT_EQ(at({{"starttime", none}}), "none") << none;
}

TEST(ContentKind, IsByNameAndByWhatIsSaid) {
  EXPECT_EQ(content_kind("20221202T061137Z_3f2a.mkv", {}), ContentKind::kClip);
  EXPECT_EQ(content_kind("20221202T061137Z_3f2a.key", {}), ContentKind::kKey);
  EXPECT_EQ(content_kind("a_gpstrail.json", {}), ContentKind::kTrack);
  EXPECT_EQ(content_kind("a", {{"filetype", "json"}}), ContentKind::kTrack);
  EXPECT_EQ(content_kind("a", {{"filetype", "key"}}), ContentKind::kKey);
  EXPECT_EQ(content_kind("bookmark_1_1", {}), ContentKind::kBookmark);
  EXPECT_TRUE(check_object_name("a b.mkv"));
  for (const char* bad : {"", "a/b", "..\n"}) EXPECT_FALSE(check_object_name(bad)) << bad;
}

}  // namespace
}  // namespace lapel::cameras
