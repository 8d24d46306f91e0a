// SPDX-License-Identifier: Apache-2.0
// expected: 'lapel::store::KeyStore::KeyStore(lapel::os::Disk&, lapel::os::Path)' is private
// Constructors do no I/O: what can fail is open(), and there is no way around it.
#include "store/keys.h"

namespace lapel::store {
Result<std::unique_ptr<KeyStore>> keys(os::Disk& disk) {
#ifdef WRONG
  return std::make_unique<KeyStore>(KeyStore(disk, "/keys"));
#else
  return KeyStore::open(disk, "/keys");
#endif
}
}  // namespace lapel::store
