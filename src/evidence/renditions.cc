// SPDX-License-Identifier: Apache-2.0
#include "evidence/renditions.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "evidence/rows.h"
#include "evidence/vault.h"

namespace lapel::evidence {
namespace {

constexpr std::size_t kHashChunkBytes = std::size_t{1} << 20;

// With the rendition's own id: a recording has one for each of its holders.
std::string object_name(std::string_view slug, const RecordingId& recording, const RenditionId& id,
                        std::int64_t attempt) {
  return derived_name(slug, recording, "rendition-" + id.text(), attempt);
}

// Characters, not bytes; nothing where the text is no UTF-8.
std::optional<std::size_t> characters(std::string_view text) {
  if (printable(text) != text) return std::nullopt;
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Result<std::string> joined(const std::vector<std::string>& lines) {
  if (lines.empty() || lines.size() > kMarkLinesMax) return fail(Code::kInvalid, "A mark has one to three lines");
  std::string out;
  for (const std::string& line : lines) {
    const auto count = characters(line);
    if (!count || *count == 0 || *count > kMarkCharactersMax) {
      return fail(Code::kInvalid, fmt::format("A line of a mark is 1 to {} printable characters", kMarkCharactersMax));
    }
    out += (out.empty() ? "" : "\n") + line;
  }
  return out;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string reason_of(const jobs::Status& status) {
  switch (status.state) {
    case jobs::State::kRunning:
      return "It is being made.";
    case jobs::State::kWaiting:
      return status.reason.empty() ? "It waits for its turn." : fmt::format("It is tried again: {}", status.reason);
    case jobs::State::kBlocked:
      return fmt::format("It cannot be made on this server now: {}", status.reason);
    case jobs::State::kFailed:
      return fmt::format("It could not be made: {}", status.reason);
    case jobs::State::kDone:
      return "It is made.";
  }
  CHECK(false);
}

Result<RenditionId> id_of(const db::Row& row) {
  const auto id = RenditionId::parse(row.text("id"));
  if (!id) return fail(Code::kCorrupt, "A rendition's row is damaged", row.text("id"));
  return *id;
}

// Read again from the disk, after the worker that wrote it has gone.
Result<Digest> digest_of(os::File& file, std::uint64_t bytes) {
  crypto::Sha256 hash;
  Bytes buffer(kHashChunkBytes);
  while (const std::size_t count = TRY(file.read_at(hash.bytes(), buffer))) hash.update(ByteView(buffer).first(count));
  if (hash.bytes() != bytes) return fail(Code::kInternal, "A rendition is not as long as it was");
  return hash.finish();
}

}  // namespace

Result<RenditionId> ask_rendition(db::Transaction& tx, const jobs::Queue& jobs, const AskedRendition& asked) {
  const std::string watermark = TRY(joined(asked.lines));
  const db::Rows there =
      TRY(tx.query("SELECT id, watermark FROM renditions WHERE holder = :holder AND recording = :recording LIMIT 1",
                   {{"holder", asked.holder.text()}, {"recording", asked.recording.text()}}));
  if (!there.empty()) {
    if (there[0].text("watermark") != watermark)
      return fail(Code::kConflict, "There is a rendition for this holder already, with another mark");
    return id_of(there[0]);
  }
  const auto id = crypto::new_id<RenditionId>();
  TRY(
      tx.run("INSERT INTO renditions (id, recording, agency, holder, watermark) VALUES (:id, :recording, :agency, "
             ":holder, :watermark)",
             {{"id", id.text()},
              {"recording", asked.recording.text()},
              {"agency", asked.agency.text()},
              {"holder", asked.holder.text()},
              {"watermark", watermark}}));
  TRY(jobs.enqueue(tx, {kRenditionJob, asked.agency, SubjectId(id.bytes())}));
  return id;
}

Result<std::vector<RenditionState>> renditions_of(db::Transaction& tx, const jobs::Queue& jobs,
                                                  const SubjectId& holder) {
  const db::Rows rows =
      TRY(tx.query("SELECT id, recording, refusal, object, sha256, bytes FROM renditions WHERE holder = :holder AND "
                   "forgotten_us IS NULL ORDER BY recording LIMIT :limit",
                   {{"holder", holder.text()}, {"limit", static_cast<std::int64_t>(kRenditionsMax)}}));
  std::vector<RenditionState> out;
  std::vector<SubjectId> subjects;
  for (const db::Row& row : rows) {
    RenditionState state;
    state.id = TRY(id_of(row));
    const auto recording = RecordingId::parse(row.text("recording"));
    if (!recording) return fail(Code::kCorrupt, "A rendition's row is damaged", row.text("id"));
    state.recording = *recording;
    state.is_ready = !row.is_null("object");
    if (state.is_ready) {
      const auto sha256 = parse_hex_array<32>(row.text("sha256"));
      if (!sha256) return fail(Code::kCorrupt, "A rendition's row is damaged", row.text("id"));
      state.sha256 = *sha256;
      state.bytes = static_cast<std::uint64_t>(row.integer("bytes"));
    }
    state.reason = row.maybe_text("refusal").value_or("");
    state.is_final = state.is_ready || !state.reason.empty();
    subjects.emplace_back(state.id.bytes());
    out.push_back(std::move(state));
  }
  const auto statuses = TRY(jobs.statuses(tx, kRenditionJob, subjects));
  for (RenditionState& state : out) {
    const auto status = statuses.find(SubjectId(state.id.bytes()));
    if (!state.is_final && status != statuses.end()) state.reason = reason_of(status->second);
  }
  return out;
}

Result<std::optional<Vault::RenditionSource>> Vault::open_to_render(const access::Actor& actor,
                                                                    const jobs::Lease& lease) {
  TRY(require_server(actor));
  std::optional<RecordingId> recording;
  std::vector<std::string> lines;
  std::string holder;
  bool is_wanted = false;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(tx.query(
        "SELECT recording, holder, watermark, forgotten_us FROM renditions WHERE id = :id AND agency = :agency LIMIT 1",
        {{"id", lease.subject.text()}, {"agency", actor.agency.text()}}));
    if (rows.empty()) return fail(Code::kCorrupt, "A job makes no rendition", lease.subject.text());
    recording = RecordingId::parse(rows[0].text("recording"));
    lines = split(rows[0].text("watermark"));
    holder = rows[0].text("holder");
    is_wanted = rows[0].is_null("forgotten_us");
    if (!recording) return fail(Code::kCorrupt, "A rendition's row is damaged", lease.subject.text());
    return is_wanted ? Result<void>() : parts_.jobs.finish(tx, lease);
  }));
  if (!is_wanted) return std::optional<RenditionSource>();
  return std::optional(RenditionSource{TRY(open_to_derive(actor, *recording)), std::move(holder), std::move(lines)});
}

