// SPDX-License-Identifier: Apache-2.0
#include "training/training.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/problems.h"
#include "http/answers.h"
#include "training/facts.h"
#include "training/policies.h"
#include "training/schema.h"

namespace lapel::training {
namespace {

constexpr std::int64_t kSoonDays = 60;

// Everybody of whom something is asked by rank alone.
Result<std::vector<roster::Person>> active_people(db::Transaction& tx, const AgencyId& agency) {
  std::vector<roster::Person> out;
  for (roster::Person& each : TRY(roster::people(tx, agency))) {
    if (each.is_active) out.push_back(std::move(each));
  }
  return out;
}

bool is_counted(const Known& known, const Requirement& requirement, const roster::Person& person) {
  if (!concerns(known, requirement, person.id)) return false;
  return requirement.unit || person.roles.contains(access::Role::kOfficer) ||
         person.roles.contains(access::Role::kSupervisor);
}

bool is_counted(const Known& known, Of kind, const roster::Person& person) {
  if (kind == Of::kPolicy) {
    return std::ranges::any_of(known.policies,
                               [&](const Policy& each) { return is_counted(known, each.requirement, person); });
  }
  return std::ranges::any_of(known.courses,
                             [&](const Course& each) { return is_counted(known, each.requirement, person); });
}

Gate gate(const Known& known, const std::vector<roster::Person>& people, Of kind, Timestamp at) {
  Gate out;
  out.is_required =
      kind == Of::kPolicy
          ? std::ranges::any_of(known.policies, [](const Policy& each) { return each.requirement.is_required; })
          : std::ranges::any_of(known.courses, [](const Course& each) { return each.requirement.is_required; });
  for (const roster::Person& person : people) {
    if (!is_counted(known, kind, person)) continue;
    ++out.concerned;
    const std::vector<std::string> missing = lacks(known, kind, person.id, person.name, at);
    if (missing.empty()) ++out.ready;
    for (const std::string& sentence : missing) out.gaps.push_back({person.id, person.name, sentence});
  }
  return out;
}

Json::Array texts(const std::vector<std::string>& sentences) {
  return {sentences.begin(), sentences.end()};
}

Json day_or_null(const std::optional<Day>& day) {
  return day ? Json(day_text(*day)) : Json();
}

std::vector<std::string> all_lacks(const Known& known, const PersonId& person, const std::string& name, Timestamp at) {
  std::vector<std::string> out = lacks(known, Of::kPolicy, person, name, at);
  for (std::string& each : lacks(known, Of::kTraining, person, name, at)) out.push_back(std::move(each));
  return out;
}

// What an outsider needs in order to check it without this server.
Json passkey_json(const Acknowledgement& each, const std::string& statement) {
  if (each.row.text("proof") != "passkey") return Json();
  Json::Object out = {{"statement", statement}};
  for (const std::string_view member :
       {"credential", "algorithm", "public_key", "rp_id", "authenticator_data", "client_data", "signature"}) {
    out.emplace(member, each.row.text(member));
  }
  return Json(std::move(out));
}

}  // namespace

Result<std::vector<std::string>> Training::missing(db::Transaction& tx, const AgencyId& agency, const PersonId& person,
                                                   Timestamp now) {
  const Known known = TRY(read_known(tx, agency, person, now));
  return all_lacks(known, person, TRY(roster::person(tx, person)).name, now);
}

Result<Standing> Training::standing(db::Transaction& tx, const AgencyId& agency, Timestamp now) {
  const Known known = TRY(read_known(tx, agency, std::nullopt, now));
  const std::vector<roster::Person> people = TRY(active_people(tx, agency));
  return Standing{gate(known, people, Of::kPolicy, now), gate(known, people, Of::kTraining, now)};
}

Result<Json::Object> Training::overview(const access::Actor& actor, std::optional<Day> as_of) {
  TRY(require(actor, access::Action::kSeeTraining));
  const Timestamp now = parts_.clock.now();
  if (as_of && *as_of > day_of(now)) return fail(Code::kInvalid, "\"as_of\" is a day to come");
  const bool is_now = !as_of || *as_of == day_of(now);
  const Timestamp at = is_now ? now : Timestamp{(as_of->number + 1) * kDayUs - 1};
  const Day day = day_of(at);
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const Known known = TRY(read_known(tx, actor.agency, std::nullopt, at));
    std::vector<roster::Person> people;
    for (roster::Person& each : TRY(active_people(tx, actor.agency))) {
      const auto seen = require_seeing(tx, actor, each.id, now);
      if (!seen && seen.error().problem != &problems::kRule) return fail(seen.error());
      if (seen) people.push_back(std::move(each));
    }
    const auto counts = [](const Gate& gate) {
      return Json(Json::Object{{"required", gate.is_required}, {"ready", gate.ready}, {"concerned", gate.concerned}});
    };
    Json policy = counts(gate(known, people, Of::kPolicy, at));
    Json training = counts(gate(known, people, Of::kTraining, at));
    Json::Array rows;
    for (const roster::Person& person : people) {
      if (!is_counted(known, Of::kPolicy, person) && !is_counted(known, Of::kTraining, person)) continue;
      Json::Array ending;
      for (const Course& course : known.courses) {
        const Taken had = taken(known, course, person.id, day);
        if (!concerns(known, course.requirement, person.id) || !had.counts(day) || !had.ends) continue;
        if (had.ends->number - day.number > kSoonDays) continue;
        ending.push_back(Json::Object{{"course", course.title}, {"on", day_text(*had.ends)}});
      }
      Json who = TRY(named(tx, actor.agency, person.id));
      rows.push_back(Json::Object{{"person", std::move(who)},
                                  {"missing", texts(all_lacks(known, person.id, person.name, at))},
                                  {"ending", std::move(ending)}});
    }
    out = {{"as_of", day_text(day)},
           {"policy", std::move(policy)},
           {"training", std::move(training)},
           {"people", std::move(rows)}};
    return {};
  }));
  return out;
}

