// SPDX-License-Identifier: Apache-2.0
#pragma once
// Policies: versions that are issued and never edited, what changed between two, and who has acknowledged which.
//
// Owns: the events and rows of policy.added, policy.issued, policy.acknowledged and training.required; the words that a passkey
//   signs when somebody acknowledges.
// Promises: an acknowledgement names the SHA-256 of the very bytes that were shown, and is made once, by the person themselves,
//   after every question of the check was answered right. Which choice is right is told to nobody. A version is in force from its
//   own time on, later than the one before it.
// Fails with: problems::kRule, kNotFound, kInvalid, kConflict.
// Threads: any; calls block.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "training/act.h"
#include "training/facts.h"

namespace lapel::training {

// What is in force now, by the names of checklist.h. Those of other rooms are theirs to know.
using Settings =
    std::function<Result<std::map<std::string, std::string>>(db::Transaction&, const AgencyId&, Timestamp now)>;

// What is acknowledged, as canonical JSON. The challenge of a passkey is the SHA-256 of it.
struct AcknowledgedWords {
  std::string ledger;  // its origin
  std::string policy;
  std::int64_t number = 1;
  std::string sha256;
  PersonId person;
};
std::string acknowledgement_statement(const AcknowledgedWords& words);
std::string challenge_of(const std::string& statement);  // base64url

// What a passkey has signed, checked already. Binary members are base64url; the key is libfido2's form in hex.
struct PasskeyProof {
  std::string credential, algorithm, public_key, rp_id, authenticator_data, client_data, signature;
};

class Policies {
 public:
  Policies(Parts parts, Settings settings) : parts_(parts), settings_(std::move(settings)) {}

  // With how the actor stands to each.
  Result<Json::Array> list(const access::Actor& actor);
  Result<Json::Object> show(const access::Actor& actor, const std::string& policy);
  struct New {
    std::string slug, title;
    bool is_required = false;
    std::string unit;  // by name or id; empty: everybody
  };
  Result<Json::Object> add(const access::Actor& actor, const New& wanted);
  struct Issue {
    Json file;                           // its clauses and check, as version.h reads them
    std::optional<Timestamp> effective;  // now, when left out
    std::string note;                    // what changed, in a sentence; may be empty
  };
  Result<Json::Object> issue(const access::Actor& actor, const std::string& policy, const Issue& wanted);
  // A version whole, with what enforces each clause. nullopt: the one in force, or the first to be.
  Result<Json::Object> version(const access::Actor& actor, const std::string& policy,
                               std::optional<std::int64_t> number);
  // nullopt: since the version that the actor acknowledged last, else the one before.
  Result<Json::Object> changes(const access::Actor& actor, const std::string& policy, std::int64_t number,
                               std::optional<std::int64_t> since);
  // What is on the checklist, where each policy in force speaks of it, and the settings with what is in force.
  Result<Json::Object> checklist(const access::Actor& actor);

  // Whether the answers are right, and what there is to acknowledge then. kConflict where it has been acknowledged.
  struct Ready {
    std::vector<std::int64_t> wrong;  // questions
    std::string statement;            // once none is
  };
  Result<Ready> judge(const access::Actor& actor, const std::string& policy, std::int64_t number,
                      const std::vector<std::int64_t>& answers);
  // nullopt: by a second factor that was just shown, which the caller has seen to.
  Result<Json::Object> acknowledge(const access::Actor& actor, const std::string& policy, std::int64_t number,
                                   const std::vector<std::int64_t>& answers, const std::optional<PasskeyProof>& proof);

  // Whether a policy, or a course, comes before a camera is handed out. One of the two is named.
  struct Requiring {
    std::string policy, course;
    bool is_required = false;
    std::string unit, reason;
  };
  Result<Json::Object> require_first(const access::Actor& actor, const Requiring& wanted);

 private:
  Result<std::map<std::string, std::string>> in_force(db::Transaction& tx, const AgencyId& agency, const Policy& policy,
                                                      Timestamp now);

  const Parts parts_;
  const Settings settings_;
};

Json requirement_json(const Requirement& requirement);
// The unit of that name or id, in an event's words; nullopt for none.
Result<std::optional<UnitId>> find_unit(db::Transaction& tx, const AgencyId& agency, const std::string& text);

}  // namespace lapel::training