Result<void> Vault::keep_rendition(const access::Actor& actor, const jobs::Lease& lease, const MadeRendition& made) {
  const auto wanted = TRY(open_to_render(actor, lease));
  if (!wanted) return {};
  const Recording& recording = wanted->source.recording;
  const RenditionId id{lease.subject.bytes()};
  const std::string name = object_name(actor.agency_slug, recording.id, id, lease.attempt);
  TRY(parts_.bucket.put_file(name, {made.path, made.bytes}));
  const auto object = TRY(parts_.bucket.open(name));
  const std::shared_ptr<os::File> file = object->file();
  if (!file) return fail(Code::kUnsupported, "This store keeps no files that could be sent");
  const Digest sha256 = TRY(digest_of(*file, made.bytes));

  ledger::Submission submission{actor.subject(), {}, {}};
  submission.events.push_back({recording.id,
                               "recording.derived",
                               {{"kind", kRenditionJob},
                                {"rendition", id.text()},
                                {"for", wanted->holder},
                                {"tool", made.tool},
                                {"version", made.version},
                                {"arguments", made.arguments},
                                {"parent", hex(recording.sha256)},
                                {"sha256", hex(sha256)},
                                {"bytes", made.bytes}},
                               false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    TRY(parts_.jobs.finish(tx, lease));
    // It is made, and sealed as made, also where the holder's right has ended in this moment: then without its object.
    TRY(tx.run(
        "UPDATE renditions SET parent_sha256 = :parent, sha256 = :sha256, bytes = :bytes, tool = :tool, version = "
        ":version, arguments = :arguments, made_us = :now, object = CASE WHEN forgotten_us IS NULL THEN :object END "
        "WHERE id = :id",
        {{"parent", hex(recording.sha256)},
         {"sha256", hex(sha256)},
         {"bytes", made.bytes},
         {"tool", made.tool},
         {"version", made.version},
         {"arguments", made.arguments},
         {"now", parts_.clock.now().us},
         {"object", name},
         {"id", id.text()}}));
    return {};
  };
  auto sealed = TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission));
  if (!sealed && sealed.error().code() == Code::kConflict) remove_unnamed(parts_, "renditions", recording.id, name);
  for (std::int64_t attempt = 1; sealed && attempt < lease.attempt; ++attempt) {
    (void)parts_.bucket.remove(object_name(actor.agency_slug, recording.id, id, attempt));
  }
  if (!sealed) return fail(std::move(sealed).error());
  bool is_forgotten = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    is_forgotten =
        TRY(tx.query("SELECT object FROM renditions WHERE id = :id LIMIT 1", {{"id", id.text()}}))[0].is_null("object");
    return {};
  }));
  return is_forgotten ? parts_.bucket.remove(name) : Result<void>();
}

