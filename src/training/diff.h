// SPDX-License-Identifier: Apache-2.0
#pragma once
// What changed from one version of a policy to another: by clause, and within a clause by word.
//
// Owns: nothing.
// Promises: pure. Leaving out what is said to be added gives the text before, leaving out what is said to be removed the text
//   after, byte for byte. A clause is the same one by its key, wherever it stands.
// Fails with: nothing.
// Threads: pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "training/version.h"

namespace lapel::training {

enum class Change { kSame, kAdded, kRemoved, kChanged };
std::string_view change_name(Change change);

// A run of words with what stands between them.
struct Piece {
  Change change = Change::kSame;  // never kChanged
  std::string text;
  friend bool operator==(const Piece&, const Piece&) = default;
};
std::vector<Piece> changed_words(const std::string& before, const std::string& after);

struct ClauseChange {
  std::string key;
  Change change = Change::kSame;
  std::vector<Piece> heading, text;
  // What it maps to, where that is another now; a sentence.
  std::string mapping;
};
// In the order of `after`; what was removed stands where it stood.
std::vector<ClauseChange> changed_clauses(const VersionText& before, const VersionText& after);

}  // namespace lapel::training
