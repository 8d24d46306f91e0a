// SPDX-License-Identifier: Apache-2.0
#include "roster/file_requests.h"

#include <utility>

#include <fmt/format.h>

namespace lapel::roster {
namespace {

constexpr auto kNumber = ColumnKind::kNumber;
constexpr auto kTime = ColumnKind::kTime;
constexpr auto kSubject = ColumnKind::kSubject;
constexpr SealedColumn kRequestColumns[] = {{"name", "name"},
                                            {"incident", "incident"},
                                            {"words", "words"},
                                            {"link_sha256", "link"},
                                            {"ends_us", "until", kTime},
                                            {"files_max", "files_max", kNumber},
                                            {"bytes_max", "bytes_max", kNumber},
                                            {"wants_code", "code", kNumber}};
constexpr SealedColumn kRevokedColumns[] = {{"revoked_us", "revoked_at", kTime}, {"revoke_reason", "reason"}};
constexpr SealedColumn kOpeningColumns[] = {{"request", "request", kSubject}};
constexpr SealedColumn kFileColumns[] = {{"request", "request", kSubject}, {"recording", "recording"}};

// contact is in no event. No row of a recording is asked for by file_request_files: its admission makes both at once.
constexpr db::Migration kSteps[] = {
    {1, "file requests", R"sql(
CREATE TABLE file_requests (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  name TEXT NOT NULL,
  contact TEXT,
  incident TEXT NOT NULL,
  words TEXT NOT NULL,
  link_sha256 TEXT NOT NULL UNIQUE,
  ends_us BIGINT NOT NULL,
  files_max BIGINT NOT NULL CHECK (files_max >= 1),
  bytes_max BIGINT NOT NULL CHECK (bytes_max >= 1),
  wants_code BIGINT NOT NULL CHECK (wants_code IN (0, 1)),
  revoked_us BIGINT,
  revoke_reason TEXT
);
CREATE INDEX file_requests_by_time ON file_requests (agency, entered_us, id);
CREATE TABLE file_request_openings (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL,
  entered_us BIGINT NOT NULL,
  request TEXT NOT NULL UNIQUE REFERENCES file_requests (id)
);
CREATE TABLE file_request_files (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL,
  entered_us BIGINT NOT NULL,
  request TEXT NOT NULL REFERENCES file_requests (id),
  recording TEXT NOT NULL UNIQUE
);
CREATE INDEX file_request_files_by_request ON file_request_files (request, leaf_index);
)sql"},
};

constexpr std::int64_t kFilesRead = 10'000;  // more than any request takes

std::string rank() {
  return "CASE WHEN f.revoked_us IS NULL AND f.ends_us > :now THEN 0 ELSE 1 END";
}

std::string select(std::string_view rest) {
  return fmt::format(
      "SELECT f.*, (SELECT o.entered_us FROM file_request_openings o WHERE o.request = f.id) AS opened_us FROM "
      "file_requests f WHERE {}",
      rest);
}

Result<FileRequest> read(const db::Row& row) {
  const auto id = FileRequestId::parse(row.text("id"));
  const auto agency = AgencyId::parse(row.text("agency"));
  const auto maker = PersonId::parse(row.text("entered_by"));
  if (!id || !agency || !maker) return fail(Code::kCorrupt, "A file request in the catalog is damaged", row.text("id"));
  const auto time = [&](std::string_view column) {
    const auto us = row.maybe_integer(column);
    return us ? std::optional(Timestamp{*us}) : std::nullopt;
  };
  FileRequest out;
  out.id = *id;
  out.agency = *agency;
  out.maker = *maker;
  out.made_at = {row.integer("entered_us")};
  out.name = row.text("name");
  out.contact = row.maybe_text("contact");
  out.incident = row.text("incident");
  out.words = row.text("words");
  out.ends_at = {row.integer("ends_us")};
  out.files_max = row.integer("files_max");
  out.bytes_max = row.integer("bytes_max");
  out.wants_code = row.integer("wants_code") == 1;
  out.revoked_at = time("revoked_us");
  out.revoke_reason = row.maybe_text("revoke_reason").value_or("");
  out.opened_at = time("opened_us");
  return out;
}

Result<FileRequest> one(db::Transaction& tx, std::string_view column, std::string_view value) {
  const db::Rows rows = TRY(tx.query(select(fmt::format("f.{} = :value LIMIT 1", column)), {{"value", value}}));
  if (rows.empty()) return fail(Code::kNotFound, "No such file request");
  return read(rows[0]);
}

}  // namespace

const SealedTable kFileRequests = {"file_requests", "file_request",         "file_request.created",
                                   kRequestColumns, "file_request.revoked", kRevokedColumns};
const SealedTable kFileRequestOpenings = {"file_request_openings", "opening", "file_request.opened", kOpeningColumns};
const SealedTable kFileRequestFiles = {"file_request_files", "file", "file_request.received", kFileColumns};

std::span<const db::Migration> file_requests_schema() {
  return kSteps;
}

Result<FileRequest> file_request(db::Transaction& tx, const FileRequestId& id) {
  return one(tx, "id", id.text());
}

Result<FileRequest> file_request_by_link(db::Transaction& tx, std::string_view link_sha256) {
  return one(tx, "link_sha256", link_sha256);
}

Result<std::vector<FileRequest>> file_requests(db::Transaction& tx, const AgencyId& agency,
                                               const std::optional<PersonId>& maker, const PageQuery& query,
                                               Timestamp now) {
  std::string rest = "f.agency = :agency";
  db::Params params = {{"agency", agency.text()}, {"now", now.us}, {"limit", query.limit}};
  if (maker) {
    rest += " AND f.entered_by = :maker";
    params.emplace_back("maker", maker->text());
  }
  if (query.after) {
    rest += fmt::format(
        " AND ({0} > CAST(:after_rank AS BIGINT) OR ({0} = CAST(:after_rank AS BIGINT) AND (f.entered_us < :after_us "
        "OR (f.entered_us = :after_us AND f.id < :after_id))))",
        rank());
    params.emplace_back("after_rank", query.after->rank);
    params.emplace_back("after_us", query.after->us);
    params.emplace_back("after_id", query.after->id);
  }
  rest += fmt::format(" ORDER BY {}, f.entered_us DESC, f.id DESC LIMIT :limit", rank());
  std::vector<FileRequest> out;
  for (const db::Row& row : TRY(tx.query(select(rest), params))) out.push_back(TRY(read(row)));
  return out;
}

Result<std::vector<RecordingId>> file_request_files(db::Transaction& tx, const FileRequestId& id) {
  std::vector<RecordingId> out;
  for (const db::Row& row : TRY(tx.query(
           "SELECT recording FROM file_request_files WHERE request = :request ORDER BY leaf_index, id LIMIT :limit",
           {{"request", id.text()}, {"limit", kFilesRead}}))) {
    if (const auto recording = RecordingId::parse(row.text("recording"))) out.push_back(*recording);
  }
  return out;
}

Result<std::optional<FileRequestId>> file_request_of(db::Transaction& tx, const RecordingId& recording) {
  const db::Rows rows = TRY(tx.query("SELECT request FROM file_request_files WHERE recording = :recording LIMIT 1",
                                     {{"recording", recording.text()}}));
  return rows.empty() ? std::nullopt : FileRequestId::parse(rows[0].text("request"));
}

}  // namespace lapel::roster
