// SPDX-License-Identifier: Apache-2.0
#include "evidence/holds.h"

#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "evidence/rows.h"

namespace lapel::evidence {
namespace {

using access::Action;

constexpr std::int64_t kCoveredPage = 10'000;
constexpr std::size_t kRevisionBytes = 6;

Result<void> require(const access::Actor& actor, Action action) {
  return access::require(access::decide(actor, action, own_agency(actor)), "page");
}

Result<void> check_text(std::string_view what, const std::string& text) {
  if (!text.empty() && text.size() <= limits::kFieldBytesMax && !has_control_characters(text)) return {};
  return fail(Code::kInvalid,
              fmt::format("{} must have 1 to {} bytes without control characters", what, limits::kFieldBytesMax));
}

Result<SubjectId> console(db::Transaction& tx, const AgencyId& agency) {
  return SubjectId(TRY(roster::agency(tx, agency)).console);
}

}  // namespace

Result<HeldItem> Holds::read_hold(db::Transaction& tx, const access::Actor& actor, const HoldId& id) const {
  std::vector<HeldItem> found = TRY(read_holds(tx, actor, "h.id = :id", {{"id", id.text()}}));
  if (found.empty()) return fail(Code::kNotFound, "No such hold", id.text());
  return std::move(found[0]);
}

Result<std::vector<HeldItem>> Holds::read_holds(db::Transaction& tx, const access::Actor& actor,
                                                const std::string& condition, const db::Params& params) const {
  std::vector<HeldItem> out;
  const access::Reach reach = access::reach(actor);
  for (const db::Row& row : TRY(tx.query(
           fmt::format("SELECT {}, (SELECT p.id FROM proposals p WHERE p.item = h.id AND p.act = 'hold_release' AND "
                       "p.state = 'open' AND p.expires_us > :now LIMIT 1) AS proposal FROM holds h WHERE h.agency = "
                       ":agency AND {} ORDER BY {} LIMIT :limit",
                       roster::hold_columns(), condition, roster::hold_order()),
           db::Params{
               {"now", parts_.clock.now().us}, {"agency", actor.agency.text()}, {"limit", limits::kPageItemsMax}} +
               params))) {
    const auto open = row.maybe_text("proposal");
    HeldItem held;
    held.hold = TRY(roster::read_hold(row));
    held.placed_by = TRY(roster::name_of(tx, actor.agency, held.hold.placed_by)).value_or("");
    held.proposal = open ? ProposalId::parse(*open) : std::nullopt;
    if (held.hold.recording && !(reach.all && reach.restricted)) {
      const Recording recording = TRY(find_recording(tx, actor, *held.hold.recording, parts_.clock.now()));
      held.is_known = access::decide(actor, Action::kShow, recording.item).may_know();
    }
    out.push_back(std::move(held));
  }
  return out;
}

Result<void> Holds::count(db::Transaction& tx, HeldItem& held) {
  if (held.hold.released_at) return {};
  held.covers =
      TRY(tx.query(fmt::format("SELECT COUNT(*) AS n FROM ({}) c", roster::covered("r.id AS id", "h.id = :id")),
                   {{"id", held.hold.id.text()}}))[0]
          .integer("n");
  return {};
}

Result<bool> Holds::covers_own(db::Transaction& tx, const HoldId& hold, const PersonId& person) {
  return !TRY(tx.query(roster::covered("r.assigned_officer AS officer", "h.id = :id AND r.assigned_officer = :self") +
                           " LIMIT 1",
                       {{"id", hold.text()}, {"self", person.text()}}))
              .empty();
}

Result<std::int64_t> Holds::revision(db::Transaction& tx, const Target& target) {
  if (!target.held) return target.files_revision;
  crypto::Sha256 hash;
  std::string after;
  for (;;) {
    const db::Rows rows =
        TRY(tx.query(roster::covered("r.id AS id", "h.id = :id AND r.id > :after") + " ORDER BY id LIMIT :limit",
                     {{"id", target.held->hold.id.text()}, {"after", after}, {"limit", kCoveredPage}}));
    for (const db::Row& row : rows) {
      after = row.text("id");
      hash.update(as_bytes(after));
    }
    if (static_cast<std::int64_t>(rows.size()) < kCoveredPage) break;
  }
  const Digest digest = hash.finish();
  std::int64_t out = 0;
  // As many bits as a number in an event may have.
  for (std::size_t i = 0; i < kRevisionBytes; ++i) out = out << 8 | digest[i];
  return out;
}

Result<HeldItem> Holds::place(const access::Actor& actor, const NewHold& wanted) {
  TRY(require(actor, Action::kPlaceHold));
  TRY(check_text("A matter", wanted.matter));
  TRY(check_text("A reason", wanted.reason));
  if (wanted.recording.has_value() == wanted.incident.has_value())
    return fail(Code::kInvalid, "A hold covers one recording, or all of an incident: name one of the two");
  if (wanted.incident) TRY(check_text("An incident", *wanted.incident));
  roster::Hold hold{crypto::new_id<HoldId>(),
                    actor.agency,
                    wanted.matter,
                    wanted.reason,
                    wanted.recording,
                    wanted.incident,
                    actor.person,
                    {},
                    {}};
  ledger::Submission submission{actor.subject(), {}, {}};
  SubjectId chain;
  access::Decision decision;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    chain = hold.recording ? SubjectId(*hold.recording) : TRY(console(tx, actor.agency));
    if (!hold.recording) return {};
    decision = access::decide(actor, Action::kPlaceHold,
                              TRY(find_recording(tx, actor, *hold.recording, parts_.clock.now())).item);
    return {};
  }));
  if (hold.recording && decision.answer == access::Answer::kRefuse) {
    submission.events.push_back(denied(*hold.recording, Action::kPlaceHold, decision));
    TRY(parts_.ledgers.seal_refusal(actor.agency, std::move(submission)));
  }
  if (hold.recording) TRY(access::require(decision, "recording", chain.text()));
  Json::Object fields = {{"hold", hold.id.text()}, {"matter", hold.matter}, {"reason", hold.reason}};
  if (hold.incident) fields.emplace("incident", *hold.incident);
  submission.events.push_back({chain, "hold.placed", std::move(fields), false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) {
    hold.placed_at = sealed[0].at;
    return roster::add_hold(tx, hold);
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  HeldItem placed;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    placed = TRY(read_hold(tx, actor, hold.id));
    return count(tx, placed);
  }));
  return placed;
}

