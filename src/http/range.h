// SPDX-License-Identifier: Apache-2.0
#pragma once
// RFC 9110 ranges and preconditions for a representation that never changes.
//
// Owns: parsing of Range, If-Range, If-None-Match; choosing 200, 206, 304 or 416; multipart/byteranges.
// Promises: at most kRangesMax ranges a request, overlapping ones answered as asked; a malformed Range, or
// one of too
//   many parts, is ignored, as the RFC says; an unsatisfiable one is answered by 416 with Content-Range.
// Fails with: nothing today; 416 is an answer here, since an Error cannot carry Content-Range.
// Threads: pure functions.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace lapel::http {

inline constexpr std::size_t kRangesMax = 16;

struct ByteRange {
  std::uint64_t offset = 0, bytes = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// nullopt: no Range, or one to ignore. Empty: none of the ranges can be satisfied.
std::optional<std::vector<ByteRange>> parse_range(std::string_view header, std::uint64_t total_bytes);

struct Representation {
  std::shared_ptr<os::File> file;
  std::uint64_t bytes = 0;
  std::string content_type;
  std::string etag;  // strong, with its quotes
};
// The whole answer to GET or HEAD of this representation.
Result<Response> serve_representation(const Request& request, const Representation& representation);

// A declared media type where a browser may be told it, else application/octet-stream.
std::string safe_type(const std::string& declared);

}  // namespace lapel::http
