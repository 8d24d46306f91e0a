// SPDX-License-Identifier: Apache-2.0
#include "program/gates.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/problems.h"
#include "base/text.h"
#include "program/bargaining.h"
#include "program/kinds.h"
#include "program/report_parts.h"
#include "program/rollouts.h"

namespace lapel::program {
namespace {

constexpr std::size_t kLacksOfSentence = 5;  // of one gate: a refusal is read by somebody
constexpr auto kAskedElsewhere = std::to_array<std::string_view>({"policy", "training", "docks", "restore_test"});
constexpr auto kOfEachPerson = std::to_array<std::string_view>({"policy", "training"});

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& all, std::string_view word) {
  return std::ranges::find(all, word) != all.end();
}

bool names(const Program& program, const SubjectName& subject, std::string_view field, const SubjectName& wanted) {
  const Field* found = program.field(subject, field);
  return found && std::ranges::any_of(found->all, [&](const Said& said) {
           return is_open(said) && said.statement->value && said.statement->value->words == wanted.text();
         });
}

// The one that a gate names, or all of the kind.
std::vector<SubjectName> concerned(const Program& program, const SubjectName& gate, std::string_view field,
                                   std::string_view kind) {
  if (const auto one = subject_of(program, gate, field)) return {*one};
  return program.of_kind(kind);
}

std::vector<Lack> bargaining_lacks(const Program& program, const SubjectName& gate) {
  std::vector<Lack> out;
  const std::vector<SubjectName> all = concerned(program, gate, "bargaining", kBargaining);
  if (all.empty()) return {{{}, "Nothing is stated of bargaining: state it, or that there is none to be had"}};
  for (const SubjectName& each : all) {
    const std::string state = words_of(program, each, "state");
    if (state == "agreed" || state == "ordered") continue;
    const auto unit = subject_of(program, each, "unit");
    const std::string title = unit ? words_of(program, *unit, "title") : std::string();
    std::string where(state.empty() ? "not stated" : state);
    std::ranges::replace(where, '_', ' ');
    out.push_back({{}, fmt::format("{}{}: {}", each.text(), title.empty() ? "" : " with " + printable(title), where)});
  }
  return out;
}

std::vector<Lack> term_lacks(const Program& program, const SubjectName& gate, Day day) {
  std::vector<Lack> out;
  const auto grant = subject_of(program, gate, "grant");
  std::size_t terms = 0;
  for (const SubjectName& term : program.of_kind(kGrantTerm)) {
    if (grant && words_of(program, term, "grant") != grant->text()) continue;
    ++terms;
    const auto met = day_of(program, term, "met_on");
    if (met && *met <= day) continue;
    const auto due = day_of(program, term, "due");
    out.push_back({{},
                   fmt::format("{}: {}{}", term.text(), printable(words_of(program, term, "text")),
                               due ? fmt::format(", due {}", day_text(*due)) : "")});
  }
  if (terms == 0) out.push_back({{}, "No term of a grant is stated: state each as a grant_term"});
  return out;
}

std::vector<Lack> participant_lacks(const Program& program, const SubjectName& gate) {
  const auto one = subject_of(program, gate, "pilot");
  const std::vector<SubjectName> all = one ? std::vector{*one} : pilots(program);
  for (const SubjectName& pilot : all) {
    const auto number = participants(program, pilot);
    if (number && number->number > 0) return {};
  }
  return {{{}, "Nobody takes part"}};
}

std::vector<Lack> stated_lacks(const Program& program, const SubjectName& gate, Day day) {
  const auto met = day_of(program, gate, "met_on");
  if (met && *met <= day) return {};
  return {{{}, fmt::format("Nobody has stated that it is met: its met_on{}", met ? " is a later day" : "")}};
}

// The waiver in force: the last one that is said of it by then and has not run out.
const Statement* waiver_of(const Program& program, const SubjectName& gate) {
  const Statement* out = nullptr;
  for (const SubjectName& waiver : program.of_kind(kGateWaiver)) {
    const Statement* of = program.standing(waiver, "gate");
    if (!of || of->value->words != gate.text() || program.view.as_of < of->source.on) continue;
    const auto until = day_of(program, waiver, "until");
    if (until && *until <= program.view.as_of) continue;
    if (!out || !(of->source.on < out->source.on)) out = of;
  }
  return out;
}

Gate standing_of(const Program& program, const Answers& answers, const SubjectName& name) {
  const Day day = program.view.as_of;
  Gate out{name,   words_of(program, name, "title"), words_of(program, name, "needs"), GateState::kUnmet, {}, {},
           nullptr};
  bool is_available = true;
  if (out.needs == "bargaining") {
    out.lacks = bargaining_lacks(program, name);
  } else if (out.needs == "grant_terms") {
    out.lacks = term_lacks(program, name, day);
  } else if (out.needs == "participants") {
    out.lacks = participant_lacks(program, name);
  } else if (out.needs == "stated") {
    out.lacks = stated_lacks(program, name, day);
  } else {
    const auto found = answers.find(out.needs);
    is_available = found != answers.end() && found->second;
    if (is_available) {
      out.lacks = found->second->lacks;
      out.ready_of = {found->second->ready, found->second->of};
    } else {
      out.lacks = {{{}, "Nothing in Lapel tells of it yet"}};
    }
  }
  out.waiver = waiver_of(program, name);
  out.state = is_available && out.lacks.empty() ? GateState::kMet
              : out.waiver                      ? GateState::kWaived
              : is_available                    ? GateState::kUnmet
                                                : GateState::kNotAvailable;
  return out;
}

bool is_passed(const Gate& gate) {
  return gate.state == GateState::kMet || gate.state == GateState::kWaived;
}

std::string lacking(const Gate& gate) {
  std::string out = fmt::format("{} ({})", printable(gate.title), gate.name.slug);
  for (std::size_t i = 0; i < std::min(gate.lacks.size(), kLacksOfSentence); ++i)
    out += (i == 0 ? ": " : "; ") + gate.lacks[i].what;
  if (gate.lacks.size() > kLacksOfSentence) out += fmt::format("; and {} more", gate.lacks.size() - kLacksOfSentence);
  return out;
}

Json lacks_json(const Gate& gate, People people) {
  Json::Array out;
  // What a grant asks for is part of the program's money.
  if (people == People::kCounted && gate.needs == "grant_terms") {
    if (!gate.lacks.empty()) out.emplace_back(Json::Object{{"who", Json()}, {"what", "Not every term is met"}});
    return out;
  }
  for (const Lack& lack : gate.lacks) {
    // Of a person, who and what, or neither.
    if (!lack.who.empty() && people == People::kCounted) continue;
    out.emplace_back(Json::Object{{"who", text_or_null(lack.who)}, {"what", lack.what}});
  }
  return out;
}

Json waiver_json(const Program& program, const Statement* waiver) {
  if (!waiver) return {};
  return Json::Object{{"by", waiver->source.by},
                      {"on", day_text(waiver->source.on)},
                      {"reason", waiver->reason},
                      {"until", standing_json(program, waiver->subject, "until")}};
}

Json::Object gate_json(const Program& program, const Gate& gate, People people) {
  return {{"gate", gate.name.text()},
          {"title", gate.title},
          {"needs", gate.needs},
          {"owner", standing_json(program, gate.name, "owner")},
          {"state", gate_state_name(gate.state)},
          {"ready", gate.ready_of ? Json(gate.ready_of->first) : Json()},
          {"of", gate.ready_of ? Json(gate.ready_of->second) : Json()},
          {"missing", lacks_json(gate, people)},
          {"waivable_by", standing_json(program, gate.name, "waivable_by")},
          {"waiver", waiver_json(program, gate.waiver)}};
}

}  // namespace

