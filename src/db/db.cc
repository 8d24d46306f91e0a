// SPDX-License-Identifier: Apache-2.0
#include "db/db.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json.h"
#include "db/engine.h"

namespace lapel::db {
namespace {

template <typename T>
const T& typed(const Value& value, std::string_view column, const char* type) {
  const T* held = std::get_if<T>(&value);
  if (held == nullptr) {
    check_failed(__FILE__, __LINE__, fmt::format("column {} holds {}", column, type).c_str());
  }
  return *held;
}

}  // namespace

Param::Param(std::string_view n, std::uint64_t v) : name(n), value(static_cast<std::int64_t>(v)) {
  CHECK(v <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
}

const Value& Row::at(std::string_view column) const {
  const auto found = std::find(columns_->begin(), columns_->end(), column);
  if (found == columns_->end()) {
    check_failed(__FILE__, __LINE__, fmt::format("the query selects {}", column).c_str());
  }
  return values_[static_cast<std::size_t>(found - columns_->begin())];
}

bool Row::is_null(std::string_view column) const {
  return std::holds_alternative<std::nullptr_t>(at(column));
}
std::int64_t Row::integer(std::string_view column) const {
  return typed<std::int64_t>(at(column), column, "a BIGINT");
}
const std::string& Row::text(std::string_view column) const {
  return typed<std::string>(at(column), column, "a TEXT");
}
const Bytes& Row::bytes(std::string_view column) const {
  return typed<Bytes>(at(column), column, "bytes");
}

std::optional<std::int64_t> Row::maybe_integer(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}
std::optional<std::string> Row::maybe_text(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

// ---- what both engines share ----

thread_local const Database* OnlyTransactionOfThread::inside_a_body_of = nullptr;

void bug(const char* rule, std::string_view sql) {
  check_failed(__FILE__, __LINE__, fmt::format("{}: {}", rule, sql).c_str());
}

const Param& param_named(std::string_view name, const Params& params, std::string_view sql) {
  const auto found = std::find_if(params.begin(), params.end(), [&](const Param& p) { return p.name == name; });
  if (found == params.end()) bug("SQL and parameters have the same names", sql);
  return *found;
}

Result<void> check_text(const Param& param) {
  const std::string& text = std::get<std::string>(param.value);
  if (is_utf8(text) && text.find('\0') == std::string::npos) return {};
  return fail(Code::kInvalid, "A text is not UTF-8, or has a zero byte in it.", std::string(param.name));
}

void check_columns(const std::vector<std::string>& columns, std::string_view sql) {
  for (auto column = columns.begin(); column != columns.end(); ++column) {
    if (std::find(columns.begin(), column, *column) != column) bug("columns of one query have different names", sql);
  }
}

}  // namespace lapel::db
