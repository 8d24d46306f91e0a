// SPDX-License-Identifier: Apache-2.0
#pragma once
// SIGINT and SIGTERM as an action on a thread of its own.
//
// Owns: the waiting thread and the process's signal mask from construction on.
// Promises: the action runs at most once. Make this first, so that every later thread inherits the mask.
// Fails with: nothing.
// Threads: made, given its action and ended by one thread.

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>
#include <utility>

#include <pthread.h>

namespace lapel::os {

class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  ~StopSignals() { end(); }
  void on_stop(std::function<void()> action) {
    thread_ = std::thread([this, action = std::move(action)] {
      int signal = 0;
      sigwait(&signals_, &signal);
      if (!is_over_.exchange(true)) action();
    });
  }
  // Returns when the action is over or will never run: what it uses may go after that.
  void end() {
    if (!thread_.joinable()) return;
    if (!is_over_.exchange(true)) pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }

 private:
  sigset_t signals_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

}  // namespace lapel::os
