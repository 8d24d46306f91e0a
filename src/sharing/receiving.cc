// SPDX-License-Identifier: Apache-2.0
// A share as its recipient has it: each step asks again whether it may go out, and is on record before a byte of it does.
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/problems.h"
#include "crypto/random.h"
#include "sharing/shares.h"
#include "sharing/stands.h"

namespace lapel::sharing {
namespace {

Result<void> require_copy(const Share::Item& item) {
  if (item.copy && item.copy->is_ready) return {};
  return fail(Code::kUnavailable,
              fmt::format("The copy for viewing is not there yet. {}", item.copy ? item.copy->reason : ""));
}

std::string_view use_name(Shares::Use use) {
  return use == Shares::Use::kWatch ? "watch" : "download";
}

Error ended(const Share& share, std::string_view agency_name) {
  const std::string_view how = share.revoked_at  ? "has been taken back"
                               : share.failed_at ? "could not be prepared"
                                                 : "has ended";
  return {&problems::kShareEnded,
          fmt::format("This share {}. Ask {} of {} for another", how, share.maker_name, agency_name),
          {}};
}

Result<void> require_prepared(const Share& share) {
  if (share.prepared_at) return {};
  return fail(Code::kUnavailable, "This share is still being prepared: each recording is read to its end first");
}

}  // namespace

Result<Shares::Receiving> Shares::receiving(const ShareId& id) {
  std::vector<Share> found = TRY(read("s.id = :id", {{"id", id.text()}}));
  if (found.empty()) return fail(Code::kNotFound, "No such share", id.text());
  Receiving out{std::move(found[0]), {}, {}};
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    for (const roster::Agency& agency : TRY(roster::agencies(tx))) {
      if (agency.id != out.share.agency) continue;
      out.agency_name = agency.name;
      out.actor.agency_slug = agency.slug;
    }
    return {};
  }));
  out.actor.agency = out.share.agency;
  out.actor.share = out.share.id;
  if (out.share.has_ended(parts_.clock.now())) return fail(ended(out.share, out.agency_name));
  return out;
}

Result<bool> Shares::goes_on(const Receiving& receiving, const RecordingId& recording) {
  bool stands = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    stands = !TRY(tx.query(fmt::format("SELECT id FROM shares WHERE id = :id AND {} LIMIT 1", kStands),
                           {{"id", receiving.share.id.text()}, {"now", parts_.clock.now().us}}))
                  .empty();
    return {};
  }));
  if (!stands) return false;
  for (const Share::Item& item : receiving.share.items) {
    if (item.recording != recording) continue;
    const auto receivable = require_receivable(receiving, item);
    if (receivable) return true;
    // Anything else than a rule is for the next time of asking.
    if (receivable.error().code() != Code::kDenied) return fail(receivable.error());
  }
  return false;
}

Result<void> Shares::tell_code_failed(const Share& share, std::int64_t failures, ledger::RowsStep rows) {
  return commit(TRY(server_of(share)),
                {{share.id, "share.code_failed", {{"failures", static_cast<std::uint64_t>(failures)}}, false}},
                [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
                  TRY(rows(tx, sealed));
                  TRY(tx.run("UPDATE shares SET code_failed_us = :at WHERE id = :id",
                             {{"at", sealed[0].at.us}, {"id", share.id.text()}}));
                  return {};
                });
}

Result<void> Shares::open(const Receiving& receiving, ledger::RowsStep rows) {
  const bool is_first = !receiving.share.opened_at;
  const auto step = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
    TRY(rows(tx, sealed));
    const std::int64_t opened =
        TRY(tx.run(fmt::format("UPDATE shares SET opened_us = COALESCE(opened_us, :at) WHERE id = :id AND {}", kStands),
                   {{"id", receiving.share.id.text()},
                    {"at", sealed.empty() ? parts_.clock.now().us : sealed[0].at.us},
                    {"now", parts_.clock.now().us}}));
    return opened == 1 ? Result<void>() : fail(ended(receiving.share, receiving.agency_name));
  };
  // Of discovery only the first time is anybody's business.
  if (receiving.share.terms.kind == ShareKind::kDiscovery && !is_first) {
    return parts_.database.write([&](db::Transaction& tx) { return step(tx, {}); });
  }
  return commit(receiving.actor, {{receiving.share.id, "share.opened", {}, false}}, step);
}

