// SPDX-License-Identifier: Apache-2.0
// expected: cannot convert 'const lapel::RecordingId'
// Footage is served under a view that is in the ledger, never by the recording's id alone.
#include "evidence/vault.h"

namespace lapel::evidence {
Result<Vault::OpenedView> play(Vault& vault, const access::Actor& actor, const RecordingId& recording,
                               const ViewId& view) {
#ifdef WRONG
  (void)view;
  return vault.view(actor, recording);
#else
  (void)recording;
  return vault.view(actor, view);
#endif
}
}  // namespace lapel::evidence
