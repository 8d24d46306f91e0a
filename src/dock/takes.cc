// SPDX-License-Identifier: Apache-2.0
#include "dock/takes.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"

namespace lapel::dock {
namespace {

// The clocks of dock and camera are never quite the same, and FAT counts in two seconds.
constexpr std::int64_t kAheadUs = 120LL * 1'000'000;
constexpr std::size_t kWordsCharactersMax = 100;

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

template <typename T>
bool agree(const std::optional<T>& a, const std::optional<T>& b) {
  return !a || !b || *a == *b;
}
bool agree(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() || a == b;
}

// A side-car belongs to the clip that says the same in all that both say.
bool belongs(const Planned& side_car, const Planned& clip) {
  const Judged &a = *side_car.judged, &b = *clip.judged;
  return folder_of(side_car.found.path) == folder_of(clip.found.path) && agree(a.sequence, b.sequence) &&
         agree(a.chapter, b.chapter) && agree(a.wall_seconds, b.wall_seconds) && agree(a.channel, b.channel) &&
         agree(a.event, b.event);
}

}  // namespace

std::vector<Planned> plan(const Profile* profile, const std::vector<Found>& files) {
  std::vector<Planned> out;
  std::multimap<std::string_view, std::size_t> clips;  // by folder
  for (const Found& found : files) {
    Planned each{found, profile ? profile->judge(found.path) : std::nullopt, {}, 0, false};
    if (each.judged) {
      each.is_side_car = each.judged->role == Judged::Role::kSideCar;
      each.part = each.judged->chapter.value_or(0);
      const std::string recording = profile->recording_of(*each.judged);
      if (!recording.empty())
        each.take = fmt::format("{}:{}:{}", profile->name(), folder_of(found.path), recording);
      else if (!each.is_side_car)
        each.take = fmt::format("{}:{}", profile->name(), found.path);
    }
    out.push_back(std::move(each));
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i].judged && !out[i].is_side_car) clips.emplace(folder_of(out[i].found.path), i);
  }
  // Side-cars that no number ties to their clip: by what both names say. Of two clips of one moment the first by its name.
  std::map<std::tuple<std::string_view, std::optional<std::int64_t>>, std::vector<std::size_t>> by_moment;
  for (const auto& [folder, i] : clips) by_moment[{folder, out[i].judged->wall_seconds}].push_back(i);
  for (Planned& each : out) {
    if (!each.is_side_car || !each.take.empty()) continue;
    const auto moment = by_moment.find({folder_of(each.found.path), each.judged->wall_seconds});
    if (moment == by_moment.end()) continue;
    for (const std::size_t i : moment->second) {
      if (!belongs(each, out[i])) continue;
      each.take = out[i].take;
      break;
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const Planned& a, const Planned& b) {
    return std::tie(a.is_side_car, a.part) < std::tie(b.is_side_car, b.part);
  });
  return out;
}

Told tell(const Card& card, const Planned& file, Timestamp now) {
  Told out;
  const auto say = [&](std::string_view key, const std::string& words) {
    if (!words.empty()) out.said.emplace(key, first_characters(words, kWordsCharactersMax));
  };
  // As far as it is known which moment the camera means.
  std::optional<Timestamp> moment;
  if (card.times == Camera::Times::kUtc) moment = Timestamp{file.found.modified_us};
  if (card.times == Camera::Times::kWall && card.zone) {
    if (const auto time = name_time(file.found.modified_us / 1'000'000, card.zone)) moment = out.recorded_at = time->at;
  }
  const std::string zone = card.zone ? std::string(card.zone->name) : "unknown";
  if (file.judged) {
    const Judged& judged = *file.judged;
    say("camera_profile", card.profile->name());
    if (file.is_side_car) say("camera_role", "side_car");
    if (judged.sequence) {
      say("camera_sequence", std::to_string(*judged.sequence));
      say("camera_counter", fmt::format("{}-{}", card.profile->counter_first(), card.profile->counter_last()));
    }
    if (judged.chapter) say("camera_chapter", std::to_string(*judged.chapter));
    say("camera_channel", judged.channel);
    say("camera_event", judged.event);
    if (judged.wall_seconds) {
      say("camera_time", wall_text(*judged.wall_seconds));
      say("camera_zone", card.profile->is_utc() ? "UTC" : zone);
      const bool is_known = card.profile->is_utc() || card.zone;
      const auto time =
          is_known ? name_time(*judged.wall_seconds, card.profile->is_utc() ? std::nullopt : card.zone) : std::nullopt;
      if (time) {
        out.recorded_at = time->at;
        moment = moment ? std::max(*moment, time->at) : time->at;
        if (time->comes_twice) say("camera_time_note", "comes twice: the first is taken");
      } else if (is_known) {
        say("camera_time_note", "is left out by the zone's clocks: the file's time is taken");
      }
    }
  }
  if (!out.said.contains("camera_zone") && card.times == Camera::Times::kWall) say("camera_zone", zone);
  say("camera_model", card.says.model);
  say("camera_firmware", card.says.firmware);
  if (moment && *moment - now > kAheadUs) say("camera_ahead_s", std::to_string((*moment - now) / 1'000'000));
  return out;
}

}  // namespace lapel::dock
