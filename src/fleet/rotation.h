// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whose turn it is to wear a camera, within a window, and who is next.
//
// Owns: the events and rows of slot.ended, rotation.window_set, rotation.began and _ended, participation.changed.
// Promises: nobody is swapped before the window opens, whoever asks: the first day on which it may be is told. A seat is one
//   person's at a time, and a person has one seat. What history says is entered with its day; the ledger has its own time. A
//   swap hands the camera over from a time on: what was recorded before it stays whose it was. A plan changes nothing.
// Fails with: problems::kRule, kNotFound, kInvalid, kConflict (early, taken, not one who takes part).
// Threads: any; calls block.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fleet/devices.h"
#include "fleet/plan.h"
#include "fleet/staffing.h"

namespace lapel::fleet {

class Rotation {
 public:
  explicit Rotation(Parts parts, Bar bar = nullptr) : parts_(parts), bar_(std::move(bar)) {}

  Result<Json::Object> status(const access::Actor& actor, std::optional<Day> as_of);
  // `seed`: of the lot among those who are alike in everything that counts; the day when it is empty.
  Result<Json::Object> plan(const access::Actor& actor, std::optional<Day> on, const std::string& seed);
  Result<Json::Array> participants(const access::Actor& actor);

  Result<Json::Object> set_window(const access::Actor& actor, const Window& window, std::optional<Day> from,
                                  const std::string& reason);
  Result<Json::Object> take_part(const access::Actor& actor, const std::string& person, const std::string& status,
                                 std::optional<Day> on, const std::string& reason);

  struct Giving {
    std::string person;     // id, login or badge
    std::optional<Day> on;  // today
    // When the camera changed hands; now, where it is today.
    std::optional<Timestamp> at;
    std::string camera;  // of a first turn; a swap hands over the one that there is
    std::string reason;
  };
  // In the first free seat.
  Result<Json::Object> issue(const access::Actor& actor, const std::string& slot, const Giving& giving);
  Result<Json::Object> swap(const access::Actor& actor, const std::string& turn, const Giving& giving);
  // Without anybody after them, also early: with a reason.
  Result<Json::Object> vacate(const access::Actor& actor, const std::string& turn, const Giving& giving);
  Result<Json::Object> end_slot(const access::Actor& actor, const std::string& slot, std::optional<Day> on,
                                const std::string& reason);

 private:
  struct State;
  // Of one person and, where it is named, of one slot; of all where nobody is named.
  Result<State> state(db::Transaction& tx, const AgencyId& agency, Day on, const std::optional<PersonId>& whose = {},
                      const std::string& slot_id = "");
  static Result<void> add_name(db::Transaction& tx, const PersonId& person, State& out);
  Result<Day> day(std::optional<Day> asked) const;
  Result<Timestamp> moment(const Giving& giving, Day on) const;
  Result<Json::Object> turn_json(const AgencyId& agency, const roster::SealedRowId& turn);

  const Parts parts_;
  const Bar bar_;
};

// After how many days a turn may be swapped on that day, and by when it should be.
struct WindowSet {
  Window window;
  std::optional<Day> since;  // nullopt: nobody has set one
};
Result<WindowSet> window_on(db::Transaction& tx, const AgencyId& agency, Day on);

}  // namespace lapel::fleet
