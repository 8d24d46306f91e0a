// SPDX-License-Identifier: Apache-2.0
#include "people/people.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "roster/roles.h"
#include "roster/staffing.h"

namespace lapel::people {
namespace {

using roster::Assignment;
using roster::AssignmentKind;

access::Item about(const access::Actor& actor, const std::optional<PersonId>& person = std::nullopt) {
  access::Item item;
  item.agency = actor.agency;
  item.assigned_officer = person;
  return item;
}

Result<void> require(const access::Actor& actor, access::Action action,
                     const std::optional<PersonId>& person = std::nullopt) {
  return access::require(access::decide(actor, action, about(actor, person)), "page");
}

// Who may know of an assignment that stands, beside those who may make one.
access::Action seeing(AssignmentKind kind) {
  switch (kind) {
    case AssignmentKind::kClearance:
    case AssignmentKind::kInvestigation:
      return roster::action_for(kind);
    case AssignmentKind::kCase:
      return access::Action::kSeeCases;
    default:
      return access::Action::kSeeRoster;
  }
}

Result<void> check_text(std::string_view what, const std::string& text) {
  if (text.empty() || text.size() > limits::kFieldBytesMax) {
    return fail(Code::kInvalid, fmt::format("{} must have 1 to {} bytes", what, limits::kFieldBytesMax));
  }
  if (has_control_characters(text)) {
    return fail(Code::kInvalid, fmt::format("{} must have no control characters", what));
  }
  return {};
}

// As `lapel user add` takes it, and nothing in it that nobody sees.
Result<void> check_login(const std::string& login) {
  TRY(check_text("A login", login));
  if (login.find(' ') != std::string::npos || has_format_characters(login)) {
    return fail(Code::kInvalid, "A login has no spaces and no characters that nobody sees");
  }
  return {};
}

// Statements have no ids: among those filed at one moment, a digest of the incident and of when it was taken back is the order.
ListPlace place_of(const roster::Statement& statement) {
  const std::string text = fmt::format("{} {}", statement.withdrawn_at.value_or(Timestamp{0}).us, statement.incident);
  return {0, statement.filed_at.us, hex(crypto::sha256(as_bytes(text)))};
}
bool is_later(const ListPlace& a, const ListPlace& b) {
  return a.us != b.us ? a.us > b.us : a.id < b.id;
}

Json::Object fields_of(const Assignment& assignment) {
  Json::Object fields = {{"assignment", assignment.id.text()},
                         {"kind", roster::assignment_kind_name(assignment.kind)},
                         {"from", ledger_time(assignment.from)}};
  if (!assignment.target.empty()) fields.emplace("target", assignment.target);
  if (assignment.until) fields.emplace("until", ledger_time(*assignment.until));
  return fields;
}

}  // namespace

Result<void> People::commit(const access::Actor& actor, std::vector<ledger::Draft> events, ledger::RowsStep rows) {
  ledger::Submission submission;
  submission.actor = actor.subject();
  submission.events = std::move(events);
  submission.rows = std::move(rows);
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return {};
}

Result<PersonId> People::console(const access::Actor& actor) {
  PersonId out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(roster::agency(tx, actor.agency)).console;
    return {};
  }));
  return out;
}

Result<roster::Person> People::find(const access::Actor& actor, const std::string& person) {
  std::optional<roster::Person> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const auto id = PersonId::parse(person);
    auto found = id ? roster::person(tx, *id) : roster::person_by_login(tx, person);
    if (found && found->agency == actor.agency) {
      out = *std::move(found);
      return {};
    }
    if (!found && found.error().code() != Code::kNotFound) return fail(std::move(found).error());
    return fail(Code::kNotFound, "Nobody of this agency has that id or login", person);
  }));
  return *std::move(out);
}

Result<std::vector<roster::Person>> People::list(const access::Actor& actor) {
  TRY(require(actor, access::Action::kSeeRoster));
  std::vector<roster::Person> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(roster::people(tx, actor.agency));
    return {};
  }));
  return out;
}

