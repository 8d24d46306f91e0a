// SPDX-License-Identifier: Apache-2.0
#pragma once
// The units (NAL units) of H.264 and H.265 footage, and the messages in them that no decoder shows: SEI of user data, where
// cameras put their signatures.
//
// Owns: how units stand in a packet, which of them make pictures, and the bytes that keep start codes apart.
// Promises: any bytes give some units, in time bounded by their number; nothing is copied but a message that bears a name asked
//   for. What of a packet is in no unit is counted.
// Fails with: nothing.
// Threads: pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace lapel::mediaworker {

enum class UnitCodec { kH264, kH265 };

// How units stand one behind the other.
struct Framing {
  std::size_t length_bytes = 0;  // each after its length, in 1 to 4 bytes; 0: each after a start code (Annex B)
};
// By what a container says once of all packets: avcC or hvcC; anything else is Annex B.
Framing framing_of(UnitCodec codec, ByteView extradata);

enum class UnitKind {
  kIntra,   // a slice of a picture that needs no other before it
  kInter,   // a slice of a picture that does
  kHidden,  // a slice of a kind that no scheme of signatures covers
  kSei,     // messages
  kOther,   // parameters, delimiters, filling
};
struct Unit {
  UnitKind kind = UnitKind::kOther;
  bool is_first_slice = false;  // of its picture
  ByteView bytes;               // from its header on, without zeros behind it
};
struct Left {
  std::size_t bytes = 0;  // of the packet: in no unit, or in one that some players take for several
};
Left for_each_unit(UnitCodec codec, const Framing& framing, ByteView packet,
                   const std::function<void(const Unit&)>& take);

using Uuid = std::array<std::uint8_t, 16>;

// A message of user data as the first of its unit.
struct UserData {
  Uuid uuid{};
  Bytes unescaped;      // all of the unit, without the bytes that keep start codes apart
  std::size_t at = 0;   // in `unescaped`: where the message's own bytes begin, behind its name
  std::size_t end = 0;  // and end
  ByteView raw;         // the unit as it stands
  // How much of `raw` makes the first `count` bytes of `unescaped`.
  std::size_t raw_end(std::size_t count) const;
  ByteView message() const { return ByteView(unescaped).subspan(at, end - at); }

  std::vector<std::size_t> escapes;  // in `unescaped`: before which byte of it one was left out
};
// Of these names; nothing where the unit is none. A message that is cut off is none.
std::optional<UserData> read_user_data(UnitCodec codec, const Unit& unit, std::span<const Uuid> names);
// Whether one of the names stands anywhere in the unit, as it would in a message that read_user_data() does not read.
bool bears_name(ByteView unit, std::span<const Uuid> names);

}  // namespace lapel::mediaworker
