// SPDX-License-Identifier: Apache-2.0
// What AddressSanitizer and UndefinedBehaviorSanitizer must report, or a suite without reports says nothing.
#include <climits>
#include <cstdlib>
#include <memory>

int main(int argc, char**) {
  const int more = INT_MAX - 1 + argc + argc;  // planted: beyond what an int holds
  auto owner = std::make_unique<int>(more);
  const int* const dangling = owner.get();
  owner.reset();
  return *dangling == 0 ? EXIT_SUCCESS : EXIT_FAILURE;  // planted: read after it was freed
}