Result<roster::Person> People::show(const access::Actor& actor, const std::string& person) {
  TRY(require(actor, access::Action::kSeeRoster));
  return find(actor, person);
}

Result<People::Invited> People::add(const access::Actor& actor, const NewPerson& wanted) {
  TRY(require(actor, access::Action::kManagePeople));
  TRY(check_login(wanted.login));
  if (!wanted.name.empty()) TRY(check_text("A name", wanted.name));
  if (wanted.badge) TRY(check_text("A badge", *wanted.badge));
  Invited out;
  out.person = {crypto::new_id<PersonId>(),
                actor.agency,
                wanted.login,
                wanted.name.empty() ? wanted.login : wanted.name,
                wanted.badge,
                {}};
  out.person.roles = TRY(roster::parse_roles(wanted.roles));
  const roster::Person& person = out.person;
  const Timestamp now = parts_.clock.now();
  Json::Array roles;
  for (const access::Role role : person.roles) roles.emplace_back(access::role_name(role));
  Json::Object bound = {{"name", person.name}, {"from", ledger_time(now)}};
  if (person.badge) bound.emplace("badge", *person.badge);
  auto added = commit(actor,
                      {{person.id, "identity.bound", std::move(bound), true},
                       {person.id, "person.roles", {{"roles", std::move(roles)}}, false}},
                      [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
                        TRY(roster::add_person(tx, person, now));
                        out.link = TRY(parts_.invite(tx, person.id, actor.person));
                        return {};
                      });
  if (!added && added.error().code() == Code::kConflict) {
    return fail(Code::kConflict, "This login or badge is taken", added.error().context);
  }
  TRY(std::move(added));
  return out;
}

Result<People::Invited> People::invite(const access::Actor& actor, const std::string& person) {
  Invited out;
  out.person = TRY(find_to_manage(actor, person));
  if (!out.person.is_active) {
    return fail(Code::kConflict, "This person is deactivated: activate them first", out.person.id.text());
  }
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    out.link = TRY(parts_.invite(tx, out.person.id, actor.person));
    return {};
  }));
  return out;
}

Result<roster::Person> People::find_to_manage(const access::Actor& actor, const std::string& person) {
  // Asked first: whoever may not do it learns no names by trying.
  TRY(require(actor, access::Action::kManagePeople));
  roster::Person found = TRY(find(actor, person));
  TRY(require(actor, access::Action::kManagePeople, found.id));
  return found;
}

Result<roster::Person> People::change_roles(const access::Actor& actor, const std::string& person,
                                            const std::vector<std::string>& roles, const std::string& reason) {
  roster::Person changed = TRY(find_to_manage(actor, person));
  TRY(check_text("A reason", reason));
  const std::set<access::Role> old = changed.roles;
  changed.roles = TRY(roster::parse_roles(roles));
  Json::Array names;
  for (const access::Role role : changed.roles) names.emplace_back(access::role_name(role));
  TRY(commit(actor, {{changed.id, "person.roles", {{"roles", std::move(names)}, {"reason", reason}}, false}},
             [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
               return roster::change_roles(tx, changed.id, old, changed.roles);
             }));
  return changed;
}

Result<roster::Person> People::change_activity(const access::Actor& actor, const std::string& person, Activity activity,
                                               const std::string& reason) {
  roster::Person changed = TRY(find_to_manage(actor, person));
  TRY(check_text("A reason", reason));
  changed.is_active = activity == Activity::kActive;
  const Timestamp now = parts_.clock.now();
  TRY(commit(actor,
             {{changed.id,
               "person.active",
               {{"active", changed.is_active}, {"from", ledger_time(now)}, {"reason", reason}},
               false}},
             [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
               const bool was_put_out = TRY(parts_.by_hand(tx, changed.id));
               if (changed.is_active) return roster::activate_person(tx, changed.id, now);
               if (was_put_out && !TRY(roster::person(tx, changed.id)).is_active) return {};
               return roster::deactivate_person(tx, changed.id, now);
             }));
  return changed;
}

