// SPDX-License-Identifier: Apache-2.0
#pragma once
// A statement: that somebody said, somewhere and on some day, that a field of a subject has a value.
//
// Owns: Statement and the names of its parts (docs/formats/program.md).
// Promises: nothing of a statement changes once it is sealed.
// Fails with: std::nullopt for a text that names nothing.
// Threads: values and pure functions.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/day.h"
#include "base/ids.h"
#include "base/json.h"

namespace lapel::program {

enum class Type { kMoney, kCount, kRange, kDate, kText, kSubject };
std::string_view type_name(Type type);
std::optional<Type> parse_type(std::string_view name);

// "grant/eopss-fy23-pittsfield". Whether there is such a kind is kinds.h's to say.
struct SubjectName {
  std::string kind, slug;

  std::string text() const { return kind + '/' + slug; }
  friend auto operator<=>(const SubjectName&, const SubjectName&) = default;
};
std::optional<SubjectName> parse_subject(std::string_view text);
inline constexpr std::size_t kSlugBytesMax = 64;

// Money in cents, counts, and days since 1970 are numbers; but for a range both are the same. Texts and subjects are words.
struct Value {
  Type type = Type::kText;
  std::int64_t low = 0, high = 0;
  std::string words;

  friend bool operator==(const Value&, const Value&) = default;
};
Json value_json(const Value& value);

enum class Relation { kNone, kCorrects, kUpdates, kContradicts, kChooses };
std::string_view relation_name(Relation relation);  // empty for kNone
std::optional<Relation> parse_relation(std::string_view name);

struct Source {
  std::string by, where;
  Day on;
};

struct Statement {
  std::string id;    // of what it says
  std::string name;  // as files call it; empty: it has none
  SubjectName subject;
  std::string field;
  std::optional<Value> value;  // none: it chooses another's
  bool is_approximate = false, is_assumed = false;
  Source source;
  Relation relation = Relation::kNone;
  std::string about;  // id of the statement that `relation` is to
  std::string reason;
  std::optional<Day> recorded_on;  // as the file says; the ledger's time is recorded_at
  Timestamp recorded_at;
  PersonId recorded_by;
  std::string recorded_by_name;
};

}  // namespace lapel::program
