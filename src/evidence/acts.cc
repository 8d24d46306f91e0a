// SPDX-License-Identifier: Apache-2.0
#include "evidence/acts.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "evidence/rows.h"
#include "ledger/feed.h"
#include "proof/entry.h"

namespace lapel::evidence {
namespace {

constexpr std::array<std::pair<ActKind, std::string_view>, 3> kKinds = {
    {{ActKind::kViewed, "viewed"}, {ActKind::kExported, "exported"}, {ActKind::kRefused, "refused"}}};
constexpr std::array<std::pair<Tie, std::string_view>, 6> kTies = {{{Tie::kOwn, "own"},
                                                                    {Tie::kCase, "case"},
                                                                    {Tie::kNamed, "named"},
                                                                    {Tie::kUnit, "unit"},
                                                                    {Tie::kUnattributed, "unattributed"},
                                                                    {Tie::kNone, "none"}}};

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
  if (standing.is_in_case) return Tie::kCase;
  if (act.case_number && rows[0].maybe_text("incident") == act.case_number && !standing.is_case_known)
    return Tie::kNamed;
  if (!officer) return Tie::kUnattributed;
  return rows[0].integer("is_of_unit") == 1 ? Tie::kUnit : Tie::kNone;
}

}  // namespace

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
  constexpr std::string_view kHead = "recording.";
  constexpr std::array<std::string_view, 3> kTypes = {"recording.viewed", "recording.exported", "recording.refused"};
  const ledger::FeedPage page = TRY(ledger::read_feed(tx, agency, kTypes, mark, limit));
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

}  // namespace lapel::evidence
