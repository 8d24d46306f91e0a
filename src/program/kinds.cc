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
    {"pilot",
     "wear",
     kText,
     kOpt,
     kOne,
     "",
     "whether officers must wear one; nobody must unless it was decided so",
     {.one_of = "voluntary mandatory"}},
    {"pilot", "started_on", kDate, kOpt, kOne, "", "the day on which it began: no measure is stated after it"},
    {"pilot", "ended_on", kDate, kOpt, kOne, "", "its last day"},
    {"pilot", "note", kText, kOpt, kMany, "", "anything more about it"},
    {"measure", "title", kText, kReq, kOne, "", "what a pilot is judged by, fixed before it begins"},
    {"measure", "pilot", kSubject, kReq, kOne, "", "which pilot", {.of_kind = "pilot"}},
    {"measure",
     "of",
     kText,
     kReq,
     kOne,
     "",
     "what is computed for it",
     {.one_of = "activation tagging review volume upload_delay complaints coverage"}},
    {"measure", "target", kText, kOpt, kOne, "", "what is hoped for"},
    {"figure", "what", kText, kReq, kOne, "",
     "what it is a figure of: calls_for_service, complaints, or as a profile of a report has it"},
    {"figure", "from", kDate, kReq, kOne, "", "its first day"},
    {"figure", "until", kDate, kReq, kOne, "", "its last day"},
    {"figure", "count", kCount, kOpt, kOne, "", "how many"},
    {"figure", "text", kText, kOpt, kMany, "", "what is to be said in words"},
    {"report_reviewer", "title", kText, kReq, kOne, "", "who must approve each report before it is published"},
    {"report_reviewer", "login", kText, kOpt, kOne, "", "as whom they sign in", {.audience = Audience::kPrivileged}},
    {"report_reviewer", "from", kDate, kReq, kOne, "", "of reports published from this day on"},
    {"report_reviewer", "until", kDate, kOpt, kOne, "", "the day from which on no more"},
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
    {"tariff", "from", kDate, kReq, kOne, "", "from which day on these prices are asked"},
    {"tariff", "contract", kSubject, kOpt, kOne, "", "by which contract", {.of_kind = "contract"}},
    {"tariff",
     "storage_gb_month",
     kText,
     kOpt,
     kOne,
     "",
     "for a gigabyte (10^9 bytes) kept for a month",
     {.form = Form::kPrice}},
    {"tariff", "access_view", kText, kOpt, kOne, "", "for a view", {.form = Form::kPrice}},
    {"tariff", "retrieval_gb", kText, kOpt, kOne, "", "for a gigabyte given out", {.form = Form::kPrice}},
    {"invoice", "contract", kSubject, kReq, kOne, "", "by which contract", {.of_kind = "contract"}},
    {"invoice", "month", kText, kReq, kOne, "", "of which month", {.form = Form::kMonth}},
    {"invoice", "amount", kMoney, kReq, kOne, "", "how much"},
    {"quote", "vendor", kText, kReq, kOne, "", "whose offer it is"},
    {"quote", "amount", kMoney, kOpt, kOne, "", "all of it"},
    {"quote", "years", kCount, kOpt, kOne, "", "for how many years"},
    {"quote", "cameras", kCount, kOpt, kOne, "", "for how many cameras"},
    {"quote", "quoted_on", kDate, kOpt, kOne, "", "when"},
    {"bargaining_unit", "title", kText, kReq, kOne, "", "a union or its local, as it is called"},
    {"bargaining_unit", "members", kText, kOpt, kOne, "", "whom it speaks for"},
    {"bargaining_unit", "parent", kText, kOpt, kOne, "", "what it belongs to"},
    {"bargaining", "unit", kSubject, kReq, kOne, "", "with whom", {.of_kind = "bargaining_unit"}},
    {"bargaining", "about", kText, kReq, kOne, "", "what is bargained over"},
    {"bargaining",
     "state",
     kText,
     kOpt,
     kOne,
     "",
     "where it stands; ordered: ended by an order",
     {.one_of = "open agreed impasse ordered no_response"}},
    {"bargaining", "position", kText, kOpt, kOne, "", "what the unit says; \"no response\" is one as well"},
    {"bargaining", "agency_position", kText, kOpt, kOne, "", "what the agency says to it"},
    {"bargaining", "opened_on", kDate, kOpt, kOne, "", "the day on which it began"},
    {"bargaining", "resolved_on", kDate, kOpt, kOne, "", "the day on which it was over"},
    {"bargaining", "window_from", kDate, kOpt, kOne, "", "from when on sessions are to be held"},
    {"bargaining", "window_weeks", kText, kOpt, kOne, "", "for how many weeks", {.form = Form::kWeeks}},
    {"bargaining", "note", kText, kOpt, kMany, "", "anything more about it"},
    {"bargaining",
     "concerns",
     kText,
     kOpt,
     kMany,
     "",
     "the nature of its concerns, as it was told in confidence",
     {.audience = Audience::kPrivileged}},
    {"bargaining",
     "privileged_note",
     kText,
     kOpt,
     kMany,
     "",
     "what is between the agency and its counsel",
     {.audience = Audience::kPrivileged}},
    {"bargaining_session", "bargaining", kSubject, kReq, kOne, "", "of which bargaining", {.of_kind = "bargaining"}},
    {"bargaining_session", "on", kDate, kOpt, kOne, "", "the day"},
    {"bargaining_session", "note", kText, kOpt, kMany, "", "what came of it"},
    {"bargaining_offer", "bargaining", kSubject, kReq, kOne, "", "of which bargaining", {.of_kind = "bargaining"}},
    {"bargaining_offer", "made_by", kText, kReq, kOne, "", "whose proposal it is", {.one_of = "agency unit"}},
    {"bargaining_offer", "text", kText, kReq, kOne, "", "what is proposed"},
    {"bargaining_offer", "made_on", kDate, kOpt, kOne, "", "when it was made; without it, it has not been made"},
    {"bargaining_offer",
     "answer",
     kText,
     kOpt,
     kOne,
     "",
     "what the other side said",
     {.one_of = "accepted refused countered withdrawn"}},
    {"notice", "title", kText, kReq, kOne, "", "a notice of the agency to bargaining units"},
    {"notice", "purpose", kText, kReq, kOne, "", "what for", {.one_of = "impact_bargaining intent other"}},
    {"notice", "to", kSubject, kReq, kMany, "", "a unit that it is for", {.of_kind = "bargaining_unit"}},
    {"notice", "text", kText, kOpt, kOne, "", "what it says"},
    {"notice",
     "sent_at",
     kText,
     kOpt,
     kOne,
     "",
     "when it was sent: not before each reviewer has approved it",
     {.form = Form::kTime}},
    {"notice", "note", kText, kOpt, kMany, "", "anything more about it"},
    {"notice",
     "privileged_note",
     kText,
     kOpt,
     kMany,
     "",
     "what is between the agency and its counsel",
     {.audience = Audience::kPrivileged}},
    {"notice_reviewer", "title", kText, kReq, kOne, "", "who must approve each notice before it is sent"},
    {"notice_reviewer", "from", kDate, kReq, kOne, "", "of notices sent from this day on"},
    {"notice_reviewer", "until", kDate, kOpt, kOne, "", "the day from which on no more"},
    {"notice_review", "notice", kSubject, kReq, kOne, "", "of which notice", {.of_kind = "notice"}},
    {"notice_review", "reviewer", kSubject, kReq, kOne, "", "by whom", {.of_kind = "notice_reviewer"}},
    {"notice_review", "decision", kText, kReq, kOne, "", "what was decided", {.one_of = "approved refused"}},
    {"notice_review", "decided_at", kText, kReq, kOne, "", "when", {.form = Form::kTime}},
    {"notice_delivery", "notice", kSubject, kReq, kOne, "", "of which notice", {.of_kind = "notice"}},
    {"notice_delivery", "unit", kSubject, kReq, kOne, "", "who received it", {.of_kind = "bargaining_unit"}},
    {"notice_delivery", "received_at", kText, kReq, kOne, "", "when", {.form = Form::kTime}},
    {"participation", "pilot", kSubject, kReq, kOne, "", "in which pilot", {.of_kind = "pilot"}},
    {"participation", "unit", kSubject, kReq, kOne, "", "of which unit's members", {.of_kind = "bargaining_unit"}},
    {"participation", "participants", kCount, kReq, kOne, "", "how many of them take part"},
    {"participation",
     "mode",
     kText,
     kOpt,
     kOne,
     "",
     "by their own offer, or ordered to",
     {.one_of = "volunteer ordered"}},
    {"task", "title", kText, kReq, kOne, "", "a piece of the technical work, which no bargaining stops"},
    {"task", "state", kText, kReq, kOne, "", "where it stands", {.one_of = "planned under_way done stopped"}},
    {"task", "note", kText, kOpt, kMany, "", "anything more about it"},
    {"phase", "title", kText, kReq, kOne, "", "a stretch of the program: prepare, pilot, evaluation, full"},
    {"phase", "started_on", kDate, kOpt, kOne, "",
     "the day on which it began: not before each gate that opens it is met or waived"},
    {"phase", "note", kText, kOpt, kMany, "", "anything more about it"},
    {"gate", "title", kText, kReq, kOne, "", "what has to be true"},
    {"gate",
     "opens",
     kSubject,
     kReq,
     kMany,
     "",
     "what waits for it; phase/check-out is each handing out of a camera",
     {.of_kind = "phase"}},
    {"gate",
     "needs",
     kText,
     kReq,
     kOne,
     "",
     "what is asked; stated: somebody states its met_on",
     {.one_of = "policy training bargaining grant_terms participants docks restore_test stated"}},
    {"gate", "bargaining", kSubject, kOpt, kOne, "", "which one; without it, all", {.of_kind = "bargaining"}},
    {"gate", "grant", kSubject, kOpt, kOne, "", "whose terms; without it, all", {.of_kind = "grant"}},
    {"gate", "pilot", kSubject, kOpt, kOne, "", "in which somebody takes part; without it, any", {.of_kind = "pilot"}},
    {"gate", "owner", kText, kOpt, kOne, "", "who sees to it"},
    {"gate",
     "waivable_by",
     kText,
     kOpt,
     kOne,
     "",
     "which role may waive it; without it, nobody",
     {.one_of = "program_manager command"}},
    {"gate", "met_on", kDate, kOpt, kOne, "", "the day on which it was met, of one that is stated"},
    {"gate", "note", kText, kOpt, kMany, "", "anything more about it"},
    {"gate_waiver",
     "gate",
     kSubject,
     kReq,
     kOne,
     "",
     "which gate; entered by waiving it, not by a file",
     {.of_kind = "gate"}},
    {"gate_waiver", "until", kDate, kOpt, kOne, "", "the day from which on it counts no more"},
    {"grant_term", "grant", kSubject, kReq, kOne, "grant", "of which grant", {.of_kind = "grant"}},
    {"grant_term", "text", kText, kReq, kOne, "grant", "a condition of it, as one thing that can be met"},
    {"grant_term", "due", kDate, kOpt, kOne, "grant", "until when"},
    {"grant_term", "met_on", kDate, kOpt, kOne, "grant", "the day on which it was met"},
    {"rollout", "title", kText, kReq, kOne, "", "going from site to site"},
    {"rollout", "by", kDate, kOpt, kOne, "", "the day by which all are to be live"},
    {"rollout", "sites", kCount, kOpt, kOne, "", "how many there are"},
    {"rollout", "cameras", kCount, kOpt, kOne, "", "for how many cameras"},
    {"rollout", "contract", kSubject, kOpt, kOne, "", "by which contract", {.of_kind = "contract"}},
    {"rollout", "note", kText, kOpt, kMany, "", "anything more about it"},
    {"site", "title", kText, kReq, kOne, "", "a place where cameras are worn: a facility, a station"},
    {"site", "alias", kText, kOpt, kMany, "", "what else it is called, or where others say it is"},
    {"site", "rollout", kSubject, kReq, kOne, "", "of which rollout", {.of_kind = "rollout"}},
    {"site", "wearers", kRange, kOpt, kOne, "", "how many wear one there, or are to"},
    {"site", "live_on", kDate, kOpt, kOne, "", "the day from which on they do"},
    {"site", "note", kText, kOpt, kMany, "", "anything more about it"},
    {"matter", "title", kText, kReq, kOne, "", "a suit, a claim or an inquiry that recordings may bear on"},
    {"matter", "about", kText, kOpt, kOne, "", "what it is about, and whose recordings that may be"},
    {"matter", "from", kDate, kOpt, kOne, "", "the first day that it is about"},
    {"matter", "until", kDate, kOpt, kOne, "", "the last"},
    {"matter",
     "state",
     kText,
     kReq,
     kOne,
     "",
     "whether its holds are placed: by lapel hold, and not by this",
     {.one_of = "waits_for_hold held ended"}},
    {"matter", "note", kText, kOpt, kMany, "", "anything more about it"},
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

std::string words_of(const Rule& rule) {
  std::string out;
  for (const char letter : rule.one_of) out += letter == ' ' ? ", " : std::string(1, letter);
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
