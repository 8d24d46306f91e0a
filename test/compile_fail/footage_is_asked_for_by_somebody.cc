// SPDX-License-Identifier: Apache-2.0
// expected: no matching function for call to 'lapel::evidence::Vault::show(const lapel::RecordingId&)'
// Every call on evidence takes an Actor.
#include "evidence/vault.h"

namespace lapel::evidence {
Result<Recording> look(Vault& vault, const access::Actor& actor, const RecordingId& recording) {
#ifdef WRONG
  (void)actor;
  return vault.show(recording);
#else
  return vault.show(actor, recording);
#endif
}
}  // namespace lapel::evidence