Result<void> Shares::accept_order(const Receiving& receiving) {
  if (!receiving.share.terms.order) return fail(Code::kConflict, "This share names no protective order");
  if (receiving.share.accepted_at) return {};
  return commit(receiving.actor, {{receiving.share.id, "share.accepted", {}, false}},
                [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
                  const std::int64_t changed =
                      TRY(tx.run("UPDATE shares SET accepted_us = :at WHERE id = :id AND accepted_us IS NULL",
                                 {{"id", receiving.share.id.text()}, {"at", sealed[0].at.us}}));
                  return changed == 1 ? Result<void>() : fail(Code::kConflict, "The order has been accepted already");
                });
}

Result<void> Shares::confirm_receipt(const Receiving& receiving) {
  if (receiving.share.received_at) return {};
  TRY(require_prepared(receiving.share));
  return commit(receiving.actor, {{receiving.share.id, "share.received", {}, false}},
                [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
                  const std::int64_t changed =
                      TRY(tx.run("UPDATE shares SET received_us = :at WHERE id = :id AND received_us IS NULL",
                                 {{"id", receiving.share.id.text()}, {"at", sealed[0].at.us}}));
                  return changed == 1 ? Result<void>()
                                      : fail(Code::kConflict, "The receipt has been confirmed already");
                });
}

// Asked at each step: the recording may have been locked or destroyed since.
Result<void> Shares::require_unlocked(const Receiving& receiving, const Share::Item& item) {
  std::optional<std::string> restriction;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT restriction FROM share_items WHERE share = :share AND recording = :recording LIMIT 1",
                     {{"share", receiving.share.id.text()}, {"recording", item.recording.text()}}));
    if (rows.empty()) return fail(Code::kCorrupt, "An item of a share is missing", item.recording.text());
    restriction = rows[0].maybe_text("restriction");
    return {};
  }));
  return parts_.vault.require_receivable(receiving.actor, item.recording,
                                         restriction ? access::parse_restriction(*restriction) : std::nullopt);
}

Result<void> Shares::require_receivable(const Receiving& receiving, const Share::Item& item) {
  TRY(require_unlocked(receiving, item));
  if (receiving.share.terms.order && !receiving.share.accepted_at) {
    return fail(Code::kConflict, "Accept the protective order first");
  }
  return require_prepared(receiving.share);
}

Result<std::optional<ShareViewId>> Shares::open_view(const Receiving& receiving, std::size_t n, Use use) {
  const Share& share = receiving.share;
  if (n >= share.items.size()) return fail(Code::kNotFound, "This share has no such recording");
  const Share::Item& item = share.items[n];
  if (use == Use::kDownload && share.terms.kind == ShareKind::kView) {
    return fail(problems::kRule, "a share for viewing: it is watched here and not downloaded");
  }
  TRY(require_receivable(receiving, item));
  // Nothing is counted that cannot be watched yet.
  if (share.terms.kind == ShareKind::kView) TRY(require_copy(item));
  const bool is_discovery = share.terms.kind == ShareKind::kDiscovery;
  if (is_discovery && (use == Use::kWatch || item.downloaded_at)) return std::optional<ShareViewId>();

  const ShareViewId view = crypto::new_id<ShareViewId>();
  Json::Object fields = {{"share", share.id.text()}, {"use", use_name(use)}};
  if (!is_discovery) fields.emplace("view", view.text());
  bool was_noted = false;  // the first download of discovery, by another request of this moment
  const auto done =
      commit(receiving.actor, {{item.recording, "recording.received", std::move(fields), false}},
             [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
               // Counted here and nowhere else: of all that ask at once, as many get one as are left.
               const std::int64_t counted = TRY(tx.run(
                   fmt::format("UPDATE shares SET views_used = views_used + :one WHERE id = :id AND {} AND (views_max "
                               "IS NULL OR views_used < views_max)",
                               kStands),
                   {{"id", share.id.text()}, {"one", is_discovery ? 0 : 1}, {"now", parts_.clock.now().us}}));
               if (counted != 1) {
                 return fail(problems::kShareEnded, fmt::format("This share has ended, or its views are used up. Ask "
                                                                "{} of {} for another",
                                                                share.maker_name, receiving.agency_name));
               }
               if (use == Use::kDownload) {
                 const std::int64_t noted = TRY(tx.run(
                     "UPDATE share_items SET downloaded_us = :at WHERE share = :share AND n = :n AND downloaded_us IS "
                     "NULL",
                     {{"share", share.id.text()}, {"n", static_cast<std::int64_t>(n)}, {"at", sealed[0].at.us}}));
                 was_noted = is_discovery && noted == 0;
                 if (was_noted) return fail(Code::kConflict, "This download is noted already");
               }
               if (is_discovery) return {};
               TRY(tx.run(
                   "INSERT INTO share_views (id, share, n, agency, use_as, ends_us) VALUES (:id, :share, :n, :agency, "
                   ":use_as, :ends)",
                   {{"id", view.text()},
                    {"share", share.id.text()},
                    {"n", static_cast<std::int64_t>(n)},
                    {"agency", share.agency.text()},
                    {"use_as", use_name(use)},
                    {"ends", (parts_.clock.now() + limits::kShareViewLifeUs).us}}));
               return {};
             });
  if (!done && !was_noted) return fail(done.error());
  return is_discovery ? std::optional<ShareViewId>() : std::optional(view);
}

