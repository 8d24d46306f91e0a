// SPDX-License-Identifier: Apache-2.0
#include "base/shape.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace lapel {
namespace {

std::string at(std::string_view place, std::string_view sentence) {
  return place.empty() ? std::string(sentence) : fmt::format("{}: {}", place, sentence);
}

}  // namespace

Result<void> require_members(const Json::Object& object, std::string_view place,
                             std::span<const std::string_view> names) {
  for (const auto& [name, value] : object) {
    if (std::ranges::find(names, name) != names.end()) continue;
    return fail(Code::kInvalid, at(place, fmt::format("there is no member \"{}\": remove it, or write one of {}",
                                                      printable(name), fmt::join(names, ", "))));
  }
  return {};
}

Result<Shape> Shape::of(const Json& json, std::string place, std::initializer_list<std::string_view> names) {
  if (json.object() == nullptr) return fail(Code::kInvalid, at(place, "this must be an object"));
  TRY(require_members(*json.object(), place, names));
  return Shape(json, std::move(place));
}

tl::unexpected<Error> Shape::wrong(std::string_view name, std::string_view what) const {
  return fail(Code::kInvalid, at(place_, fmt::format("\"{}\" must be {}", name, what)));
}

bool Shape::has(std::string_view name) const {
  return json_->find(name) != nullptr;
}

Result<std::string> Shape::text(std::string_view name) const {
  const std::string* text = json_->find_string(name);
  if (text == nullptr || text->empty() || text->size() > limits::kFieldBytesMax || has_control_characters(*text))
    return wrong(name, fmt::format("text of 1 to {} bytes on one line", limits::kFieldBytesMax));
  return *text;
}

Result<Day> Shape::day(std::string_view name) const {
  const auto day = parse_day(TRY(text(name)));
  if (!day) return wrong(name, "a day, YYYY-MM-DD");
  return *day;
}

Result<std::int64_t> Shape::count(std::string_view name, std::int64_t most) const {
  const std::int64_t* number = json_->find_integer(name);
  if (number == nullptr || *number < 0 || *number > most)
    return wrong(name, fmt::format("a whole number from 0 to {}", most));
  return *number;
}

Result<const Json::Array*> Shape::list(std::string_view name, std::size_t most) const {
  const Json* list = json_->find(name);
  if (list == nullptr || list->array() == nullptr || list->array()->size() > most)
    return wrong(name, fmt::format("a list of at most {}", most));
  return list->array();
}

Result<void> Shape::is(std::string_view name, std::string_view wanted) const {
  const std::string* text = json_->find_string(name);
  if (text == nullptr || *text != wanted) return wrong(name, fmt::format("{}: this is none", wanted));
  return {};
}

}  // namespace lapel