Result<Json::Object> Training::person(const access::Actor& actor, const std::string& text) {
  const Timestamp now = parts_.clock.now();
  const std::string origin = TRY(parts_.ledgers.find(actor.agency))->terms().origin;
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const auto found = find_person(tx, actor.agency, text, now);
    // Whoever may see nobody else's learns of no name by trying.
    if (!found) TRY(require(actor, access::Action::kSeeTraining));
    const PersonId id = TRY(found);
    TRY(require_seeing(tx, actor, id, now));
    const roster::Person person = TRY(roster::person(tx, id));
    const Known known = TRY(read_known(tx, actor.agency, id, now));
    std::map<RowId, const Course*> courses;
    for (const Course& each : known.courses) courses[each.id] = &each;
    Json::Array acknowledged, attended, asked;
    for (const Acknowledgement& each : TRY(acknowledgements(tx, actor.agency, known.policies, id))) {
      const auto policy = std::ranges::find(known.policies, each.policy, &Policy::id);
      if (policy == known.policies.end()) continue;
      const std::string statement = acknowledgement_statement({origin, policy->slug, each.number, each.sha256, id});
      acknowledged.push_back(Json::Object{{"id", each.id.text()},
                                          {"policy", policy->slug},
                                          {"title", policy->title},
                                          {"number", each.number},
                                          {"sha256", each.sha256},
                                          {"at", ledger_time(each.at)},
                                          {"proof", each.row.text("proof")},
                                          {"passkey", passkey_json(each, statement)}});
    }
    for (const Attendance& each : TRY(attendances(tx, actor.agency, id))) {
      const auto course = courses.find(each.session.course);
      if (course == courses.end()) continue;
      Json by = TRY(named(tx, actor.agency, each.entered_by));
      attended.push_back(Json::Object{{"id", each.id.text()},
                                      {"course", course->second->slug},
                                      {"title", course->second->title},
                                      {"session", each.session.id.text()},
                                      {"on", day_text(each.session.on)},
                                      {"ends", day_or_null(course->second->ends(each.session.on))},
                                      {"place", http::text_or_null(each.session.place)},
                                      {"trainer", http::text_or_null(each.session.trainer)},
                                      {"how", each.how},
                                      {"by", std::move(by)},
                                      {"at", ledger_time(each.entered_at)},
                                      {"withdrawn_at", http::time_or_null(each.withdrawn_at)},
                                      {"reason", http::text_or_null(each.withdraw_reason)}});
    }
    for (const Course& course : known.courses) {
      if (!concerns(known, course.requirement, id)) continue;
      const Taken had = taken(known, course, id, day_of(now));
      asked.push_back(Json::Object{{"course", course.slug},
                                   {"title", course.title},
                                   {"attended", day_or_null(had.attended)},
                                   {"ends", day_or_null(had.ends)},
                                   {"counts", had.counts(day_of(now))}});
    }
    Json who = TRY(named(tx, actor.agency, id));
    out = {{"person", std::move(who)},
           {"missing", texts(all_lacks(known, id, person.name, now))},
           {"acknowledgements", std::move(acknowledged)},
           {"courses", std::move(asked)},
           {"attendances", std::move(attended)}};
    return {};
  }));
  return out;
}

Result<Json::Object> Training::recording(const access::Actor& actor, const RecordingId& id) {
  const evidence::Recording recording = TRY(vault_.show(actor, id));
  const Timestamp at = recording.description.recorded_at.value_or(recording.received_at);
  const std::optional<PersonId> officer = recording.assigned_officer;
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    // Of nobody, no acknowledgement is read; the versions are the agency's.
    const Known known = TRY(read_known(tx, actor.agency, officer.value_or(PersonId()), at));
    Json::Array policies, courses;
    for (const Policy& policy : known.policies) {
      const Version* version = policy.in_force(at);
      if (!version) continue;
      const Acknowledgement* last = officer ? acknowledged(known, policy, *officer, at) : nullptr;
      policies.push_back(Json::Object{{"policy", policy.slug},
                                      {"title", policy.title},
                                      {"number", version->number},
                                      {"sha256", version->sha256},
                                      {"effective_at", ledger_time(version->effective)},
                                      {"acknowledged", last ? Json(last->number) : Json()},
                                      {"acknowledged_at", last ? Json(ledger_time(last->at)) : Json()}});
    }
    for (const Course& course : known.courses) {
      const Taken had = officer ? taken(known, course, *officer, day_of(at)) : Taken{};
      courses.push_back(Json::Object{{"course", course.slug},
                                     {"title", course.title},
                                     {"attended", day_or_null(had.attended)},
                                     {"ends", day_or_null(had.ends)},
                                     {"counts", had.counts(day_of(at))}});
    }
    Json who = officer ? TRY(named(tx, actor.agency, *officer)) : Json();
    out = {{"recording", id.text()},
           {"recorded_at", ledger_time(at)},
           {"officer", std::move(who)},
           {"policies", std::move(policies)},
           {"courses", std::move(courses)}};
    return {};
  }));
  return out;
}

}  // namespace lapel::training
