// SPDX-License-Identifier: Apache-2.0
// expected: invalid initialization of reference of type 'const lapel::PersonId&'
// Both are 16 bytes, and one is not the other.
#include "base/ids.h"

namespace lapel {
void show(const PersonId& person, const RecordingId& recording);

void show_own(const PersonId& person, const RecordingId& recording) {
#ifdef WRONG
  show(recording, person);
#else
  show(person, recording);
#endif
}
}  // namespace lapel
