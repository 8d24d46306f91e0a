// SPDX-License-Identifier: Apache-2.0
#pragma once
// Offloading: any number of cameras at once, one spool, one outbox; and the server told of how it stands.
//
// Owns: a bay for each camera, its thread, and what of it is told to the server.
// Promises: a camera that is pulled, or fails, stops no other. What is told of the state is a courtesy: whether it arrives changes
//   nothing.
// Fails with: what kept a file from being receipted; of several, the gravest. The spool's own failures end all at once.
// Threads: run() from one; stop() from any.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dock/bay.h"

namespace lapel::dock {

inline constexpr std::size_t kBaysMax = 64;

struct OffloadOptions {
  std::vector<os::Path> cameras;
  os::Path cameras_folder;  // beneath which each folder is a camera's, for as long as it is there; empty: none
  Mode mode = Mode::kWatch;
  Afterwards afterwards = Afterwards::kLeave;
  std::optional<std::string> serial;  // where the one camera does not say
  std::optional<Zone> zone;
  std::uint64_t spool_bytes_max = kSpoolBytesMaxDefault;
  int senders = kSendersDefault;
  std::vector<Profile> profiles;
};

class Offload {
 public:
  Offload(os::Disk& disk, const State& state, Spool& spool, Report& report, const Clock& clock, OffloadOptions options);
  ~Offload();

  // kUnavailable with is_stopped() when stop() came before the end.
  Result<void> run();
  void stop();
  bool is_stopped() const { return is_stopped_; }

 private:
  struct Running;
  void begin(std::string name, os::Path folder, bool ends_with_folder);
  Result<void> find_cameras();
  void take_ended();
  Json state() const;
  void learn_agency_key(Server& server);
  void tell_loop();
  void tell_last();

  os::Disk& disk_;
  const State& state_;
  Spool& spool_;
  Report& report_;
  const Clock& clock_;
  const OffloadOptions options_;
  std::atomic<bool> is_stopped_ = false;  // by stop(), and by no failure
  Outbox outbox_;
  mutable os::Mutex mutex_;
  std::vector<std::unique_ptr<Running>> bays_ LAPEL_GUARDED_BY(mutex_);
  std::thread teller_;
};

}  // namespace lapel::dock
