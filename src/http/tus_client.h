// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a program says to a Lapel server to upload a file, and what the answers mean (docs/formats/upload_protocol.md).
//
// Owns: the tus requests. Whoever uses it sends them, with the authorization that is theirs.
// Promises: nothing that the server says is believed beyond its form: ids are ids, offsets are within the file, and no
//   address in an answer is followed.
// Fails with: the problem that the answer names, or the code that its status stands for, with the server's sentence;
//   kUnavailable for an answer that is none of a Lapel server's.
// Threads: one at a time.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "http/client.h"

namespace lapel::http {

// The error that an answer without success stands for.
Error error_of(const ClientAnswer& answer);
// The error of an answer that no Lapel server gives; `what` is a clause.
Error nonsense(std::string_view what);
// The JSON object of a successful answer of at most `bytes_max`.
Result<Json> json_of(const ClientAnswer& answer, std::size_t bytes_max = 64 * 1024);

template <typename AnyId>
Result<AnyId> id_member(const Json& json, std::string_view name) {
  const std::string* text = json.find_string(name);
  const auto id = text ? AnyId::parse(*text) : std::nullopt;
  if (!id) return fail(nonsense("a member that should be an id is none"));
  return *id;
}

// Upload-Metadata of these pairs, in order; keys are plain ASCII words.
std::string tus_metadata(const std::vector<std::pair<std::string_view, std::string>>& pairs);

struct UploadState {
  enum class Is { kUnderway, kSealed, kRefused } is = Is::kUnderway;
  std::optional<RecordingId> recording;  // when sealed
  std::string reason;                    // when refused
};

class TusClient {
 public:
  using Ask = std::function<Result<ClientAnswer>(ClientRequest)>;
  explicit TusClient(Ask ask) : ask_(std::move(ask)) {}

  Result<UploadId> create(std::uint64_t bytes, std::string metadata);
  // What the server has durably; kNotFound or kGone when the upload must be created anew.
  Result<std::uint64_t> offset(const UploadId& upload, std::uint64_t bytes);
  // `rest` is the file from `offset` on.
  Result<void> send(const UploadId& upload, std::uint64_t offset, const BodySource& rest);
  Result<UploadState> state(const UploadId& upload);

 private:
  Ask ask_;
};

}  // namespace lapel::http