Result<std::vector<roster::Unit>> People::units(const access::Actor& actor) {
  TRY(require(actor, access::Action::kSeeRoster));
  std::vector<roster::Unit> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(roster::units(tx, actor.agency));
    return {};
  }));
  return out;
}

Result<roster::Unit> People::add_unit(const access::Actor& actor, const std::string& name) {
  TRY(require(actor, access::Action::kManagePeople));
  TRY(check_text("A unit's name", name));
  const roster::Unit unit{crypto::new_id<UnitId>(), actor.agency, name};
  TRY(commit(actor, {{TRY(console(actor)), "unit.added", {{"unit", unit.id.text()}, {"name", name}}, false}},
             [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
               return roster::add_unit(tx, unit, parts_.clock.now());
             }));
  return unit;
}

Result<std::vector<roster::Category>> People::categories(const access::Actor& actor) {
  if (!access::decide(actor, access::Action::kList, about(actor)).is_allowed()) {
    TRY(require(actor, access::Action::kSeeRoster));
  }
  std::vector<roster::Category> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(roster::categories(tx, actor.agency));
    return {};
  }));
  return out;
}

Result<roster::Category> People::add_category(const access::Actor& actor, const std::string& name) {
  TRY(require(actor, access::Action::kSetRules));
  TRY(check_text("A category's name", name));
  const roster::Category category{crypto::new_id<CategoryId>(), actor.agency, name, {}};
  TRY(commit(actor,
             {{TRY(console(actor)), "category.added", {{"category", category.id.text()}, {"name", name}}, false}},
             [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
               return roster::add_category(tx, category, parts_.clock.now());
             }));
  return category;
}

Result<roster::Category> People::retire_category(const access::Actor& actor, const CategoryId& id,
                                                 const std::string& reason) {
  TRY(require(actor, access::Action::kSetRules));
  TRY(check_text("A reason", reason));
  const std::vector<roster::Category> known = TRY(categories(actor));
  const auto found = std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.id == id; });
  if (found == known.end()) return fail(Code::kNotFound, "No such category", id.text());
  roster::Category out = *found;
  out.retired_at = parts_.clock.now();
  TRY(commit(actor, {{TRY(console(actor)), "category.retired", {{"category", id.text()}, {"reason", reason}}, false}},
             [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
               return roster::retire_category(tx, actor.agency, id, *out.retired_at);
             }));
  return out;
}

Result<std::vector<roster::Case>> People::cases(const access::Actor& actor) {
  TRY(require(actor, access::Action::kSeeCases));
  std::vector<roster::Case> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(roster::cases(tx, actor.agency));
    return {};
  }));
  return out;
}

Result<roster::Case> People::add_case(const access::Actor& actor, const std::string& number, const std::string& title) {
  TRY(require(actor, access::Action::kManageCases));
  TRY(check_text("A case's number", number));
  if (!title.empty()) TRY(check_text("A case's title", title));
  const roster::Case added{crypto::new_id<CaseId>(), actor.agency, number, title};
  Json::Object fields = {{"case", added.id.text()}, {"number", number}};
  if (!title.empty()) fields.emplace("title", title);
  TRY(commit(actor, {{TRY(console(actor)), "case.opened", std::move(fields), false}},
             [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
               return roster::add_case(tx, added, parts_.clock.now());
             }));
  return added;
}

