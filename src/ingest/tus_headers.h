// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a tus client asks for in the head of a request, before anything is done for it.
//
// Owns: the reading of Tus-Resumable, Upload-Length, -Offset, -Concat, -Defer-Length and -Checksum. Upload-Metadata is
//   handed on as sent: parse_metadata() of metadata.h reads it.
// Promises: a header sent twice is never read as its first value. A number has one text.
// Fails with: kTusVersion, kTusHeader, kChecksumAlgorithm, kConcatenation.
// Threads: pure functions; a Checksum by one thread at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/sha256.h"
#include "http/server.h"
#include "intake/uploads.h"

namespace lapel::ingest {

inline constexpr std::string_view kTusVersion = "1.0.0";

// A field sent twice is both values in one list (RFC 9110, section 5.3): the second is never overlooked, and what may
// be one number only is refused.
std::optional<std::string> field(const http::Request& request, std::string_view name);

// Every tus request but OPTIONS names the version.
Result<void> require_version(const http::Request& request);

// A header that is one plain decimal; nullopt: not sent.
Result<std::optional<std::uint64_t>> number_header(const http::Request& request, const std::string& name);

// Upload-Checksum, and the digest of the body so far.
class Checksum {
 public:
  // nullopt: none was sent.
  static Result<std::optional<Checksum>> parse(const http::Request& request);
  void update(ByteView bytes) { sha1_ ? sha1_->update(bytes) : sha256_.update(bytes); }
  bool matches();

 private:
  Bytes expected_;
  std::unique_ptr<crypto::Sha1> sha1_;
  crypto::Sha256 sha256_;
};

// Of a POST that creates an upload.
Result<intake::Creation> parse_creation(const http::Request& request);

}  // namespace lapel::ingest
