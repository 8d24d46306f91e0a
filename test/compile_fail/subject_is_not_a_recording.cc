// SPDX-License-Identifier: Apache-2.0
// expected: could not convert 'subject' from
// Every recording is a subject; of a subject nobody knows what it is.
#include "base/ids.h"

namespace lapel {
RecordingId recording_of(const SubjectId& subject, const RecordingId& recording) {
#ifdef WRONG
  (void)recording;
  return subject;
#else
  (void)subject;
  return recording;
#endif
}
}  // namespace lapel
