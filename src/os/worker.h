// SPDX-License-Identifier: Apache-2.0
#pragma once
// Named, bounded pools of threads for blocking work, an annotated Mutex, and the gate of shutdown.
//
// Owns: WorkerPool, Gate, Mutex, PeriodicWorker.
// Promises: a queue never grows past its bound: post() says kBusy instead. A pool's destructor finishes what
//   is queued. Nothing posted after stop() runs.
// Fails with: kBusy (queue full), kUnavailable (stopping).
// Threads: any.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.h"

#if defined(__clang__)
#define LAPEL_CAPABILITY(x) __attribute__((capability(x)))
#define LAPEL_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define LAPEL_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define LAPEL_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define LAPEL_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define LAPEL_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define LAPEL_NO_ANALYSIS __attribute__((no_thread_safety_analysis))
#else
#define LAPEL_CAPABILITY(x)
#define LAPEL_SCOPED_CAPABILITY
#define LAPEL_GUARDED_BY(x)
#define LAPEL_REQUIRES(...)
#define LAPEL_ACQUIRE(...)
#define LAPEL_RELEASE(...)
#define LAPEL_NO_ANALYSIS
#endif

namespace lapel::os {

// std::mutex that clang's thread-safety analysis can see. Never held across I/O.
class LAPEL_CAPABILITY("mutex") Mutex {
 public:
  void lock() LAPEL_ACQUIRE() { mutex_.lock(); }
  void unlock() LAPEL_RELEASE() { mutex_.unlock(); }

 private:
  friend class Condition;
  std::mutex mutex_;
};

class LAPEL_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) LAPEL_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() LAPEL_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits release the mutex and take it again, as std::condition_variable does.
class Condition {
 public:
  void wait(Mutex& mutex) LAPEL_REQUIRES(mutex) LAPEL_NO_ANALYSIS {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // False when the time ran out.
  bool wait_for_us(Mutex& mutex, std::int64_t us) LAPEL_REQUIRES(mutex) LAPEL_NO_ANALYSIS {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool woken = condition_.wait_for(lock, std::chrono::microseconds(us)) == std::cv_status::no_timeout;
    lock.release();
    return woken;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

class WorkerPool {
 public:
  struct Options {
    std::string name;            // at most 15 characters, seen in ps and gdb
    int threads = 1;             // 1..64
    std::size_t queue_max = 64;  // tasks waiting, beyond those running
  };
  explicit WorkerPool(Options options);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  Result<void> post(std::function<void()> task);
  // No new tasks; returns when those queued and running are done. Not from a task of this pool.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A thread that runs `step` when nudged and at least every `period_us`, so that a lost nudge loses nothing.
// The first run is at the first nudge or after one period, never inside the constructor. Nudges during a step
// ask for one more. The destructor stops it after the running step.
class PeriodicWorker {
 public:
  PeriodicWorker(std::string name, std::int64_t period_us, std::function<void()> step);
  ~PeriodicWorker();
  PeriodicWorker(const PeriodicWorker&) = delete;
  PeriodicWorker& operator=(const PeriodicWorker&) = delete;
  void nudge();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Shutdown's one name: work enters and leaves; close() refuses new work and waits for what is inside.
class Gate {
 public:
  class Pass {
   public:
    explicit Pass(Gate* gate) : gate_(gate) {}
    ~Pass();
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;

   private:
    Gate* gate_;
  };
  Result<Pass> enter();
  // Returns when nobody is inside. Not from inside.
  void close();

 private:
  void leave();
  Mutex mutex_;
  Condition empty_;
  int inside_ LAPEL_GUARDED_BY(mutex_) = 0;
  bool closed_ LAPEL_GUARDED_BY(mutex_) = false;
};

}  // namespace lapel::os
