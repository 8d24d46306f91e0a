// SPDX-License-Identifier: Apache-2.0
#pragma once
// What somebody whom an agency has asked for files may send: how much, and what they may say of it.
//
// Owns: nothing; reads the tables uploads, file_request_files and recordings.
// Promises: what is promised to uploads that are under way counts as used, in the transaction that makes one: of any number that
//   begin at once, no more do than the quota holds. What is given up or expires is given back.
// Fails with: problems::kFileRequestQuota, kFileRequestEnded, kTusMetadata, kConcatenation.
// Threads: any; the caller's transaction.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"
#include "intake/metadata.h"
#include "intake/uploads.h"

namespace lapel::intake {

// Of all that a sender says of one file, as the ledger keeps it.
inline constexpr std::size_t kSaidBytesMax = 8 * 1024;

struct Used {
  std::int64_t files = 0, bytes = 0;  // received and under way
};
Result<Used> used_of(db::Transaction& tx, const FileRequestId& request);
// What has not become a recording: so that it can be gone on with, from another device too, or its refusal be told.
struct UnderWay {
  UploadId id;
  State state = State::kReceiving;
  std::string filename, reason;
  std::uint64_t bytes = 0, offset = 0;
  std::optional<std::string> sha256;  // as declared
};
Result<std::vector<UnderWay>> under_way_of(db::Transaction& tx, const FileRequestId& request);
// An upload of so many bytes more.
Result<void> take_quota(db::Transaction& tx, const FileRequestId& request, std::uint64_t bytes, Timestamp now);

// They say what the file is called, when it was recorded and how they came by it; whose it is within the agency is not theirs to say.
Result<void> check_said(const Metadata& metadata, Kind kind);

}  // namespace lapel::intake
