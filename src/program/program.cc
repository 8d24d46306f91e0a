// SPDX-License-Identifier: Apache-2.0
#include "program/program.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "crypto/random.h"
#include "program/bargaining.h"
#include "program/bargaining_report.h"
#include "program/grant_pack.h"
#include "program/import.h"
#include "program/kinds.h"
#include "program/measures.h"
#include "program/metering.h"
#include "program/report_parts.h"
#include "program/reports.h"
#include "program/rows.h"
#include "roster/roster.h"

namespace lapel::program {
namespace {

constexpr std::size_t kDigestsOfEvent = 128;  // 8.6 kB of the 16 that an event may have

}  // namespace

access::Decision decide_program(const access::Actor& actor, access::Action action) {
  access::Item own_agency;
  own_agency.agency = actor.agency;
  return access::decide(actor, action, own_agency);
}

Result<PersonId> console_of(db::Transaction& tx, const AgencyId& agency) {
  return TRY(roster::agency(tx, agency)).console;
}

struct Programs::Known {
  std::vector<Statement> statements;  // the Program points into it
  Program program;
  Answers answers;  // as of the program's day
};

// What is entered besides the statements themselves.
struct Programs::Entry {
  Acts acts = Acts::kRefused;
  std::string gate, reason;  // of a waiver
};

Result<Programs::Known> Programs::known(const access::Actor& actor, access::Action action, const Query& query) {
  TRY(access::require(decide_program(actor, action), "page"));
  if (query.embargoed == Embargoed::kIncluded) {
    TRY(access::require(decide_program(actor, access::Action::kSeeEmbargoed), "page"));
  }
  if (query.privileged == Privileged::kIncluded) {
    TRY(access::require(decide_program(actor, access::Action::kSeePrivileged), "page"));
  }
  View view;
  view.today = day_of(parts_.clock.now());
  view.as_of = query.as_of.value_or(view.today);
  view.follows = query.follows;
  view.embargoed = query.embargoed;
  view.privileged = query.privileged;
  if (view.as_of > view.today) return fail(Code::kInvalid, "\"as_of\" is a day to come: nothing is known of it yet");
  Known out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.statements = TRY(read_statements(tx, actor.agency));
    std::map<PersonId, std::string> names;
    for (Statement& statement : out.statements) {
      const auto [name, is_new] = names.try_emplace(statement.recorded_by);
      if (is_new) {
        name->second =
            TRY(roster::name_of(tx, actor.agency, statement.recorded_by)).value_or(statement.recorded_by.text());
      }
      statement.recorded_by_name = name->second;
    }
    out.answers = TRY(ask_all(tx, actor.agency, parts_.ask, view.as_of, parts_.clock.now()));
    return {};
  }));
  out.program = fold(out.statements, view);
  return out;
}

// Of the asker alone, whether or not there is anything.
void tell_of_asker(const access::Actor& actor, Json::Object& out) {
  out.emplace("may_include_embargoed", decide_program(actor, access::Action::kSeeEmbargoed).is_allowed());
  out.emplace("may_include_privileged", decide_program(actor, access::Action::kSeePrivileged).is_allowed());
}

template <typename Make>
Result<Json::Object> Programs::tell(const access::Actor& actor, access::Action action, const Query& query,
                                    Make&& make) {
  Known all = TRY(known(actor, action, query));
  Json::Object out = TRY(make(all));
  tell_of_asker(actor, out);
  return out;
}

Result<Json::Object> Programs::status(const access::Actor& actor, const Query& query) {
  return tell(actor, access::Action::kSeeProgram, query,
              [](const Known& all) -> Result<Json::Object> { return status_report(all.program); });
}

Result<Json::Object> Programs::costs(const access::Actor& actor, const Query& query) {
  return tell(actor, access::Action::kSeeProgram, query, [&](const Known& all) -> Result<Json::Object> {
    return costs_report(all.program, TRY(find_contract(all.program, query.contract)));
  });
}

Result<Json::Object> Programs::report(const access::Actor& actor, const Query& query) {
  return tell(actor, access::Action::kSeeProgram, query, [&](const Known& all) -> Result<Json::Object> {
    Json::Object out = full_report(all.program, query.kinds);
    out.emplace("measures", TRY(measured(actor, all.program)));
    return out;
  });
}

Result<Json::Array> Programs::measured(const access::Actor& actor, const Program& program) {
  std::vector<Measure> found;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    found = TRY(program::measures(tx, actor.agency, program));
    return {};
  }));
  return measures_json(found);
}