Result<Shares::Content> Shares::original(const Receiving& receiving, const Share::Item& item, Use use) {
  store::Original original =
      TRY(parts_.store.open(receiving.actor.agency_slug, item.recording, store::Codec::kPlain, item.bytes));
  auto file = original.plain_file();
  if (!file) return fail(Code::kInternal, "This store keeps no files that can be served");
  return Content{std::move(file), item.bytes, item.sha256, item.filename, item.filetype, item.recording, use};
}

Result<Shares::Content> Shares::content(const Receiving& receiving, const ShareViewId& view) {
  const Share& share = receiving.share;
  std::optional<std::size_t> n;
  Use use = Use::kWatch;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    for (const db::Row& row :
         TRY(tx.query("SELECT n, use_as, ends_us FROM share_views WHERE id = :id AND share = :share LIMIT 1",
                      {{"id", view.text()}, {"share", share.id.text()}}))) {
      if (row.integer("ends_us") <= parts_.clock.now().us) return fail(Code::kGone, "This view is over: open another");
      n = static_cast<std::size_t>(row.integer("n"));
      use = row.text("use_as") == "download" ? Use::kDownload : Use::kWatch;
    }
    return {};
  }));
  if (!n || *n >= share.items.size()) return fail(Code::kNotFound, "No such view", view.text());
  const Share::Item& item = share.items[*n];
  TRY(require_receivable(receiving, item));
  if (share.terms.kind != ShareKind::kView) return original(receiving, item, use);
  TRY(require_copy(item));
  evidence::OpenedRendition copy = TRY(parts_.vault.open_rendition(receiving.actor.agency_slug, item.copy->id));
  return Content{std::move(copy.file), copy.bytes, copy.sha256, item.filename, "video/mp4", item.recording, use};
}

Result<Shares::Content> Shares::discovery_content(const Receiving& receiving, std::size_t n, Use use) {
  const Share& share = receiving.share;
  if (share.terms.kind != ShareKind::kDiscovery || n >= share.items.size()) {
    return fail(Code::kNotFound, "This share has no such recording");
  }
  TRY(require_receivable(receiving, share.items[n]));
  if (use == Use::kDownload && !share.items[n].downloaded_at) {
    return fail(Code::kConflict, "Ask for the download first: that it was downloaded is noted, once");
  }
  return original(receiving, share.items[n], use);
}

Result<std::string> Shares::receipt(const Receiving& receiving, std::size_t n) {
  const Share& share = receiving.share;
  if (n >= share.items.size()) return fail(Code::kNotFound, "This share has no such recording");
  if (share.terms.kind == ShareKind::kView) {
    return fail(problems::kRule, "a share for viewing: it is watched here and not downloaded");
  }
  TRY(require_receivable(receiving, share.items[n]));
  const ledger::Ledger& ledger = *TRY(parts_.ledgers.find(share.agency));
  const std::vector<ledger::SealedEvent> events = TRY(ledger.events(share.items[n].recording, 0, 1));
  if (events.empty()) return fail(Code::kCorrupt, "A recording has no admission", share.items[n].recording.text());
  return ledger.receipt(events[0], ledger::Under::kPublished);
}

}  // namespace lapel::sharing
