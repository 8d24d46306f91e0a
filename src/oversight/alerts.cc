// SPDX-License-Identifier: Apache-2.0
#include "oversight/alerts.h"

#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"

namespace lapel::oversight {
namespace {

// The question whether there is anything for the actor here at all.
access::Item about_nobody(const access::Actor& actor) {
  access::Item item;
  item.agency = actor.agency;
  return item;
}
access::Item about(const access::Actor& actor, const PersonId& person, bool is_supervised) {
  access::Item item = about_nobody(actor);
  item.assigned_officer = person;
  item.is_supervised = is_supervised;
  return item;
}

Result<std::string> name_of(db::Transaction& tx, const AgencyId& agency, const PersonId& person) {
  return TRY(roster::name_of(tx, agency, person)).value_or(person.text());
}

}  // namespace

// Narrowed in the query, so that what the actor may not know of takes no room; and decided once more by the rules.
Result<Page<Alert>> Alerts::read(db::Transaction& tx, const access::Actor& actor, const std::optional<std::string>& id,
                                 const PageQuery& query) {
  const bool sees_all = actor.has(access::Role::kCommand) || actor.has(access::Role::kInternalAffairs) ||
                        actor.has(access::Role::kAuditor);
  const std::string supervised = roster::supervised_condition();
  db::Params params = {{"agency", actor.agency.text()},
                       {"self", actor.person.text()},
                       {"now", parts_.clock.now().us},
                       {"all", sees_all ? 1 : 0},
                       {"id", id},
                       {"limit", query.limit + 1}};
  add_place(params, query.after);
  Page<Alert> out;
  std::int64_t rows = 0;
  ListPlace last;
  for (const db::Row& row : TRY(tx.query(
           fmt::format(
               "SELECT r.id AS id, r.assigned_officer AS person, r.from_us AS from_us, r.from_leaf AS "
               "from_leaf, r.sort_us AS at_us, r.until_us AS until_us, r.until_leaf AS until_leaf, "
               "r.recordings AS recordings, r.acknowledged_us AS acknowledged_us, r.is_settled AS is_settled, "
               "r.acknowledged_by AS acknowledged_by, r.reason AS reason, CASE WHEN {0} THEN 1 ELSE 0 END AS "
               "is_supervised FROM (SELECT id, agency, person AS assigned_officer, from_us, from_leaf, at_us AS "
               "sort_us, until_us, until_leaf, recordings, acknowledged_us, acknowledged_by, reason, CASE WHEN "
               "acknowledged_us IS NULL THEN 0 ELSE 1 END AS is_settled FROM alerts) r WHERE r.agency = "
               ":agency AND r.assigned_officer <> :self AND (CAST(:all AS BIGINT) = 1 OR {0}) AND (CAST(:id AS "
               "TEXT) IS NULL OR r.id = :id) AND {1} {2} LIMIT :limit",
               supervised, after_place("r.is_settled", "r.sort_us", "r.id"),
               in_order("r.is_settled", "r.sort_us", "r.id")),
           params))) {
    if (rows++ == query.limit) {
      out.next = cursor_of(last);
      break;
    }
    Alert alert;
    alert.id = row.text("id");
    alert.at = {row.integer("at_us")};
    last = {row.integer("is_settled"), alert.at.us, alert.id};
    const auto person = PersonId::parse(row.text("person"));
    if (!person) return fail(Code::kCorrupt, "An alert in the catalog is damaged", alert.id);
    const access::Item item = about(actor, *person, row.integer("is_supervised") == 1);
    if (!access::decide(actor, access::Action::kSeeAlerts, item).is_allowed()) continue;
    alert.person = *person;
    alert.name = TRY(name_of(tx, actor.agency, *person));
    alert.from = {row.integer("from_leaf"), {row.integer("from_us")}};
    alert.until = {row.integer("until_leaf"), {row.integer("until_us")}};
    alert.recordings = row.integer("recordings");
    if (const auto settled = row.maybe_integer("acknowledged_us")) {
      const auto by = PersonId::parse(row.maybe_text("acknowledged_by").value_or(""));
      if (!by) return fail(Code::kCorrupt, "An alert in the catalog is damaged", alert.id);
      const std::string name = TRY(name_of(tx, actor.agency, *by));
      alert.settled = {{*settled}, *by, name, row.maybe_text("reason").value_or("")};
    }
    alert.may_settle = !alert.settled && access::decide(actor, access::Action::kAcknowledgeAlert, item).is_allowed();
    out.items.push_back(std::move(alert));
  }
  return out;
}

Result<Page<Alert>> Alerts::list(const access::Actor& actor, const PageQuery& query) {
  TRY(access::require(access::decide(actor, access::Action::kSeeAlerts, about_nobody(actor)), "page"));
  Page<Alert> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(read(tx, actor, std::nullopt, query));
    return {};
  }));
  return out;
}

