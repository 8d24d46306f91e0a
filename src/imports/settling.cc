// SPDX-License-Identifier: Apache-2.0
// What was sent and is sealed is compared with its row: its origin becomes an event of its own chain, a hold of the other system one
// here. All of it again is harmless.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "acts/act.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/trace.h"
#include "crypto/sha256.h"
#include "imports/imports.h"
#include "imports/schema.h"
#include "roster/holds.h"
#include "roster/pending_imports.h"
#include "roster/roster.h"

namespace lapel::imports {
namespace {

constexpr std::int64_t kSettledAtOnce = 100;
constexpr std::int64_t kImportsAtOnce = 100;
constexpr std::int64_t kHoldsAtOnce = 200;
constexpr std::size_t kPieceBytes = 1 << 20;

Result<Sealed> read_sealed(const db::Row& row) {
  Sealed out;
  out.path = row.text("path");
  out.role = row.text("role");
  out.sha256 = row.text("sha256");
  const auto recording = RecordingId::parse(row.text("recording"));
  if (!recording) return fail(Code::kCorrupt, "A row of the catalog is damaged", "import_files " + out.path);
  out.recording = *recording;
  out.bytes = row.integer("bytes");
  out.place = row.maybe_text("place");
  out.row_sha256 = row.maybe_text("row_sha256");
  out.vendor_id = row.maybe_text("vendor_id");
  out.vendor_category = row.maybe_text("vendor_category");
  out.vendor_bytes = row.maybe_integer("vendor_bytes");
  out.hash = row.maybe_text("hash");
  out.hold = row.maybe_text("hold_words");
  out.retain_until = row.maybe_text("retain_until");
  return out;
}

template <typename Hash>
Result<std::string> hash_of(store::Original& original) {
  Hash hash;
  Bytes buffer(kPieceBytes);
  for (std::uint64_t at = 0; at < original.bytes();) {
    const std::size_t count = TRY(original.read_at(at, buffer));
    if (count == 0) return fail(Code::kCorrupt, "An original ends early");
    hash.update(ByteView(buffer).first(count));
    at += count;
  }
  return hex(hash.finish());
}

evidence::Holds::NewHold hold_of(const Import& import, const RecordingId& recording, const std::string& words,
                                 const std::string& place) {
  return {first_characters(fmt::format("{}: {}", import.system, words), 200),
          first_characters(fmt::format("Held there when it was exported: {}, {}", import.title, place), 250),
          recording,
          {}};
}

void put_if(Json::Object& values, std::string_view name, const std::optional<std::string>& value) {
  if (value && !value->empty()) values.emplace(name, *value);
}

}  // namespace

struct Imports::Settling {
  const Import& import;
  const Mapping& mapping;
  const access::Actor& actor;   // who began the import
  const access::Actor& server;  // reads what is sealed
};

Result<bool> Imports::settle_some(const std::string& import_text) {
  const os::MutexLock lock(settle_mutex_);
  std::vector<Sealed> waiting;
  std::optional<Import> import;
  access::Actor actor;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    waiting.clear();
    import.reset();
    for (const db::Row& row : TRY(tx.query("SELECT f.path AS path, f.role AS role, f.recording AS recording, c.sha256 "
                                           "AS sha256, c.bytes AS bytes, r.place "
                                           "AS place, r.sha256 AS row_sha256, r.vendor_id AS vendor_id, "
                                           "r.vendor_category AS vendor_category, r.bytes AS "
                                           "vendor_bytes, r.hash AS hash, r.hold_words AS hold_words, r.retain_until "
                                           "AS retain_until FROM import_files f "
                                           "JOIN recordings c ON c.id = f.recording LEFT JOIN import_rows r ON "
                                           "r.import = f.import AND r.n = f.row_n WHERE "
                                           "f.state = 'sent' AND f.import = :import ORDER BY f.path LIMIT :limit",
                                           {{"import", import_text}, {"limit", kSettledAtOnce}}))) {
      waiting.push_back(TRY(read_sealed(row)));
    }
    if (waiting.empty()) return {};
    for (const db::Row& row : TRY(tx.query(fmt::format("SELECT {} FROM imports WHERE id = :id LIMIT 1", kImportRow),
                                           {{"id", import_text}}))) {
      import = TRY(read_import(row));
      actor = TRY(roster::actor_of_received(tx, import->by));
    }
    return {};
  }));
  if (waiting.empty() || !import) return false;
  const Mapping mapping = TRY(mapping_of(actor.agency, import->mapping));
  const access::Actor server = TRY(server_of(actor.agency));
  const Settling settling{*import, mapping, actor, server};
  const bool is_full = static_cast<std::int64_t>(waiting.size()) == kSettledAtOnce;
  auto done = settle_files(settling, waiting);
  if (done || waiting.size() == 1) {
    TRY(std::move(done));
    return is_full;
  }
  // One that cannot be compared holds up no other.
  std::size_t settled = 0;
  for (const Sealed& file : waiting) {
    auto alone = settle_files(settling, {&file, 1});
    if (!alone) trace_error("imports", "comparing a file", alone.error(), {{"recording", file.recording.text()}});
    settled += alone ? 1 : 0;
  }
  if (settled == 0) return fail(std::move(done).error());
  return is_full;
}

