// SPDX-License-Identifier: Apache-2.0
// expected: could not convert 'agency' from
// Recordings, people, devices and docks are subjects of a ledger; an agency has one.
#include "base/ids.h"

namespace lapel {
SubjectId subject_of(const RecordingId& recording, const AgencyId& agency) {
#ifdef WRONG
  return agency;
#else
  (void)agency;
  return recording;
#endif
}
}  // namespace lapel