Result<Json::Object> Programs::measures(const access::Actor& actor, const Query& query) {
  return tell(actor, access::Action::kSeeProgram, query, [&](const Known& all) -> Result<Json::Object> {
    Json::Object out = head_of(all.program);
    out.emplace("measures", TRY(measured(actor, all.program)));
    return out;
  });
}

Result<std::vector<Profile>> Programs::profiles(const access::Actor& actor) const {
  TRY(access::require(decide_program(actor, access::Action::kSeeProgram), "page"));
  return parts_.profiles;
}

Result<Json::Object> Programs::profile_report(const access::Actor& actor, const Query& query,
                                              const std::string& profile, Day from, Day until) {
  TRY(access::require(decide_program(actor, access::Action::kSeeProgram), "page"));
  const auto wanted = std::ranges::find(parts_.profiles, profile, &Profile::slug);
  if (wanted == parts_.profiles.end()) return fail(Code::kNotFound, "No such profile of a report", profile);
  if (until < from) return fail(Code::kInvalid, "The last day is before the first");
  if (until >= query.as_of.value_or(day_of(parts_.clock.now()))) {
    return fail(Code::kInvalid, fmt::format("{} is not over yet: a report is of days that are", day_text(until)));
  }
  return tell(actor, access::Action::kSeeProgram, query, [&](const Known& all) -> Result<Json::Object> {
    Json::Object out;
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(program::profile_report(tx, actor.agency, all.program, *wanted, from, until));
      return {};
    }));
    return out;
  });
}

Result<Json::Object> Programs::grant_evidence(const access::Actor& actor, const Query& query,
                                              const std::string& grant) {
  return tell(actor, access::Action::kSeeProgram, query,
              [&](const Known& all) -> Result<Json::Object> { return program::grant_evidence(all.program, grant); });
}

Result<std::string> Programs::grant_pack(const access::Actor& actor, const Query& query, const std::string& grant) {
  Json::Object evidence = TRY(grant_evidence(actor, query, grant));
  for (const char* of_whoever_asked : {"may_include_embargoed", "may_include_privileged"})
    evidence.erase(of_whoever_asked);
  Cover made = TRY(cover(actor, evidence, "Evidence of a grant"));
  return program::grant_pack(Json(std::move(evidence)), std::move(made));
}

Result<Cover> Programs::cover(const access::Actor& actor, const Json::Object& answer, std::string title) {
  Cover out;
  out.title = std::move(title);
  out.made_on = day_of(parts_.clock.now());
  const auto embargoed = answer.find("embargoed");
  if (embargoed != answer.end() && embargoed->second == Json("included"))
    out.marks.emplace_back("UNDER EMBARGO: NOT TO BE HANDED OUT");
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const roster::Agency agency = TRY(roster::agency(tx, actor.agency));
    out.agency = agency.name;
    out.made_by = TRY(roster::name_of(tx, actor.agency, actor.person)).value_or(actor.login);
    return {};
  }));
  return out;
}

Result<Json::Object> Programs::bargaining(const access::Actor& actor, const Query& query) {
  const bool is_of_program = decide_program(actor, access::Action::kSeeProgram).is_allowed() ||
                             decide_program(actor, access::Action::kSeePrivileged).is_allowed();
  return tell(actor, access::Action::kSeeBargaining, query, [&](Known& all) -> Result<Json::Object> {
    const std::vector<Phase> gated = phases(all.program, all.answers);
    if (!is_of_program) keep_what_units_were_given(all.program);
    Json::Object out = bargaining_report(all.program);
    out.emplace("phases", phases_json(all.program, gated, People::kCounted));
    return out;
  });
}

Result<Json::Object> Programs::gates(const access::Actor& actor, const Query& query) {
  const bool is_of_program = decide_program(actor, access::Action::kSeeProgram).is_allowed();
  Known all = TRY(known(actor, access::Action::kSeeBargaining, query));
  const std::vector<Phase> gated = phases(all.program, all.answers);
  if (!is_of_program) leave_out_money(all.program);
  Json::Object out = gates_report(all.program, gated, is_of_program ? People::kNamed : People::kCounted);
  tell_of_asker(actor, out);
  return out;
}

