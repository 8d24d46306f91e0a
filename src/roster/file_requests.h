// SPDX-License-Identifier: Apache-2.0
#pragma once
// File requests: what an agency has asked somebody outside to send, by a link and without an account.
//
// Owns: the tables file_requests, file_request_openings and file_request_files; their rows' events are the same values
//   (sealed_rows.h). A file request is a subject of the ledger, and whoever holds its link acts as that subject.
// Promises: how the one who was asked is reached stands in the row alone and in no event: nothing has to be proven of it. Of the
//   link only a hash is kept.
// Fails with: kNotFound, kCorrupt, and what sealed_rows fails with.
// Threads: any; each call runs in the caller's transaction.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/paging.h"
#include "base/result.h"
#include "db/db.h"
#include "roster/sealed_rows.h"

namespace lapel::roster {

// Members file_request, name, incident, words, link, until, files_max, bytes_max, code (1: one is asked for); ended by revoked_at
// and reason. In its own chain, after identity.bound.
extern const SealedTable kFileRequests;
extern const SealedTable kFileRequestOpenings;  // opening; once
extern const SealedTable kFileRequestFiles;     // file, recording; with the recording's admission

struct FileRequest {
  FileRequestId id;
  AgencyId agency;
  PersonId maker;
  Timestamp made_at;
  std::string name;                    // whom it is asked of
  std::optional<std::string> contact;  // a telephone number or an address
  std::string incident, words;
  Timestamp ends_at;
  std::int64_t files_max = 0, bytes_max = 0;
  bool wants_code = false;
  std::optional<Timestamp> revoked_at;
  std::string revoke_reason;
  std::optional<Timestamp> opened_at;

  bool stands(Timestamp now) const { return !revoked_at && now < ends_at; }
};

Result<FileRequest> file_request(db::Transaction& tx, const FileRequestId& id);
Result<FileRequest> file_request_by_link(db::Transaction& tx, std::string_view link_sha256);
// Those that stand first, then the newest; of one maker, or of all the agency's. A place's rank is 0 of one that stands at `now`.
Result<std::vector<FileRequest>> file_requests(db::Transaction& tx, const AgencyId& agency,
                                               const std::optional<PersonId>& maker, const PageQuery& query,
                                               Timestamp now);
// What came by it, in the ledger's order; at most files_max.
Result<std::vector<RecordingId>> file_request_files(db::Transaction& tx, const FileRequestId& id);
// By which one a recording came, if by any.
Result<std::optional<FileRequestId>> file_request_of(db::Transaction& tx, const RecordingId& recording);

std::span<const db::Migration> file_requests_schema();

}  // namespace lapel::roster
