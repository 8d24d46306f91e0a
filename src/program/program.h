// SPDX-License-Identifier: Apache-2.0
#pragma once
// The room of the program around the cameras: statements in, reports out.
//
// Owns: the event program.stated in the chain of the server's console.
// Promises: a statement and its event are sealed in one transaction; a file is taken whole or not at all, and the same one again adds
//   nothing. What is under embargo, or privileged, is in a report only if whoever may see it asks for it. Bargaining units see what
//   they were given of the record of bargaining, and nothing else of the program.
// Fails with: problems::kRule, kInvalid, kTooLarge, kNotFound (no such contract, no such page), kConflict (stated meanwhile).
// Threads: any; calls block.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "access/access.h"
#include "base/clock.h"
#include "base/json.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "program/fold.h"
#include "program/forecast.h"
#include "program/volumes.h"

namespace lapel::program {

// Of the agency's program as a whole.
access::Decision decide_program(const access::Actor& actor, access::Action action);
// Whose chain has what is entered and published.
Result<PersonId> console_of(db::Transaction& tx, const AgencyId& agency);

struct Query {
  std::optional<Day> as_of;  // today, when left out
  Follows follows = Follows::kRecordedOn;
  Embargoed embargoed = Embargoed::kLeftOut;
  Privileged privileged = Privileged::kLeftOut;
  std::string contract;
};

struct Imported {
  std::string import;  // id of the act; empty: there was nothing new
  std::size_t added = 0, already = 0;
};

class Programs {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
  };
  explicit Programs(Parts parts) : parts_(parts) {}

  Result<Imported> import(const access::Actor& actor, const Json& file);

  Result<Json::Object> status(const access::Actor& actor, const Query& query);
  Result<Json::Object> costs(const access::Actor& actor, const Query& query);
  Result<Json::Object> report(const access::Actor& actor, const Query& query);
  Result<Json::Object> bargaining(const access::Actor& actor, const Query& query);

  // What arrived month by month, and what is kept.
  Result<Volumes> volumes(const access::Actor& actor, std::optional<Month> from, std::optional<Month> until);
  // Of the volumes of a file, or, where there is none, of those measured here. Null what-ifs ask nothing.
  Result<Forecast> forecast(const access::Actor& actor, const Json* volumes, const Json* what_if);

  // In the ledger's order, each with its status; `after` is the id of the last one that was shown.
  struct Page {
    Json::Array items;
    std::optional<std::string> next;
  };
  Result<Page> statements(const access::Actor& actor, const Query& query, const std::string& after, std::int64_t limit);

 private:
  struct Known;
  Result<Known> known(const access::Actor& actor, access::Action action, const Query& query);
  template <typename Make>
  Result<Json::Object> tell(const access::Actor& actor, access::Action action, const Query& query, Make&& make);

  const Parts parts_;
};

}  // namespace lapel::program
