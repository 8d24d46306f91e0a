// SPDX-License-Identifier: Apache-2.0
#pragma once
// A test with a directory of its own.
//
// Owns: the directory, removed after the test.
// Promises: nothing else is in it.
// Fails with: test failures.
// Threads: one.

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace lapel::verify {

class DirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "lapel_verify_XXXXXX").native();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::filesystem::path root_;
};

}  // namespace lapel::verify
