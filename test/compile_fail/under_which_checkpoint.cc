// SPDX-License-Identifier: Apache-2.0
// expected: cannot convert 'bool' to 'lapel::ledger::Under'
// A bool would read as either: what leaves the agency carries a published checkpoint, and that is written out.
#include "ledger/ledger.h"

namespace lapel::ledger {
Result<Standing> standing(const Ledger& ledger) {
#ifdef WRONG
  return ledger.standing(true);
#else
  return ledger.standing(Under::kPublished);
#endif
}
}  // namespace lapel::ledger
