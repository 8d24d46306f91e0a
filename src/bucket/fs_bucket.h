// SPDX-License-Identifier: Apache-2.0
#pragma once
// A Bucket of plain files: each object is a read-only file at <root>/<name>.
//
// Owns: the directory `root`; <root>/.tmp holds what is being written. What a dead process left there goes at opening.
// Promises: as bucket.h, on any disk that keeps the promises of os/disk.h. A name appears by link(2), which
//   never replaces, after the data is synced; put() returns after the directory, and any newly made above it,
//   is synced too. Memory does not grow with the number of objects.
// Fails with: as bucket.h and os/disk.h.
// Threads: any. Several processes may write to one root.

#include <memory>

#include "bucket/bucket.h"
#include "os/disk.h"

namespace lapel::bucket {

// Makes `root` when it is missing. The disk outlives the bucket.
Result<std::unique_ptr<Bucket>> open_fs_bucket(os::Disk& disk, const os::Path& root);

}  // namespace lapel::bucket
