// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/sei.h"

#include <algorithm>

namespace lapel::mediaworker {
namespace {

constexpr std::uint8_t kUserDataUnregistered = 5;  // ITU-T H.264 D.1.1, H.265 D.2.1
constexpr std::size_t kMessageBytesMax = std::size_t{1} << 20;

UnitKind kind_of_h264(ByteView unit) {
  switch (unit[0] & 0x1f) {
    case 1:
      return UnitKind::kInter;
    case 5:
      return UnitKind::kIntra;
    case 2:  // partitions of slices
    case 3:
    case 4:
    case 19:  // auxiliary, multiview and depth pictures
    case 20:
    case 21:
      return UnitKind::kHidden;
    case 6:
      return UnitKind::kSei;
    default:
      return UnitKind::kOther;
  }
}

UnitKind kind_of_h265(ByteView unit) {
  const int type = unit[0] >> 1 & 0x3f;
  if (type <= 1) return UnitKind::kInter;
  if (type >= 16 && type <= 21) return UnitKind::kIntra;
  if (type < 32) return UnitKind::kHidden;  // sublayer access, leading pictures, reserved slices
  return type == 39 || type == 40 ? UnitKind::kSei : UnitKind::kOther;
}

std::size_t header_bytes(UnitCodec codec) {
  return codec == UnitCodec::kH264 ? 1 : 2;
}

// False where there is not even a header.
bool take_unit(UnitCodec codec, ByteView bytes, const std::function<void(const Unit&)>& take) {
  while (!bytes.empty() && bytes.back() == 0) bytes = bytes.first(bytes.size() - 1);
  if (bytes.size() < header_bytes(codec)) return false;
  Unit unit{codec == UnitCodec::kH264 ? kind_of_h264(bytes) : kind_of_h265(bytes), false, bytes};
  const bool is_slice =
      unit.kind == UnitKind::kIntra || unit.kind == UnitKind::kInter || unit.kind == UnitKind::kHidden;
  // The first bit of a slice: it is the first of its picture.
  unit.is_first_slice = is_slice && bytes.size() > header_bytes(codec) && (bytes[header_bytes(codec)] & 0x80) != 0;
  take(unit);
  return true;
}

// Where the next 00 00 01 begins; the end where there is none.
std::size_t find_start_code(ByteView bytes, std::size_t from) {
  for (std::size_t i = from; i + 3 <= bytes.size();) {
    if (bytes[i + 2] > 1) {
      i += 3;
    } else if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) {
      return i;
    } else {
      ++i;
    }
  }
  return bytes.size();
}

}  // namespace

Framing framing_of(UnitCodec codec, ByteView extradata) {
  const std::size_t at = codec == UnitCodec::kH264 ? 4 : 21;
  if (extradata.size() <= at) return {};
  // As decoders tell the two apart: of H.265 whatever does not begin as a start code does.
  const bool has_lengths =
      codec == UnitCodec::kH264 ? extradata[0] == 1 : extradata[0] != 0 || extradata[1] != 0 || extradata[2] > 1;
  if (!has_lengths) return {};
  return {static_cast<std::size_t>(extradata[at] & 3) + 1};
}

Left for_each_unit(UnitCodec codec, const Framing& framing, ByteView packet,
                   const std::function<void(const Unit&)>& take) {
  Left left;
  if (framing.length_bytes == 0) {
    std::size_t code = find_start_code(packet, 0);
    const ByteView before = packet.first(code);
    if (std::any_of(before.begin(), before.end(), [](std::uint8_t byte) { return byte != 0; })) left.bytes += code;
    while (code < packet.size()) {
      const std::size_t begin = code + 3;
      code = find_start_code(packet, begin);
      if (!take_unit(codec, packet.subspan(begin, code - begin), take)) left.bytes += code - begin;
    }
    return left;
  }
  while (!packet.empty()) {
    std::size_t length = 0;
    if (packet.size() >= framing.length_bytes) {
      for (std::size_t i = 0; i < framing.length_bytes; ++i) length = length << 8 | packet[i];
    }
    if (packet.size() < framing.length_bytes || length > packet.size() - framing.length_bytes) {
      left.bytes += packet.size();
      break;
    }
    const ByteView unit = packet.subspan(framing.length_bytes, length);
    // A start code within a unit is another unit to some players, which then show what is behind it.
    if (!take_unit(codec, unit, take) || find_start_code(unit, 0) < unit.size()) left.bytes += length;
    packet = packet.subspan(framing.length_bytes + length);
  }
  return left;
}

std::size_t UserData::raw_end(std::size_t count) const {
  const auto before = std::lower_bound(escapes.begin(), escapes.end(), count);
  return count + static_cast<std::size_t>(before - escapes.begin());
}

std::optional<UserData> read_user_data(UnitCodec codec, const Unit& unit, std::span<const Uuid> names) {
  if (unit.kind != UnitKind::kSei || unit.bytes.size() > kMessageBytesMax) return std::nullopt;
  // Its head has no byte that keeps start codes apart before its name but for such as we do not read.
  const std::size_t header = header_bytes(codec);
  if (unit.bytes.size() <= header || unit.bytes[header] != kUserDataUnregistered) return std::nullopt;
  UserData out;
  out.raw = unit.bytes;
  out.unescaped.reserve(unit.bytes.size());
  int zeros = 0;
  for (const std::uint8_t byte : unit.bytes) {
    if (zeros >= 2 && byte == 3) {
      out.escapes.push_back(out.unescaped.size());
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    out.unescaped.push_back(byte);
  }
  const ByteView bytes = out.unescaped;
  std::size_t at = header + 1, size = 0;
  while (at < bytes.size() && bytes[at] == 0xff) {
    size += 0xff;
    ++at;
  }
  if (at >= bytes.size()) return std::nullopt;
  size += bytes[at++];
  if (size < out.uuid.size() || size > bytes.size() - at) return std::nullopt;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), out.uuid.size(), out.uuid.begin());
  if (std::find(names.begin(), names.end(), out.uuid) == names.end()) return std::nullopt;
  out.at = at + out.uuid.size();
  out.end = at + size;
  return out;
}

bool bears_name(ByteView unit, std::span<const Uuid> names) {
  return std::any_of(names.begin(), names.end(), [&](const Uuid& name) {
    return std::search(unit.begin(), unit.end(), name.begin(), name.end()) != unit.end();
  });
}

}  // namespace lapel::mediaworker
