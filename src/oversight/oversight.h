// SPDX-License-Identifier: Apache-2.0
#pragma once
// The room of oversight: its parts together, and the turns that it takes by itself.
//
// Owns: a thread that follows every agency's ledger.
// Promises: an alert is raised, and a week's digests are made, within kTurnUs of their time and what the turn itself takes,
//   whether or not anybody asks: within kAlertWithinUs, or trouble() says so. What fails in a turn is traced, said by trouble(), and
//   tried again in the next.
// Fails with: what its parts fail with.
// Threads: any; the turns begin with begin() and end with the object.

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "evidence/vault.h"
#include "oversight/alerts.h"
#include "oversight/digests.h"
#include "oversight/review.h"
#include "oversight/watch.h"

namespace lapel::oversight {

// From the look that makes a burst of it to its alert, at most. Looks that are not judged after so long are said to be behind.
inline constexpr std::int64_t kAlertWithinUs = 60LL * 1'000'000;
inline constexpr std::int64_t kTurnUs = 2LL * 1'000'000;
static_assert(kTurnUs <= kAlertWithinUs / 10, "a turn has most of the time for itself");

class Oversight {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    evidence::Vault& vault;
    const Clock& clock;
    Accounts accounts;
    ConsoleActs console_acts;
  };
  explicit Oversight(Parts parts);
  ~Oversight();
  Oversight(const Oversight&) = delete;
  Oversight& operator=(const Oversight&) = delete;

  void begin();
  // One turn, for every agency.
  Result<void> turn();
  // Why looks are not judged at this moment, in words for /readyz. Nothing when they are.
  std::optional<std::string> trouble() const;

  // What stands in somebody else's list.
  struct Seen {
    roster::Person person;
    access::Actor other;
    evidence::OthersPage page;
  };
  Result<Seen> view_as(const access::Actor& actor, const std::string& person, const evidence::ListQuery& query);

  Alerts& alerts() { return alerts_; }
  Digests& digests() { return digests_; }
  AccessReview& review() { return review_; }
  evidence::Vault& vault() { return parts_.vault; }

 private:
  struct Thread;
  const Parts parts_;
  Watch watch_;
  Alerts alerts_;
  Digests digests_;
  AccessReview review_;
  mutable std::mutex mutex_;
  std::optional<std::string> failure_;  // of the last turn
  std::chrono::steady_clock::time_point judged_at_ =
      std::chrono::steady_clock::now();  // the end of the last that was none
  std::unique_ptr<Thread> thread_;
};

}  // namespace lapel::oversight
