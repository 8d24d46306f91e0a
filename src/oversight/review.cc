// SPDX-License-Identifier: Apache-2.0
#include "oversight/review.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "ledger/feed.h"
#include "proof/entry.h"

namespace lapel::oversight {
namespace {

using roster::AssignmentKind;

access::Item own_agency(const access::Actor& actor) {
  access::Item item;
  item.agency = actor.agency;
  return item;
}

Timestamp day_of(Timestamp time) {
  return {time.us - time.us % kDayUs};
}
std::string day_text(Timestamp time) {
  return ledger_time(time).substr(0, 10);
}

std::vector<std::string> role_names(const roster::Person& person) {
  std::vector<std::string> out;
  for (const access::Role role : person.roles) out.emplace_back(access::role_name(role));
  return out;
}

// A spreadsheet runs what begins like a formula.
std::string cell(const std::string& text) {
  const bool is_formula = !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  std::string out = is_formula ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, "; "));
}

// What targets are called, where a list of them is for everybody who sees the list.
Result<std::map<std::string, std::string>> names_of_targets(db::Transaction& tx, const AgencyId& agency) {
  std::map<std::string, std::string> out;
  for (const roster::Unit& unit : TRY(roster::units(tx, agency))) out[unit.id.text()] = unit.name;
  for (const roster::Case& known : TRY(roster::cases(tx, agency))) out[known.id.text()] = known.number;
  return out;
}

Result<void> read_roles(db::Transaction& tx, const AgencyId& agency, std::map<PersonId, Reviewed>& people) {
  for (const ledger::SealedEvent& sealed : TRY(ledger::last_roles(tx, agency))) {
    const auto found = people.find(PersonId(sealed.subject.bytes()));
    if (found == people.end()) continue;
    const auto event = proof::parse_event(sealed.event);
    const std::string* actor = event ? event->find_string("actor") : nullptr;
    const auto by = actor ? SubjectId::parse(*actor) : std::nullopt;
    if (!by) return fail(Code::kCorrupt, "An event in the catalog is damaged", sealed.subject.text());
    found->second.roles_since = sealed.at;
    found->second.roles_by = TRY(roster::name_of(tx, agency, *by)).value_or(*actor);
    if (const std::string* reason = event->find_string("reason")) found->second.roles_reason = *reason;
  }
  return {};
}

// Nothing of it changes by itself from one look to the next.
std::string content_of(const std::vector<Reviewed>& people) {
  Json::Array out;
  for (const Reviewed& each : people) {
    Json::Array tokens;
    for (const Credential& token : each.account.tokens) {
      tokens.emplace_back(Json::Object{{"id", token.id}, {"expires_at", ledger_time(token.expires_at)}});
    }
    const auto list = [](const std::vector<std::string>& texts) { return Json::Array(texts.begin(), texts.end()); };
    out.emplace_back(Json::Object{
        {"person", each.person.id.text()},
        {"active", each.person.is_active},
        {"roles", list(role_names(each.person))},
        {"factors", Json::Array(each.account.factors.begin(), each.account.factors.end())},
        {"tokens", std::move(tokens)},
        {"units", list(each.units)},
        {"supervises", list(each.supervises)},
        {"scopes", each.scopes ? Json(list(*each.scopes)) : Json()},
        {"cases", each.cases ? Json(list(*each.cases)) : Json()},
        {"clearances", each.clearances ? Json(list(*each.clearances)) : Json()},
    });
  }
  return to_json(Json(std::move(out)));
}

}  // namespace

