// SPDX-License-Identifier: Apache-2.0
#include "lapel/settings.h"

#include <gtest/gtest.h>

namespace lapel::door {
namespace {

TEST(Settings, AreReadAsTheyAreWritten) {
  const Settings both{"postgresql://lapel:\"a\\b\"\x7f\t\x01é@db.example/lapel", "file:///srv/lapel"};
  for (const Settings& settings : {Settings{}, Settings{both.database, ""}, Settings{"", both.bucket}, both}) {
    const auto read = parse_settings(to_toml(settings));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, settings);
  }
}

TEST(Settings, ThatPeopleWriteAreRead) {
  const auto read = parse_settings(
      "# where things are\r\n\n\tdatabase=\"postgresql://db/\\u006capel\"  # a server\n  bucket = 'file:///srv/\\x' ");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->database, "postgresql://db/lapel");
  EXPECT_EQ(read->bucket, "file:///srv/\\x");
}

TEST(Settings, ThatAreNotUnderstoodAreRefusedByTheirLine) {
  for (const std::string bad : {"database",
                                "database =",
                                "database = x",
                                "database = 7",
                                "database = \"x",
                                "database = 'x",
                                "database = \"x\\\"",
                                "database = \"x\" y",
                                "database = [\"x\"]",
                                "databases = \"x\"",
                                "[database]",
                                "[ = x]",
                                "\"database\" = \"x\"",
                                "database.url = \"x\"",
                                "database = \"\\/\"",
                                "database = \"\\ud83d\"",
                                "database = \"\\q\"",
                                "database = \"\\u0000\"",
                                "database = \"\"\"x\"\"\"",
                                "database = \"a\x01\"",
                                "database = 'a\x7f'",
                                "database = 'a'\ndatabase = 'b'",
                                "Р = \"x\"",
                                "= \"x\"",
                                "bucket 'x'"}) {
    const auto read = parse_settings("# first\n" + bad + "\n");
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().code(), Code::kInvalid);
    EXPECT_NE(read.error().message.find(bad.find('\n') == bad.npos ? "line 2:" : "line 3:"), std::string::npos)
        << read.error().message;
  }
  EXPECT_FALSE(parse_settings("database = \"\xff\""));
  EXPECT_FALSE(parse_settings("#" + std::string(64 * 1024, 'x')));
}

}  // namespace
}  // namespace lapel::door
