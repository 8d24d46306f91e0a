// SPDX-License-Identifier: Apache-2.0
#pragma once
// Device profiles: what the names on a camera's card say, by a data file of its make (docs/formats/device_profile.md).
//
// Owns: the profile's text and its patterns, and what is read of a name by them.
// Promises: a name is judged only where the whole of it fits one pattern and each of its parts is possible: a date that is one, a
//   number within the counter's range. Whatever else a card holds is unmatched, and is sent all the same. A pattern is read from left to
//   right without going back: no name makes that long.
// Fails with: kInvalid, naming the member or pattern (Profile::parse); std::nullopt for a name or a text that says nothing.
// Threads: values and pure functions.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/local_time.h"
#include "base/result.h"

namespace lapel::dock {

inline constexpr std::size_t kProfileBytesMax = 64 * 1024;
inline constexpr std::size_t kPatternsMax = 64;  // of one profile
inline constexpr std::size_t kPatternBytesMax = 256;
inline constexpr std::size_t kCardFileBytesMax = 16 * 1024;  // of a file on the card that says whose it is

// What a name says of its file.
struct Judged {
  enum class Role { kClip, kSideCar } role = Role::kClip;
  std::optional<std::int64_t> sequence, chapter;
  std::string channel, event;                // "front", "parking"; empty: the name does not say
  std::optional<std::int64_t> wall_seconds;  // the date and time in it, as if they were UTC

  friend bool operator==(const Judged&, const Judged&) = default;
};

// A name's date and time, in UTC.
struct NameTime {
  Timestamp at;
  bool comes_twice = false;  // the clock was set back in that hour: the first of the two is taken
};
// Nothing where the zone's clock left that time out.
std::optional<NameTime> name_time(std::int64_t wall_seconds, const std::optional<Zone>& zone);
std::string wall_text(std::int64_t wall_seconds);  // "2022-12-02T18:41:19"

// What a file on the card says of the camera.
struct CardSays {
  std::string serial, model, firmware;  // empty: not said
};

class Profile {
 public:
  static Result<Profile> parse(std::string_view text);

  const std::string& name() const { return name_; }
  const std::string& make() const { return make_; }
  bool is_utc() const { return is_utc_; }
  // The counter's first and last number; after the last one comes the first.
  std::int64_t counter_first() const { return counter_first_; }
  std::int64_t counter_last() const { return counter_last_; }
  bool has_counter() const { return counter_last_ > 0; }

  std::optional<Judged> judge(std::string_view path) const;
  // What makes several files one recording, of what the name says: "sequence=123". Empty: each clip is one by itself, and a side-car
  // belongs to the clip that says the same.
  std::string recording_of(const Judged& judged) const;

  // The path of the file that says whose card it is, as the card spells it; empty: none does.
  std::string identity_file(std::span<const std::string> paths) const;
  CardSays read_identity(std::string_view text) const;

 private:
  struct Part {
    std::string literal;  // where there is no field
    std::string field;
    std::size_t digits_min = 0, digits_max = 0;              // of a number
    std::vector<std::pair<std::string, std::string>> words;  // of a choice: as written, and as it is told
  };
  using Pattern = std::vector<Part>;
  struct NamePattern {
    Judged::Role role = Judged::Role::kClip;
    Pattern name;
    std::vector<Pattern> under;  // folders, whole; none: anywhere
  };
  using Fields = std::map<std::string, std::string, std::less<>>;
  static Result<Pattern> parse_pattern(std::string_view text);
  static Result<NamePattern> parse_name_pattern(const Json& json, Judged::Role role);
  static bool matches(const Pattern& pattern, std::string_view text, Fields& fields);
  std::optional<Judged> judged(Judged::Role role, const Fields& fields) const;

  std::string name_, make_;
  bool is_utc_ = false, is_one_by_sequence_ = false;
  std::int64_t counter_first_ = 0, counter_last_ = 0;
  std::vector<NamePattern> patterns_;
  std::string identity_path_, serial_member_, model_member_, firmware_member_;
};

// The profile by which the most of these files are clips; none where none is.
const Profile* profile_of(std::span<const Profile> profiles, std::span<const std::string> paths);

}  // namespace lapel::dock
