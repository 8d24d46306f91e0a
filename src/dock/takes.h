// SPDX-License-Identifier: Apache-2.0
#pragma once
// Takes: which files on a card are one recording, in what order they are copied, and what is told of each.
//
// Owns: nothing.
// Promises: each file is in the plan once. Footage comes before what belongs to it, an earlier part before a later one, so that the
//   file by which a recording is called is copied first. A name that no profile knows is a recording by itself, told as before.
// Fails with: nothing.
// Threads: pure functions.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dock/camera.h"
#include "dock/profile.h"

namespace lapel::dock {

// What is known of the card as a whole.
struct Card {
  const Profile* profile = nullptr;  // null: of no make that is known
  CardSays says;
  Camera::Times times = Camera::Times::kUtc;
  std::optional<Zone> zone;  // of the camera's clock, where the dock was told
};

struct Planned {
  Found found;
  std::optional<Judged> judged;
  std::string take;  // the same for files of one recording; empty: by itself
  std::int64_t part = 0;
  bool is_side_car = false;
};
std::vector<Planned> plan(const Profile* profile, const std::vector<Found>& files);

struct Told {
  std::optional<Timestamp> recorded_at;     // where it is not the file's time as the kernel gives it
  std::map<std::string, std::string> said;  // Upload-Metadata
};
// `now` is the dock's clock: a file of the future shows that the camera's is ahead, at least by so much.
Told tell(const Card& card, const Planned& file, Timestamp now);

}  // namespace lapel::dock
