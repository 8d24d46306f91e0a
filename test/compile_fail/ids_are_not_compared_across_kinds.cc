// SPDX-License-Identifier: Apache-2.0
// expected: no match for 'operator=='
// Such a comparison would be true by accident or never.
#include "base/ids.h"

namespace lapel {
bool is_same(const UploadId& upload, const RecordingId& recording, const RecordingId& other) {
#ifdef WRONG
  return upload == recording;
#else
  (void)upload;
  return recording == other;
#endif
}
}  // namespace lapel
