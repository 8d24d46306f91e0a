// SPDX-License-Identifier: Apache-2.0
#include "os/worker.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include <pthread.h>

#include "base/check.h"

namespace lapel::os {
namespace {

constexpr std::size_t kThreadNameMax = 15;  // the kernel's bound, without the NUL
constexpr int kThreadsMax = 64;

void name_this_thread(const std::string& name) {
  ::pthread_setname_np(::pthread_self(), name.c_str());
}

}  // namespace

struct WorkerPool::Impl {
  explicit Impl(Options given) : options(std::move(given)) {}

  const Options options;
  Mutex mutex;
  Condition changed;
  std::deque<std::function<void()>> queue LAPEL_GUARDED_BY(mutex);
  bool stopping LAPEL_GUARDED_BY(mutex) = false;
  std::once_flag joined;
  std::vector<std::jthread> threads;  // written by the constructor and by the one caller inside `joined`

  // The next task, or none when stopping and drained.
  std::optional<std::function<void()>> next() {
    const MutexLock lock(mutex);
    while (queue.empty()) {
      if (stopping) return std::nullopt;
      changed.wait(mutex);
    }
    std::function<void()> task = std::move(queue.front());
    queue.pop_front();
    return task;
  }
};

WorkerPool::WorkerPool(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {
  const Options& chosen = impl_->options;
  CHECK(!chosen.name.empty() && chosen.name.size() <= kThreadNameMax);
  CHECK(chosen.threads >= 1 && chosen.threads <= kThreadsMax);
  CHECK(chosen.queue_max >= 1);
  for (int i = 0; i < chosen.threads; ++i) {
    impl_->threads.emplace_back([impl = impl_.get()] {
      name_this_thread(impl->options.name);
      while (const auto task = impl->next()) (*task)();
    });
  }
}

WorkerPool::~WorkerPool() {
  stop();
}

Result<void> WorkerPool::post(std::function<void()> task) {
  {
    const MutexLock lock(impl_->mutex);
    if (impl_->stopping) return fail(Code::kUnavailable, "The server is stopping.", impl_->options.name);
    if (impl_->queue.size() >= impl_->options.queue_max) {
      return fail(Code::kBusy, "Too much work is waiting already.", impl_->options.name);
    }
    impl_->queue.push_back(std::move(task));
  }
  impl_->changed.notify_one();
  return {};
}

void WorkerPool::stop() {
  {
    const MutexLock lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  // A second caller waits here until the first has joined them all.
  std::call_once(impl_->joined, [this] {
    for (std::jthread& thread : impl_->threads) {
      CHECK(thread.get_id() != std::this_thread::get_id());
      thread.join();
    }
  });
}

struct PeriodicWorker::Impl {
  Impl(std::string given_name, std::int64_t given_period_us, std::function<void()> given_step)
      : name(std::move(given_name)), period_us(given_period_us), step(std::move(given_step)) {}

  const std::string name;
  const std::int64_t period_us;
  const std::function<void()> step;
  Mutex mutex;
  Condition changed;
  bool nudged LAPEL_GUARDED_BY(mutex) = false;
  bool stopping LAPEL_GUARDED_BY(mutex) = false;
  std::jthread thread;  // last: it uses the rest

  // Waits for a nudge or the end of the period; false when stopping.
  bool wait_for_turn() {
    using std::chrono::steady_clock;
    const auto turn = steady_clock::now() + std::chrono::microseconds(period_us);
    const MutexLock lock(mutex);
    while (!nudged && !stopping) {
      const auto left = std::chrono::ceil<std::chrono::microseconds>(turn - steady_clock::now());
      if (left.count() <= 0) break;
      changed.wait_for_us(mutex, left.count());
    }
    nudged = false;
    return !stopping;
  }
};

PeriodicWorker::PeriodicWorker(std::string name, std::int64_t period_us, std::function<void()> step)
    : impl_(std::make_unique<Impl>(std::move(name), period_us, std::move(step))) {
  CHECK(!impl_->name.empty() && impl_->name.size() <= kThreadNameMax);
  CHECK(period_us > 0);
  impl_->thread = std::jthread([impl = impl_.get()] {
    name_this_thread(impl->name);
    while (impl->wait_for_turn()) impl->step();
  });
}

PeriodicWorker::~PeriodicWorker() {
  {
    const MutexLock lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  impl_->thread.join();
}

void PeriodicWorker::nudge() {
  {
    const MutexLock lock(impl_->mutex);
    impl_->nudged = true;
  }
  impl_->changed.notify_all();
}

Gate::Pass::~Pass() {
  if (gate_) gate_->leave();
}

Result<Gate::Pass> Gate::enter() {
  const MutexLock lock(mutex_);
  if (closed_) return fail(Code::kUnavailable, "The server is stopping.");
  ++inside_;
  return Pass(this);
}

void Gate::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  while (inside_ > 0) empty_.wait(mutex_);
}

void Gate::leave() {
  // Notified under the lock: close() may be the last thing before the gate is destroyed.
  const MutexLock lock(mutex_);
  if (--inside_ == 0) empty_.notify_all();
}

}  // namespace lapel::os