Result<void> Vault::refuse_rendition(const access::Actor& actor, const jobs::Lease& lease,
                                     const std::string& sentence) {
  TRY(require_server(actor));
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(parts_.jobs.finish(tx, lease));
    TRY(tx.run("UPDATE renditions SET refusal = :sentence WHERE id = :id",
               {{"sentence", sentence}, {"id", lease.subject.text()}}));
    return {};
  });
}

Result<OpenedRendition> Vault::open_rendition(std::string_view slug, const RenditionId& id) {
  std::string name;
  OpenedRendition out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(
        tx.query("SELECT r.object, r.sha256, r.bytes FROM renditions r JOIN agencies a ON a.id = r.agency WHERE r.id "
                 "= :id AND a.slug = :slug AND r.object IS NOT NULL LIMIT 1",
                 {{"id", id.text()}, {"slug", slug}}));
    if (rows.empty()) return fail(Code::kNotFound, "No such rendition", id.text());
    const auto sha256 = parse_hex_array<32>(rows[0].text("sha256"));
    if (!sha256) return fail(Code::kCorrupt, "A rendition's row is damaged", id.text());
    name = rows[0].text("object");
    out.bytes = static_cast<std::uint64_t>(rows[0].integer("bytes"));
    out.sha256 = *sha256;
    return {};
  }));
  auto object = parts_.bucket.open(name);
  if (!object && object.error().code() != Code::kNotFound) return fail(std::move(object).error());
  if (!object || (*object)->bytes() != out.bytes)
    return fail(problems::kObjectDamaged, "The stored rendition is missing or damaged", name);
  out.file = (*object)->file();
  if (!out.file) return fail(Code::kUnsupported, "This store keeps no files that could be sent");
  return out;
}

Result<void> Vault::forget_renditions(const SubjectId& holder) {
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run(
        "UPDATE renditions SET forgotten_us = :now, object = NULL WHERE holder = :holder AND forgotten_us IS NULL",
        {{"now", parts_.clock.now().us}, {"holder", holder.text()}}));
    return {};
  }));
  return sweep_renditions(holder);
}

// After the rows say that they are forgotten, and again until nothing is left: a server that was killed in between, or while it made
// one, leaves none behind that this does not find.
Result<void> Vault::sweep_renditions(const std::optional<SubjectId>& holder) {
  struct Forgotten {
    RenditionId id;
    RecordingId recording;
    std::string slug;
    jobs::Status job;
  };
  std::vector<Forgotten> forgotten;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    forgotten.clear();
    std::vector<SubjectId> subjects;
    for (const db::Row& row : TRY(tx.query("SELECT r.id, r.recording, a.slug FROM renditions r JOIN agencies a ON a.id "
                                           "= r.agency WHERE r.forgotten_us "
                                           "IS NOT NULL AND r.swept_us IS NULL AND (CAST(:holder AS TEXT) IS NULL OR "
                                           "r.holder = :holder) ORDER BY r.id "
                                           "LIMIT :limit",
                                           {{"holder", holder ? std::optional(holder->text()) : std::nullopt},
                                            {"limit", static_cast<std::int64_t>(kRenditionsMax)}}))) {
      const auto recording = RecordingId::parse(row.text("recording"));
      if (!recording) return fail(Code::kCorrupt, "A rendition's row is damaged", row.text("id"));
      const RenditionId id = TRY(id_of(row));
      forgotten.push_back({id, *recording, row.text("slug"), {}});
      subjects.emplace_back(id.bytes());
    }
    const auto statuses = TRY(parts_.jobs.statuses(tx, kRenditionJob, subjects));
    for (Forgotten& one : forgotten) {
      const auto status = statuses.find(SubjectId(one.id.bytes()));
      if (status != statuses.end()) one.job = status->second;
    }
    return {};
  }));
  for (const Forgotten& one : forgotten) {
    for (std::int64_t attempt = 1; attempt <= one.job.attempts; ++attempt) {
      TRY(parts_.bucket.remove(object_name(one.slug, one.recording, one.id, attempt)));
    }
    // Whoever is still at it may put its object yet; the lease of whoever was killed runs out. A later attempt finds it forgotten
    // before it begins.
    if (one.job.state == jobs::State::kRunning) continue;
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run("UPDATE renditions SET swept_us = :now WHERE id = :id",
                 {{"now", parts_.clock.now().us}, {"id", one.id.text()}}));
      return {};
    }));
  }
  return {};
}

}  // namespace lapel::evidence
