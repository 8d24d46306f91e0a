// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes and the ways Lapel writes them as text: lower-case hex, strict base64 and base64url, big-endian integers.
//
// Owns: nothing.
// Promises: a decoder accepts exactly what its encoder writes (b64 of ledger.md: "refuses any text that does not
//   re-encode to itself"; hex is lower case only).
// Fails with: std::nullopt where text is not that encoding.
// Threads: pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lapel {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
template <std::size_t N>
using ByteArray = std::array<std::uint8_t, N>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string hex(ByteView bytes);
std::optional<Bytes> parse_hex(std::string_view text);

// Standard alphabet with padding (RFC 4648 section 4).
std::string base64(ByteView bytes);
std::optional<Bytes> parse_base64(std::string_view text);
// RFC 4648 5 without padding, as strict: WebAuthn and JOSE write bytes so.
std::string base64url(ByteView bytes);
std::optional<Bytes> parse_base64url(std::string_view text);

ByteArray<8> big_endian_u64(std::uint64_t value);

// A fixed-size value out of a view of exactly that size.
template <std::size_t N>
std::optional<ByteArray<N>> to_array(ByteView bytes) {
  if (bytes.size() != N) return std::nullopt;
  ByteArray<N> out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}
template <std::size_t N>
std::optional<ByteArray<N>> parse_hex_array(std::string_view text) {
  if (text.size() != 2 * N) return std::nullopt;
  const auto bytes = parse_hex(text);
  return bytes ? to_array<N>(*bytes) : std::nullopt;
}
template <std::size_t N>
std::optional<ByteArray<N>> parse_base64_array(std::string_view text) {
  const auto bytes = parse_base64(text);
  return bytes ? to_array<N>(*bytes) : std::nullopt;
}

// ASCII decimal without sign, zero or space in front, at most 2^53-1, the range of every integer in the ledger: the form
// of sizes in checkpoints and paths, and of lengths in headers.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

// A SHA-256 digest. The same shape serves tree hashes and commitments.
using Digest = ByteArray<32>;

}  // namespace lapel