Result<Page<Assignment>> People::assignments(const access::Actor& actor, const roster::AssignmentQuery& query,
                                             const PageQuery& page) {
  TRY(require(actor, query.kind ? seeing(*query.kind) : access::Action::kSeeRoster));
  // Narrowed in the query: what the asker may not know of takes up no room in the answer.
  roster::AssignmentQuery allowed = query;
  allowed.of.emplace();
  for (int number = 0; number <= static_cast<int>(roster::kLastAssignmentKind); ++number) {
    const auto kind = static_cast<AssignmentKind>(number);
    if (access::decide(actor, seeing(kind), about(actor)).is_allowed()) allowed.of->push_back(kind);
  }
  allowed.after = page.after;
  allowed.limit = page.limit + 1;
  Page<Assignment> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.items = TRY(roster::assignments(tx, actor.agency, allowed));
    return {};
  }));
  if (static_cast<std::int64_t>(out.items.size()) > page.limit) {
    out.items.pop_back();
    out.next = cursor_of(roster::place_of(out.items.back()));
  }
  return out;
}

Result<std::string> People::target_of(db::Transaction& tx, const access::Actor& actor, const Beginning& beginning) {
  const std::string& target = beginning.target;
  switch (beginning.kind) {
    case AssignmentKind::kBadge:
      TRY(check_text("A badge", target));
      return target;
    case AssignmentKind::kDevice: {
      const auto device = TRY(roster::device_by_serial(tx, actor.agency, target));
      if (!device) return fail(Code::kNotFound, "No device of this agency has that serial", target);
      return device->id.text();
    }
    case AssignmentKind::kScope:
      if (target == roster::kWholeAgency) return target;
      [[fallthrough]];
    case AssignmentKind::kUnit:
    case AssignmentKind::kUnitSupervisor: {
      const auto unit = TRY(roster::find_unit(tx, actor.agency, target));
      if (!unit) return fail(Code::kNotFound, "No unit of this agency has that name", target);
      return unit->text();
    }
    case AssignmentKind::kShift: {
      const auto shift = TRY(roster::find_shift(tx, actor.agency, target));
      if (!shift) return fail(Code::kNotFound, "No shift of this agency has that name", target);
      return shift->text();
    }
    case AssignmentKind::kFacility: {
      const auto facility = TRY(roster::find_facility(tx, actor.agency, target));
      if (!facility) return fail(Code::kNotFound, "No facility of this agency is called so", target);
      return facility->text();
    }
    case AssignmentKind::kCase: {
      const auto known = TRY(roster::find_case(tx, actor.agency, target));
      if (!known) return fail(Code::kNotFound, "No case of this agency has that number", target);
      return known->text();
    }
    case AssignmentKind::kClearance:
      if (access::parse_restriction(target)) return target;
      return fail(Code::kInvalid, "A clearance is for one of " + access::all_restriction_names(), target);
    case AssignmentKind::kInvestigation:
      if (target.empty()) return target;
      return fail(Code::kInvalid, "An investigation names its person and nothing else", target);
  }
  return fail(Code::kInternal, "An assignment of no kind");
}

Result<void> People::check_bar(db::Transaction& tx, const Assignment& made, Timestamp now) {
  const bool is_over = made.until && *made.until <= now;
  if (made.kind != AssignmentKind::kDevice || is_over || !parts_.bar) return {};
  const std::optional<std::string> why = TRY(parts_.bar(tx, made.agency, made.person));
  return why ? Result<void>(fail(Code::kConflict, *why)) : Result<void>();
}