Result<Page<HeldItem>> Holds::list(const access::Actor& actor, const PageQuery& query) {
  TRY(require(actor, Action::kSeeHolds));
  Page<HeldItem> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.items.clear();
    out.next = TRY(fill_page<HeldItem>(
        query,
        [&](const std::optional<ListPlace>& after) -> Result<std::vector<HeldItem>> {
          if (!after) return read_holds(tx, actor, "1 = 1", {});
          return read_holds(tx, actor, std::string(roster::after_hold_condition()),
                            {{"after_rank", after->rank}, {"after_us", after->us}, {"after_id", after->id}});
        },
        [](const HeldItem& held) { return roster::place_of(held.hold); },
        [&](HeldItem held, bool is_full) -> Result<bool> {
          if (!held.is_known || is_full) return held.is_known;
          TRY(count(tx, held));
          out.items.push_back(std::move(held));
          return true;
        }));
    return {};
  }));
  return out;
}

Result<Target> Holds::target(db::Transaction& tx, const access::Actor& actor, roster::TwoPersonAct act,
                             const std::string& item) const {
  Target out;
  out.item = own_agency(actor);
  if (act == roster::TwoPersonAct::kHoldRelease) {
    const auto id = HoldId::parse(item);
    if (!id) return fail(Code::kNotFound, "No such hold", item);
    out.held = TRY(read_hold(tx, actor, *id));
    out.recording = out.held->hold.recording;
    out.chain = out.recording ? SubjectId(*out.recording) : TRY(console(tx, actor.agency));
    if (TRY(covers_own(tx, *id, actor.person))) out.item.assigned_officer = actor.person;
    return out;
  }
  const auto id = RecordingId::parse(item);
  if (!id) return fail(Code::kNotFound, "No such recording", item);
  const Recording found = TRY(find_recording(tx, actor, *id, parts_.clock.now()));
  out.recording = found.id;
  out.chain = found.id;
  out.restriction = found.restriction;
  out.item = found.item;
  // Nobody unlocks what they are in themselves, whichever of its files they name.
  if (found.is_own_in_part) out.item.assigned_officer = actor.person;
  Files files = TRY(files_of(tx, actor.agency, found.id));
  out.files_revision = files.revision;
  std::erase_if(files.items, [](const File& file) { return !file.restriction; });
  out.files = std::move(files.items);
  return out;
}

std::vector<ledger::Draft> Holds::effect(const Target& target, const roster::Proposal& proposal) {
  Json::Object fields = {{"proposal", proposal.id.text()}, {"reason", proposal.reason}};
  if (target.held) {
    fields.emplace("hold", proposal.item);
    return {{target.chain, "hold.released", std::move(fields), false}};
  }
  fields.emplace("field", "restriction");
  std::vector<ledger::Draft> out;
  for (const File& file : target.files) {
    Json::Object lifted = fields;
    lifted.emplace("old", access::restriction_name(*file.restriction));
    out.push_back({file.id, "recording.changed", std::move(lifted), false});
  }
  return out;
}

Result<void> Holds::carry_out(db::Transaction& tx, const Target& target, const roster::Proposal& proposal,
                              Timestamp at) {
  if (target.held) return roster::release_hold(tx, target.held->hold.id, proposal.id, at);
  for (const File& file : target.files) TRY(set_restriction(tx, file, std::nullopt));
  return {};
}

}  // namespace lapel::evidence
