// SPDX-License-Identifier: Apache-2.0
#include "program/rollouts.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "program/bargaining.h"
#include "program/costs.h"
#include "program/kinds.h"
#include "program/report_parts.h"

namespace lapel::program {
namespace {

// "16.7": tenths of a percent, rounded to the nearest.
Json percent(std::int64_t part, std::int64_t whole) {
  if (whole <= 0) return {};
  const std::int64_t tenths = (part * 2'000 + whole) / (whole * 2);
  return fmt::format("{}.{}", tenths / 10, tenths % 10);
}

struct Count {
  std::int64_t number = 0;
  bool is_whole = true;  // every site has said
  bool is_approximate = false, is_assumed = false;

  void add(const Statement* statement) {
    // "87 or 88" is one number for nobody.
    if (!statement || statement->value->low != statement->value->high) {
      is_whole = false;
      return;
    }
    number += statement->value->low;
    is_approximate = is_approximate || statement->is_approximate;
    is_assumed = is_assumed || statement->is_assumed;
  }
  Json json() const {
    if (!is_whole) return {};
    return Json::Object{{"number", number}, {"approximate", is_approximate}, {"assumption", is_assumed}};
  }
};

Json field_or_null(const Program& program, const SubjectName& subject, const std::string& name) {
  const Field* field = program.field(subject, name);
  return field ? Json(field_json(subject, name, *field)) : Json();
}

// What a site costs a year: its wearers' part of all cameras.
std::optional<Amount> share_of(const std::optional<Amount>& yearly, const Statement* wearers,
                               const Statement* cameras) {
  if (!yearly || !wearers || !cameras || wearers->value->low != wearers->value->high) return std::nullopt;
  if (cameras->value->low < wearers->value->low || cameras->value->low == 0) return std::nullopt;
  return Amount{part_of(yearly->money, wearers->value->low, cameras->value->low),
                yearly->is_approximate || wearers->is_approximate || cameras->is_approximate,
                yearly->is_assumed || wearers->is_assumed || cameras->is_assumed};
}

}  // namespace

Json::Array rollouts_json(const Program& program) {
  Json::Array out;
  for (const SubjectName& rollout : program.of_kind(kRollout)) {
    const auto contract = subject_of(program, rollout, "contract");
    const auto yearly = contract ? per_year(program, *contract) : std::nullopt;
    const Statement* cameras = program.standing(rollout, "cameras");
    Json::Array sites;
    Count live_wearers, wearers;
    std::int64_t live = 0;
    for (const SubjectName& site : naming(program, kSite, "rollout", rollout)) {
      const auto from = day_of(program, site, "live_on");
      const bool is_live = from && *from <= program.view.as_of;
      Json::Array names;
      if (const Field* field = program.field(site, "alias")) {
        for (const Said& said : field->all) {
          if (is_open(said) && said.statement->value) names.emplace_back(said.statement->value->words);
        }
      }
      live += is_live ? 1 : 0;
      wearers.add(program.standing(site, "wearers"));
      if (is_live) live_wearers.add(program.standing(site, "wearers"));
      sites.emplace_back(
          Json::Object{{"site", site.text()},
                       {"title", standing_json(program, site, "title")},
                       {"aliases", std::move(names)},
                       {"wearers", field_or_null(program, site, "wearers")},
                       {"share", amount_json(share_of(yearly, program.standing(site, "wearers"), cameras))},
                       {"live_on", field_or_null(program, site, "live_on")},
                       {"state", is_live ? "live"
                                 : from  ? "planned"
                                         : "not_stated"}});
    }
    const Statement* stated = program.standing(rollout, "sites");
    const auto known = static_cast<std::int64_t>(sites.size());
    const std::int64_t of = stated ? std::max(stated->value->low, known) : known;
    // Of sites that nobody has named nobody has said how many wear one there.
    if (of > known) wearers.is_whole = false;
    const auto by = day_of(program, rollout, "by");
    out.emplace_back(Json::Object{
        {"rollout", rollout.text()},
        {"title", standing_json(program, rollout, "title")},
        {"by", field_or_null(program, rollout, "by")},
        {"days_left", by ? Json(by->number - program.view.as_of.number) : Json()},
        {"live", live},
        {"of", of},
        {"percent", percent(live, of)},
        {"cameras", field_or_null(program, rollout, "cameras")},
        {"per_year", amount_json(yearly)},
        {"live_wearers", live_wearers.json()},
        {"wearers", wearers.json()},
        {"wearers_percent",
         wearers.is_whole && live_wearers.is_whole ? percent(live_wearers.number, wearers.number) : Json()},
        {"sites", std::move(sites)}});
  }
  return out;
}

}  // namespace lapel::program
