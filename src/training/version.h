// SPDX-License-Identifier: Apache-2.0
#pragma once
// The text of one version of a policy: its clauses and its short check (docs/formats/training.md).
//
// Owns: the form of a version's file, the canonical bytes that people acknowledge, and the judging of a check.
// Promises: pure. What is acknowledged has every word of the clauses, questions and choices, and not which choice is right: the
//   text may be given to anybody before they answer. The same file makes the same bytes.
// Fails with: kInvalid, naming the place in the file; std::nullopt for kept bytes that are no version.
// Threads: values and pure functions.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace lapel::training {

inline constexpr std::size_t kVersionBytesMax = 256 * 1024;  // of the file, and of what is made of it
inline constexpr std::size_t kClausesMax = 200;
inline constexpr std::size_t kClauseBytesMax = 16 * 1024;
inline constexpr std::size_t kQuestionsMax = 10;
inline constexpr std::size_t kChoicesMax = 8;
inline constexpr std::size_t kKeyBytesMax = 64;

// A setting of the product that does what the clause says, and the value that it says.
struct ClauseSetting {
  std::string name, value;
  friend bool operator==(const ClauseSetting&, const ClauseSetting&) = default;
};
struct Clause {
  std::string key;  // the same in every version
  std::string heading, text;
  std::vector<std::string> items;  // of the checklist
  std::optional<ClauseSetting> setting;
  friend bool operator==(const Clause&, const Clause&) = default;
};
struct Question {
  std::string question;
  std::vector<std::string> choices;
  friend bool operator==(const Question&, const Question&) = default;
};
struct VersionText {
  std::vector<Clause> clauses;
  std::vector<Question> check;
  friend bool operator==(const VersionText&, const VersionText&) = default;
};
struct WrittenVersion {
  VersionText text;
  std::vector<std::int64_t> right;  // of each question, which choice: 0 is the first
};

// A name in addresses and files: a-z 0-9 and '-', beginning with a letter.
bool is_key(std::string_view text);

// As people write it: {"clauses": [...], "check": [...]}.
Result<WrittenVersion> read_version(const Json& file);

// The bytes that are hashed and acknowledged.
struct VersionOf {
  std::string policy;  // its slug
  std::int64_t number = 1;
};
std::string canonical_version(const VersionOf& of, const VersionText& text);
std::optional<VersionText> parse_version(std::string_view bytes);

// The numbers of the questions answered wrong, or not at all: 1 is the first.
std::vector<std::int64_t> judge(const std::vector<std::int64_t>& right, const std::vector<std::int64_t>& answers);
// Which choices are right, as the catalog and the event keep it: "1 0 2". nullopt for a text that is none.
std::string right_text(const std::vector<std::int64_t>& right);
std::optional<std::vector<std::int64_t>> parse_right(std::string_view text);

}  // namespace lapel::training
