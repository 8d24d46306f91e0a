// SPDX-License-Identifier: Apache-2.0
// What a recording is said to be, changed on the record.
#include <utility>

#include <fmt/format.h>

#include "base/problems.h"
#include "base/text.h"
#include "evidence/locks.h"
#include "evidence/rows.h"
#include "roster/categories.h"
#include "roster/holds.h"

namespace lapel::evidence {
namespace {

// One event of custody, and the assignment of the row's columns that it stands for.
class Changes {
 public:
  explicit Changes(std::string reason) : reason_(std::move(reason)) {}

  void text(std::string_view field, const std::optional<std::string>& old, const std::optional<std::string>& now) {
    if (old == now) return;
    Json::Object fields = event(field);
    if (old) fields.emplace("old", *old);
    if (now) fields.emplace("new", *now);
    set(std::move(fields), fmt::format("{0} = :{0}", field), {field, now});
  }
  void flag(std::string_view field, std::optional<bool> old, bool now, std::string_view assignment) {
    if (old == now) return;
    Json::Object fields = event(field);
    if (old) fields.emplace("old", *old);
    fields.emplace("new", now);
    set(std::move(fields), std::string(assignment), {field, now ? 1 : 0});
  }
  void also(const std::string& assignment, db::Param value) {
    assignments_ += (assignments_.empty() ? "" : ", ") + assignment;
    params_.push_back(std::move(value));
  }

  bool empty() const { return events_.empty(); }
  const std::vector<Json::Object>& events() const { return events_; }
  const std::string& assignments() const { return assignments_; }
  const db::Params& params() const { return params_; }

 private:
  Json::Object event(std::string_view field) const { return {{"field", field}, {"reason", reason_}}; }
  void set(Json::Object fields, const std::string& assignment, db::Param value) {
    events_.push_back(std::move(fields));
    also(assignment, std::move(value));
  }

