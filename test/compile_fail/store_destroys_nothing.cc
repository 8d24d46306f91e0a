// SPDX-License-Identifier: Apache-2.0
// expected: 'class lapel::store::Store' has no member named 'remove'
// Destroying will take a warrant by type. Until there is one, there is nothing to call.
#include "store/store.h"

namespace lapel::store {
Result<Original> touch(Store& store, const RecordingId& recording) {
#ifdef WRONG
  store.remove("ashfield", recording);
#endif
  return store.open("ashfield", recording, Codec::kPlain, 1);
}
}  // namespace lapel::store
