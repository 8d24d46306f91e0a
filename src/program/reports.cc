// SPDX-License-Identifier: Apache-2.0
#include "program/reports.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "program/kinds.h"
#include "program/report_parts.h"

namespace lapel::program {
namespace {

Json money_or_null(const std::optional<Amount>& amount) {
  return amount ? Json(money_text(amount->money)) : Json();
}
Json::Array assumptions(const Program& program) {
  return fields_where(program, [](const SubjectName&, const Field& field) { return is_assumed(field); });
}

Json::Array rounds_json(const Program& program) {
  Json::Array out;
  for (const Round& round : rounds(program)) {
    Json::Array awards;
    for (const Award& award : round.awards) {
      Json::Array beside;
      for (const Amount& other : award.beside) beside.push_back(amount_json(other));
      awards.emplace_back(Json::Object{{"grant", award.grant.text()},
                                       {"recipient", text_or_null(award.recipient)},
                                       {"award", amount_json(award.award)},
                                       {"beside", std::move(beside)}});
    }
    Json disagreement;
    if (round.sum && round.beside_sum) {
      const Money apart = round.beside_sum->money - round.sum->money;
      disagreement = Json::Object{{"sum", money_text(round.beside_sum->money)},
                                  {"apart", money_text({std::max(apart.cents, -apart.cents)})},
                                  {"by", round.is_rounding ? "rounding" : "differs"}};
    }
    out.emplace_back(Json::Object{{"round", round.round.text()},
                                  {"title", standing_json(program, round.round, "title")},
                                  {"awarded", standing_json(program, round.round, "awarded")},
                                  {"departments", round.departments ? Json(*round.departments) : Json()},
                                  {"awards", std::move(awards)},
                                  {"sum", amount_json(round.sum)},
                                  {"disagreement", std::move(disagreement)}});
  }
  return out;
}

Json::Object costs_json(const Program& program, const std::optional<SubjectName>& contract) {
  const Costs figures = costs(program, contract);
  Json::Array payments, lines, grants;
  for (const Line& line : figures.lines) {
    const bool is_approximate =
        (line.amount && line.amount->is_approximate) || (line.grant && line.grant->is_approximate);
    payments.emplace_back(Json::Object{{"n", line.n},
                                       {"amount", money_or_null(line.amount)},
                                       {"grant", money_or_null(line.grant)},
                                       {"city", money_or_null(line.city)},
                                       {"approximate", is_approximate}});
    lines.emplace_back(Json::Object{{"n", line.n},
                                    {"fiscal_year", line.fiscal_year ? Json(*line.fiscal_year) : Json()},
                                    {"recurring", line.is_recurring},
                                    {"grant_approximate", line.grant && line.grant->is_approximate},
                                    {"assumption", line.amount && line.amount->is_assumed}});
  }
  for (const GrantShare& share : figures.grants) {
    Json::Array by_payment;
    for (const Money part : share.by_line) by_payment.emplace_back(money_text(part));
    grants.emplace_back(Json::Object{{"grant", share.grant.text()},
                                     {"award", amount_json(share.award)},
                                     {"by_payment", std::move(by_payment)},
                                     {"left", figures.unspent ? Json(money_text(share.left)) : Json()}});
  }
  return {{"contract", contract ? Json(contract->text()) : Json()},
          {"vendor", contract ? standing_json(program, *contract, "vendor") : Json()},
          {"payments", std::move(payments)},
          {"lines", std::move(lines)},
          {"grants", std::move(grants)},
          {"grant_residual", money_or_null(figures.residual)},
          {"grant_unspent", money_or_null(figures.unspent)},
          {"total", Json::Object{{"amount", money_or_null(figures.total)},
                                 {"approximate", figures.total && figures.total->is_approximate}}},
          {"total_assumption", figures.total && figures.total->is_assumed},
          {"per_year", amount_json(contract ? per_year(program, *contract) : std::nullopt)}};
}

}  // namespace

Result<std::optional<SubjectName>> find_contract(const Program& program, const std::string& wanted) {
  const std::vector<SubjectName> all = program.of_kind(kContract);
  if (!wanted.empty()) {
    const auto found = std::ranges::find_if(
        all, [&](const SubjectName& name) { return name.slug == wanted || name.text() == wanted; });
    if (found == all.end()) return fail(Code::kNotFound, "No such contract", wanted);
    return std::optional(*found);
  }
  if (all.empty()) return std::optional<SubjectName>();
  if (all.size() == 1) return std::optional(all[0]);
  std::string names;
  for (const SubjectName& name : all) names += (names.empty() ? "" : ", ") + name.slug;
  return fail(Code::kInvalid, fmt::format("There are several contracts: say which, of {}", names));
}

Json::Object status_report(const Program& program) {
  Json::Object out = head_of(program);
  Json::Array titles, strength;
  for (const SubjectName& name : program.of_kind("program")) titles.push_back(standing_json(program, name, "title"));
  for (const SubjectName& name : program.of_kind(kStrength)) {
    if (const Field* people = program.field(name, "people")) strength.emplace_back(field_json(name, "people", *people));
  }
  // Milestones in the order of their days; those without a day last.
  std::vector<std::pair<std::string, Json>> milestones;
  for (const SubjectName& name : program.of_kind(kMilestone)) {
    const Statement* on = program.standing(name, "on");
    const Field* days = program.field(name, "on");
    Json::Array beside;
    for (const Statement* other : days ? days->beside() : std::vector<const Statement*>()) {
      if (other->value) beside.push_back(value_json(*other->value));
    }
    Json::Object item = {{"subject", name.text()},
                         {"title", standing_json(program, name, "title")},
                         {"on", standing_json(program, name, "on")},
                         {"until", standing_json(program, name, "until")},
                         {"approximate", on && on->is_approximate},
                         {"assumption", on && on->is_assumed},
                         {"beside", std::move(beside)}};
    milestones.emplace_back(on ? day_text({on->value->low}) : "9999-99-99", std::move(item));
  }
  std::stable_sort(milestones.begin(), milestones.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Json::Array days;
  for (auto& [day, item] : milestones) days.push_back(std::move(item));
  out.emplace("titles", std::move(titles));
  out.emplace("strength", std::move(strength));
  out.emplace("milestones", std::move(days));
  out.emplace("contradictions",
              fields_where(program, [](const SubjectName&, const Field& field) { return is_contradicted(field); }));
  out.emplace("corrections", fields_where(program, [](const SubjectName&, const Field& field) {
                return std::ranges::find(field.all, Status::kCorrected, &Said::status) != field.all.end();
              }));
  out.emplace("assumptions", assumptions(program));
  return out;
}

Json::Object costs_report(const Program& program, const std::optional<SubjectName>& contract) {
  Json::Object out = head_of(program);
  out.merge(costs_json(program, contract));
  out.emplace("rounds", rounds_json(program));
  out.emplace("assumptions", assumptions(program));
  return out;
}

Json::Object full_report(const Program& program, const KindNames& kinds) {
  Json::Object out = head_of(program);
  Json::Array subjects, all_costs;
  for (const auto& [subject, fields] : program.subjects) {
    if (!kinds.empty() && !kinds.contains(subject.kind)) continue;
    Json::Array items;
    for (const auto& [name, field] : fields) items.emplace_back(told_json(subject, name, field));
    subjects.emplace_back(
        Json::Object{{"subject", subject.text()}, {"kind", subject.kind}, {"fields", std::move(items)}});
  }
  for (const SubjectName& contract : program.of_kind(kContract)) all_costs.emplace_back(costs_json(program, contract));
  out.emplace("subjects", std::move(subjects));
  out.emplace("costs", std::move(all_costs));
  out.emplace("rounds", rounds_json(program));
  return out;
}

}  // namespace lapel::program
