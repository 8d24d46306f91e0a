// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can be stated: the one table of kinds and their fields. Further rooms of the program add rows to it.
//
// Owns: the table. docs/formats/program.md repeats it; a test compares.
// Promises: import, reports, documentation and the rules of an embargo read this and nothing else.
// Fails with: a null pointer for what is not in it.
// Threads: constants.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "program/statement.h"

namespace lapel::program {

enum class Need { kOptional, kRequired };
enum class Times { kOne, kMany };  // how many statements of a field stand beside one another
// Of a text: a day or a time with its offset; weeks and halves of them; a price with six decimals at most; a month.
enum class Form { kAny, kTime, kWeeks, kPrice, kMonth };
enum class Audience { kAll, kPrivileged };

// What a value must be besides its type, and who is told of it.
struct Rule {
  std::string_view one_of = {};   // of a text: these words, with a space between; empty: any
  std::string_view of_kind = {};  // of a subject: of this kind; empty: of any
  Form form = Form::kAny;
  Audience audience = Audience::kAll;
};

struct FieldRow {
  std::string_view kind, field;
  Type type;
  Need need = Need::kOptional;
  Times times = Times::kOne;
  std::string_view derives_from;  // a kind: while a subject of it is under embargo, this field is withheld; empty: none
  std::string_view meaning;
  Rule rule = {};
};

std::span<const FieldRow> all_fields();
const FieldRow* find_field(std::string_view kind, std::string_view field);
bool is_kind(std::string_view kind);
std::string all_kind_names();                       // for a sentence
std::string field_names_of(std::string_view kind);  // likewise
std::string words_of(const Rule& rule);             // of one_of, for a sentence

// The greatest count of a field: yearly payments are lines of a table, one each.
inline constexpr std::int64_t kCountMax = 100'000'000, kLinesMax = 100;
std::int64_t count_max(const FieldRow& row);

// Kinds that figures are computed from, by name.
inline constexpr std::string_view kGrant = "grant", kRound = "round", kContract = "contract", kPayment = "payment",
                                  kEmbargo = "embargo", kStrength = "strength", kMilestone = "milestone",
                                  kPilot = "pilot", kUnit = "bargaining_unit", kBargaining = "bargaining",
                                  kSession = "bargaining_session", kOffer = "bargaining_offer", kNotice = "notice",
                                  kReviewer = "notice_reviewer", kReview = "notice_review",
                                  kDelivery = "notice_delivery", kParticipation = "participation", kTask = "task",
                                  kPhase = "phase", kGate = "gate", kGateWaiver = "gate_waiver",
                                  kGrantTerm = "grant_term", kRollout = "rollout", kSite = "site", kTariff = "tariff",
                                  kInvoice = "invoice", kMeasure = "measure", kFigure = "figure",
                                  kReportReviewer = "report_reviewer";

}  // namespace lapel::program
