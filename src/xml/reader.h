// SPDX-License-Identifier: Apache-2.0
#pragma once
// XML 1.0 that strangers wrote, in pieces, through expat.
//
// Owns: what is not read of it: a document type, and with it every entity but XML's own five, is refused before anything of it counts;
//   nesting and unfinished tokens have a limit.
// Promises: elements and attributes go by their local names, since files without a namespace, with another and with one that was never
//   declared are common; declarations of namespaces are no attributes. What is read takes memory by the token, not by the file. All words
//   are UTF-8, in whatever encoding the file is that expat knows (UTF-8, UTF-16, ISO-8859-1, US-ASCII).
// Fails with: kInvalid naming the line, and what the handler fails with.
// Threads: one reader by one thread at a time.

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lapel::xml {

inline constexpr std::size_t kDepthMax = 64;
inline constexpr std::size_t kTokenBytesMax = 1 << 20;  // of one tag or comment, nearly

struct Attribute {
  std::string_view name, value;
};

// What it is given may only be read during the call.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Result<void> begin(std::string_view name, const std::vector<Attribute>& attributes) = 0;
  virtual Result<void> text(std::string_view piece) = 0;  // of one element it may come in several
  virtual Result<void> end(std::string_view name) = 0;
};

// Without the white space around it.
std::string_view spaceless(std::string_view text);

class Reader {
 public:
  explicit Reader(Handler& handler);
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader();

  // After a failure the reader may only be destroyed.
  Result<void> take(std::string_view piece);
  // The document has ended: it was whole.
  Result<void> finish();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace lapel::xml
