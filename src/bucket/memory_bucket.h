// SPDX-License-Identifier: Apache-2.0
#pragma once
// A Bucket in memory: the conformance suite's first, and the fast one for tests of what stands above.
//
// Owns: its objects, for as long as it lives.
// Promises: as bucket.h, without durability.
// Fails with: as bucket.h; put_file() as os::read_file of the real disk.
// Threads: any.

#include <memory>

#include "bucket/bucket.h"

namespace lapel::bucket {

std::unique_ptr<Bucket> memory_bucket();

}  // namespace lapel::bucket
