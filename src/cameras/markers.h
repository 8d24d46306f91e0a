// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a body-worn system marked in a recording, for people.
//
// Owns: nothing; destination.h seals what is read here.
// Promises: of a bookmark that was said anew the last is told; in order of time.
// Fails with: kNotFound where the recording may not be shown, and what the database fails with.
// Threads: any; calls block.

#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/ids.h"
#include "base/json.h"
#include "db/db.h"
#include "evidence/vault.h"
#include "roster/sealed_rows.h"

namespace lapel::cameras {

struct Marker {
  roster::SealedRowId id;
  RecordingId recording;
  std::optional<Timestamp> at, until;
  std::string words, category, tags, place, source;
  std::string by;
  Timestamp entered_at;
};

struct Told {
  std::vector<Marker> markers;
  Json said;  // of the recording as a whole, when it was complete; null where no system has
};

class Markers {
 public:
  Markers(db::Database& database, evidence::Vault& vault) : database_(database), vault_(vault) {}

  Result<Told> told(const access::Actor& actor, const RecordingId& id);

 private:
  db::Database& database_;
  evidence::Vault& vault_;
};

}  // namespace lapel::cameras