Result<Assignment> People::begin(const access::Actor& actor, const Beginning& beginning) {
  // Asked first: whoever may not do it learns no names by trying.
  TRY(require(actor, roster::action_for(beginning.kind)));
  const roster::Person person = TRY(find(actor, beginning.person));
  TRY(require(actor, roster::action_for(beginning.kind), person.id));
  Assignment made{crypto::new_id<AssignmentId>(), actor.agency, person.id, beginning.kind, {}, {}, beginning.until};
  const Timestamp now = parts_.clock.now();
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    made.target = TRY(target_of(tx, actor, beginning));
    // From the beginning, as what they recorded may be older than the roster. Not what opens doors, nor a badge that
    // somebody else has worn: those begin when they are given.
    bool is_first = TRY(roster::assignments(tx, actor.agency, {beginning.kind, person.id, {}, {}})).empty();
    if (made.kind == AssignmentKind::kBadge) {
      is_first &= TRY(roster::assignments(tx, actor.agency, {beginning.kind, {}, made.target, {}})).empty();
    } else {
      is_first &= made.kind == AssignmentKind::kUnit;
    }
    made.from = beginning.from.value_or(is_first ? Timestamp{0} : now);
    return check_bar(tx, made, now);
  }));
  if (made.kind == AssignmentKind::kBadge && made.from > now) {
    return fail(Code::kInvalid, "A badge is worn from now on or from earlier, not from a time to come", made.target);
  }
  std::vector<ledger::Draft> events;
  Json::Object fields = fields_of(made);
  if (made.kind == AssignmentKind::kDevice) {
    // One act on two subjects: an event in the chain of each.
    const std::string act = crypto::new_id<ActId>().text();
    fields.emplace("act", act);
    const auto device = DeviceId::parse(made.target);
    events.push_back(
        {*device,
         "device.assigned",
         {{"act", act}, {"assignment", made.id.text()}, {"from", ledger_time(made.from)}, {"person", person.id.text()}},
         false});
  }
  events.insert(events.begin(), {person.id, "assignment.began", std::move(fields), false});
  // What people are called from now on; who wore what once is for the roster to know.
  if (made.kind == AssignmentKind::kBadge && !made.until) {
    events.push_back({person.id,
                      "identity.bound",
                      {{"name", person.name}, {"badge", made.target}, {"from", ledger_time(made.from)}},
                      false});
  }
  TRY(commit(actor, std::move(events), [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    TRY(check_bar(tx, made, now));
    return roster::begin_assignment(tx, made);
  }));
  return made;
}

Result<Assignment> People::find_assignment(const access::Actor& actor, const AssignmentId& id) {
  Assignment found;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    auto assignment = roster::assignment(tx, actor.agency, id);
    if (!assignment) return fail(std::move(assignment).error());
    found = *std::move(assignment);
    return {};
  }));
  if (!access::decide(actor, seeing(found.kind), about(actor)).is_allowed()) {
    return fail(Code::kNotFound, "No such assignment", id.text());
  }
  return found;
}

Result<AssignmentKind> People::kind_of(const access::Actor& actor, const AssignmentId& id) {
  return TRY(find_assignment(actor, id)).kind;
}

Result<Assignment> People::end(const access::Actor& actor, const AssignmentId& id, std::optional<Timestamp> until,
                               const std::string& reason) {
  Assignment found = TRY(find_assignment(actor, id));
  TRY(require(actor, roster::action_for(found.kind), found.person));
  TRY(check_text("A reason", reason));
  const Timestamp now = parts_.clock.now();
  found.until = until.value_or(now);
  // A person is called by it until it is taken off, which is now.
  if (found.kind == AssignmentKind::kBadge && *found.until > now) {
    return fail(Code::kInvalid, "A badge is taken off at once: leave the end out, or give a time that has passed");
  }
  std::vector<ledger::Draft> events = {
      {found.person,
       "assignment.ended",
       {{"assignment", id.text()}, {"until", ledger_time(*found.until)}, {"reason", reason}},
       false}};
  // What they are called by is taken off. One that ended before is not: the same badge may have been given to them again.
  const auto takes_off = [&](db::Transaction& tx) -> Result<bool> {
    const Assignment before = TRY(roster::assignment(tx, actor.agency, id));
    if (before.kind != AssignmentKind::kBadge || before.until) return false;
    return TRY(roster::person(tx, before.person)).badge == before.target;
  };
  bool is_taken_off = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    is_taken_off = TRY(takes_off(tx));
    return {};
  }));
  if (is_taken_off) {
    const roster::Person person = TRY(find(actor, found.person.text()));
    events.push_back({found.person, "identity.bound", {{"name", person.name}, {"from", ledger_time(now)}}, false});
  }
  TRY(commit(actor, std::move(events), [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    if (TRY(takes_off(tx)) != is_taken_off)
      return fail(Code::kConflict, "The badges of this person changed meanwhile: look at them again", id.text());
    return roster::end_assignment(tx, id, *found.until);
  }));
  return found;
}

