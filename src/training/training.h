// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether somebody may be given a camera, and how far everybody is: what policies and courses ask for first.
//
// Owns: nothing; policies.h and courses.h have the acts.
// Promises: missing() and standing() say the same of a person, in the same words, and follow from the rows and the time alone.
//   Where an agency requires nothing, nothing is missing.
// Fails with: problems::kRule, kNotFound, kCorrupt, and what the database fails with.
// Threads: any; calls block.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/day.h"
#include "evidence/vault.h"
#include "training/act.h"

namespace lapel::training {

// How many of those whom it concerns are ready: everybody active who is an officer or supervisor, or the members of the unit that is
// named; and who is not, with one sentence for each thing that is missing.
struct Gate {
  struct Gap {
    PersonId person;
    std::string name, sentence;
  };
  std::int64_t ready = 0, concerned = 0;
  std::vector<Gap> gaps;
  bool is_required = false;  // anything is, of anybody
};
struct Standing {
  Gate policy, training;
};

class Training {
 public:
  Training(Parts parts, evidence::Vault& vault) : parts_(parts), vault_(vault) {}

  // What has to come before this person is given a camera: sentences; none: they may have one.
  static Result<std::vector<std::string>> missing(db::Transaction& tx, const AgencyId& agency, const PersonId& person,
                                                  Timestamp now);
  static Result<Standing> standing(db::Transaction& tx, const AgencyId& agency, Timestamp now);

  // Who lacks what, and whose training ends soon; supervisors see their own people. As of the end of a day, or now.
  Result<Json::Object> overview(const access::Actor& actor, std::optional<Day> as_of);
  // All that is on record of one person, with the proofs. By id, login or badge.
  Result<Json::Object> person(const access::Actor& actor, const std::string& person);
  // What was in force when a recording was made, and what its officer had acknowledged and attended by then.
  Result<Json::Object> recording(const access::Actor& actor, const RecordingId& id);

 private:
  const Parts parts_;
  evidence::Vault& vault_;
};

}  // namespace lapel::training
