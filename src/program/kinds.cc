// SPDX-License-Identifier: Apache-2.0
#include "program/kinds.h"

#include <algorithm>
#include <array>

namespace lapel::program {
namespace {

using enum Type;
constexpr Need kOpt = Need::kOptional, kReq = Need::kRequired;
constexpr Times kOne = Times::kOne, kMany = Times::kMany;

constexpr auto kFields = std::to_array<FieldRow>({
    {"program", "title", kText, kReq, kOne, "", "what the program is called"},
    {"program", "note", kText, kOpt, kMany, "", "anything that has a source"},
    {"strength", "people", kRange, kReq, kOne, "",
     "how many officers: of strength/authorized, strength/sworn, strength/pipeline"},
    {"milestone", "title", kText, kReq, kOne, "", "what happened, or is to happen"},
    {"milestone", "on", kDate, kOpt, kOne, "", "the day"},
    {"milestone", "until", kDate, kOpt, kOne, "", "its last day, of what takes several"},
    {"milestone", "note", kText, kOpt, kMany, "", "anything more about it"},
    {"pilot", "officers", kRange, kOpt, kOne, "", "how many take part"},
    {"pilot", "cameras", kRange, kOpt, kOne, "", "how many cameras are worn at a time"},
    {"pilot", "volunteers", kRange, kOpt, kOne, "", "how many offered to take part"},
    {"pilot", "state", kText, kOpt, kOne, "", "where it stands"},
    {"pilot", "note", kText, kOpt, kMany, "", "anything more about it"},
    {"round", "title", kText, kReq, kOne, "", "a round of grants"},
    {"round", "grantor", kText, kOpt, kOne, "", "who gives them"},
    {"round", "awarded", kMoney, kOpt, kOne, "grant", "all awards of the round together"},
    {"round", "departments_new", kCount, kOpt, kOne, "grant", "awards for new programs"},
    {"round", "departments_expanding", kCount, kOpt, kOne, "grant", "awards for programs that grow"},
    {"grant", "recipient", kText, kOpt, kOne, "", "whose it is"},
    {"grant", "grantor", kText, kOpt, kOne, "", "who gives it"},
    {"grant", "round", kSubject, kOpt, kOne, "", "the round that it was given in"},
    {"grant", "award", kMoney, kReq, kOne, "", "how much"},
    {"grant", "received_on", kDate, kOpt, kOne, "", "when the notice of it came"},
    {"grant", "pays", kSubject, kOpt, kOne, "", "the contract whose payments it is used for"},
    {"grant", "term", kText, kOpt, kMany, "", "a condition of it"},
    {"contract", "vendor", kText, kReq, kOne, "", "with whom"},
    {"contract", "years", kCount, kOpt, kOne, "", "how many yearly payments it has"},
    {"contract", "recurring", kMoney, kOpt, kOne, "", "each yearly payment that has no amount of its own"},
    {"contract", "total", kMoney, kOpt, kOne, "", "all of it, as it was said"},
    {"contract", "cameras", kCount, kOpt, kOne, "", "cameras at full complement"},
    {"contract", "note", kText, kOpt, kMany, "", "anything more about it"},
    {"payment", "contract", kSubject, kReq, kOne, "", "whose payment it is"},
    {"payment", "n", kCount, kReq, kOne, "", "its place: 1, 2, 3 …"},
    {"payment", "amount", kMoney, kOpt, kOne, "", "how much"},
    {"payment", "due", kDate, kOpt, kOne, "", "when it is to be paid"},
    {"payment", "fiscal_year", kCount, kOpt, kOne, "", "in which budget"},
    {"payment", "city_share", kMoney, kOpt, kOne, "grant", "what no grant pays, as it was said"},
    {"quote", "vendor", kText, kReq, kOne, "", "whose offer it is"},
    {"quote", "amount", kMoney, kOpt, kOne, "", "all of it"},
    {"quote", "years", kCount, kOpt, kOne, "", "for how many years"},
    {"quote", "cameras", kCount, kOpt, kOne, "", "for how many cameras"},
    {"quote", "quoted_on", kDate, kOpt, kOne, "", "when"},
    {"embargo", "covers", kSubject, kReq, kMany, "", "a subject of which nothing is told"},
    {"embargo", "by", kText, kOpt, kOne, "", "whose it is"},
    {"embargo", "until", kDate, kOpt, kOne, "", "the day on which it is told"},
    {"embargo", "released_on", kDate, kOpt, kOne, "", "the day on which it was lifted"},
});

}  // namespace

std::span<const FieldRow> all_fields() {
  return kFields;
}

const FieldRow* find_field(std::string_view kind, std::string_view field) {
  const auto found =
      std::ranges::find_if(kFields, [&](const FieldRow& row) { return row.kind == kind && row.field == field; });
  return found == kFields.end() ? nullptr : &*found;
}

bool is_kind(std::string_view kind) {
  return std::ranges::find(kFields, kind, &FieldRow::kind) != kFields.end();
}

std::int64_t count_max(const FieldRow& row) {
  return row.field == "years" || row.field == "n" ? kLinesMax : kCountMax;
}

std::string all_kind_names() {
  std::string out;
  std::string_view last;
  for (const FieldRow& row : kFields) {
    if (row.kind == last) continue;
    last = row.kind;
    if (!out.empty()) out += ", ";
    out += last;
  }
  return out;
}

std::string field_names_of(std::string_view kind) {
  std::string out;
  for (const FieldRow& row : kFields) {
    if (row.kind != kind) continue;
    if (!out.empty()) out += ", ";
    out += row.field;
  }
  return out;
}

}  // namespace lapel::program
