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
#include "program/import.h"
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
    return {};
  }));
  out.program = fold(out.statements, view);
  return out;
}

template <typename Make>
Result<Json::Object> Programs::tell(const access::Actor& actor, access::Action action, const Query& query,
                                    Make&& make) {
  Known all = TRY(known(actor, action, query));
  Json::Object out = TRY(make(all.program));
  // Of the asker alone, whether or not there is anything.
  out.emplace("may_include_embargoed", decide_program(actor, access::Action::kSeeEmbargoed).is_allowed());
  out.emplace("may_include_privileged", decide_program(actor, access::Action::kSeePrivileged).is_allowed());
  return out;
}

Result<Json::Object> Programs::status(const access::Actor& actor, const Query& query) {
  return tell(actor, access::Action::kSeeProgram, query,
              [](const Program& program) -> Result<Json::Object> { return status_report(program); });
}

Result<Json::Object> Programs::costs(const access::Actor& actor, const Query& query) {
  return tell(actor, access::Action::kSeeProgram, query, [&](const Program& program) -> Result<Json::Object> {
    return costs_report(program, TRY(find_contract(program, query.contract)));
  });
}

Result<Json::Object> Programs::report(const access::Actor& actor, const Query& query) {
  return tell(actor, access::Action::kSeeProgram, query,
              [](const Program& program) -> Result<Json::Object> { return full_report(program); });
}

Result<Json::Object> Programs::bargaining(const access::Actor& actor, const Query& query) {
  const bool is_of_program = decide_program(actor, access::Action::kSeeProgram).is_allowed() ||
                             decide_program(actor, access::Action::kSeePrivileged).is_allowed();
  return tell(actor, access::Action::kSeeBargaining, query, [&](Program& program) -> Result<Json::Object> {
    if (!is_of_program) keep_what_units_were_given(program);
    return bargaining_report(program);
  });
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
  std::vector<Statement> before;
  std::int64_t leaf = -1;
  PersonId console;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    before = TRY(read_statements(tx, actor.agency));
    leaf = TRY(last_leaf(tx, actor.agency));
    console = TRY(console_of(tx, actor.agency));
    return {};
  }));
  Batch batch = TRY(read_file(file, before, actor.agency, parts_.clock.now()));
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
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> events) -> Result<void> {
    // Judged by what was known then.
    if (TRY(last_leaf(tx, actor.agency)) != leaf) {
      return fail(Code::kConflict,
                  "Something else was stated meanwhile, and nothing of this file was taken: import it again");
    }
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

}  // namespace lapel::program