Result<Answers> ask_all(db::Transaction& tx, const AgencyId& agency, const Ask& ask, Day day, Timestamp now) {
  const Timestamp end{(day.number + 1) * kDayUs - 1};
  Answers out;
  for (const std::string_view needs : kAskedElsewhere) {
    out.emplace(needs, ask ? TRY(ask(tx, agency, needs, std::min(end, now))) : std::nullopt);
  }
  return out;
}

std::string_view gate_state_name(GateState state) {
  switch (state) {
    case GateState::kMet:
      return "met";
    case GateState::kUnmet:
      return "unmet";
    case GateState::kWaived:
      return "waived";
    case GateState::kNotAvailable:
      return "not_available";
  }
  CHECK(false);
}

bool Phase::is_open() const {
  return std::ranges::all_of(gates, is_passed);
}

std::vector<Phase> phases(const Program& program, const Answers& answers) {
  std::set<SubjectName> known;
  for (const SubjectName& phase : program.of_kind(kPhase)) known.insert(phase);
  const std::vector<SubjectName> gates = program.of_kind(kGate);
  for (const SubjectName& gate : gates) {
    const Field* opens = program.field(gate, "opens");
    if (!opens) continue;
    for (const Said& said : opens->all) {
      if (!is_open(said) || !said.statement->value) continue;
      if (const auto phase = parse_subject(said.statement->value->words)) known.insert(*phase);
    }
  }
  std::vector<Phase> out;
  for (const SubjectName& name : known) {
    Phase phase{name, words_of(program, name, "title"), day_of(program, name, "started_on"), {}};
    if (phase.title.empty()) phase.title = name.slug == kCheckOut ? "Handing out a camera" : name.slug;
    for (const SubjectName& gate : gates) {
      if (names(program, gate, "opens", name)) phase.gates.push_back(standing_of(program, answers, gate));
    }
    out.push_back(std::move(phase));
  }
  return out;
}

