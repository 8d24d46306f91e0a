// SPDX-License-Identifier: Apache-2.0
#include "audit/acts.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "ledger/feed.h"
#include "proof/entry.h"

namespace lapel::audit {
namespace {

constexpr std::array<std::pair<ActKind, std::string_view>, 4> kKinds = {{{ActKind::kViewed, "viewed"},
                                                                         {ActKind::kExported, "exported"},
                                                                         {ActKind::kShared, "shared"},
                                                                         {ActKind::kRefused, "refused"}}};
constexpr std::string_view kHead = "recording.";  // of an event's type, before the kind
constexpr std::array<std::string_view, 4> kEvents = {"recording.viewed", "recording.exported", "recording.shared",
                                                     "recording.refused"};
constexpr std::int64_t kChangesMax = 1'000;  // of one recording, the newest; whoever hides behind more is not covered
constexpr std::array<std::pair<Tie, std::string_view>, 6> kTies = {{{Tie::kOwn, "own"},
                                                                    {Tie::kCase, "case"},
                                                                    {Tie::kNamed, "named"},
                                                                    {Tie::kUnit, "unit"},
                                                                    {Tie::kUnattributed, "unattributed"},
                                                                    {Tie::kNone, "none"}}};

// Of which incident a recording was when the act was sealed.
struct Belonging {
  std::optional<std::string> incident;
  bool is_by_themselves = false;  // last said by whose act it is: they were given nothing by anybody
};
Result<Belonging> belonging_at(db::Transaction& tx, const AgencyId& agency, const Act& act,
                               std::optional<std::string> incident_now) {
  Belonging out{std::move(incident_now)};
  const std::vector<ledger::SealedEvent> changes =
      TRY(ledger::newest_events(tx, agency, act.recording, "recording.changed", kChangesMax));
  for (const ledger::SealedEvent& sealed : changes) {
    const auto event = proof::parse_event(sealed.event);
    const std::string* actor = event ? event->find_string("actor") : nullptr;
    if (!actor) return fail(Code::kCorrupt, "A custody event is damaged", sealed.subject.text());
    const std::string* field = event->find_string("field");
    if (!field || *field != "incident") continue;
    if (static_cast<std::int64_t>(sealed.index) < act.index) {
      out.is_by_themselves = *actor == act.person.text();
      return out;
    }
    const std::string* old = event->find_string("old");
    out.incident = old ? std::optional(*old) : std::nullopt;
  }
  out.is_by_themselves = static_cast<std::int64_t>(changes.size()) == kChangesMax;
  return out;
}

Result<Tie> tie_of(db::Transaction& tx, const AgencyId& agency, const Act& act) {
  static const std::string kSql = fmt::format(
      "SELECT assigned_officer, incident, CASE WHEN {} THEN 1 ELSE 0 END AS is_of_unit, {} FROM recordings r WHERE id "
      "= "
      ":id AND agency = :agency",
      roster::same_unit_condition(), roster::standing_columns());
  const db::Rows rows = TRY(tx.query(
      kSql,
      {{"self", act.person.text()}, {"now", act.at.us}, {"id", act.recording.text()}, {"agency", agency.text()}}));
  if (rows.empty()) return Tie::kNone;
  const roster::Standing standing = TRY(roster::read_standing(rows[0]));
  const auto officer = rows[0].maybe_text("assigned_officer");
  if (officer == act.person.text()) return Tie::kOwn;
  if (standing.is_in_case || (act.case_number && !standing.is_case_known)) {
    const auto now = rows[0].maybe_text("incident");
    const Belonging then = TRY(belonging_at(tx, agency, act, now));
    // How the roster knows of a case is asked for the incident of now.
    if (then.incident && then.incident == now && !then.is_by_themselves) {
      if (standing.is_in_case) return Tie::kCase;
      if (then.incident == act.case_number) return Tie::kNamed;
    }
  }
  if (!officer) return Tie::kUnattributed;
  return rows[0].integer("is_of_unit") == 1 ? Tie::kUnit : Tie::kNone;
}

}  // namespace

std::span<const std::string_view> act_events() {
  return kEvents;
}
std::string_view act_kind_name(ActKind kind) {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) return name;
  }
  CHECK(false);
}
std::optional<ActKind> parse_act_kind(std::string_view text) {
  for (const auto& [kind, name] : kKinds) {
    if (name == text) return kind;
  }
  return std::nullopt;
}
std::string_view tie_name(Tie tie) {
  for (const auto& [known, name] : kTies) {
    if (known == tie) return name;
  }
  CHECK(false);
}
std::optional<Tie> parse_tie(std::string_view text) {
  for (const auto& [tie, name] : kTies) {
    if (name == text) return tie;
  }
  return std::nullopt;
}

Result<Acts> acts_after(db::Transaction& tx, const AgencyId& agency, std::int64_t mark, std::int64_t limit) {
  const ledger::FeedPage page = TRY(ledger::read_feed(tx, agency, kEvents, mark, limit));
  Acts out{{}, page.mark, page.is_last};
  for (const ledger::SealedEvent& sealed : page.events) {
    const auto event = proof::parse_event(sealed.event);
    const std::string* actor = event ? event->find_string("actor") : nullptr;
    const auto person = actor ? PersonId::parse(*actor) : std::nullopt;
    const auto kind = parse_act_kind(std::string_view(sealed.type).substr(kHead.size()));
    if (!person || !kind) return fail(Code::kCorrupt, "A custody event is damaged", sealed.subject.text());
    Act act;
    act.index = static_cast<std::int64_t>(sealed.index);
    act.at = sealed.at;
    act.person = *person;
    act.recording = RecordingId(sealed.subject.bytes());
    act.kind = *kind;
    if (const std::string* purpose = event->find_string("purpose")) act.purpose = *purpose;
    if (const std::string* number = event->find_string("case")) act.case_number = *number;
    act.tie = TRY(tie_of(tx, agency, act));
    out.items.push_back(std::move(act));
  }
  return out;
}

}  // namespace lapel::audit
