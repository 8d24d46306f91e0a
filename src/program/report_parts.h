// SPDX-License-Identifier: Apache-2.0
#pragma once
// What several reports are made of: a field as it stands, a statement with its source.
//
// Owns: the words of these parts (api/openapi.yaml, tag program).
// Promises: pure functions of a Program. Claims that contradict a value stand beside it.
// Fails with: nothing.
// Threads: pure functions.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "program/fold.h"
#include "program/money.h"

namespace lapel::program {

Json text_or_null(const std::string& text);

Json amount_json(const std::optional<Amount>& amount);

// Of which day, by which time, with what.
Json::Object head_of(const Program& program);

// The value that stands, or null.
Json standing_json(const Program& program, const SubjectName& subject, std::string_view field);
// A field as it stands, with what contradicts it; and with every statement on it.
Json::Object field_json(const SubjectName& subject, const std::string& name, const Field& field);
Json::Object told_json(const SubjectName& subject, const std::string& name, const Field& field);

Json::Array fields_where(const Program& program, const std::function<bool(const SubjectName&, const Field&)>& wanted);
bool is_assumed(const Field& field);
bool is_contradicted(const Field& field);

Json::Object statement_json(const Said& said);

}  // namespace lapel::program
