// SPDX-License-Identifier: Apache-2.0
#pragma once
// Durable jobs: what shall be done once, some time after a transaction that asked for it.
//
// Owns: the table jobs. A job is a kind and a subject; what it means is its room's business.
// Promises: a job asked for in a transaction exists exactly when that transaction was committed, once for its kind and
//   subject. At most one lease of a job is good at a time, and finish() inside the transaction of the job's results
//   makes both true together, so a job's results are written once however often it was begun. A lease that nobody
//   renews runs out and the job is begun again: that is what a killed process costs. Every state and its reason can
//   be seen.
// Fails with: kConflict (the lease is no longer good: somebody else has the job), and what the database fails with.
// Threads: any. A Runner has threads of its own.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"
#include "os/worker.h"

namespace lapel::jobs {

using JobId = Id<struct JobTag>;
using LeaseId = Id<struct LeaseTag>;

inline constexpr std::size_t kStatusesMax = 1'000;     // subjects asked for at once
inline constexpr std::size_t kReasonBytesMax = 1'024;  // longer ones are cut
inline constexpr int kRunnerThreadsMax = 16;

enum class State {
  kWaiting,  // for its turn, or for the next try after a failure: then with the reason
  kRunning,
  kBlocked,  // something this machine lacks, which the reason names; runs when that is there
  kDone,
  kFailed,  // given up after failures_max; the reason is that of the last
};
std::string_view state_name(State state);
std::optional<State> parse_state_name(std::string_view name);
std::string all_state_names();  // "waiting, running, …"

struct Status {
  State state = State::kWaiting;
  std::string reason;
  std::int64_t attempts = 0;  // leases ever given
  std::int64_t failures = 0;  // of those, ended by an error or run out

  friend bool operator==(const Status&, const Status&) = default;
};

// A job as people see it.
struct Listed {
  JobId id;
  std::string kind;
  AgencyId agency;
  SubjectId subject;
  Status status;
  Timestamp changed_at;
};

struct NewJob {
  std::string_view kind;
  AgencyId agency;
  SubjectId subject;
};

// The right to work on a job until `until`.
struct Lease {
  LeaseId id;
  JobId job;
  AgencyId agency;
  SubjectId subject;
  std::int64_t attempt = 0;  // 1, 2 …: never given twice for a job, so it can name what the attempt leaves behind
  Timestamp until;
};

struct QueueOptions {
  std::int64_t lease_us = 60LL * 1'000'000;           // 1 s to an hour; renewed while the work goes on
  std::int64_t failures_max = 6;                      // 1 to 100
  std::int64_t backoff_us = 5LL * 1'000'000;          // after the first failure; doubled by each further one
  std::int64_t backoff_us_max = 3'600LL * 1'000'000;  // and no longer than this
};

class Queue {
 public:
  Queue(db::Database& database, const Clock& clock, QueueOptions options = {});

  // In any writer's transaction. Nothing happens when the job is known, whatever its state. Whoever commits calls
  // nudge() afterwards; without it the job waits for the next scan.
  Result<void> enqueue(db::Transaction& tx, const NewJob& job) const;
  // As enqueue(); a job that is known is done once more from its beginning, whatever became of it: a lease that somebody has of it
  // counts no more.
  Result<void> enqueue_again(db::Transaction& tx, const NewJob& job) const;
  // As enqueue_again(), in one statement, of however many an agency has: of each `subject` that this SELECT gives, none twice.
  // `params` are those of the SELECT; names that begin with job_ are the queue's own.
  Result<void> enqueue_each_again(db::Transaction& tx, std::string_view kind, const AgencyId& agency,
                                  std::string_view subjects, db::Params params) const;
  void nudge();

  // The states of those subjects that have a job of this kind; at most kStatusesMax are asked for.
  Result<std::map<SubjectId, Status>> statuses(db::Transaction& tx, std::string_view kind,
                                               std::span<const SubjectId> subjects) const;

  // Jobs in a state, or in any; the last changed first, at most `limit`.
  Result<std::vector<Listed>> list(std::optional<State> state, std::int64_t limit) const;
  // A job that was given up is tried again, with its failures forgotten. kNotFound; kConflict in any other state.
  Result<void> retry(const JobId& id);

  // The next job whose turn it is, or nothing. Leases that ran out are taken back first, and what was blocked may run
  // again: ask only when nothing blocks the kind any more.
  Result<std::optional<Lease>> lease(std::string_view kind);
  // kConflict when the lease ran out and was taken back.
  Result<void> renew(Lease& lease);
  // Done, together with whatever else the transaction does.
  Result<void> finish(db::Transaction& tx, const Lease& lease) const;
  // An error: tried again after a while, or given up after failures_max.
  Result<void> fail(const Lease& lease, std::string_view reason);
  // Not the job's fault: it waits as if it had not been begun, or is blocked with a reason.
  Result<void> give_back(const Lease& lease);
  // Nor is a disk without room: it waits a while, with the reason, and is never given up for that.
  Result<void> postpone(const Lease& lease, std::string_view reason);
  Result<void> block(const Lease& lease, std::string_view reason);
  // All that wait for their turn are blocked.
  Result<void> block_waiting(std::string_view kind, std::string_view reason);
  // Every lease of the kind counts as run out. Only for whoever knows that no other process works on this database:
  // the server at start, under its lock.
  Result<void> take_back_all(std::string_view kind);

  std::int64_t lease_us() const { return options_.lease_us; }

 private:
  friend class Runner;
  Result<void> take_back(db::Transaction& tx, std::string_view kind, Timestamp expired_by) const;
  // Moves a leased job to another state; kConflict unless the lease is good.
  Result<void> settle(db::Transaction& tx, const Lease& lease, State state, std::string_view reason) const;
  std::int64_t backoff_after(std::int64_t failures) const;
  void listen(const void* who, std::function<void()> bell);
  void forget(const void* who);

  db::Database& database_;
  const Clock& clock_;
  const QueueOptions options_;
  os::Mutex mutex_;
  std::map<const void*, std::function<void()>> bells_ LAPEL_GUARDED_BY(mutex_);
};

// What became of a job that ended without an error.
struct Outcome {
  enum class Kind { kFinished, kGivenBack, kBlocked };
  Kind kind = Kind::kFinished;  // the handler has called Queue::finish() in the transaction of its results
  std::string reason;           // of kBlocked
};

// Threads that do the jobs of one kind: nudged by the queue, and scanning all the same.
class Runner {
 public:
  struct Options {
    std::string kind;
    int threads = 1;  // 1..kRunnerThreadsMax
    std::int64_t scan_period_us = 2LL * 1'000'000;
    // Asked by each thread before it takes a job: a reason blocks every job of the kind.
    std::function<std::optional<std::string>()> blocked;
    // Does one job. Its lease is renewed meanwhile.
    std::function<Result<Outcome>(const Lease&)> handler;
  };
  Runner(Queue& queue, Options options);
  // Begins nothing more and returns when the running jobs have ended.
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::span<const db::Migration> schema();

}  // namespace lapel::jobs
