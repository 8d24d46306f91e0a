// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/trace.h"
#include "jobs/jobs.h"

namespace lapel::jobs {
namespace {

void report(std::string_view doing, std::string_view kind, std::string_view job, const Error& error) {
  trace_error("jobs", doing, error, {{"kind", kind}, {"job", job}});
}

}  // namespace

struct Runner::Impl {
  Impl(Queue& q, Options o) : queue(q), options(std::move(o)) {}

  // Does what there is to do.
  void step() {
    while (!is_stopping) {
      if (const auto reason = options.blocked()) {
        if (const auto done = queue.block_waiting(options.kind, *reason); !done)
          report("blocking", options.kind, "", done.error());
        return;
      }
      auto lease = queue.lease(options.kind);
      if (!lease) return report("leasing", options.kind, "", lease.error());
      if (!*lease) return;
      run(**lease);
    }
  }

  void run(const Lease& lease) {
    {
      const os::MutexLock lock(mutex);
      running.emplace(lease.id, lease);
    }
    const Result<Outcome> outcome = options.handler(lease);
    {
      const os::MutexLock lock(mutex);
      running.erase(lease.id);
    }
    const Result<void> settled = settle(lease, outcome);
    if (!settled) report("settling", options.kind, lease.job.text(), settled.error());
  }

  Result<void> settle(const Lease& lease, const Result<Outcome>& outcome) {
    if (!outcome) {
      report("working", options.kind, lease.job.text(), outcome.error());
      if (outcome.error().code() == Code::kFull) return queue.postpone(lease, outcome.error().message);
      // The context may hold paths: it is for the trace, the reason is for everybody.
      return queue.fail(lease, outcome.error().message);
    }
    switch (outcome->kind) {
      case Outcome::Kind::kFinished:
        return {};
      case Outcome::Kind::kGivenBack:
        return queue.give_back(lease);
      case Outcome::Kind::kBlocked:
        return queue.block(lease, outcome->reason);
    }
    CHECK(false);
  }

  // A lease that cannot be renewed is only reported: its handler learns of it from finish().
  void renew() {
    std::map<LeaseId, Lease> leases;
    {
      const os::MutexLock lock(mutex);
      leases = running;
    }
    for (auto& [id, lease] : leases) {
      auto renewed = queue.renew(lease);
      bool is_running = false;
      {
        const os::MutexLock lock(mutex);
        is_running = running.contains(id);
      }
      if (!renewed && is_running) report("renewing", options.kind, lease.job.text(), renewed.error());
    }
  }

  Queue& queue;
  const Options options;
  std::atomic<bool> is_stopping = false;
  os::Mutex mutex;
  std::map<LeaseId, Lease> running LAPEL_GUARDED_BY(mutex);
  // Last, so that they end first.
  std::unique_ptr<os::PeriodicWorker> renewer;
  std::vector<std::unique_ptr<os::PeriodicWorker>> threads;
};

Runner::Runner(Queue& queue, Options options) : impl_(std::make_unique<Impl>(queue, std::move(options))) {
  Impl* impl = impl_.get();
  CHECK(impl->options.blocked && impl->options.handler);
  CHECK(impl->options.threads >= 1 && impl->options.threads <= kRunnerThreadsMax);
  impl->renewer = std::make_unique<os::PeriodicWorker>("job-leases", queue.lease_us() / 3, [impl] { impl->renew(); });
  for (int i = 0; i < impl->options.threads; ++i) {
    impl->threads.push_back(std::make_unique<os::PeriodicWorker>(fmt::format("job-{}", i), impl->options.scan_period_us,
                                                                 [impl] { impl->step(); }));
  }
  queue.listen(impl, [impl] {
    for (const auto& thread : impl->threads) thread->nudge();
  });
  queue.nudge();  // what an earlier process left
}

Runner::~Runner() {
  impl_->queue.forget(impl_.get());
  impl_->is_stopping = true;
  impl_->threads.clear();
}

}  // namespace lapel::jobs
