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
constexpr std::size_t kPieceBytes = 1 << 20;

struct Sealed {
  std::string path, role, sha256;
  RecordingId recording;
  std::int64_t bytes = 0;
  std::optional<std::string> place, row_sha256, vendor_id, vendor_category, hash, hold, retain_until;
  std::optional<std::int64_t> vendor_bytes;
};

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

void put_if(Json::Object& values, std::string_view name, const std::optional<std::string>& value) {
  if (value && !value->empty()) values.emplace(name, *value);
}

}  // namespace

Result<bool> Imports::settle_some(const std::string& import_text) {
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

  acts::Act act(actor);
  struct Compared {
    const Sealed* file;
    std::string agrees;
  };
  std::vector<Compared> compared;
  for (const Sealed& file : waiting) {
    // As whoever brought it in may still: a hold that cannot be placed is told, and the recording comes in all the same.
    if (file.hold && file.role == "file") {
      const std::string matter = first_characters(fmt::format("{}: {}", import->system, *file.hold), 200);
      bool is_held = false;
      TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
        is_held = TRY(roster::was_held_for(tx, actor.agency, file.recording, matter));
        return {};
      }));
      if (!is_held) {
        const auto placed = parts_.holds.place(
            actor, {matter,
                    fmt::format("Held there when it was exported: {}, {}", import->title, file.place.value_or("")),
                    file.recording,
                    {}});
        if (!placed && placed.error().code() != Code::kDenied) return fail(placed.error());
        if (!placed) trace_error("imports", "placing a hold", placed.error(), {{"recording", file.recording.text()}});
      }
    }
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
    compared.push_back({&file, agrees});
  }
  act.guard([&](db::Transaction& tx) -> Result<void> {
    for (const Compared& each : compared) {
      const std::int64_t changed = TRY(
          tx.run("UPDATE import_files SET state = 'in', sha256 = :sha256, agrees = :agrees WHERE import = :import AND "
                 "path = :path AND state = 'sent' AND recording = :recording",
                 {{"sha256", each.file->sha256},
                  {"agrees", each.agrees},
                  {"import", import_text},
                  {"path", each.file->path},
                  {"recording", each.file->recording.text()}}));
      // By another server, just now.
      if (changed != 1) return fail(Code::kConflict, "This file has been compared meanwhile", each.file->path);
    }
    return {};
  });
  auto done = act.commit(parts_.ledgers);
  if (!done && done.error().code() != Code::kConflict) return fail(std::move(done).error());
  return static_cast<std::int64_t>(waiting.size()) == kSettledAtOnce;
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
