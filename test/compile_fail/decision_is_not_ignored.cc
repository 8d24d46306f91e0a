// SPDX-License-Identifier: Apache-2.0
// expected: ignoring returned value of type 'lapel::access::Decision'
// Asking and not listening is how footage gets out.
#include "access/access.h"

namespace lapel::access {
bool may_upload(const Actor& actor, const Item& item) {
#ifdef WRONG
  decide(actor, Action::kUpload, item);
  return true;
#else
  return decide(actor, Action::kUpload, item).is_allowed();
#endif
}
}  // namespace lapel::access
