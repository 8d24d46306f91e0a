// SPDX-License-Identifier: Apache-2.0
#pragma once
// The full check of a ledger: every leaf, tile, event and published root, from leaf 0, with nothing taken on trust.
//
// Owns: nothing; reads catalog and bucket.
// Promises: a leaf is accounted for as statement, event or padding, or it is a fault.
// Fails with: kNotFound when a sequencer moved what was about to be read: look again.
// Threads: any.

#include <string>

#include "ledger/edge.h"
#include "ledger/ledger.h"

namespace lapel::ledger {

struct CheckParts {
  const std::string& agency;
  const Terms& terms;
  const ByteArray<32>& pad_key;
  const SubjectKeys& subject_keys;
  std::string vkey;
  db::Database& database;
  bucket::Bucket& bucket;
  const TileReader& tiles;
};
Result<CheckReport> check_ledger(const CheckParts& parts);

}  // namespace lapel::ledger
