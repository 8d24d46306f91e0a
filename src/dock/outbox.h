// SPDX-License-Identifier: Apache-2.0
#pragma once
// The outbox: copies of all cameras on their way to kept receipts.
//
// Owns: the queue, the threads that send, what went wrong, and the end of waiting.
// Promises: every item given is sent and receipted, or stays in the spool. A file that belongs to another's recording waits for that
//   one's receipt, and goes by itself where there will be none. Nothing spins: every wait has an end, and stop() ends them all.
// Fails with: nothing at once; gravest() is what kept a file from being receipted, kProofInvalid before kUnauthenticated before
//   kUnavailable before the rest.
// Threads: any; it has its own.

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "dock/report.h"
#include "dock/server.h"
#include "dock/spool.h"
#include "dock/state.h"

namespace lapel::dock {

inline constexpr int kSendersDefault = 4;
inline constexpr int kSendersMax = 32;

enum class Mode {
  kOnce,   // until everything found is receipted, or cannot be
  kWatch,  // until stopped; cameras come and go
};

// Which of two errors is told where one must be.
int gravity(const Error& error);

class Outbox {
 public:
  struct Parts {
    const State& state;
    Spool& spool;
    Report& report;
    const Clock& clock;
  };
  struct Options {
    Mode mode = Mode::kWatch;
    int senders = kSendersDefault;  // files sent at once; 1..kSendersMax
  };
  // Begins with what waits in the spool.
  Outbox(const Parts& parts, const Options& options);
  ~Outbox();

  // `bay`: where its camera is; empty for one of an earlier run.
  void enqueue(const Item& item, const std::string& bay);
  void stop();
  bool is_stopped() const { return is_stopped_; }

  // Until nothing is queued or under way, or the server cannot be had.
  void drain();
  void wait_us(std::int64_t us);
  // A turn of waiting for room in the spool; false where none is to be expected. Of what another bay copies just now room will come.
  enum class Others { kIdle, kCopying };
  bool wait_for_room(Others others);
  Progress progress() const;
  bool has_delivered() const { return has_delivered_; }  // anything, in this run
  bool has_given_up() const;

  void note(const Error& error, const std::string& bay);
  bool has_failed(const std::string& bay) const;
  std::optional<Error> gravest() const;
  void forget_failures();

 private:
  struct Entry {
    Item item;
    std::string bay;
  };
  struct Delivery {
    Item item;
    std::string bay;
    std::uint64_t durable = 0;  // what the server said it has, at last
    std::uint64_t left = 0;     // of bytes_left_, this file's part
  };
  void send_loop();
  void deliver_with_patience(Server& server, Entry entry);
  Result<void> deliver(Server& server, Delivery& delivery);
  Result<UploadId> create(Server& server, Item& item);
  Result<void> send_bytes(Server& server, Delivery& delivery);
  Result<RecordingId> wait_sealed(Server& server, const UploadId& upload);
  bool pause_us(std::int64_t us);  // false: stopped
  // Those that waited for this file's receipt: it is there, or they go without.
  enum class Leader { kReceipted, kMissing };
  void release(const FileId& file, Leader leader);

  const Parts parts_;
  const Options options_;
  std::atomic<bool> is_stopped_ = false;
  std::atomic<bool> has_delivered_ = false;
  std::atomic<std::uint64_t> bytes_sent_ = 0;
  std::atomic<std::uint64_t> bytes_left_ = 0;
  mutable os::Mutex mutex_;
  os::Condition changed_;
  std::deque<Entry> queue_ LAPEL_GUARDED_BY(mutex_);
  std::multimap<FileId, Entry> held_ LAPEL_GUARDED_BY(mutex_);  // by their leader
  std::size_t underway_ LAPEL_GUARDED_BY(mutex_) = 0;
  bool gave_up_ LAPEL_GUARDED_BY(mutex_) = false;  // the server cannot be had: what is queued stays in the spool
  std::map<std::string, Error> failures_ LAPEL_GUARDED_BY(mutex_);  // the gravest of each bay
  std::vector<std::thread> senders_;
};

}  // namespace lapel::dock
