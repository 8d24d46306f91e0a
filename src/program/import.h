// SPDX-License-Identifier: Apache-2.0
#pragma once
// A file of statements, read and judged as a whole.
//
// Owns: the sentences for what is wrong with one.
// Promises: pure: what is new in a file follows from the file, what is known and the day. Nothing is given of a file that has anything
//   wrong in it. The sentence names the statement by its number, its subject and field, and what to write instead.
// Fails with: kInvalid, kTooLarge.
// Threads: pure functions.

#include <cstddef>
#include <deque>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "program/statement.h"

namespace lapel::program {

inline constexpr std::string_view kFormat = "lapel-program/1";
inline constexpr std::size_t kStatementsOfFileMax = 2'000;
inline constexpr std::size_t kStatementsOfAgencyMax = 20'000;

struct Batch {
  std::deque<Statement> added;  // in the file's order; recorded_by is the caller's to fill in
  std::size_t already = 0;      // those that were there
};

// What is not stated by a file but done by somebody who may: waiving a gate.
enum class Acts { kRefused, kAllowed };

// `known` in the ledger's order.
Result<Batch> read_file(const Json& file, std::span<const Statement> known, const AgencyId& agency, Timestamp now,
                        Acts acts = Acts::kRefused);

// What a statement says, for its id and its digest: texts only, and what is not said is absent.
Json::Object content_of(const Statement& statement);

}  // namespace lapel::program
