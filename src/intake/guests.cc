// SPDX-License-Identifier: Apache-2.0
#include "intake/guests.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "base/problems.h"
#include "roster/file_requests.h"

namespace lapel::intake {

Result<Used> used_of(db::Transaction& tx, const FileRequestId& request) {
  Used out;
  const db::Params by_id = {{"request", request.text()}};
  for (const std::string_view sql :
       {"SELECT COUNT(*) AS files, CAST(COALESCE(SUM(length_bytes), 0) AS BIGINT) AS bytes FROM uploads WHERE owner = "
        ":request AND state IN ('receiving', 'sealing', 'refused')",
        "SELECT COUNT(*) AS files, CAST(COALESCE(SUM(r.bytes), 0) AS BIGINT) AS bytes FROM file_request_files f JOIN "
        "recordings r ON r.id = f.recording WHERE f.request = :request"}) {
    const db::Rows rows = TRY(tx.query(std::string(sql), by_id));
    out.files += rows[0].integer("files");
    out.bytes += rows[0].integer("bytes");
  }
  return out;
}

Result<std::vector<UnderWay>> under_way_of(db::Transaction& tx, const FileRequestId& request) {
  std::vector<UnderWay> out;
  for (const db::Row& row : TRY(tx.query(
           "SELECT id, state, reason, metadata, length_bytes, offset_bytes, declared_sha256 FROM uploads WHERE "
           "owner = :request AND state <> 'sealed' ORDER BY created_us, id LIMIT :limit",
           {{"request", request.text()}, {"limit", static_cast<std::int64_t>(limits::kUploadsUnfinishedMax)}}))) {
    const auto id = UploadId::parse(row.text("id"));
    if (!id) return fail(Code::kCorrupt, "A row of the catalog is damaged", "uploads " + row.text("id"));
    UnderWay each;
    each.id = *id;
    for (const State state : {State::kSealing, State::kRefused}) {
      if (state_name(state) == row.text("state")) each.state = state;
    }
    each.reason = row.text("reason");
    each.filename = TRY(parse_metadata(row.text("metadata"))).description.filename;
    each.bytes = static_cast<std::uint64_t>(row.integer("length_bytes"));
    each.offset = static_cast<std::uint64_t>(row.integer("offset_bytes"));
    each.sha256 = row.maybe_text("declared_sha256");
    out.push_back(std::move(each));
  }
  return out;
}

Result<void> take_quota(db::Transaction& tx, const FileRequestId& id, std::uint64_t bytes, Timestamp now) {
  const roster::FileRequest request = TRY(roster::file_request(tx, id));
  if (!request.stands(now)) return fail(problems::kFileRequestEnded, "This file request has ended");
  const Used used = TRY(used_of(tx, id));
  if (used.files >= request.files_max) {
    return fail(problems::kFileRequestQuota,
                fmt::format("It takes {} files, and so many are here or on their way", request.files_max));
  }
  const auto left = static_cast<std::uint64_t>(request.bytes_max > used.bytes ? request.bytes_max - used.bytes : 0);
  if (bytes > left) {
    return fail(problems::kFileRequestQuota,
                fmt::format("It takes {} bytes in all, of which {} are left; this file has {}", request.bytes_max, left,
                            bytes));
  }
  return {};
}

Result<void> check_said(const Metadata& metadata, Kind kind) {
  if (kind != Kind::kWhole) return fail(problems::kConcatenation, "A file request takes whole files, not parts");
  const evidence::Description& said = metadata.description;
  if (said.device || said.wearer || said.incident || said.category || said.group || metadata.dock_statement) {
    return fail(problems::kTusMetadata,
                "Which device, wearer, incident or category a file belongs to is for the agency to say");
  }
  // In an event it is a text within a text.
  if (to_json(Json(to_json(Json(said.more)))).size() > kSaidBytesMax) {
    return fail(problems::kTusMetadata, fmt::format("What is said of a file may have at most {} bytes", kSaidBytesMax));
  }
  return {};
}

}  // namespace lapel::intake
