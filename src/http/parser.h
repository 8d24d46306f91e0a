// SPDX-License-Identifier: Apache-2.0
#pragma once
// From bytes to request heads and unchunked bodies: Boost.Beast's parser, kept to one file.
//
// Owns: finding the end of a head, the parser of one request.
// Promises: what smuggles is refused before Beast sees it: bare CR or LF, folded lines, NUL. Beast then
// checks methods,
//   targets, field names and chunks. Bytes of the next request are left alone.
// Fails with: kInvalid; kHeaderTooLarge.
// Threads: one at a time.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lapel::http {

inline constexpr std::size_t kHeadBytesMax = 64 * 1024;  // request line and fields together
inline constexpr std::size_t kFieldsMax = 128;
// A chunk's size line, or the trailer, still incomplete after so many bytes is an attack.
inline constexpr std::size_t kChunkLineBytesMax = 16 * 1024;

// Looks for the empty line that ends a head; keeps its place, so that a head in many pieces is read once.
class HeadScanner {
 public:
  // Bytes of the whole head, or 0 when more is needed. `input` only grows between calls.
  Result<std::size_t> scan(std::string_view input);

 private:
  std::size_t at_ = 0;
  std::size_t line_ = 0;
};

struct RawHead {
  std::string method, target;
  int version = 11;                                          // 10 or 11
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, values trimmed
};

class RequestParser {
 public:
  RequestParser();
  ~RequestParser();

  // A whole head, as HeadScanner measured it.
  Result<RawHead> head(std::string_view bytes);

  // After a head that announced chunks. What precedes a malformed chunk is given out before the failure is.
  struct Unchunked {
    std::size_t consumed = 0;  // of the input
    std::size_t produced = 0;  // into the output
    bool is_complete = false;  // the last chunk and the trailer were consumed
  };
  Result<Unchunked> unchunk(std::string_view in, std::span<std::uint8_t> out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lapel::http
