// SPDX-License-Identifier: Apache-2.0
#pragma once
// The room of the program around the cameras: statements in, reports out.
//
// Owns: the events program.stated and program.gate_waived in the chain of the server's console.
// Promises: a phase begins, and a gate is waived, by the transaction that found it possible.
//   a statement and its event are sealed in one transaction; a file is taken whole or not at all, and the same one again adds
//   nothing. What is under embargo, or privileged, is in a report only if whoever may see it asks for it. Bargaining units see what
//   they were given of the record of bargaining, and nothing else of the program.
// Fails with: problems::kRule, kInvalid, kTooLarge, kNotFound (no such contract, no such page), kConflict (stated meanwhile).
// Threads: any; calls block.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/json.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "program/council.h"
#include "program/fold.h"
#include "program/forecast.h"
#include "program/gates.h"
#include "program/import.h"
#include "program/profiles.h"
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
  KindNames kinds;  // whose subjects a report tells; all where it is empty
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
    Ask ask = nullptr;                   // what other rooms know; without it, gates that ask for it are not available
    std::vector<Profile> profiles = {};  // reports that a statute asks for
  };
  explicit Programs(Parts parts) : parts_(std::move(parts)) {}

  Result<Imported> import(const access::Actor& actor, const Json& file);

  Result<Json::Object> status(const access::Actor& actor, const Query& query);
  Result<Json::Object> costs(const access::Actor& actor, const Query& query);
  Result<Json::Object> report(const access::Actor& actor, const Query& query);
  // What a pilot is judged by, and what it comes to.
  Result<Json::Object> measures(const access::Actor& actor, const Query& query);
  Result<std::vector<Profile>> profiles(const access::Actor& actor) const;
  // By a profile, of days that are over.
  Result<Json::Object> profile_report(const access::Actor& actor, const Query& query, const std::string& profile,
                                      Day from, Day until);
  // What the grantor of a grant is handed; and the same as an archive.
  Result<Json::Object> grant_evidence(const access::Actor& actor, const Query& query, const std::string& grant);
  Result<std::string> grant_pack(const access::Actor& actor, const Query& query, const std::string& grant);
  // Whose a paper is that is made for an asker now, with what an answer says of itself as marks.
  Result<Cover> cover(const access::Actor& actor, const Json::Object& answer, std::string title);
  Result<Json::Object> bargaining(const access::Actor& actor, const Query& query);

  // What each phase waits for. Whoever sees no more of the program than the record of bargaining is told of nobody by name.
  Result<Json::Object> gates(const access::Actor& actor, const Query& query);
  // States that a phase began, on a day that is not to come; refused while a gate that opens it is neither met nor waived.
  Result<Imported> begin(const access::Actor& actor, const std::string& phase, std::optional<Day> on);
  // Lets a gate count as passed from today on, until a day or for good.
  Result<Imported> waive(const access::Actor& actor, const std::string& gate, const std::string& reason,
                         std::optional<Day> until);
  // Why no camera of the agency is handed out now, whoever asks for it; empty: nothing is in the way.
  Result<std::vector<std::string>> bars_of_check_out(db::Transaction& tx, const AgencyId& agency);

  // What a month's invoices were for, by agency: one's own, and for the lead agency those that it hosts.
  Result<Json::Object> metering(const access::Actor& actor, const Query& query, Month month);

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
  struct Entry;
  Result<Imported> enter(const access::Actor& actor, const Json& file, const Entry& entry);
  Result<Json> act_file(const access::Actor& actor, Json::Array statements);
  Result<void> check_gates(db::Transaction& tx, const AgencyId& agency, const std::vector<Statement>& before,
                           const Batch& batch);
  template <typename Make>
  Result<Json::Object> tell(const access::Actor& actor, access::Action action, const Query& query, Make&& make);

  Result<Json::Array> measured(const access::Actor& actor, const Program& program);

  const Parts parts_;
};

}  // namespace lapel::program
