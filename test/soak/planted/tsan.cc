// SPDX-License-Identifier: Apache-2.0
// What ThreadSanitizer must report, or a suite without reports says nothing.
#include <thread>

int main() {
  int counted = 0;
  std::thread other([&] { ++counted; });
  ++counted;  // planted: two write it at once
  other.join();
  return counted == 0 ? 1 : 0;
}
