// SPDX-License-Identifier: Apache-2.0
#include "camera/control.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "camera/facts.h"
#include "camera/state.h"

namespace lapel::camera {
namespace {

TEST(Script, IsReadInOrderWithItsTimes) {
  const auto script = read_script("# a walk\n0.5 activate\n\n2 mark a hat ✓\r\n2.125 deactivate");
  ASSERT_TRUE(script) << script.error().text();
  ASSERT_EQ(script->size(), 3u);
  EXPECT_EQ((*script)[0].us, 500'000);
  EXPECT_EQ((*script)[1].command.text, "a hat ✓");
  EXPECT_EQ((*script)[2].us, 2'125'000);
}

TEST(Script, WhatIsWrongIsToldWithItsLine) {
  for (const char* text : {"1 activate\n1 dance", "1 activate\n0 mute", "1 activate\n1.2345 mute",
                           "1 activate\n-1 mute", "1 activate\n1", "1 activate\n1 mark ", "1 activate\n1 mute now"}) {
    const auto script = read_script(text);
    ASSERT_FALSE(script) << text;
    EXPECT_EQ(script.error().context, "line 2") << text;
  }
  EXPECT_FALSE(read_command("mark \xff"));
  EXPECT_FALSE(read_command("mark " + std::string(1'025, 'a')));
}

TEST(Serial, MayBePartOfAFileName) {
  EXPECT_TRUE(is_serial("AX-01_b.7"));
  for (const char* text : {"", ".x", "a/b", "a b", "ä"}) EXPECT_FALSE(is_serial(text)) << text;
  EXPECT_FALSE(is_serial(std::string(65, 'a')));
}

TEST(Battery, IsReadFromTheFirstOne) {
  std::string pattern = (std::filesystem::temp_directory_path() / "lapel_power_XXXXXX").native();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const std::filesystem::path root = pattern;
  EXPECT_EQ(battery_percent(root), std::nullopt);
  std::filesystem::create_directories(root / "AC");
  std::ofstream(root / "AC/type") << "Mains\n";
  std::filesystem::create_directories(root / "BAT0");
  std::ofstream(root / "BAT0/type") << "Battery\n";
  EXPECT_EQ(battery_percent(root), std::nullopt);
  std::ofstream(root / "BAT0/capacity") << "73\n";
  EXPECT_EQ(battery_percent(root), 73);
  EXPECT_EQ(battery_percent(root / "nowhere"), std::nullopt);
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace lapel::camera
