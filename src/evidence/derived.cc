// SPDX-License-Identifier: Apache-2.0
// Derived items: what a program made of an original. The original is only ever opened for reading here.
#include <array>

#include <fmt/format.h>

#include "base/check.h"
#include "base/problems.h"
#include "crypto/sha256.h"
#include "evidence/rows.h"
#include "evidence/vault.h"

namespace lapel::evidence {

std::string_view derived_kind_name(DerivedKind kind) {
  constexpr std::array<std::string_view, 5> kNames = {"probe", "poster", "filmstrip", "track", "signature"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view key_standing_name(KeyStanding standing) {
  constexpr std::array<std::string_view, 5> kNames = {"unknown", "of_device", "of_root", "revoked", "of_other_device"};
  return kNames[static_cast<std::size_t>(standing)];
}

namespace {

ledger::Draft derived(const Recording& recording, const Derived& item, const std::optional<SignatureFacts>& signature) {
  Json::Object fields = {{"kind", derived_kind_name(item.kind)},
                         {"tool", item.tool},
                         {"version", item.version},
                         {"arguments", item.arguments},
                         {"parent", hex(recording.sha256)},
                         {"sha256", hex(crypto::sha256(item.bytes))},
                         {"bytes", static_cast<std::uint64_t>(item.bytes.size())}};
  if (item.kind == DerivedKind::kSignature) {
    CHECK(signature.has_value());
    fields.emplace("verdict", signature->verdict);
    if (signature->key) fields.emplace("key", *signature->key);
    fields.emplace("key_is", key_standing_name(signature->standing));
  }
  return {recording.id, "recording.derived", std::move(fields), false};
}

}  // namespace

// Only the server itself looks at originals without a view, and only to derive from them.
Result<void> Vault::require_server(const access::Actor& actor) {
  return parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    if (TRY(roster::agency(tx, actor.agency)).console == actor.person && !actor.dock) return {};
    return fail(problems::kRule, "derived items: made by the server itself");
  });
}

Result<Vault::Source> Vault::open_to_derive(const access::Actor& actor, const RecordingId& id) {
  TRY(require_server(actor));
  Recording recording = TRY(known_recording(actor, id));
  store::Original original = TRY(parts_.store.open(actor.agency_slug, id, recording.codec, recording.bytes));
  return Source{std::move(recording), std::move(original)};
}

Result<void> Vault::derive(const access::Actor& actor, const Derivation& derivation) {
  TRY(require_server(actor));
  const Recording recording = TRY(known_recording(actor, derivation.recording));
  const jobs::Lease& lease = derivation.lease;
  CHECK(lease.subject == SubjectId(derivation.recording));
  const auto name_of = [&](const Derived& item, std::int64_t attempt) {
    return derived_name(actor.agency_slug, recording.id, derived_kind_name(item.kind), attempt);
  };

  ledger::Submission submission{actor.subject(), {}, {}};
  for (const Derived& item : derivation.items) {
    if (!is_kept_in_row(item.kind)) TRY(parts_.bucket.put(name_of(item, lease.attempt), item.bytes));
    submission.events.push_back(derived(recording, item, derivation.signature));
  }
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    // Whoever lost the lease meanwhile writes nothing: no event, no row.
    TRY(parts_.jobs.finish(tx, lease));
    for (const Derived& item : derivation.items) {
      // A signature that is checked once more takes the place of what was found before: its events stay.
      if (item.kind == DerivedKind::kSignature)
        TRY(tx.run("DELETE FROM derived_items WHERE recording = :recording AND kind = :kind",
                   {{"recording", recording.id.text()}, {"kind", derived_kind_name(item.kind)}}));
      TRY(tx.run(
          "INSERT INTO derived_items (recording, kind, agency, tool, version, arguments, parent_sha256, sha256, bytes, "
          "object, content, made_us) VALUES (:recording, :kind, :agency, :tool, :version, :arguments, :parent, "
          ":sha256, :bytes, :object, :content, :now)",
          {{"recording", recording.id.text()},
           {"kind", derived_kind_name(item.kind)},
           {"agency", actor.agency.text()},
           {"tool", item.tool},
           {"version", item.version},
           {"arguments", item.arguments},
           {"parent", hex(recording.sha256)},
           {"sha256", hex(crypto::sha256(item.bytes))},
           {"bytes", static_cast<std::uint64_t>(item.bytes.size())},
           {"object", is_kept_in_row(item.kind) ? std::nullopt : std::optional(name_of(item, lease.attempt))},
           {"content", is_kept_in_row(item.kind) ? std::optional(std::string(as_text(item.bytes))) : std::nullopt},
           {"now", parts_.clock.now().us}}));
    }
    if (const auto& found = derivation.signature) {
      TRY(
          tx.run("UPDATE recordings SET signature_verdict = :verdict, signature_key = :key, signature_key_is = :key_is "
                 "WHERE id = :id",
                 {{"verdict", found->verdict},
                  {"key", found->key},
                  {"key_is", key_standing_name(found->standing)},
                  {"id", recording.id.text()}}));
      if (derivation.is_outdated && TRY(derivation.is_outdated(tx)))
        TRY(parts_.jobs.enqueue_again(tx, {kSignatureJob, actor.agency, recording.id}));
    }
    if (!derivation.facts) return {};
    const MediaFacts& facts = *derivation.facts;
    TRY(tx.run(
        "UPDATE recordings SET media_verdict = :verdict, media_sentence = :sentence, duration_ms = :duration_ms, "
        "width = :width, height = :height, frames = :frames, video_codec = :video_codec, audio_codec = "
        ":audio_codec, file_created_us = :file_created_us WHERE id = :id",
        {{"verdict", facts.verdict},
         {"sentence", facts.sentence},
         {"duration_ms", facts.duration_ms},
         {"width", facts.width},
         {"height", facts.height},
         {"frames", facts.frames},
         {"video_codec", facts.video_codec},
         {"audio_codec", facts.audio_codec},
         {"file_created_us", facts.file_created_at ? std::optional(facts.file_created_at->us) : std::nullopt},
         {"id", recording.id.text()}}));
    return {};
  };
  auto sealed = TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission));
  // What attempts that came to nothing left under their own names: killed ones, or this one where its lease was lost.
  const bool is_for_nothing = !sealed && sealed.error().code() == Code::kConflict;
  for (const Derived& item : derivation.items) {
    if (is_kept_in_row(item.kind) || (!sealed && !is_for_nothing)) continue;
    const std::int64_t first = is_for_nothing ? lease.attempt : 1;
    const std::int64_t last = is_for_nothing ? lease.attempt : lease.attempt - 1;
    for (std::int64_t attempt = first; attempt <= last; ++attempt)
      remove_unnamed(parts_, "derived_items", recording.id, name_of(item, attempt));
  }
  if (!sealed) return fail(std::move(sealed).error());
  return {};
}

