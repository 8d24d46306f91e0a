// SPDX-License-Identifier: Apache-2.0
// expected: 'class lapel::bucket::Object' has no member named 'write_at'
// What is sealed is only read: an object has nothing to append with.
#include "bucket/bucket.h"

namespace lapel::bucket {
Result<std::size_t> touch(Object& object, std::span<std::uint8_t> bytes) {
#ifdef WRONG
  return object.write_at(object.bytes(), bytes);
#else
  return object.read_at(0, bytes);
#endif
}
}  // namespace lapel::bucket
