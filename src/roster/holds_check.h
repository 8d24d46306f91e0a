// SPDX-License-Identifier: Apache-2.0
#pragma once
// Holds and proposals as the events of a ledger tell them, and as their rows do: a line each, to be compared.
//
// Owns: the words of the lines.
// Promises: no value in a row is trusted to be of its type. A proposal that was decided by whoever made it, after its end, or
//   twice, is a fault also where row and event agree.
// Fails with: what the database fails with.
// Threads: one at a time.

#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::roster {

class HoldFacts {
 public:
  // In the order of the ledger; types hold.* and proposal.*.
  void event(const std::string& subject, const std::string& type, const Json& event,
             const std::function<void(std::string)>& fault);
  void add_lines(std::set<std::string>& out) const;

 private:
  struct Held {
    std::string text, released = "standing";
  };
  struct Made {
    std::string subject, text, proposer, item, expires;
    std::string decided = "open";
  };
  void decided(const std::string& subject, const std::string& outcome, const Json& event,
               const std::function<void(std::string)>& fault);
  std::map<std::string, Held> holds_;
  std::map<std::string, Made> proposals_;
};

Result<void> add_hold_rows(db::Transaction& tx, const std::string& agency, std::set<std::string>& out);

}  // namespace lapel::roster
