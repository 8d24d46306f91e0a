// SPDX-License-Identifier: Apache-2.0
#include "program/report_parts.h"

#include <utility>

namespace lapel::program {

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}
Json amount_json(const std::optional<Amount>& amount) {
  if (!amount) return {};
  return Json::Object{{"amount", money_text(amount->money)},
                      {"approximate", amount->is_approximate},
                      {"assumption", amount->is_assumed}};
}

Json::Object head_of(const Program& program) {
  return {{"as_of", day_text(program.view.as_of)},
          {"follows", program.view.follows == Follows::kRecordedOn ? "recorded_on" : "ledger"},
          {"embargoed", program.view.embargoed == Embargoed::kIncluded ? "included" : "left_out"},
          {"privileged", program.view.privileged == Privileged::kIncluded ? "included" : "left_out"}};
}

Json standing_json(const Program& program, const SubjectName& subject, std::string_view field) {
  const Statement* found = program.standing(subject, field);
  return found ? value_json(*found->value) : Json();
}

// A field as it stands, with what contradicts it.
Json::Object field_json(const SubjectName& subject, const std::string& name, const Field& field) {
  const Statement* standing = field.standing();
  Json::Array beside;
  for (const Statement* other : field.beside()) {
    if (other->value) beside.push_back(value_json(*other->value));
  }
  return {{"subject", subject.text()},
          {"field", name},
          {"value", standing && standing->value ? value_json(*standing->value) : Json()},
          {"approximate", standing && standing->is_approximate},
          {"assumption", standing && standing->is_assumed},
          {"reason", text_or_null(standing ? standing->reason : "")},
          {"beside", std::move(beside)}};
}

Json::Object told_json(const SubjectName& subject, const std::string& name, const Field& field) {
  Json::Object out = field_json(subject, name, field);
  Json::Array all;
  for (const Said& said : field.all) all.emplace_back(statement_json(said));
  out.emplace("statements", std::move(all));
  return out;
}

Json::Array fields_where(const Program& program, const std::function<bool(const SubjectName&, const Field&)>& wanted) {
  Json::Array out;
  for (const auto& [subject, fields] : program.subjects) {
    for (const auto& [name, field] : fields) {
      if (wanted(subject, field)) out.emplace_back(field_json(subject, name, field));
    }
  }
  return out;
}

bool is_assumed(const Field& field) {
  return field.standing() && field.standing()->is_assumed;
}
bool is_contradicted(const Field& field) {
  return !field.beside().empty();
}

Json::Object statement_json(const Said& said) {
  const Statement& statement = *said.statement;
  return {{"id", statement.id},
          {"name", text_or_null(statement.name)},
          {"subject", statement.subject.text()},
          {"field", statement.field},
          {"value", statement.value ? value_json(*statement.value) : Json()},
          {"approximate", statement.is_approximate},
          {"assumption", statement.is_assumed},
          {"source",
           Json::Object{
               {"by", statement.source.by}, {"where", statement.source.where}, {"on", day_text(statement.source.on)}}},
          {"relation", text_or_null(std::string(relation_name(statement.relation)))},
          {"about", text_or_null(statement.about)},
          {"reason", text_or_null(statement.reason)},
          {"recorded_on", statement.recorded_on ? Json(day_text(*statement.recorded_on)) : Json()},
          {"recorded_at", ledger_time(statement.recorded_at)},
          {"recorded_by", Json::Object{{"id", statement.recorded_by.text()}, {"name", statement.recorded_by_name}}},
          {"status", status_name(said.status)},
          {"status_by", said.by ? Json(said.by->id) : Json()}};
}

}  // namespace lapel::program