Result<Review> AccessReview::show(const access::Actor& actor) {
  TRY(access::require(access::decide(actor, access::Action::kReviewAccess, own_agency(actor)), "page"));
  const bool sees_cases = access::decide(actor, access::Action::kSeeCases, own_agency(actor)).is_allowed();
  // Whoever checks the whole has to see who was cleared; whoever only keeps the accounts does not.
  const bool sees_clearances = actor.has(access::Role::kCommand) || actor.has(access::Role::kAuditor);
  const Timestamp now = parts_.clock.now();
  Review out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    std::map<PersonId, Reviewed> people;
    for (roster::Person& person : TRY(roster::people(tx, actor.agency))) {
      Reviewed& each = people[person.id];
      each.person = std::move(person);
      if (sees_cases) each.cases.emplace();
      if (sees_clearances) each.clearances.emplace();
    }
    TRY(read_roles(tx, actor.agency, people));
    for (auto& [id, account] : TRY(parts_.accounts(tx, actor.agency))) {
      const auto found = people.find(id);
      if (found != people.end()) found->second.account = std::move(account);
    }
    const std::map<std::string, std::string> names = TRY(names_of_targets(tx, actor.agency));
    roster::AssignmentQuery standing;
    standing.at = now;
    standing.of = {AssignmentKind::kUnit, AssignmentKind::kUnitSupervisor};
    if (sees_cases) standing.of->push_back(AssignmentKind::kCase);
    if (sees_clearances) standing.of->push_back(AssignmentKind::kClearance);
    for (const roster::Assignment& assignment : TRY(roster::assignments(tx, actor.agency, standing))) {
      const auto found = people.find(assignment.person);
      if (found == people.end()) continue;
      const auto name = names.find(assignment.target);
      const std::string& text = name == names.end() ? assignment.target : name->second;
      if (assignment.kind == AssignmentKind::kUnit) found->second.units.push_back(text);
      if (assignment.kind == AssignmentKind::kUnitSupervisor) found->second.supervises.push_back(text);
      if (assignment.kind == AssignmentKind::kCase) found->second.cases->push_back(text);
      if (assignment.kind == AssignmentKind::kClearance) found->second.clearances->push_back(text);
    }
    for (const roster::Assignment& given :
         TRY(roster::assignments(tx, actor.agency, {AssignmentKind::kScope, {}, {}, {}}))) {
      const auto found = people.find(given.person);
      if (found == people.end() || given.from > now) continue;
      std::vector<std::string>& scopes = found->second.scopes ? *found->second.scopes : found->second.scopes.emplace();
      const auto name = names.find(given.target);
      if (!given.until || *given.until > now) {
        scopes.push_back(name == names.end() ? given.target : name->second);
      }
    }
    for (auto& [id, each] : people) {
      std::optional<Timestamp> last = each.account.signed_in_at;
      for (const Credential& token : each.account.tokens) {
        if (token.used_on && (!last || *last < *token.used_on)) last = token.used_on;
      }
      if (last) each.last_day = day_of(*last);
      // Also of whom the server has disabled for it.
      each.was_never_here = (each.person.is_active || each.account.is_disabled) && !last;
      each.is_idle = last && (each.account.is_disabled || (each.person.is_active && now - *last >= kIdleUs));
      out.people.push_back(std::move(each));
    }
    std::ranges::sort(out.people, [](const Reviewed& a, const Reviewed& b) { return a.person.login < b.person.login; });
    for (const db::Row& row : TRY(tx.query("SELECT person, at_us, people, note FROM access_reviews WHERE agency = "
                                           ":agency ORDER BY at_us DESC, id LIMIT 1",
                                           {{"agency", actor.agency.text()}}))) {
      const auto by = PersonId::parse(row.text("person"));
      if (!by) return fail(Code::kCorrupt, "A review in the catalog is damaged", row.text("person"));
      const auto name = TRY(roster::name_of(tx, actor.agency, *by));
      out.last = Review::Signed{{row.integer("at_us")},
                                name.value_or(by->text()),
                                row.maybe_text("note").value_or(""),
                                row.integer("people")};
    }
    return {};
  }));
  out.sha256 = hex(crypto::sha256(as_bytes(content_of(out.people))));
  return out;
}

Result<void> AccessReview::sign(const access::Actor& actor, const std::string& sha256, const std::string& note) {
  const Review review = TRY(show(actor));
  if (review.sha256 != sha256) {
    return fail(Code::kConflict, "Somebody's access has changed since you looked: look at the review again");
  }
  if (note.size() > limits::kFieldBytesMax || has_control_characters(note)) {
    return fail(Code::kInvalid,
                fmt::format("A note has at most {} bytes and no control characters", limits::kFieldBytesMax));
  }
  const std::string id = hex(crypto::random_bytes<16>());
  const auto people = static_cast<std::int64_t>(review.people.size());
  Json::Object fields = {{"review", id}, {"people", people}, {"sha256", sha256}};
  if (!note.empty()) fields.emplace("note", note);
  ledger::Submission submission;
  submission.actor = actor.subject();
  submission.events.push_back({actor.subject(), "access.reviewed", std::move(fields), false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    TRY(tx.run(
        "INSERT INTO access_reviews (id, agency, person, at_us, people, sha256, note) VALUES (:id, :agency, :person, "
        ":now, :people, :sha256, :note)",
        {{"id", id},
         {"agency", actor.agency.text()},
         {"person", actor.person.text()},
         {"now", parts_.clock.now().us},
         {"people", people},
         {"sha256", sha256},
         {"note", note.empty() ? std::nullopt : std::optional(note)}}));
    return {};
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return {};
}

std::string as_csv(const Review& review) {
  std::string out =
      "login,name,active,roles,roles since,roles by,last here,flag,second "
      "factors,tokens,units,supervises,scope,cases,clearances\r\n";
  for (const Reviewed& each : review.people) {
    std::vector<std::string> tokens;
    for (const Credential& token : each.account.tokens) {
      tokens.push_back(fmt::format("{} until {}",
                                   token.scopes ? fmt::format("{}", fmt::join(*token.scopes, " ")) : "all",
                                   day_text(token.expires_at)));
    }
    const std::vector<std::string> factors(each.account.factors.begin(), each.account.factors.end());
    const std::string cells[] = {each.person.login,
                                 each.person.name,
                                 each.person.is_active ? "yes" : "no",
                                 joined(role_names(each.person)),
                                 ledger_time(each.roles_since),
                                 each.roles_by,
                                 each.last_day ? day_text(*each.last_day) : "",
                                 each.was_never_here ? "never signed in"
                                 : each.is_idle      ? "idle"
                                                     : "",
                                 joined(factors),
                                 joined(tokens),
                                 joined(each.units),
                                 joined(each.supervises),
                                 each.scopes ? joined(*each.scopes) : "not limited",
                                 each.cases ? joined(*each.cases) : "not shown",
                                 each.clearances ? joined(*each.clearances) : "not shown"};
    std::string line;
    for (const std::string& text : cells) line += (line.empty() ? "" : ",") + cell(text);
    out += line + "\r\n";
  }
  return out;
}

}  // namespace lapel::oversight
