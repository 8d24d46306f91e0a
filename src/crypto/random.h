// SPDX-License-Identifier: Apache-2.0
#pragma once
// Random bytes and new ids, from the operating system's generator by OpenSSL.
//
// Owns: nothing.
// Promises: cryptographic strength; aborts rather than return weak bytes.
// Fails with: nothing.
// Threads: any.

#include "base/bytes.h"
#include "base/ids.h"

namespace lapel::crypto {

void fill_random(std::span<std::uint8_t> out);

template <std::size_t N>
ByteArray<N> random_bytes() {
  ByteArray<N> out;
  fill_random(out);
  return out;
}

template <typename AnyId>
AnyId new_id() {
  return AnyId(random_bytes<16>());
}

}  // namespace lapel::crypto
