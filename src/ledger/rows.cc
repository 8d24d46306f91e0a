// SPDX-License-Identifier: Apache-2.0
#include "ledger/rows.h"

#include <fmt/format.h>

#include "base/problems.h"
#include "proof/tree.h"

namespace lapel::ledger {
namespace {

constexpr std::size_t kBatchBytesMax = 256 << 20;  // of one staged object

}  // namespace

Result<Digest> stored_digest(const std::string& text) {
  const auto digest = parse_hex_array<32>(text);
  if (!digest) return fail(problems::kLedgerCorrupt, "A digest in the catalog is damaged", text);
  return *digest;
}

Result<HeadRow> read_head(db::Transaction& tx, const std::string& agency) {
  const db::Rows rows = TRY(
      tx.query("SELECT size, root, tiled_size, last_beat FROM ledgers WHERE agency = :agency", {{"agency", agency}}));
  if (rows.empty()) return fail(Code::kNotFound, "This agency has no ledger", agency);
  const db::Row& row = rows[0];
  const auto tiled_size = static_cast<std::uint64_t>(row.integer("tiled_size"));
  if (tiled_size % proof::kTileWidth != 0)
    return fail(problems::kLedgerCorrupt, "A size in the catalog is damaged",
                fmt::format("{} leaves in tiles", tiled_size));
  const Digest root = TRY(stored_digest(row.text("root")));
  return HeadRow{static_cast<std::uint64_t>(row.integer("size")), tiled_size, root, row.integer("last_beat")};
}

Result<std::optional<PublishedRow>> read_published(db::Transaction& tx, const std::string& agency) {
  const db::Rows rows =
      TRY(tx.query("SELECT size, root, at_us FROM ledger_published WHERE agency = :agency ORDER BY size DESC LIMIT 1",
                   {{"agency", agency}}));
  if (rows.empty()) return std::optional<PublishedRow>();
  const Digest root = TRY(stored_digest(rows[0].text("root")));
  return std::optional(
      PublishedRow{static_cast<std::uint64_t>(rows[0].integer("size")), root, Timestamp{rows[0].integer("at_us")}});
}

Result<std::vector<BatchRow>> read_batches(db::Transaction& tx, const std::string& agency, std::uint64_t from) {
  const db::Rows rows =
      TRY(tx.query("SELECT first_index, entries, object FROM ledger_batches "
                   "WHERE agency = :agency AND first_index + entries > :from ORDER BY first_index LIMIT 100000",
                   {{"agency", agency}, {"from", from}}));
  std::vector<BatchRow> out;
  for (const db::Row& row : rows) {
    out.push_back({static_cast<std::uint64_t>(row.integer("first_index")),
                   static_cast<std::uint64_t>(row.integer("entries")), row.text("object")});
  }
  return out;
}

Result<std::vector<std::string>> read_staged(bucket::Bucket& bucket, const BatchRow& batch) {
  const Bytes bytes = TRY(bucket::get(bucket, batch.object, kBatchBytesMax));
  auto entries = proof::parse_bundle(as_text(bytes), batch.entries);
  if (!entries) return fail(problems::kLedgerCorrupt, "A batch does not hold the entries its row counts", batch.object);
  return *std::move(entries);
}

}  // namespace lapel::ledger
