// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bay: the place of one camera at a time, from its folder through the spool to the outbox, and only then, if asked, off the
// camera.
//
// Owns: what is known of the card in it, and the order of the steps.
// Promises: every file found is copied, sent and receipted exactly once, wherever this was killed or the card pulled before. A file
//   is erased only when its receipt is kept, verifies anew, and the file read again has the receipt's digest. What was seen and
//   is gone before it was copied is told.
// Fails with: the spool's own failures alone. Everything else is the camera's, told and noted.
// Threads: run_…() from one; told() from any.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dock/camera.h"
#include "dock/outbox.h"
#include "dock/profile.h"
#include "dock/takes.h"

namespace lapel::dock {

inline constexpr std::uint64_t kSpoolBytesMaxDefault = std::uint64_t{64} << 30;

enum class Afterwards { kLeave, kErase };

enum class BayState {
  kEmpty,    // no card
  kLooking,  // at what is on it
  kCopying,
  kSending,    // all is copied; receipts are to come
  kSafe,       // everything on it is receipted, and erased where asked: it may be taken
  kAttention,  // something on it could not be looked at, copied or erased
};
std::string_view bay_state_name(BayState state);

struct BayTold {
  std::string name, serial;
  BayState state = BayState::kEmpty;
  std::uint64_t files_left = 0, bytes_left = 0;  // without a receipt
  friend bool operator==(const BayTold&, const BayTold&) = default;
};

class Bay {
 public:
  struct Parts {
    os::Disk& disk;
    const State& state;
    Spool& spool;
    Outbox& outbox;
    Report& report;
    const Clock& clock;
    const std::vector<Profile>& profiles;
  };
  struct Options {
    std::string name;
    os::Path folder;
    Mode mode = Mode::kWatch;
    Afterwards afterwards = Afterwards::kLeave;
    std::optional<std::string> serial;  // where the camera does not say
    std::optional<Zone> zone;           // of the cameras' clocks
    std::uint64_t spool_bytes_max = kSpoolBytesMaxDefault;
    bool ends_with_folder = false;  // while watching: the folder was made for the card, and goes with it
  };
  Bay(const Parts& parts, Options options) : parts_(parts), options_(std::move(options)) {}

  Result<void> run();
  bool is_all_receipted() const;  // of what was seen last; when run() has ended
  BayTold told() const;
  const std::string& name() const { return options_.name; }

 private:
  enum class Standing { kReceipted, kSpooled, kUnsettled };
  Result<void> run_once();
  Result<void> run_watching();
  // Looks, and settles every file that the look before saw just so.
  Result<void> round(const Camera& camera);
  void complain(std::vector<std::string> complaints);  // each once
  void learn(const Camera& camera, const Look& look);
  void tell_taken_away(const Look& look);
  // How many are left to do: 0 when all are receipted.
  Result<std::size_t> settle_all(const Camera& camera, const std::vector<Planned>& files);
  Result<Standing> settle(const Camera& camera, const Planned& file);
  // Which item this file is, by what it was called and its digest.
  Result<std::optional<FileId>> recognize(const Camera& camera, const Found& found);
  Result<std::optional<FileId>> copy(const Camera& camera, const Planned& file);
  Result<bool> make_room(const Found& found);
  Standing erase(const Camera& camera, const Found& found, const FileId& file);
  // Whether the server, where it can be had, still stands by a receipt that it gave.
  Result<void> ask_again(const Spool::Kept& kept);
  void say(std::string_view event, const std::string& words, Json::Object fields);
  void set_state(BayState state);
  void count_left();
  bool is_stopped() const { return parts_.outbox.is_stopped(); }

  const Parts parts_;
  const Options options_;
  std::optional<std::string> serial_;  // of the camera being looked at
  Card card_;
  std::string identity_path_;            // of the file on the card that says whose it is: never erased
  std::vector<Found> seen_;              // in the last look
  std::vector<Planned> planned_;         // the same, in the order of copying
  std::map<Found, FileId> known_;        // of those, which item each one is
  std::set<Found> finished_;             // erased, or not to be erased: not tried again at every look
  std::vector<std::string> complaints_;  // of the last look, so that each is said once
  std::size_t taken_away_ = 0;           // files that were gone before they were copied
  bool is_look_complete_ = true;
  bool has_trouble_ = false;             // in the last look or since
  std::unique_ptr<Server> asked_again_;  // whom ask_again() asks
  std::int64_t ask_not_before_us_ = 0;   // monotonic: it could not be had
  mutable os::Mutex mutex_;
  BayTold told_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace lapel::dock
