// SPDX-License-Identifier: Apache-2.0
#pragma once
// What becomes of a ledger's texts and JSON on their way to a verifier that should notice: changes that hit the places where
// readers differ more often than chance would.
//
// Owns: the words, keys and pieces that are put in; a generator that gives the same numbers everywhere.
// Promises: the same generator makes the same changes.
// Fails with: nothing.
// Threads: a Random by one thread at a time; the rest are pure functions.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"

namespace lapel::proof {

class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t number) {
    std::seed_seq words{seed, seed >> 32, number, number >> 32};
    engine_.seed(words);
  }
  // 0 … bound-1. Written out, because std::uniform_int_distribution differs between libraries.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <typename T>
  const T& any(const std::vector<T>& values) {
    return values[below(values.size())];
  }
  template <typename T>
  T& any_of(std::vector<T>& values) {
    return values[below(values.size())];
  }

 private:
  std::mt19937_64 engine_;
};

inline const std::string kOtherOrigin = "vectors.example/other";

// A verifier key whose point is of low order, and what such a key "signs".
std::string low_order_key_text(std::uint8_t first);
Bytes signature_of_nobody();

// Texts that readers take for others.
const std::vector<std::string>& words();
// One member or element of a value: changed, dropped, doubled, of another type.
void change(Random& random, Json& value);
// As canonical JSON where it is that, else as any JSON.
std::string text_of(const Json& value);
// One place of a text: a byte, a line, a token, a number.
void scratch(Random& random, std::string& text);
void scratch_some(Random& random, std::string& text);  // one to three

}  // namespace lapel::proof