Json::Array phases_json(const Program& program, const std::vector<Phase>& all, People people) {
  Json::Array out;
  for (const Phase& phase : all) {
    Json::Array gates;
    for (const Gate& gate : phase.gates) gates.emplace_back(gate_json(program, gate, people));
    const bool has_begun = phase.started_on && *phase.started_on <= program.view.as_of;
    out.emplace_back(
        Json::Object{{"phase", phase.name.text()},
                     {"title", phase.title},
                     {"state", has_begun         ? "begun"
                               : phase.is_open() ? "open"
                                                 : "shut"},
                     {"started_on", phase.started_on ? Json(day_text(*phase.started_on)) : Json()},
                     {"unmet", static_cast<std::int64_t>(std::ranges::count_if(phase.gates, std::not_fn(is_passed)))},
                     {"gates", std::move(gates)}});
  }
  return out;
}

void leave_out_money(Program& program) {
  for (const std::string_view kind : {kContract, kPayment, kGrant, kGrantTerm, kRound, kTariff, kInvoice}) {
    for (const SubjectName& subject : program.of_kind(kind)) program.subjects.erase(subject);
  }
}

Json::Object gates_report(const Program& program, const std::vector<Phase>& all, People people) {
  Json::Object out = head_of(program);
  out.emplace("phases", phases_json(program, all, people));
  out.emplace("rollouts", rollouts_json(program));
  return out;
}

std::vector<std::pair<SubjectName, Day>> begun_by(const std::deque<Statement>& added) {
  std::vector<std::pair<SubjectName, Day>> out;
  for (const Statement& statement : added) {
    if (statement.subject.kind == kPhase && statement.field == "started_on" && statement.value)
      out.emplace_back(statement.subject, Day{statement.value->low});
  }
  return out;
}

Result<void> check_may_begin(const Program& program, const Answers& answers, const SubjectName& phase) {
  const std::vector<Phase> all = phases(program, answers);
  const auto found = std::ranges::find(all, phase, &Phase::name);
  if (found == all.end()) return {};
  std::string missing;
  std::int64_t unmet = 0;
  for (const Gate& gate : found->gates) {
    if (is_passed(gate)) continue;
    ++unmet;
    missing += (missing.empty() ? "" : ". ") + lacking(gate);
  }
  if (unmet == 0) return {};
  return fail(problems::kRule, fmt::format("{} does not begin on {}: {} of {} gates {} unmet. {}", phase.text(),
                                           day_text(program.view.as_of), unmet, found->gates.size(),
                                           unmet == 1 ? "is" : "are", missing));
}

std::vector<std::string> bars_of_check_out(const Program& whole, const Program& told, const Answers& answers) {
  const SubjectName check_out{std::string(kPhase), std::string(kCheckOut)};
  const auto gates_of = [&](const Program& program) {
    std::vector<Phase> all = phases(program, answers);
    const auto found = std::ranges::find(all, check_out, &Phase::name);
    return found == all.end() ? std::vector<Gate>() : std::move(found->gates);
  };
  const std::vector<Gate> shown = gates_of(told);
  std::vector<std::string> out;
  for (const Gate& gate : gates_of(whole)) {
    if (is_passed(gate) || is_among(kOfEachPerson, gate.needs)) continue;
    const auto same = std::ranges::find(shown, gate.name, &Gate::name);
    out.push_back(same != shown.end() && !is_passed(*same) ? lacking(*same)
                                                           : "Something that is not told here has to come first");
  }
  return out;
}

Result<void> check_may_waive(const Program& program, const access::Actor& actor, const SubjectName& gate) {
  if (!program.standing(gate, "title")) return fail(Code::kNotFound, "No such gate", gate.text());
  const std::string word = words_of(program, gate, "waivable_by");
  if (word.empty())
    return fail(problems::kRule, fmt::format("{} can be waived by nobody: it names no role", gate.text()));
  const auto role = access::parse_role(word);
  CHECK(role);
  if (!actor.has(*role)) {
    return fail(problems::kRule, fmt::format("{} is waived by whoever holds the role {}", gate.text(), word));
  }
  return {};
}

}  // namespace lapel::program
