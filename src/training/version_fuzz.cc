// SPDX-License-Identifier: Apache-2.0
// A policy's file, and the bytes of a version: what is accepted is written as it was read, and a difference leaves both texts whole.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "training/diff.h"
#include "training/version.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  using namespace lapel::training;
  const std::string_view text = as_text(ByteView(data, size));
  (void)parse_version(text);
  (void)parse_right(text);
  const auto json = parse_json(text);
  const auto written = json ? read_version(*json) : Result<WrittenVersion>(fail(Code::kInvalid, "no JSON"));
  if (!written) return 0;
  const std::string bytes = canonical_version({"a", 1}, written->text);
  const auto again = parse_version(bytes);
  CHECK(again && *again == written->text);
  CHECK(parse_right(right_text(written->right)) == written->right);
  CHECK(written->right.size() == written->text.check.size());
  const Clause &first = written->text.clauses.front(), &last = written->text.clauses.back();
  std::string before, after;
  for (const Piece& piece : changed_words(first.text, last.text)) {
    if (piece.change != Change::kAdded) before += piece.text;
    if (piece.change != Change::kRemoved) after += piece.text;
  }
  CHECK(before == first.text && after == last.text);
  return 0;
}