Result<Bytes> Vault::signature(const access::Actor& actor, const RecordingId& id) {
  TRY(known_recording(actor, id));
  return read_derived(id, DerivedKind::kSignature);
}

Result<void> Vault::check_signatures_again(db::Transaction& tx, const AgencyId& agency) {
  return parts_.jobs.enqueue_each_again(
      tx, kSignatureJob, agency,
      "SELECT recording AS subject FROM derived_items WHERE kind = :kind AND agency = :agency",
      {{"kind", derived_kind_name(DerivedKind::kSignature)}, {"agency", agency.text()}});
}

// A derived file as its row describes it, checked against its digest.
Result<Bytes> Vault::read_derived(const RecordingId& recording, DerivedKind kind) {
  std::string object;
  std::optional<std::string> in_row;
  std::optional<Digest> sha256;
  std::int64_t bytes = 0;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(tx.query(
        "SELECT object, content, sha256, bytes FROM derived_items WHERE recording = :recording AND kind = :kind",
        {{"recording", recording.text()}, {"kind", derived_kind_name(kind)}}));
    if (rows.empty())
      return fail(Code::kNotFound, fmt::format("This recording has no {}", derived_kind_name(kind)), recording.text());
    object = rows[0].maybe_text("object").value_or("");
    in_row = rows[0].maybe_text("content");
    sha256 = parse_hex_array<32>(rows[0].text("sha256"));
    bytes = rows[0].integer("bytes");
    return {};
  }));
  auto content = in_row ? Result<Bytes>(Bytes(in_row->begin(), in_row->end()))
                        : bucket::get(parts_.bucket, object, static_cast<std::size_t>(bytes));
  if (!content && content.error().code() != Code::kNotFound) return fail(std::move(content).error());
  if (!content || !sha256 || crypto::sha256(*content) != *sha256) {
    return fail(problems::kObjectDamaged, fmt::format("The stored {} is missing or damaged", derived_kind_name(kind)),
                object);
  }
  return content;
}

Result<Bytes> Vault::poster(const access::Actor& actor, const RecordingId& id) {
  const Recording recording = TRY(known_recording(actor, id));
  const auto decision = access::decide(actor, access::Action::kPoster, recording.item);
  TRY(require_on_record(actor, recording, access::Action::kPoster, decision));
  return read_derived(id, DerivedKind::kPoster);
}

Result<Bytes> Vault::shown(const access::Actor& actor, const RecordingId& id, const ViewId& view_id, DerivedKind kind) {
  const OpenedView opened = TRY(view(actor, view_id));
  if (opened.view.recording.id != id) return fail(Code::kNotFound, "No such view of this recording", view_id.text());
  return read_derived(id, kind);
}

}  // namespace lapel::evidence