Result<void> Imports::settle_files(const Settling& settling, std::span<const Sealed> files) {
  const Import& import = settling.import;
  const Mapping& mapping = settling.mapping;
  const access::Actor &actor = settling.actor, &server = settling.server;
  const std::string import_text = import.id.text();
  acts::Act act(actor);
  std::vector<std::string> agreed;  // of each file
  for (const Sealed& file : files) {
    Json::Object values = {{"import", import_text}, {"path", file.path}, {"role", file.role}};
    put_if(values, "place", file.place);
    put_if(values, "row", file.row_sha256);
    put_if(values, "vendor_id", file.vendor_id);
    put_if(values, "vendor_category", file.vendor_category);
    put_if(values, "vendor_hash", file.hash);
    put_if(values, "hold", file.hold);
    put_if(values, "retain_until", file.retain_until);
    if (file.vendor_bytes) values.emplace("vendor_bytes", *file.vendor_bytes);
    std::string agrees = "unsaid";
    if (file.hash) {
      CHECK(mapping.algorithm.has_value());
      std::string own = file.sha256;
      if (*mapping.algorithm != Algorithm::kSha256) {
        evidence::Vault::Source source = TRY(parts_.vault.open_to_derive(server, file.recording));
        own = *mapping.algorithm == Algorithm::kSha1 ? TRY(hash_of<crypto::Sha1>(source.original))
                                                     : TRY(hash_of<crypto::Md5>(source.original));
      }
      values.emplace("algorithm", algorithm_name(*mapping.algorithm));
      values.emplace("own_hash", own);
      agrees = own == *file.hash ? "yes" : "no";
    }
    if (file.vendor_bytes && *file.vendor_bytes != file.bytes) agrees = "no";
    values.emplace("agrees", agrees);
    act.make(kRecordings, file.recording, std::move(values));
    agreed.push_back(agrees);
  }
  act.guard([&](db::Transaction& tx) -> Result<void> {
    TRY(require_open(tx, import.id));
    for (std::size_t i = 0; i < files.size(); ++i) {
      const std::int64_t changed = TRY(
          tx.run("UPDATE import_files SET state = 'in', sha256 = :sha256, agrees = :agrees WHERE import = :import AND "
                 "path = :path AND state = 'sent' AND recording = :recording",
                 {{"sha256", files[i].sha256},
                  {"agrees", agreed[i]},
                  {"import", import_text},
                  {"path", files[i].path},
                  {"recording", files[i].recording.text()}}));
      // By another server, just now.
      if (changed != 1) return fail(Code::kConflict, "This file has been compared meanwhile", files[i].path);
    }
    return {};
  });
  auto done = act.commit(parts_.ledgers);
  if (!done) return done.error().code() == Code::kConflict ? Result<void>() : Result<void>(std::move(done));
  // By whoever has compared it and no other, so that none is placed twice. As whoever began the import, who may have left since; what
  // is not placed here is placed when the import is closed, by whoever closes it.
  const auto is_held = [](const Sealed& file) { return file.hold && file.role == "file"; };
  if (std::none_of(files.begin(), files.end(), is_held)) return {};
  access::Actor holder;
  const auto found = parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    holder = TRY(roster::actor(tx, import.by));
    return {};
  });
  if (!found) {
    if (found.error().code() != Code::kUnauthenticated)
      trace_error("imports", "looking for who places a hold", found.error(), {{"import", import_text}});
    return {};
  }
  for (const Sealed& file : files) {
    if (!is_held(file)) continue;
    auto placed = parts_.holds.place(holder, hold_of(import, file.recording, *file.hold, file.place.value_or("")));
    if (!placed) trace_error("imports", "placing a hold", placed.error(), {{"recording", file.recording.text()}});
  }
  return {};
}

