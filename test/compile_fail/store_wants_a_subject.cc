// SPDX-License-Identifier: Apache-2.0
// expected: cannot convert 'const lapel::UploadId'
// An object is named by the recording it becomes, not by the upload it came in.
#include "store/store.h"

namespace lapel::store {
Result<void> keep(Store& store, const UploadId& upload, const RecordingId& recording) {
#ifdef WRONG
  return store.put("ashfield", upload, {});
#else
  (void)upload;
  return store.put("ashfield", recording, {});
#endif
}
}  // namespace lapel::store