Result<People::FirstSteps> People::first_steps(const access::Actor& actor) {
  TRY(require(actor, access::Action::kManagePeople));
  FirstSteps out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.has_people = TRY(roster::people_count(tx, actor.agency)) > 1;
    out.has_dock = std::ranges::any_of(TRY(roster::docks(tx, actor.agency)),
                                       [](const roster::Dock& dock) { return !dock.is_revoked; });
    out.has_rule = TRY(roster::has_chosen_own_viewing(tx, actor.agency));
    return {};
  }));
  return out;
}

Result<Page<roster::Statement>> People::statements(const access::Actor& actor, const std::string& person_text,
                                                   const PageQuery& page) {
  TRY(require(actor, access::Action::kRecordStatement));
  const roster::Person person = TRY(find(actor, person_text));
  std::vector<roster::Statement> all;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    all = TRY(roster::statements(tx, actor.agency, person.id));
    return {};
  }));
  std::ranges::sort(all, [](const auto& a, const auto& b) { return is_later(place_of(a), place_of(b)); });
  Page<roster::Statement> out;
  for (roster::Statement& statement : all) {
    if (page.after && !is_later(*page.after, place_of(statement))) continue;
    if (static_cast<std::int64_t>(out.items.size()) == page.limit) {
      out.next = cursor_of(place_of(out.items.back()));
      break;
    }
    out.items.push_back(std::move(statement));
  }
  return out;
}

Result<void> People::record_statement(const access::Actor& actor, const std::string& person_text,
                                      const std::string& incident, std::optional<Timestamp> filed_at) {
  TRY(require(actor, access::Action::kRecordStatement));
  const roster::Person person = TRY(find(actor, person_text));
  TRY(require(actor, access::Action::kRecordStatement, person.id));
  TRY(check_text("An incident", incident));
  const Timestamp now = parts_.clock.now();
  if (filed_at && *filed_at > now)
    return fail(Code::kInvalid, "A statement that is not filed yet is none: its time lies ahead");
  const roster::Statement statement{actor.agency, person.id, incident, filed_at.value_or(now)};
  auto recorded = commit(
      actor,
      {{person.id,
        "statement.recorded",
        {{"incident", incident}, {"filed_at", ledger_time(statement.filed_at)}},
        false}},
      [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) { return roster::add_statement(tx, statement); });
  if (!recorded && recorded.error().code() == Code::kConflict) {
    return fail(Code::kConflict, "A statement on this incident is on record already", incident);
  }
  return recorded;
}

Result<void> People::withdraw_statement(const access::Actor& actor, const std::string& person_text,
                                        const std::string& incident, const std::string& reason) {
  TRY(require(actor, access::Action::kRecordStatement));
  const roster::Person person = TRY(find(actor, person_text));
  TRY(require(actor, access::Action::kRecordStatement, person.id));
  TRY(check_text("A reason", reason));
  std::optional<roster::Statement> found;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    found = TRY(roster::statement_on(tx, actor.agency, person.id, incident));
    return {};
  }));
  if (!found) {
    return fail(Code::kNotFound, "No statement of this person on that incident stands", incident);
  }
  return commit(actor,
                {{person.id,
                  "statement.withdrawn",
                  {{"incident", incident}, {"filed_at", ledger_time(found->filed_at)}, {"reason", reason}},
                  false}},
                [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) {
                  return roster::withdraw_statement(tx, *found, sealed[0].at);
                });
}

