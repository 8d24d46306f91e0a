// SPDX-License-Identifier: Apache-2.0
#include "program/bargaining_report.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "program/bargaining.h"
#include "program/kinds.h"
#include "program/report_parts.h"

namespace lapel::program {
namespace {

constexpr auto kKinds = std::to_array<std::string_view>(
    {kUnit, kBargaining, kSession, kOffer, kNotice, kReviewer, kReview, kDelivery, kParticipation, kPilot, kTask});

// A field with every statement on it; null where nobody has said anything.
Json told(const Program& program, const SubjectName& subject, const std::string& name) {
  const Field* field = program.field(subject, name);
  return field ? Json(told_json(subject, name, *field)) : Json();
}

// Those of a field of many that count.
Json::Array notes(const Program& program, const SubjectName& subject, std::string_view name) {
  Json::Array out;
  const Field* field = program.field(subject, name);
  if (!field) return out;
  for (const Said& said : field->all) {
    if (is_open(said)) out.emplace_back(statement_json(said));
  }
  return out;
}

Json title_of(const Program& program, const Json& subject) {
  const std::string* text = subject.string();
  const auto name = text ? parse_subject(*text) : std::nullopt;
  return name ? standing_json(program, *name, "title") : Json();
}

// In the order of the days that a field of theirs has; those without a day last.
std::vector<SubjectName> by_day(const Program& program, std::vector<SubjectName> subjects, std::string_view field) {
  const auto key = [&](const SubjectName& subject) {
    const Statement* found = program.standing(subject, field);
    return std::pair(found ? found->value->low : INT64_MAX, found ? found->value->words : std::string());
  };
  std::ranges::stable_sort(subjects, {}, key);
  return subjects;
}

Json window_json(const Program& program, const SubjectName& bargaining) {
  const auto window = session_window(program, bargaining);
  if (!window) return {};
  return Json::Object{
      {"from", day_text(window->from)},        {"weeks", standing_json(program, bargaining, "window_weeks")},
      {"days", window->weeks.days()},          {"until", day_text(window->until)},
      {"approximate", window->is_approximate}, {"assumption", window->is_assumed}};
}

Json::Object bargaining_json(const Program& program, const SubjectName& name) {
  Json::Array sessions, offers;
  for (const SubjectName& each : by_day(program, naming(program, kSession, "bargaining", name), "on")) {
    sessions.emplace_back(Json::Object{
        {"session", each.text()}, {"on", told(program, each, "on")}, {"notes", notes(program, each, "note")}});
  }
  for (const SubjectName& each : by_day(program, naming(program, kOffer, "bargaining", name), "made_on")) {
    offers.emplace_back(Json::Object{{"offer", each.text()},
                                     {"made_by", standing_json(program, each, "made_by")},
                                     {"text", told(program, each, "text")},
                                     {"made_on", told(program, each, "made_on")},
                                     {"answer", told(program, each, "answer")}});
  }
  Json::Array privileged = notes(program, name, "concerns");
  for (Json& note : notes(program, name, "privileged_note")) privileged.push_back(std::move(note));
  const Json unit = standing_json(program, name, "unit");
  return {{"bargaining", name.text()},
          {"unit", unit},
          {"unit_title", title_of(program, unit)},
          {"about", standing_json(program, name, "about")},
          {"state", told(program, name, "state")},
          {"position", told(program, name, "position")},
          {"agency_position", told(program, name, "agency_position")},
          {"opened_on", told(program, name, "opened_on")},
          {"resolved_on", told(program, name, "resolved_on")},
          {"window", window_json(program, name)},
          {"sessions", std::move(sessions)},
          {"offers", std::move(offers)},
          {"notes", notes(program, name, "note")},
          {"privileged_notes", std::move(privileged)}};
}

Json::Object notice_json(const Program& program, const SubjectName& name) {
  const NoticeStanding standing = notice_standing(program, name);
  Json::Array to, reviews;
  if (const Field* field = program.field(name, "to")) {
    for (const Said& said : field->all) {
      if (!is_open(said) || !said.statement->value) continue;
      const Json unit = value_json(*said.statement->value);
      Json received;
      for (const SubjectName& delivery : naming(program, kDelivery, "notice", name)) {
        if (standing_json(program, delivery, "unit") == unit) received = told(program, delivery, "received_at");
      }
      to.emplace_back(Json::Object{{"unit", unit}, {"title", title_of(program, unit)}, {"received_at", received}});
    }
  }
  for (const Reviewing& review : standing.reviews) {
    reviews.emplace_back(Json::Object{
        {"reviewer", review.reviewer.text()},
        {"title", standing_json(program, review.reviewer, "title")},
        {"decision", review.decision ? Json(review.decision->value->words) : Json()},
        {"decided_at", review.decided_at ? Json(review.decided_at->value->words) : Json()},
        {"assumption",
         (review.decision && review.decision->is_assumed) || (review.decided_at && review.decided_at->is_assumed)}});
  }
  return {{"notice", name.text()},
          {"title", standing_json(program, name, "title")},
          {"purpose", standing_json(program, name, "purpose")},
          {"text", standing_json(program, name, "text")},
          {"state", standing.state ? Json(notice_state_name(*standing.state)) : Json()},
          {"to", std::move(to)},
          {"reviews", std::move(reviews)},
          {"sent_at", told(program, name, "sent_at")},
          {"notes", notes(program, name, "note")},
          {"privileged_notes", notes(program, name, "privileged_note")}};
}

Json::Object pilot_json(const Program& program, const SubjectName& name) {
  const auto figure = participants(program, name);
  Json number;
  if (figure) {
    number = Json::Object{
        {"number", figure->number}, {"approximate", figure->is_approximate}, {"assumption", figure->is_assumed}};
  }
  Json::Array by_unit;
  for (const SubjectName& part : naming(program, kParticipation, "pilot", name)) {
    const Json unit = standing_json(program, part, "unit");
    by_unit.emplace_back(Json::Object{{"participation", part.text()},
                                      {"unit", unit},
                                      {"title", title_of(program, unit)},
                                      {"participants", told(program, part, "participants")},
                                      {"mode", told(program, part, "mode")}});
  }
  const Json wear = standing_json(program, name, "wear");
  const std::string* word = wear.string();
  return {{"pilot", name.text()},
          {"stated", told(program, name, "state")},
          {"participants", std::move(number)},
          {"state", figure ? Json(pilot_state(*figure)) : Json()},
          {"mandatory_wear", word && *word == "mandatory" ? "on" : "off"},
          {"wear", told(program, name, "wear")},
          {"by_unit", std::move(by_unit)}};
}

}  // namespace

Json::Object bargaining_report(const Program& program) {
  Json::Object out = head_of(program);
  Json::Array units, all, notices, pilot_list, tasks;
  for (const SubjectName& name : program.of_kind(kUnit)) {
    units.emplace_back(Json::Object{{"unit", name.text()},
                                    {"title", standing_json(program, name, "title")},
                                    {"members", standing_json(program, name, "members")},
                                    {"parent", standing_json(program, name, "parent")}});
  }
  for (const SubjectName& name : program.of_kind(kBargaining)) all.emplace_back(bargaining_json(program, name));
  for (const SubjectName& name : program.of_kind(kNotice)) notices.emplace_back(notice_json(program, name));
  for (const SubjectName& name : pilots(program)) pilot_list.emplace_back(pilot_json(program, name));
  for (const SubjectName& name : program.of_kind(kTask)) {
    tasks.emplace_back(Json::Object{{"task", name.text()},
                                    {"title", standing_json(program, name, "title")},
                                    {"state", told(program, name, "state")},
                                    {"notes", notes(program, name, "note")}});
  }
  const auto is_of_it = [](const SubjectName& subject) {
    return std::ranges::find(kKinds, std::string_view(subject.kind)) != kKinds.end();
  };
  out.emplace("units", std::move(units));
  out.emplace("bargaining", std::move(all));
  out.emplace("notices", std::move(notices));
  out.emplace("pilots", std::move(pilot_list));
  out.emplace("tasks", std::move(tasks));
  out.emplace("contradictions", fields_where(program, [&](const SubjectName& subject, const Field& field) {
                return is_of_it(subject) && is_contradicted(field);
              }));
  out.emplace("assumptions", fields_where(program, [&](const SubjectName& subject, const Field& field) {
                return is_of_it(subject) && is_assumed(field);
              }));
  return out;
}

}  // namespace lapel::program
