// SPDX-License-Identifier: Apache-2.0
#include "program/statement.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "program/money.h"

namespace lapel::program {
namespace {

constexpr auto kTypes = std::to_array<std::pair<Type, std::string_view>>({
    {Type::kMoney, "money"},
    {Type::kCount, "count"},
    {Type::kRange, "range"},
    {Type::kDate, "date"},
    {Type::kText, "text"},
    {Type::kSubject, "subject"},
});
constexpr auto kRelations = std::to_array<std::pair<Relation, std::string_view>>({
    {Relation::kNone, ""},
    {Relation::kCorrects, "corrects"},
    {Relation::kUpdates, "updates"},
    {Relation::kContradicts, "contradicts"},
    {Relation::kChooses, "chooses"},
});

template <typename Table, typename Key>
std::string_view name_in(const Table& table, Key wanted) {
  for (const auto& [key, name] : table) {
    if (key == wanted) return name;
  }
  CHECK(false);
}
template <typename Table>
auto key_in(const Table& table, std::string_view wanted) -> std::optional<decltype(table[0].first)> {
  for (const auto& [key, name] : table) {
    if (name == wanted) return key;
  }
  return std::nullopt;
}

}  // namespace

std::string_view type_name(Type type) {
  return name_in(kTypes, type);
}
std::optional<Type> parse_type(std::string_view name) {
  const auto found = key_in(kTypes, name);
  return found ? std::optional<Type>(*found) : std::nullopt;
}
std::string_view relation_name(Relation relation) {
  return name_in(kRelations, relation);
}
std::optional<Relation> parse_relation(std::string_view name) {
  const auto found = key_in(kRelations, name);
  return found ? std::optional<Relation>(*found) : std::nullopt;
}

std::optional<SubjectName> parse_subject(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const std::string_view kind = text.substr(0, slash), slug = text.substr(slash + 1);
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  if (slug.empty() || slug.size() > kSlugBytesMax || slug[0] == '-') return std::nullopt;
  if (slug.find_first_not_of(kLetters) != std::string_view::npos) return std::nullopt;
  return SubjectName{std::string(kind), std::string(slug)};
}

Json value_json(const Value& value) {
  switch (value.type) {
    case Type::kMoney:
      return money_text({value.low});
    case Type::kCount:
      return value.low;
    case Type::kRange:
      return value.low == value.high ? Json(value.low) : Json(Json::Array{value.low, value.high});
    case Type::kDate:
      return day_text({value.low});
    case Type::kText:
    case Type::kSubject:
      return value.words;
  }
  CHECK(false);
}

}  // namespace lapel::program