Result<roster::OwnViewingRule> People::own_viewing(const access::Actor& actor) {
  TRY(require(actor, access::Action::kExplain, actor.person));
  return stored_own_viewing(actor.agency);
}

Result<roster::OwnViewingRule> People::stored_own_viewing(const AgencyId& agency) {
  roster::OwnViewingRule out = roster::OwnViewingRule::kAllowed;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(roster::own_viewing_rule(tx, agency));
    return {};
  }));
  return out;
}

Result<void> People::set_own_viewing(const access::Actor& actor, roster::OwnViewingRule rule,
                                     const std::string& reason) {
  TRY(require(actor, access::Action::kSetRules));
  TRY(check_text("A reason", reason));
  const roster::OwnViewingRule old = TRY(stored_own_viewing(actor.agency));
  return commit(actor,
                {{TRY(console(actor)),
                  "rule.changed",
                  {{"rule", "own_viewing"},
                   {"old", roster::own_viewing_rule_name(old)},
                   {"new", roster::own_viewing_rule_name(rule)},
                   {"reason", reason}},
                  false}},
                [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
                  return roster::set_own_viewing_rule(tx, actor.agency, old, rule);
                });
}

Result<People::Rights> People::rights(const access::Actor& actor, const std::string& person_text) {
  // Not told to be somebody before it is known who asks: see find().
  const auto self = PersonId::parse(person_text);
  const bool is_self = (self && *self == actor.person) || person_text == actor.login;
  TRY(require(actor, access::Action::kExplain, is_self ? std::optional(actor.person) : std::nullopt));
  Rights out;
  out.person = TRY(find(actor, person_text));
  access::Actor subject;
  bool has_scope = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    subject = TRY(roster::actor_of_received(tx, out.person.id));
    out.assignments = TRY(roster::assignments(tx, actor.agency, {{}, out.person.id, {}, parts_.clock.now()}));
    const auto given = TRY(roster::assignments(tx, actor.agency, {AssignmentKind::kScope, out.person.id, {}, {}}));
    has_scope = !given.empty() && given.front().from <= parts_.clock.now() &&  // in order of beginning
                std::none_of(out.assignments.begin(), out.assignments.end(), [](const Assignment& each) {
                  return each.kind == AssignmentKind::kScope && each.target == roster::kWholeAgency;
                });
    return {};
  }));
  std::erase_if(out.assignments, [&](const Assignment& assignment) {
    return !access::decide(actor, seeing(assignment.kind), about(actor)).is_allowed() &&
           !(is_self && assignment.kind != AssignmentKind::kInvestigation);
  });
  const auto decide = [&](access::Action action, const access::Item& item, const std::optional<access::Basis>& basis) {
    // As whoever comes with a credential of theirs is answered.
    if (!out.person.is_active) {
      return access::Decision{access::Answer::kSignIn, "deactivated: nothing is accepted from this person"};
    }
    return access::decide(subject, action, item, basis);
  };
  for (const std::string_view relation : {"own", "supervised", "other"}) {
    access::Item item = about(subject, relation == "own" ? std::optional(subject.person) : std::nullopt);
    item.is_supervised = relation == "supervised";
    item.is_outside_scope = has_scope && relation == "other";
    item.is_inside_home = false;
    for (int number = 0; number <= static_cast<int>(access::kLastAction); ++number) {
      const auto action = static_cast<access::Action>(number);
      if (action != access::Action::kView && action != access::Action::kExport && action != access::Action::kShare) {
        out.rights.push_back({action, std::nullopt, relation, decide(action, item, std::nullopt)});
        continue;
      }
      for (int wanted = 0; wanted <= static_cast<int>(access::Purpose::kOwnRecording); ++wanted) {
        access::Basis basis;
        basis.purpose = static_cast<access::Purpose>(wanted);
        basis.has_case = basis.is_related = true;
        out.rights.push_back({action, basis.purpose, relation, decide(action, item, basis)});
      }
    }
  }
  return out;
}

}  // namespace lapel::people
