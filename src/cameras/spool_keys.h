// SPDX-License-Identifier: Apache-2.0
#pragma once
// The key that the copies on an agency's docks are sealed to, and how a dock gets one of them open again.
//
// Owns: the table spool_keys, each row of which is one event spool_key.made; the event dock.copy_opened.
// Promises: the public key that a dock is given has a leaf, so that no dock can be given one of its own unseen. The secret stays in the
//   key store. A copy's key is given only to the dock that made the copy, while it stands, and is on record in the dock's own
//   chain before it is answered.
// Fails with: kInvalid (not a dock; what was sent does not open for this dock and file), kDenied, kLimited, what ledger and key store
//   fail with.
// Threads: any; calls block.

#include <string>

#include "access/access.h"
#include "base/bytes.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "os/pace.h"
#include "store/keys.h"

namespace lapel::cameras {

class SpoolKeys {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    store::KeyStore& keys;
    const Clock& clock;
  };
  explicit SpoolKeys(const Parts& parts);

  // The receipt of the event that tells the agency's key; made when there is none.
  Result<std::string> receipt(const AgencyId& agency);
  Result<std::string> receipt(const access::Actor& actor);  // asked by a dock

  // Asked by the dock that made the copy.
  Result<ByteArray<32>> unwrap(const access::Actor& actor, const ByteArray<16>& file, ByteView wrapped);

 private:
  const Parts parts_;
  os::Pace pace_;
};

}  // namespace lapel::cameras