Result<Alert> Alerts::find(const access::Actor& actor, const std::string& id) {
  std::vector<Alert> found;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    found = TRY(read(tx, actor, id, {})).items;
    return {};
  }));
  if (found.empty()) return fail(Code::kNotFound, "No such alert", id);
  return std::move(found.front());
}

Result<Alerts::Shown> Alerts::show(const access::Actor& actor, const std::string& id) {
  TRY(access::require(access::decide(actor, access::Action::kSeeAlerts, about_nobody(actor)), "page"));
  Shown out;
  out.alert = TRY(find(actor, id));
  std::vector<RecordingId> ids;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.looks.clear();
    ids.clear();
    for (const db::Row& row : TRY(tx.query(
             "SELECT at_us, recording, act, tie, purpose, case_number FROM watched_acts WHERE agency = :agency "
             "AND person = :person AND leaf_index >= :from AND leaf_index <= :until ORDER BY leaf_index LIMIT :limit",
             {{"agency", actor.agency.text()},
              {"person", out.alert.person.text()},
              {"from", out.alert.from.leaf},
              {"until", out.alert.until.leaf},
              {"limit", kLooksShownMax}}))) {
      const auto recording = RecordingId::parse(row.text("recording"));
      if (!recording) return fail(Code::kCorrupt, "A watched act in the catalog is damaged", id);
      ids.push_back(*recording);
      out.looks.push_back({{row.integer("at_us")},
                           row.text("act"),
                           row.text("tie"),
                           row.text("purpose"),
                           row.maybe_text("case_number"),
                           *recording});
    }
    return {};
  }));
  const std::set<RecordingId> shown = TRY(parts_.vault.shown_of(actor, ids));
  for (AlertLook& look : out.looks) {
    if (shown.contains(*look.recording)) continue;
    // What a closed matter is called, and what brought somebody to it, is as closed as its recordings.
    look = {look.at, look.act, {}, {}, {}, {}};
  }
  return out;
}

Result<Alert> Alerts::settle(const access::Actor& actor, const std::string& id, const std::string& reason) {
  TRY(access::require(access::decide(actor, access::Action::kAcknowledgeAlert, about_nobody(actor)), "page"));
  const Alert alert = TRY(find(actor, id));
  if (reason.empty() || reason.size() > limits::kFieldBytesMax || has_control_characters(reason)) {
    return fail(Code::kInvalid,
                fmt::format("A reason must have 1 to {} bytes and no control characters", limits::kFieldBytesMax));
  }
  if (alert.settled) return fail(Code::kConflict, "This alert has been acknowledged already", id);
  ledger::Submission submission;
  submission.actor = actor.subject();
  submission.events.push_back({alert.person, "alert.acknowledged", {{"alert", id}, {"reason", reason}}, false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    const std::int64_t changed = TRY(
        tx.run("UPDATE alerts SET acknowledged_us = :now, acknowledged_by = :by, reason = :reason WHERE id = :id AND "
               "acknowledged_us IS NULL",
               {{"now", parts_.clock.now().us}, {"by", actor.person.text()}, {"reason", reason}, {"id", id}}));
    if (changed == 1) return {};
    return fail(Code::kConflict, "This alert has been acknowledged already", id);
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return find(actor, id);
}

}  // namespace lapel::oversight
