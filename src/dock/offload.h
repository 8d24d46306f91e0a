// SPDX-License-Identifier: Apache-2.0
#pragma once
// Offloading: from a camera's folder through the spool to kept receipts, and only then, if asked, off the camera.
//
// Owns: the order of the steps, the threads that send, and what is reported of them.
// Promises: every file found is copied, sent and receipted exactly once, wherever this was killed before. A file
//   is erased only when its receipt is kept, verifies anew, and the file read again has the receipt's digest. The
//   network may be gone for days: then copying goes on until the spool is full. Nothing spins: every wait has an
//   end, and stop() ends them all.
// Fails with: what kept a file from being receipted; of several, the gravest (kProofInvalid before kUnauthenticated
//   before kUnavailable before the rest). The spool's own failures at once.
// Threads: run() from one; stop() from any.

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "dock/camera.h"
#include "dock/report.h"
#include "dock/server.h"
#include "dock/spool.h"
#include "dock/state.h"

namespace lapel::dock {

inline constexpr std::uint64_t kSpoolBytesMaxDefault = std::uint64_t{64} << 30;
inline constexpr int kSendersDefault = 4;
inline constexpr int kSendersMax = 32;

enum class Mode {
  kOnce,   // until everything found is receipted, or cannot be
  kWatch,  // until stopped; cameras come and go
};
enum class Afterwards { kLeave, kErase };

struct OffloadOptions {
  os::Path camera;
  Mode mode = Mode::kWatch;
  Afterwards afterwards = Afterwards::kLeave;
  std::optional<std::string> serial;  // where the camera does not say
  std::uint64_t spool_bytes_max = kSpoolBytesMaxDefault;
  int senders = kSendersDefault;  // files sent at once; 1..kSendersMax
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
  enum class Standing { kReceipted, kSpooled, kUnsettled };

  // ---- the camera's side, on run()'s thread ----
  Result<void> run_once();
  Result<void> run_watching();
  // Looks, and settles every file that the look before saw just so.
  Result<void> round();
  // How many are left to do: 0 when all are receipted.
  Result<std::size_t> settle_all(const Camera& camera, const std::vector<Found>& files);
  Result<Standing> settle(const Camera& camera, const Found& found);
  // Which item this file is, by what it was called and its digest.
  Result<std::optional<FileId>> recognize(const Camera& camera, const Found& found);
  Result<std::optional<FileId>> copy(const Camera& camera, const Found& found);
  Result<bool> make_room(const Found& found);
  Standing erase(const Camera& camera, const Found& found, const FileId& file);
  // Whether the server, where it can be had, still stands by a receipt that it gave.
  Result<void> ask_again(const Spool::Kept& kept);
  Result<void> drain();
  bool is_all_receipted() const;
  void wait_us(std::int64_t us);

  // ---- the server's side, on the senders' threads ----
  void send_loop();
  struct Delivery {
    Item item;
    std::uint64_t durable = 0;  // what the server said it has, at last
    std::uint64_t left = 0;     // of bytes_left_, this file's part
  };
  void deliver_with_patience(Server& server, Item item);
  Result<void> deliver(Server& server, Delivery& delivery);
  Result<void> send_bytes(Server& server, Delivery& delivery);
  Result<RecordingId> wait_sealed(Server& server, const UploadId& upload);
  bool pause_us(std::int64_t us);  // false: stopped

  void enqueue(const Item& item);
  void note(const Error& error);
  Progress progress() const;

  os::Disk& disk_;
  const State& state_;
  Spool& spool_;
  Report& report_;
  const Clock& clock_;
  const OffloadOptions options_;
  std::optional<std::string> serial_;    // of the camera being looked at
  std::vector<Found> seen_;              // in the last look
  std::map<Found, FileId> known_;        // of those, which item each one is
  std::set<Found> finished_;             // erased, or not to be erased: not tried again at every look
  std::vector<std::string> complaints_;  // of the last look, so that each is said once
  bool is_look_complete_ = true;
  std::unique_ptr<Server> asked_again_;  // whom ask_again() asks
  std::int64_t ask_not_before_us_ = 0;   // monotonic: it could not be had

  std::atomic<bool> is_stopped_ = false;
  std::atomic<std::uint64_t> bytes_sent_ = 0;
  std::atomic<std::uint64_t> bytes_left_ = 0;
  mutable os::Mutex mutex_;
  os::Condition changed_;
  std::deque<Item> queue_ LAPEL_GUARDED_BY(mutex_);
  std::size_t underway_ LAPEL_GUARDED_BY(mutex_) = 0;
  bool gave_up_ LAPEL_GUARDED_BY(mutex_) = false;  // the server cannot be had: what is queued stays in the spool
  std::optional<Error> gravest_ LAPEL_GUARDED_BY(mutex_);
  std::vector<std::thread> senders_;
};

}  // namespace lapel::dock