  const std::string reason_;
  std::vector<Json::Object> events_;
  std::string assignments_;
  db::Params params_;
};

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

Result<void> check_words(const Vault::Change& change) {
  if (change.reason.empty()) return fail(Code::kInvalid, "A change needs a reason");
  // A misspelled member is no change, and must not be taken for one that was made.
  if (!change.category && !change.incident && !change.inside_home && !change.victim_sensitive && !change.officer &&
      !change.restriction) {
    return fail(Code::kInvalid, "The change names nothing that can be changed");
  }
  for (const std::string& text : {change.category.value_or(""), change.incident.value_or(""), change.reason}) {
    if (has_control_characters(text)) return fail(Code::kInvalid, "A change has no control characters in its texts");
  }
  return {};
}

// What binds who may look, where it is known, is corrected by others than those who could look by it. Who investigates gives an
// incident only to what is no home, since by that it is of their case; a home is one by any file of the recording.
bool moves_what_binds(const access::Actor& actor, const Recording& before, const Vault::Change& change) {
  const access::Basis ones_case{access::Purpose::kInvestigation, true, true, false, std::nullopt};
  const bool investigates = access::decide(actor, access::Action::kView, own_agency(actor), ones_case).is_allowed();
  const bool is_home = before.item.is_inside_home.value_or(false);
  const bool may_be = is_home || (investigates && change.inside_home.value_or(!before.item.is_inside_home));
  return change.officer || (change.incident && (before.description.incident || may_be)) ||
         (is_home && change.inside_home == false) || (before.is_victim_sensitive && change.victim_sensitive == false);
}

Result<void> check_officer(db::Transaction& tx, const AgencyId& agency, const PersonId& officer) {
  const auto person = roster::person(tx, officer);
  if (person && person->agency == agency) return {};
  return fail(Code::kInvalid, "The officer must be a person of this agency", officer.text());
}

// `after` is what it is then said to be.
Changes changes_of(const Recording& before, const Vault::Change& change, Description& after) {
  Changes out(change.reason);
  if (change.category) {
    after.category = unless_empty(*change.category);
    out.text("category", before.description.category, after.category);
  }
  if (change.incident) {
    after.incident = unless_empty(*change.incident);
    out.text("incident", before.description.incident, after.incident);
  }
  if (change.inside_home) {
    out.flag("inside_home", before.is_inside_home, *change.inside_home,
             "is_inside_home = :inside_home, inside_home_known = 1");
  }
  if (change.victim_sensitive) {
    out.flag("victim_sensitive", before.is_victim_sensitive, *change.victim_sensitive,
             "is_victim_sensitive = :victim_sensitive");
  }
  const auto id_text = [](const std::optional<PersonId>& person) {
    return person ? std::optional(person->text()) : std::nullopt;
  };
  if (change.officer) out.text("assigned_officer", id_text(before.assigned_officer), id_text(*change.officer));
  if (!out.empty()) out.also("folded = :folded", {"folded", searchable(after)});
  return out;
}

// Whether one person may set this lock on it, as things stand.
Result<void> check_lock(const Recording& before, const std::optional<access::Restriction>& wanted) {
  if (before.restriction && before.restriction != wanted) {
    return fail(problems::kTwoPeople, "lifting a restriction takes two people: propose it, and another decides");
  }
  if (before.state != access::State::kSealed && before.state != access::State::kHeld &&
      before.state != access::State::kRestricted) {
    return fail(Code::kConflict, "A recording is restricted, or is no longer, while it is sealed and nothing else",
                std::string(access::state_name(before.state)));
  }
  return {};
}

// Each file of the recording that is there and can be locked.
Result<std::vector<File>> lockable_files(db::Transaction& tx, const Recording& recording) {
  std::vector<File> out = TRY(files_of(tx, recording.agency, recording.id)).items;
  std::erase_if(out, [](const File& file) { return !file.can_be_locked; });
  return out;
}

// To move it out of a held incident would end the hold on it, which takes two people.
Result<void> check_not_held(db::Transaction& tx, const Recording& before, const Description& after) {
  const auto& old_incident = before.description.incident;
  if (!old_incident || after.incident == old_incident) return {};
  if (TRY(roster::matter_of_incident(tx, before.agency, *old_incident))) {
    return fail(problems::kTwoPeople,
                "two people: a hold stands on all of this recording's incident; its release comes before the move");
  }
  return {};
}

// Nor does its officer move it to an incident that they have made a statement on already, to be shown it by that.
Result<void> check_statement(db::Transaction& tx, const access::Actor& actor, const Recording& before,
                             const Description& after) {
  if (before.item.own_viewing != access::OwnViewing::kAwaitsStatement || before.assigned_officer != actor.person ||
      !after.incident || after.incident == before.description.incident) {
    return {};
  }
  if (!TRY(roster::has_statement(tx, before.agency, actor.person, *after.incident))) return {};
  return fail(problems::kRule, "own recordings: this one is given that incident by somebody else");
}

}  // namespace

Result<Recording> Vault::change(const access::Actor& actor, const RecordingId& id, const Change& change) {
  const Recording before = TRY(known_recording(actor, id));
  const auto require = [&](access::Action action, const access::Item& item) {
    return require_on_record(actor, before, action, access::decide(actor, action, item));
  };
  // By what they are; what they say of it is looked at afterwards.
  TRY(require(access::Action::kChange, before.item));
  access::Item own = before.item;
  if (before.is_own_in_part) own.assigned_officer = actor.person;
  // Nobody locks what they are in themselves, whichever of its files they name.
  if (change.restriction) TRY(require(access::Action::kRestrict, own));
  TRY(check_words(change));
  if (moves_what_binds(actor, before, change)) TRY(require(access::Action::kReassign, before.item));
  if (change.officer && *change.officer == actor.person) {
    return fail(problems::kRule, "whose a recording is: nobody makes it their own");
  }

  Description after = before.description;
  const Changes changes = changes_of(before, change, after);
  std::vector<File> locked;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    TRY(roster::check_category(tx, actor.agency, before.description.category, after.category));
    if (change.officer && *change.officer) TRY(check_officer(tx, actor.agency, **change.officer));
    if (!change.restriction) return {};
    TRY(check_lock(before, *change.restriction));
    if (*change.restriction && !before.restriction) locked = TRY(lockable_files(tx, before));
    return {};
  }));
  if (changes.empty() && locked.empty()) return before;

  ledger::Submission submission{actor.subject(), {}, {}};
  for (const File& file : locked) {
    submission.events.push_back(
        {file.id,
         "recording.changed",
         {{"field", "restriction"}, {"new", access::restriction_name(**change.restriction)}, {"reason", change.reason}},
         false});
  }
  for (const Json::Object& fields : changes.events()) {
    submission.events.push_back({id, "recording.changed", fields, false});
  }
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    TRY(check_not_held(tx, before, after));
    TRY(check_statement(tx, actor, before, after));
    for (const File& file : locked) TRY(set_restriction(tx, file, *change.restriction));
    if (changes.empty()) return {};
    Recording read = before;
    if (!locked.empty()) ++read.revision;  // by the lock of this very file, which is the first of them
    return set_columns(tx, read, changes.assignments(), changes.params());
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return known_recording(actor, id);
}

Result<void> Vault::release_own(const access::Actor& actor, const RecordingId& id, const std::string& reason) {
  const Recording recording = TRY(known_recording(actor, id));
  TRY(require_on_record(actor, recording, access::Action::kReleaseOwn,
                        access::decide(actor, access::Action::kReleaseOwn, recording.item)));
  if (reason.empty()) return fail(Code::kInvalid, "A release needs a reason");
  if (!recording.assigned_officer) {
    return fail(Code::kConflict, "Nobody is assigned to this recording, so that nobody waits for it", id.text());
  }
  ledger::Submission submission{actor.subject(), {}, {}};
  submission.events.push_back(
      {id, "recording.released", {{"officer", recording.assigned_officer->text()}, {"reason", reason}}, false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    TRY(
        tx.run("INSERT INTO releases (recording, person, agency, released_us) VALUES (:recording, :person, :agency, "
               ":now) ON CONFLICT (recording, person) DO NOTHING",
               {{"recording", id.text()},
                {"person", recording.assigned_officer->text()},
                {"agency", actor.agency.text()},
                {"now", parts_.clock.now().us}}));
    return {};
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return {};
}

}  // namespace lapel::evidence
