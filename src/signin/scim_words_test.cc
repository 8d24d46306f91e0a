// SPDX-License-Identifier: Apache-2.0
#include "signin/scim_words.h"

#include <gtest/gtest.h>

namespace lapel::signin {
namespace {

TEST(ScimWords, AFilterIsOneComparison) {
  for (const char* text :
       {R"(userName eq "doe")", R"(USERNAME EQ "doe")", R"(  username  eq   "doe" )", R"(username eq "d\u006fe")",
        R"(urn:ietf:params:scim:schemas:core:2.0:User:userName eq "doe")"}) {
    const auto filter = parse_scim_filter(text);
    ASSERT_TRUE(filter) << text;
    EXPECT_EQ(filter->attribute, "username");
    EXPECT_EQ(filter->value, "doe");
  }
  EXPECT_EQ(parse_scim_filter(R"(name.familyName eq "a \"b\" c")")->value, "a \"b\" c");
  EXPECT_EQ(parse_scim_filter("active eq True")->value, "true");
  for (const char* text :
       {"", " ", "userName", "userName eq", R"(userName eq"doe")", "userName eq doe", R"(userName ne "doe")",
        R"(userName eq "doe" and active eq true)", R"(userName eq "doe)", R"(userName eq "doe"x)",
        R"(not (userName eq "doe"))", R"(userName. eq "doe")", R"(1name eq "doe")", R"(userName eq 1)",
        R"(userName eq null)", R"(userName eq ["doe"])", R"(urn:a b:userName eq "doe")", "userName\teq\t\"doe\""}) {
    EXPECT_FALSE(parse_scim_filter(text)) << text;
  }
  EXPECT_FALSE(parse_scim_filter("userName eq \"" + std::string(kScimWordsBytesMax, 'x') + "\""));
}

TEST(ScimWords, APathNamesAnAttributeSomeOfItsValuesOrAPart) {
  EXPECT_EQ(parse_scim_path("Active")->attribute, "active");
  EXPECT_EQ(parse_scim_path("name.givenName")->part, "givenname");
  const auto path = parse_scim_path(R"(emails[type eq "a]b"].value)");
  ASSERT_TRUE(path && path->of);
  EXPECT_EQ(path->attribute, "emails");
  EXPECT_EQ(path->of->value, "a]b");
  EXPECT_EQ(path->part, "value");
  EXPECT_EQ(parse_scim_path("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager")->attribute,
            "manager");
  for (const char* text : {"", "members[", "members]", "members[]", R"(members[value eq "1"]x)", "members.", ".value",
                           "a b", "members or 1", R"(members[value eq "1" or true])", "a.b.c", "1a"}) {
    EXPECT_FALSE(parse_scim_path(text)) << text;
  }
}

}  // namespace
}  // namespace lapel::signin