Result<Json::Object> Programs::metering(const access::Actor& actor, const Query& query, Month month) {
  Known all = TRY(known(actor, access::Action::kSeeProgram, query));
  if (month >= month_of(day_of(parts_.clock.now())))
    return fail(Code::kInvalid, fmt::format("{} is not over yet", month_text(month)));
  std::vector<Use> uses;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    uses.clear();
    for (const roster::Agency& agency : TRY(roster::agencies(tx))) {
      if (agency.id != actor.agency && !actor.is_of_lead_agency) continue;
      uses.push_back(TRY(measure_use(tx, agency.id, month)));
      uses.back().agency = agency.name;
      uses.back().slug = agency.slug;
    }
    return {};
  }));
  Json::Object out = metering_report(all.program, month, uses);
  tell_of_asker(actor, out);
  return out;
}

Result<Volumes> Programs::volumes(const access::Actor& actor, std::optional<Month> from, std::optional<Month> until) {
  TRY(access::require(decide_program(actor, access::Action::kSeeProgram), "page"));
  Volumes out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const roster::Agency agency = TRY(roster::agency(tx, actor.agency));
    out = TRY(measure(tx, actor.agency, agency.name, from, until, day_of(parts_.clock.now())));
    return {};
  }));
  return out;
}

Result<Forecast> Programs::forecast(const access::Actor& actor, const Json* volumes, const Json* what_if) {
  TRY(access::require(decide_program(actor, access::Action::kSeeProgram), "page"));
  WhatIf asked = what_if ? TRY(read_what_if(*what_if)) : WhatIf();
  Volumes of = volumes ? TRY(read_volumes(*volumes)) : TRY(this->volumes(actor, {}, {}));
  return program::forecast(std::move(of), std::move(asked));
}

Result<Programs::Page> Programs::statements(const access::Actor& actor, const Query& query, const std::string& after,
                                            std::int64_t limit) {
  const Known all = TRY(known(actor, access::Action::kSeeProgram, query));
  std::map<const Statement*, const Said*> shown;
  for (const auto& [subject, fields] : all.program.subjects) {
    for (const auto& [name, field] : fields) {
      for (const Said& said : field.all) shown.emplace(said.statement, &said);
    }
  }
  Page out;
  bool has_begun = after.empty();
  for (const Statement& statement : all.statements) {
    const auto found = shown.find(&statement);
    if (found == shown.end()) continue;
    if (!has_begun) {
      has_begun = statement.id == after;
      continue;
    }
    if (static_cast<std::int64_t>(out.items.size()) == limit) {
      out.next = *out.items.back().find_string("id");
      return out;
    }
    out.items.emplace_back(statement_json(*found->second));
  }
  // A cursor that is under embargo meanwhile is one that never was.
  if (!has_begun) return fail(Code::kInvalid, "\"cursor\" is none of this list's: begin again without it");
  return out;
}

Result<Imported> Programs::import(const access::Actor& actor, const Json& file) {
  TRY(access::require(decide_program(actor, access::Action::kStateProgram), "page"));
  return enter(actor, file, {});
}

Result<Imported> Programs::enter(const access::Actor& actor, const Json& file, const Entry& entry) {
  std::vector<Statement> before;
  std::int64_t leaf = -1;
  PersonId console;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    before = TRY(read_statements(tx, actor.agency));
    leaf = TRY(last_leaf(tx, actor.agency));
    console = TRY(console_of(tx, actor.agency));
    return {};
  }));
  Batch batch = TRY(read_file(file, before, actor.agency, parts_.clock.now(), entry.acts));
  Imported out{{}, batch.added.size(), batch.already};
  if (batch.added.empty()) return out;
  out.import = hex(crypto::random_bytes<16>());

  ledger::Submission submission;
  submission.actor = actor.subject();
  std::vector<std::string> salts;
  for (std::size_t first = 0; first < batch.added.size(); first += kDigestsOfEvent) {
    const std::size_t end = std::min(first + kDigestsOfEvent, batch.added.size());
    Json::Array digests;
    for (std::size_t i = first; i < end; ++i) {
      batch.added[i].recorded_by = actor.person;
      salts.push_back(hex(crypto::random_bytes<16>()));
      digests.emplace_back(digest_of({batch.added[i], out.import, salts.back()}));
    }
    submission.events.push_back(
        {console, "program.stated", {{"import", out.import}, {"statements", std::move(digests)}}, false});
  }
  if (!entry.gate.empty()) {
    submission.events.push_back({console,
                                 "program.gate_waived",
                                 {{"import", out.import}, {"gate", entry.gate}, {"reason", entry.reason}},
                                 false});
  }
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> events) -> Result<void> {
    // Judged by what was known then.
    if (TRY(last_leaf(tx, actor.agency)) != leaf) {
      return fail(Code::kConflict,
                  "Something else was stated meanwhile, and nothing of this file was taken: import it again");
    }
    TRY(check_gates(tx, actor.agency, before, batch));
    for (std::size_t i = 0; i < batch.added.size(); ++i) {
      const ledger::SealedEvent& event = events[i / kDigestsOfEvent];
      TRY(add_statement(tx, actor.agency, {batch.added[i], out.import, salts[i]}, event.index,
                        static_cast<std::int64_t>(i % kDigestsOfEvent), event.at));
    }
    return {};
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return out;
}

