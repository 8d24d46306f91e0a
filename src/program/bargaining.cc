// SPDX-License-Identifier: Apache-2.0
#include "program/bargaining.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/check.h"
#include "base/problems.h"
#include "base/text.h"
#include "program/kinds.h"

namespace lapel::program {
namespace {

// A subject with what it is called, for a sentence.
std::string called(const Program& program, const SubjectName& subject) {
  const std::string title = words_of(program, subject, "title");
  return title.empty() ? subject.text() : fmt::format("{} ({})", subject.text(), printable(title));
}

// Whom a notice needs on a day.
std::vector<SubjectName> reviewers_on(const Program& program, Day on) {
  std::vector<SubjectName> out;
  for (const SubjectName& reviewer : program.of_kind(kReviewer)) {
    const auto from = day_of(program, reviewer, "from"), until = day_of(program, reviewer, "until");
    if (from && *from <= on && (!until || on < *until)) out.push_back(reviewer);
  }
  return out;
}

// The review of a notice by a reviewer; where there are several, the last that was decided.
Reviewing review_of(const Program& program, const SubjectName& notice, const SubjectName& reviewer) {
  Reviewing out{reviewer, nullptr, nullptr};
  std::optional<Moment> last;
  for (const SubjectName& review : naming(program, kReview, "notice", notice)) {
    if (words_of(program, review, "reviewer") != reviewer.text()) continue;
    const Statement *decision = program.standing(review, "decision"), *at = program.standing(review, "decided_at");
    const auto decided = at ? parse_moment(at->value->words) : std::nullopt;
    if (!decision || !decided || (last && is_before(*decided, *last))) continue;
    last = decided;
    out = {reviewer, decision, at};
  }
  return out;
}

bool is_approved(const Reviewing& review) {
  return review.decision && review.decision->value->words == "approved";
}

Result<void> check_sending(const Program& known, const SubjectName& notice, const Moment& sent) {
  for (const SubjectName& reviewer : reviewers_on(known, sent.day)) {
    const Reviewing review = review_of(known, notice, reviewer);
    const auto decided = review.decided_at ? parse_moment(review.decided_at->value->words) : std::nullopt;
    if (!decided) {
      return fail(problems::kRule,
                  fmt::format("{} is not sent before {} has decided: state a notice_review with the decision first",
                              notice.text(), called(known, reviewer)));
    }
    if (!is_approved(review)) {
      return fail(problems::kRule,
                  fmt::format("{} is not sent: {} has refused it", notice.text(), called(known, reviewer)));
    }
    if (is_before(sent, *decided)) {
      return fail(problems::kRule, fmt::format("{} is not sent before {} has decided, on {}", notice.text(),
                                               called(known, reviewer), review.decided_at->value->words));
    }
  }
  return {};
}

// Received by one that it is for, and not before it was sent.
Result<void> check_delivery(const Program& known, const SubjectName& delivery, const Moment& received) {
  const auto notice = parse_subject(words_of(known, delivery, "notice")),
             unit = parse_subject(words_of(known, delivery, "unit"));
  if (!notice || !unit) return {};  // the file is refused for what it lacks
  const auto sent = parse_moment(words_of(known, *notice, "sent_at"));
  if (!sent || is_before(received, *sent)) {
    return fail(problems::kRule, fmt::format("{}: {} is received after it is sent, and it is {}", delivery.text(),
                                             notice->text(), sent ? "sent later" : "not: state its sent_at first"));
  }
  const Field* to = known.field(*notice, "to");
  const bool is_addressed = to && std::ranges::any_of(to->all, [&](const Said& said) {
                              return is_open(said) && said.statement->value->words == unit->text();
                            });
  if (!is_addressed) {
    return fail(problems::kRule, fmt::format("{}: {} is not for {}", delivery.text(), notice->text(), unit->text()));
  }
  return {};
}

// That a notice of impact bargaining was sent to the unit.
Result<void> check_has_notice(const Program& known, const SubjectName& unit, const std::string& what) {
  for (const SubjectName& notice : known.of_kind(kNotice)) {
    const Field* to = known.field(notice, "to");
    if (words_of(known, notice, "purpose") != "impact_bargaining" || !known.standing(notice, "sent_at") || !to)
      continue;
    for (const Said& said : to->all) {
      if (is_open(said) && said.statement->value->words == unit.text()) return {};
    }
  }
  return fail(problems::kRule,
              fmt::format("{} is refused until a notice of impact bargaining was sent to {}: state the "
                          "notice, with the purpose impact_bargaining and its sent_at",
                          what, called(known, unit)));
}

Result<void> check_reason(const Statement& statement) {
  if (!statement.reason.empty()) return {};
  return fail(problems::kRule, fmt::format("{} {} is {} only by a decision that says why: \"reason\" is missing",
                                           statement.subject.text(), statement.field, statement.value->words));
}

// That everybody of a pilot may be made to wear one.
Result<void> check_pilot(const Program& known, const SubjectName& pilot) {
  if (words_of(known, pilot, "wear") != "mandatory") return {};
  for (const SubjectName& part : naming(known, kParticipation, "pilot", pilot)) {
    const auto unit = parse_subject(words_of(known, part, "unit"));
    if (unit) TRY(check_has_notice(known, *unit, pilot.text() + " wear \"mandatory\""));
  }
  return {};
}

Result<void> check_subject(const Program& known, const SubjectName& subject) {
  const auto unit = parse_subject(words_of(known, subject, "unit"));
  if (subject.kind == kDelivery) {
    if (const auto received = parse_moment(words_of(known, subject, "received_at"))) {
      TRY(check_delivery(known, subject, *received));
    }
  } else if (subject.kind == kParticipation) {
    if (unit && words_of(known, subject, "mode") == "ordered") {
      TRY(check_has_notice(known, *unit, subject.text() + " mode \"ordered\""));
    }
    if (const auto pilot = parse_subject(words_of(known, subject, "pilot"))) TRY(check_pilot(known, *pilot));
  } else if (subject.kind == kBargaining) {
    if (unit && words_of(known, subject, "state") == "ordered") {
      TRY(check_has_notice(known, *unit, subject.text() + " state \"ordered\""));
    }
  } else if (subject.kind == kPilot) {
    TRY(check_pilot(known, subject));
  }
  return {};
}

// What orders somebody says why.
bool is_order(const Statement& statement) {
  const std::string_view value = statement.value ? std::string_view(statement.value->words) : std::string_view();
  const std::string_view kind = statement.subject.kind;
  return (kind == kParticipation && statement.field == "mode" && value == "ordered") ||
         (kind == kBargaining && statement.field == "state" && value == "ordered") ||
         (kind == kPilot && statement.field == "wear" && value == "mandatory");
}

}  // namespace

// Of contradicting claims only the one that stands is held to the rules: that somebody says otherwise is on record too.
Result<void> check_bargaining(const Program& known, const std::deque<Statement>& added) {
  std::set<SubjectName> touched;
  for (const Statement& statement : added) {
    if (is_order(statement)) TRY(check_reason(statement));
    // Reviewers who are named later do not unsend it.
    if (statement.subject.kind == kNotice && statement.field == "sent_at") {
      const auto sent = parse_moment(words_of(known, statement.subject, "sent_at"));
      if (sent) TRY(check_sending(known, statement.subject, *sent));
    }
    touched.insert(statement.subject);
  }
  for (const SubjectName& subject : touched) TRY(check_subject(known, subject));
  return {};
}

std::string_view notice_state_name(NoticeState state) {
  switch (state) {
    case NoticeState::kWaitsForReview:
      return "waits_for_review";
    case NoticeState::kRefused:
      return "refused";
    case NoticeState::kMayBeSent:
      return "may_be_sent";
    case NoticeState::kSent:
      return "sent";
  }
  CHECK(false);
}

NoticeStanding notice_standing(const Program& program, const SubjectName& notice) {
  NoticeStanding out;
  const Statement* sent = program.standing(notice, "sent_at");
  const auto moment = sent ? parse_moment(sent->value->words) : std::nullopt;
  for (const SubjectName& reviewer : reviewers_on(program, moment ? moment->day : program.view.as_of)) {
    out.reviews.push_back(review_of(program, notice, reviewer));
  }
  if (sent) {
    out.state = NoticeState::kSent;
  } else if (program.is_whole(kReviewer) && program.is_whole(kReview)) {
    const bool is_refused = std::ranges::any_of(
        out.reviews, [](const Reviewing& review) { return review.decision && !is_approved(review); });
    const bool is_free = std::ranges::all_of(out.reviews, is_approved);
    out.state = is_refused ? NoticeState::kRefused : is_free ? NoticeState::kMayBeSent : NoticeState::kWaitsForReview;
  }
  return out;
}

std::optional<Window> session_window(const Program& program, const SubjectName& bargaining) {
  const Statement *from = program.standing(bargaining, "window_from"),
                  *length = program.standing(bargaining, "window_weeks");
  const auto weeks = length ? parse_weeks(length->value->words) : std::nullopt;
  if (!from || !weeks) return std::nullopt;
  const Day until{from->value->low + weeks->days()};
  if (!is_day(until.number)) return std::nullopt;
  return Window{{from->value->low},
                until,
                *weeks,
                from->is_approximate || length->is_approximate,
                from->is_assumed || length->is_assumed};
}

std::vector<SubjectName> pilots(const Program& program) {
  std::set<SubjectName> out;
  for (const SubjectName& pilot : program.of_kind(kPilot)) out.insert(pilot);
  for (const SubjectName& part : program.of_kind(kParticipation)) {
    if (const auto pilot = parse_subject(words_of(program, part, "pilot"))) out.insert(*pilot);
  }
  return {out.begin(), out.end()};
}

std::optional<Participants> participants(const Program& program, const SubjectName& pilot) {
  if (!program.is_whole(kParticipation)) return std::nullopt;
  std::optional<Participants> out;
  for (const SubjectName& part : naming(program, kParticipation, "pilot", pilot)) {
    const Statement* number = program.standing(part, "participants");
    if (!number) continue;
    if (!out) out = Participants();
    out->number += number->value->low;
    out->is_approximate = out->is_approximate || number->is_approximate;
    out->is_assumed = out->is_assumed || number->is_assumed;
  }
  return out;
}

std::string_view pilot_state(const Participants& participants) {
  return participants.number == 0 ? "paused_no_participants" : "has_participants";
}

void keep_what_units_were_given(Program& program) {
  std::set<SubjectName> kept_back;
  for (const SubjectName& notice : program.of_kind(kNotice)) {
    if (program.standing(notice, "sent_at")) continue;
    kept_back.insert(notice);
    for (const SubjectName& review : naming(program, kReview, "notice", notice)) kept_back.insert(review);
  }
  for (const SubjectName& offer : program.of_kind(kOffer)) {
    if (!program.standing(offer, "made_on")) kept_back.insert(offer);
  }
  for (const SubjectName& subject : kept_back) program.subjects.erase(subject);
}

std::vector<SubjectName> naming(const Program& program, std::string_view kind, std::string_view field,
                                const SubjectName& named) {
  std::vector<SubjectName> out;
  for (const SubjectName& subject : program.of_kind(kind)) {
    if (words_of(program, subject, field) == named.text()) out.push_back(subject);
  }
  return out;
}

}  // namespace lapel::program
