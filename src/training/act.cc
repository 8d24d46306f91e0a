// SPDX-License-Identifier: Apache-2.0
#include "training/act.h"

#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "roster/assignments.h"
#include "roster/roster.h"

namespace lapel::training {

roster::SealedRowId Act::make(const roster::SealedTable& table, const SubjectId& subject, Json::Object values) {
  const auto id = crypto::new_id<roster::SealedRowId>();
  drafts_.push_back({subject, std::string(table.made), roster::event_fields(table, id, values), false});
  writes_.push_back([&table, id, subject, values = std::move(values), this](db::Transaction& tx,
                                                                            const ledger::SealedEvent& event) {
    return roster::insert_row(tx, table, actor_.agency, {id, subject, event.index, actor_.person, event.at, values});
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

namespace {

access::Item about(const access::Actor& actor, const std::optional<PersonId>& person) {
  access::Item item;
  item.agency = actor.agency;
  item.assigned_officer = person;
  return item;
}

}  // namespace

Result<void> require(const access::Actor& actor, access::Action action, const std::optional<PersonId>& person) {
  return access::require(access::decide(actor, action, about(actor, person)), "page");
}

Result<void> require_seeing(db::Transaction& tx, const access::Actor& actor, const PersonId& person, Timestamp now) {
  access::Item item = about(actor, person);
  item.is_supervised =
      actor.has(access::Role::kSupervisor) && TRY(roster::supervises(tx, actor.agency, actor.person, person, now, now));
  return access::require(access::decide(actor, access::Action::kSeeTraining, item), "page");
}

Result<void> check_words(std::string_view what, const std::string& text) {
  if (text.empty() || text.size() > limits::kFieldBytesMax || has_control_characters(text) || !is_utf8(text)) {
    return fail(Code::kInvalid, fmt::format("{} must be 1 to {} bytes on one line", what, limits::kFieldBytesMax));
  }
  return {};
}

Result<PersonId> find_person(db::Transaction& tx, const AgencyId& agency, const std::string& text, Timestamp at) {
  const auto id = PersonId::parse(text);
  const auto found = id ? roster::person(tx, *id) : roster::person_by_login(tx, text);
  if (found && found->agency == agency) return found->id;
  if (!found && found.error().code() != Code::kNotFound) return fail(found.error());
  if (const auto by_badge = TRY(roster::holder(tx, agency, roster::AssignmentKind::kBadge, text, at))) return *by_badge;
  return fail(Code::kNotFound, "Nobody of this agency has that id, login or badge", text);
}

Result<Json> named(db::Transaction& tx, const AgencyId& agency, const PersonId& person) {
  const auto name = TRY(roster::name_of(tx, agency, person));
  return Json(Json::Object{{"id", person.text()}, {"name", name.value_or(person.text())}});
}

Result<SubjectId> console_of(db::Transaction& tx, const AgencyId& agency) {
  return SubjectId(TRY(roster::agency(tx, agency)).console);
}

Timestamp ledger_moment(Timestamp time) {
  const auto out = parse_ledger_time(ledger_time(time));
  CHECK(out.has_value());
  return *out;
}

}  // namespace lapel::training
