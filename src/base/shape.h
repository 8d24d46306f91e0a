// SPDX-License-Identifier: Apache-2.0
#pragma once
// An object in a file that people write, read member by member: what is wrong is told with its place.
//
// Owns: the words for a member that is missing, of another type, or unknown.
// Promises: an object has the members that were named and no others, so that a misspelled one is never taken for one left out.
// Fails with: kInvalid.
// Threads: values. Refers to the Json that it was made of.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/day.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/result.h"

namespace lapel {

// `place`: "Month 3", as the sentence begins; may be empty.
Result<void> require_members(const Json::Object& object, std::string_view place,
                             std::span<const std::string_view> names);

class Shape {
 public:
  static Result<Shape> of(const Json& json, std::string place, std::initializer_list<std::string_view> names);

  bool has(std::string_view name) const;
  Result<std::string> text(std::string_view name) const;  // 1 to limits::kFieldBytesMax bytes on one line
  Result<Day> day(std::string_view name) const;           // YYYY-MM-DD
  Result<std::int64_t> count(std::string_view name, std::int64_t most) const;
  Result<const Json::Array*> list(std::string_view name, std::size_t most) const;
  Result<void> is(std::string_view name, std::string_view wanted) const;  // that text and no other

 private:
  Shape(const Json& json, std::string place) : json_(&json), place_(std::move(place)) {}
  tl::unexpected<Error> wrong(std::string_view name, std::string_view what) const;

  const Json* json_;
  std::string place_;
};

}  // namespace lapel
