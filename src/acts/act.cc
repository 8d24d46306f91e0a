// SPDX-License-Identifier: Apache-2.0
#include "acts/act.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "roster/roster.h"

namespace lapel::acts {

roster::SealedRowId Act::make(const roster::SealedTable& table, const SubjectId& subject, Json::Object values) {
  const auto id = crypto::new_id<roster::SealedRowId>();
  drafts_.push_back({subject, std::string(table.made), roster::event_fields(table, id, values), false});
  writes_.push_back(
      [&table, id, subject, values = std::move(values), this](db::Transaction& tx, const ledger::SealedEvent& event) {
        return roster::insert_row(tx, table, actor_.agency,
                                  {id, subject, event.index, PersonId(actor_.subject().bytes()), event.at, values});
      });
  return id;
}

void Act::end(const roster::SealedTable& table, const SubjectId& subject, const roster::SealedRowId& id,
              Json::Object values) {
  drafts_.push_back({subject, std::string(table.ended), roster::event_fields(table, id, values), false});
  writes_.push_back([&table, id, values = std::move(values), this](db::Transaction& tx, const ledger::SealedEvent&) {
    return roster::end_row(tx, table, actor_.agency, id, values);
  });
}

void Act::say(ledger::Draft draft, Step step) {
  drafts_.push_back(std::move(draft));
  writes_.push_back([step = std::move(step)](db::Transaction& tx, const ledger::SealedEvent&) -> Result<void> {
    return step ? step(tx) : Result<void>();
  });
}

void Act::begin(const roster::Assignment& assignment) {
  Json::Object fields = {{"assignment", assignment.id.text()},
                         {"kind", roster::assignment_kind_name(assignment.kind)},
                         {"from", ledger_time(assignment.from)},
                         {"target", assignment.target}};
  if (assignment.until) fields.emplace("until", ledger_time(*assignment.until));
  const bool is_camera = assignment.kind == roster::AssignmentKind::kDevice;
  const std::string act = crypto::new_id<ActId>().text();
  if (is_camera) fields.emplace("act", act);
  say({assignment.person, "assignment.began", std::move(fields), false},
      [assignment](db::Transaction& tx) { return roster::begin_assignment(tx, assignment); });
  if (!is_camera) return;
  // One act on two subjects: an event in the chain of each.
  const auto device = DeviceId::parse(assignment.target);
  say({*device,
       "device.assigned",
       {{"act", act},
        {"assignment", assignment.id.text()},
        {"from", ledger_time(assignment.from)},
        {"person", assignment.person.text()}},
       false},
      nullptr);
}

void Act::end(const roster::Assignment& assignment, Timestamp until, const std::string& reason) {
  say({assignment.person,
       "assignment.ended",
       {{"assignment", assignment.id.text()}, {"until", ledger_time(until)}, {"reason", reason}},
       false},
      [assignment, until](db::Transaction& tx) { return roster::end_assignment(tx, assignment.id, until); });
}

Result<void> Act::commit(ledger::Ledgers& ledgers) {
  if (drafts_.size() > limits::kSubmissionEventsMax) {
    return fail(Code::kTooLarge, fmt::format("This makes {} events, and one act may make {}: do it in several parts",
                                             drafts_.size(), limits::kSubmissionEventsMax));
  }
  ledger::Submission submission;
  submission.actor = actor_.subject();
  submission.events = drafts_;
  submission.rows = [this](db::Transaction& tx, std::span<const ledger::SealedEvent> events) -> Result<void> {
    for (const Step& guard : guards_) TRY(guard(tx));
    for (std::size_t i = 0; i < events.size(); ++i) TRY(writes_[i](tx, events[i]));
    return {};
  };
  TRY(TRY(ledgers.find(actor_.agency))->commit(std::move(submission)));
  return {};
}

Result<void> require(const access::Actor& actor, access::Action action, const std::optional<PersonId>& about) {
  access::Item item;
  item.agency = actor.agency;
  item.assigned_officer = about;
  return access::require(access::decide(actor, action, item), "page");
}

Result<void> check_words(std::string_view what, const std::string& text) {
  if (text.empty() || text.size() > limits::kFieldBytesMax || has_control_characters(text) || !is_utf8(text)) {
    return fail(Code::kInvalid, fmt::format("{} must be 1 to {} bytes on one line", what, limits::kFieldBytesMax));
  }
  return {};
}

Result<Json> named(db::Transaction& tx, const AgencyId& agency, const std::optional<PersonId>& person) {
  if (!person) return Json();
  const auto name = TRY(roster::name_of(tx, agency, *person));
  return Json(Json::Object{{"id", person->text()}, {"name", name.value_or(person->text())}});
}

Result<PersonId> find_person(db::Transaction& tx, const AgencyId& agency, const std::string& text, Timestamp at) {
  const auto id = PersonId::parse(text);
  const auto found = id ? roster::person(tx, *id) : roster::person_by_login(tx, text);
  if (found && found->agency == agency) return found->id;
  if (!found && found.error().code() != Code::kNotFound) return fail(found.error());
  if (const auto by_badge = TRY(roster::holder(tx, agency, roster::AssignmentKind::kBadge, text, at))) return *by_badge;
  return fail(Code::kNotFound, "Nobody of this agency has that id, login or badge", text);
}

Result<SubjectId> console_of(db::Transaction& tx, const AgencyId& agency) {
  return SubjectId(TRY(roster::agency(tx, agency)).console);
}

}  // namespace lapel::acts
