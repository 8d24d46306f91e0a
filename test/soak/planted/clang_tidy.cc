// SPDX-License-Identifier: Apache-2.0
// What clang-tidy must find by the checks that .clang-tidy names, or no findings say nothing.
#include <string>
#include <utility>

std::string twice(std::string text) {
  std::string taken = std::move(text);
  return taken + text;  // planted: read after it was moved from
}

int first(const int* numbers, bool is_known) {
  if (!is_known) numbers = nullptr;
  return *numbers;  // planted: nothing is there
}
