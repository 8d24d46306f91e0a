// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether footage is what its signatures say: the units of one stream, in the order of the file, against the messages among them.
//
// Owns: what has been seen and is not yet judged, the count of everything that has.
// Promises: memory is bounded whatever the stream holds. Each picture is counted once: as signed, not as signed, or without a
//   signature. What one signature says is believed where the key made it, and nowhere else. Nothing that was left out, added,
//   changed or moved between two pictures that are covered is counted as covered itself.
// Fails with: nothing: what cannot be checked is a reason.
// Threads: one.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mediaworker/sei.h"
#include "mediaworker/signing_message.h"

namespace lapel::mediaworker {

inline constexpr std::size_t kUnitsKeptMax = 200'000;     // between two signatures: an hour of pictures in slices
inline constexpr std::size_t kEarlyMessagesMax = 64;      // before the first that agrees with the file
inline constexpr std::size_t kUnjudgedGroupsMax = 1'024;  // whose signature is to come in a later message
// Runs of pictures that may stand before the first or behind the last signature beside those that one signature covers: cameras
// sign when the next has begun, and some write their message late. Each may be as long as one signature covers, and no longer.
inline constexpr std::int64_t kOpenGroups = 2;

// When a unit's picture is shown.
struct UnitTime {
  std::int64_t from_ms = 0, to_ms = 0;
};

class SignedStream {
 public:
  struct Terms {
    protocol::SignatureScheme scheme = protocol::SignatureScheme::kNone;
    crypto::HashKind hash = crypto::HashKind::kSha256;
    const crypto::CameraKey* key = nullptr;  // none: nothing can be believed
  };
  explicit SignedStream(const Terms& terms);

  void take(const Unit& unit, const UnitTime& time);
  // A message of the scheme, read from such a unit.
  void take(const SigningMessage& message, const UnitTime& time);
  // Bytes of the footage that are in no unit.
  void take_stray(const UnitTime& time);
  // Counts, times, gaps and reason; what the file says of itself is for the caller to fill in.
  protocol::MediaSignature finish();

 private:
  struct Unit64 {
    std::array<std::uint8_t, crypto::kHashBytesMax> bytes{};
    friend bool operator==(const Unit64&, const Unit64&) = default;
  };
  struct Item {
    Unit64 hash;
    UnitTime time;
    bool begins_group = false, is_picture = false;
    std::int64_t message = -1;  // of a message without a signature: which
  };
  enum class Fate { kValid, kAltered };
  // What is known of a group, to be counted when its signature is believed or is not.
  struct Judged {
    std::vector<std::pair<Item, Fate>> items;
    std::int64_t units_missing = 0;
    UnitTime missing_at;
    std::optional<Timestamp> from, to;
  };
  // A message, and whether its key made it; one without a signature waits for one that has.
  struct Heard {
    SigningMessage message;
    bool is_believed = false;
    std::int64_t id = 0;
    std::uint64_t end = 0;  // units of the stream before it
  };
  struct Run {
    std::int64_t pictures = 0, groups = 0;
    std::optional<UnitTime> time;
  };
  // What one signature was found to cover, at most: of how much may stand without one at either end.
  struct Reach {
    std::int64_t groups = 1, pictures = 0, ms = 0;
  };

  ByteView view(const Unit64& hash) const { return ByteView(hash.bytes).first(hash_bytes_); }
  Unit64 hash_of_bytes(ByteView bytes);
  Unit64 hash_of_unit(const Unit& unit, bool begins_group);
  void keep(Item item);
  bool is_believed(const SigningMessage& message);
  void look_at_key(const SigningMessage& message);

  // Which group a message is of.
  void judge_first(Heard heard);
  void judge_early(std::size_t begin, std::uint32_t number);
  void judge_next(const Heard& heard);
  void judge_later(const Heard& heard, std::int64_t lost);
  void judge_back(const Heard& heard);
  std::vector<std::size_t> begins() const;
  std::optional<std::size_t> find(const SigningMessage& message);
  std::size_t group_end(std::size_t begin, const SignedGroup& group) const;
  bool agrees(std::size_t begin, std::size_t end, const SignedGroup& group);
  std::size_t matches(std::size_t begin, std::size_t end, const SigningMessage& message) const;

  // What becomes of its units.
  Judged judge(std::size_t begin, std::size_t end, const SigningMessage& message);
  void judge_by_list(std::size_t begin, std::size_t end, const SigningMessage& message, Judged& out) const;
  void settle(Judged judged, const Heard& heard);
  Reach count(Judged judged, bool is_believed);
  bool is_bearable(const Run& run) const;
  void skip(std::size_t count, protocol::SignatureGapKind kind);
  void count_uncovered(const Item& item);
  void add_to(Run& run, const Item& item);
  void end_without_beginning();
  void note(protocol::SignatureGapKind kind, const UnitTime& time, std::int64_t pictures);

  const Terms terms_;
  const std::size_t hash_bytes_;
  crypto::Hash hasher_;
  std::deque<Item> items_;   // not judged yet
  std::uint64_t taken_ = 0;  // that have left `items_`
  Unit64 reference_;         // the hash of the unit that the running group began with
  bool has_begun_ = false;   // a message has agreed with the file
  std::deque<Heard> early_;  // those before it
  std::uint32_t last_number_ = 0;
  std::optional<Unit64> last_first_;  // the first hash of the group judged last, where it is known
  std::map<std::int64_t, Judged> unjudged_;
  std::int64_t messages_ = 0, unreadable_ = 0;
  Reach reach_;
  std::string last_key_pem_, last_chain_pem_;
  Run start_;
  bool has_covered_ = false;
  protocol::MediaSignature out_;
};

}  // namespace lapel::mediaworker
