// SPDX-License-Identifier: Apache-2.0
#pragma once
// CHECK: a bug stops the program, always. Restart is recovery, by the same code that starts it.
//
// Owns: nothing.
// Promises: compiled in every build; prints file, line and condition, then aborts.
// Fails with: abort().
// Threads: any.

namespace lapel {
[[noreturn]] void check_failed(const char* file, int line, const char* condition);
}

#define CHECK(condition)                                     \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::lapel::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)
