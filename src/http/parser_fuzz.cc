// SPDX-License-Identifier: Apache-2.0
// A connection's bytes: a head found in pieces is the head found at once, and chunks come out the same however they arrive.
#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "http/message.h"
#include "http/parser.h"

namespace {

using namespace lapel::http;

struct Unchunking {
  std::string body;
  bool is_good = false;
  std::size_t consumed = 0;
};

// The bytes arrive `piece` by `piece`, each time that nothing more can be made of those there are.
Unchunking unchunk(std::string_view head, std::string_view in, std::size_t piece, std::size_t room) {
  RequestParser parser;
  CHECK(parser.head(head));
  Unchunking out;
  std::vector<std::uint8_t> buffer(room);
  for (std::size_t arrived = std::min(piece, in.size());;) {
    const auto step = parser.unchunk(in.substr(out.consumed, arrived - out.consumed), buffer);
    if (!step) return out;
    CHECK(step->consumed <= arrived - out.consumed && step->produced <= room);
    out.body.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(step->produced));
    out.consumed += step->consumed;
    if (step->is_complete) {
      out.is_good = true;
      return out;
    }
    if (step->consumed > 0 || step->produced > 0) continue;
    if (arrived == in.size()) return out;
    arrived = std::min(arrived + piece, in.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = lapel::as_text({data, size});
  HeadScanner at_once;
  const auto head_bytes = at_once.scan(text);
  HeadScanner in_pieces;
  lapel::Result<std::size_t> found = 0;
  for (std::size_t end = 0; end <= size && found && *found == 0; ++end) found = in_pieces.scan(text.substr(0, end));
  CHECK(found.has_value() == head_bytes.has_value() && (!found || *found == *head_bytes));
  if (!head_bytes || *head_bytes == 0) return 0;

  const auto head = text.substr(0, *head_bytes);
  RequestParser parser;
  auto raw = parser.head(head);
  if (!raw) return 0;
  CHECK(!raw->method.empty() && raw->headers.size() <= kFieldsMax);
  for (const auto& [name, value] : raw->headers) {
    CHECK(!name.empty() && value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos);
  }
  RequestHead request;
  if (!interpret(*std::move(raw), {.address = "192.0.2.1"}, {}, request) || !request.is_chunked) return 0;
  const Unchunking whole = unchunk(head, text.substr(*head_bytes), size, size + 1);
  const Unchunking dripped = unchunk(head, text.substr(*head_bytes), 1, 3);
  if (whole.is_good) CHECK(dripped.is_good && dripped.consumed == whole.consumed && dripped.body == whole.body);
  if (dripped.is_good) CHECK(whole.is_good);
  return 0;
}