Result<void> Imports::place_holds(const access::Actor& actor, const Import& import) {
  const Mapping mapping = TRY(mapping_of(actor.agency, import.mapping));
  std::int64_t after = 0;
  for (bool is_more = true; is_more;) {
    std::vector<evidence::Holds::NewHold> missing;
    std::int64_t last = after;
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      missing.clear();
      const db::Rows rows = TRY(tx.query(
          "SELECT n, file, place, hold_words FROM import_rows WHERE import = :import AND hold_words IS NOT NULL "
          "AND file <> '' AND n > :after ORDER BY n LIMIT :limit",
          {{"import", import.id.text()}, {"after", after}, {"limit", kHoldsAtOnce}}));
      is_more = static_cast<std::int64_t>(rows.size()) == kHoldsAtOnce;
      for (const db::Row& row : rows) {
        last = row.integer("n");
        for (const db::Row& file : TRY(tx.query(
                 "SELECT recording FROM import_files WHERE import = :import AND match_key = :key AND role = 'file' "
                 "AND state = 'in' AND row_n IS NOT NULL LIMIT 1",
                 {{"import", import.id.text()}, {"key", key_of_word(mapping.match, row.text("file"))}}))) {
          const auto recording = RecordingId::parse(file.text("recording"));
          if (!recording) return fail(Code::kCorrupt, "A row of the catalog is damaged", "import_files");
          auto hold = hold_of(import, *recording, row.text("hold_words"), row.text("place"));
          if (!TRY(roster::was_held_for(tx, actor.agency, *recording, hold.matter))) missing.push_back(std::move(hold));
        }
      }
      return {};
    }));
    after = last;
    for (const auto& hold : missing) TRY(parts_.holds.place(actor, hold));
  }
  return {};
}

void Imports::settle_step() {
  std::vector<std::string> open;
  auto found = parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    open.clear();
    for (const db::Row& row : TRY(tx.query(
             "SELECT DISTINCT f.import AS import FROM import_files f JOIN recordings c ON c.id = f.recording WHERE "
             "f.state = 'sent' ORDER BY import LIMIT :limit",
             {{"limit", kImportsAtOnce}}))) {
      open.push_back(row.text("import"));
    }
    return {};
  });
  if (!found) trace_error("imports", "looking for what is sealed", found.error(), {});
  for (const std::string& import : open) {
    for (bool is_more = true; is_more;) {
      auto settled = settle_some(import);
      if (!settled) trace_error("imports", "comparing what is sealed", settled.error(), {{"import", import}});
      is_more = settled && *settled;
    }
  }
}

}  // namespace lapel::imports
