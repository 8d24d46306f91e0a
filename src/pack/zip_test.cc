// SPDX-License-Identifier: Apache-2.0
#include "pack/zip.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace lapel::pack {
namespace {

// That any reader reads it is for the server's tests to say, with a reader of somebody else's.
TEST(Zip, HasEachFileAsItIsWithItsSum) {
  const std::vector<ZipFile> files = {{"a.txt", "123456789"}, {"b/c.txt", ""}};
  const auto made = zip_stored(files, {19'325});
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, *zip_stored(files, {19'325}));
  EXPECT_NE(*made, *zip_stored(files, {19'326}));
  EXPECT_NE(made->find("a.txt123456789"), std::string::npos);
  // CRC-32 of "123456789", as everybody has it, least byte first.
  EXPECT_EQ(hex(as_bytes(made->substr(14, 4))), "2639f4cb");
  EXPECT_EQ(made->size(), 2 * (30 + 46) + 2 * (5 + 7) + 9 + 22U);
}

TEST(Zip, TooManyFilesAreRefused) {
  const std::vector<ZipFile> many(kZipFilesMax + 1, ZipFile{"a", ""});
  ASSERT_FALSE(zip_stored(many, {19'325}));
  EXPECT_EQ(zip_stored(many, {19'325}).error().code(), Code::kTooLarge);
}

}  // namespace
}  // namespace lapel::pack