// What is done here, as a file that says so.
Result<Json> Programs::act_file(const access::Actor& actor, Json::Array statements) {
  std::string by;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    by = TRY(roster::name_of(tx, actor.agency, actor.person)).value_or(actor.login);
    return {};
  }));
  const Json source = Json::Object{{"by", std::move(by)},
                                   {"where", "Lapel, by whoever was signed in"},
                                   {"on", day_text(day_of(parts_.clock.now()))}};
  for (Json& statement : statements) statement.object()->emplace("source", source);
  return Json(Json::Object{{"format", std::string(kFormat)}, {"statements", std::move(statements)}});
}

Result<Imported> Programs::begin(const access::Actor& actor, const std::string& phase, std::optional<Day> on) {
  TRY(access::require(decide_program(actor, access::Action::kStateProgram), "page"));
  const SubjectName subject{std::string(kPhase), phase};
  const Known all = TRY(known(actor, access::Action::kStateProgram, {}));
  if (!all.program.standing(subject, "title")) return fail(Code::kNotFound, "No such phase", phase);
  const Day day = on.value_or(all.program.view.today);
  Json::Array statements;
  statements.emplace_back(Json::Object{{"subject", subject.text()}, {"field", "started_on"}, {"value", day_text(day)}});
  return enter(actor, TRY(act_file(actor, std::move(statements))), {});
}

Result<Imported> Programs::waive(const access::Actor& actor, const std::string& gate, const std::string& reason,
                                 std::optional<Day> until) {
  TRY(access::require(decide_program(actor, access::Action::kWaiveGate), "page"));
  const SubjectName subject{std::string(kGate), gate};
  Query query;
  query.embargoed = Embargoed::kIncluded;
  const Known all = TRY(known(actor, access::Action::kWaiveGate, query));
  TRY(check_may_waive(all.program, actor, subject));
  if (reason.empty()) return fail(Code::kInvalid, "\"reason\" is missing: a waiver says why");
  if (until && *until <= all.program.view.today) return fail(Code::kInvalid, "\"until\" must be a day to come");
  const std::string slug = hex(crypto::random_bytes<8>());
  const std::string waiver = fmt::format("{}/{}", kGateWaiver, slug);
  Json::Array statements;
  statements.emplace_back(
      Json::Object{{"subject", waiver}, {"field", "gate"}, {"value", subject.text()}, {"reason", reason}});
  if (until) {
    statements.emplace_back(
        Json::Object{{"subject", waiver}, {"field", "until"}, {"value", day_text(*until)}, {"reason", reason}});
  }
  return enter(actor, TRY(act_file(actor, std::move(statements))), {Acts::kAllowed, gate, reason});
}

Result<std::vector<std::string>> Programs::bars_of_check_out(db::Transaction& tx, const AgencyId& agency) {
  if (!TRY(opens_check_out(tx, agency))) return std::vector<std::string>();
  const std::vector<Statement> statements = TRY(read_statements(tx, agency));
  const Timestamp now = parts_.clock.now();
  View view;
  view.today = view.as_of = day_of(now);
  const Program told = fold(statements, view);
  view.embargoed = Embargoed::kIncluded;
  return program::bars_of_check_out(fold(statements, view), told,
                                    TRY(ask_all(tx, agency, parts_.ask, view.as_of, now)));
}

// By everything that is known with the file, as it was on the day on which a phase is said to have begun.
Result<void> Programs::check_gates(db::Transaction& tx, const AgencyId& agency, const std::vector<Statement>& before,
                                   const Batch& batch) {
  const auto begun = begun_by(batch.added);
  if (begun.empty()) return {};
  std::vector<Statement> all = before;
  all.insert(all.end(), batch.added.begin(), batch.added.end());
  const Timestamp now = parts_.clock.now();
  View view;
  view.today = view.as_of = day_of(now);
  view.embargoed = Embargoed::kIncluded;
  Program program = fold(all, view);
  for (const auto& [phase, day] : begun) {
    program.view.as_of = day;
    TRY(check_may_begin(program, TRY(ask_all(tx, agency, parts_.ask, day, now)), phase));
  }
  return {};
}

}  // namespace lapel::program
