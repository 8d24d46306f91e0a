// SPDX-License-Identifier: Apache-2.0
#include "cameras/spool_keys.h"

#include <optional>
#include <utility>

#include "acts/act.h"
#include "cameras/schema.h"
#include "crypto/sealed_box.h"
#include "ledger/feed.h"
#include "proof/entry.h"
#include "protocol/dock.h"
#include "roster/roster.h"

namespace lapel::cameras {
namespace {

// A dock that starts with a full spool asks once for each copy, while it sends it.
constexpr os::PaceOptions kPace = {.per_second = 20, .at_once = 1'000};

// The newest event that tells this key.
Result<std::optional<ledger::SealedEvent>> told(db::Transaction& tx, const roster::Agency& agency,
                                                const std::string& key) {
  for (ledger::SealedEvent& event :
       TRY(ledger::newest_events(tx, agency.id, agency.console, protocol::kSpoolKeyEvent, 1))) {
    const auto parsed = proof::parse_event(event.event);
    const std::string* said = parsed ? parsed->find_string("key") : nullptr;
    if (said && *said == key) return std::optional(std::move(event));
  }
  return std::optional<ledger::SealedEvent>();
}

}  // namespace

SpoolKeys::SpoolKeys(const Parts& parts) : parts_(parts), pace_(parts.clock, kPace) {}

Result<std::string> SpoolKeys::receipt(const access::Actor& actor) {
  TRY(acts::require(actor, access::Action::kRegisterDevice));
  if (!actor.dock) return fail(Code::kInvalid, "Only a dock seals copies to the agency's key");
  return receipt(actor.agency);
}

Result<std::string> SpoolKeys::receipt(const AgencyId& id) {
  roster::Agency agency;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    agency = TRY(roster::agency(tx, id));
    return {};
  }));
  const std::string key = base64(crypto::x25519_public(TRY(parts_.keys.spool_secret_or_create(agency.slug))));
  std::optional<ledger::SealedEvent> event;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    event = TRY(told(tx, agency, key));
    return {};
  };
  TRY(parts_.database.read(look));
  if (!event) {
    const access::Actor console{agency.id, agency.slug, agency.console, {}, {}, {}, {}};
    acts::Act act(console);
    // Another request, or another server, may tell it in this moment. By its row: the event of this act is there when this is asked.
    act.guard([&](db::Transaction& tx) -> Result<void> {
      const db::Rows rows =
          TRY(tx.query("SELECT id FROM spool_keys WHERE agency = :agency AND public_key = :key LIMIT 1",
                       {{"agency", agency.id.text()}, {"key", key}}));
      if (rows.empty()) return {};
      return fail(Code::kConflict, "The agency's spool key is told already");
    });
    act.make(kSpoolKeys, agency.console, {{"key", key}});
    auto made = act.commit(parts_.ledgers);
    if (!made && made.error().code() != Code::kConflict) return fail(std::move(made).error());
    TRY(parts_.database.read(look));
    if (!event) return fail(Code::kUnavailable, "The agency's spool key could not be told");
  }
  return TRY(parts_.ledgers.find(id))->receipt(*event, ledger::Under::kSealed);
}

Result<ByteArray<32>> SpoolKeys::unwrap(const access::Actor& actor, const ByteArray<16>& file, ByteView wrapped) {
  TRY(acts::require(actor, access::Action::kRegisterDevice));
  if (!actor.dock) return fail(Code::kInvalid, "Only the dock that made a copy may have its key");
  TRY(pace_.take(actor.subject().text()));
  const auto secret = TRY(parts_.keys.spool_secret_or_create(actor.agency_slug));
  const auto opened =
      crypto::open_sealed(secret, protocol::kSpoolWrapUse, protocol::spool_wrap_associated(*actor.dock, file), wrapped);
  const auto key = opened ? to_array<32>(*opened) : std::nullopt;
  if (!key) return fail(Code::kInvalid, "This is no key of a copy that this dock made for this file");
  ledger::Submission submission;
  submission.actor = actor.subject();
  submission.events.push_back({*actor.dock, "dock.copy_opened", {{"file", hex(file)}}, false});
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return *key;
}

}  // namespace lapel::cameras
