// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which container a file's first bytes show, and what its outermost boxes say of its length: ours, before any
// library sees the file, so that the demuxer is chosen here and never guessed from names or text.
//
// Owns: the list of containers Lapel opens.
// Promises: text is never a container: playlists, ffconcat, SDP and the like have no entry and are not
// opened. Fails with: nothing; what is not recognized is no container. Threads: pure functions.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace lapel::mediaworker {

struct Container {
  std::string_view name;     // in results
  std::string_view demuxer;  // FFmpeg's, forced
  bool still = false;        // one picture, without time
  bool boxes = false;        // ISO base media boxes, whose index is needed to play anything
};

// As many of a file's first bytes as sniff() looks at.
inline constexpr std::size_t kSniffBytes = 4096;

// The container of a file that starts with `head` (all of the file when it is shorter than kSniffBytes).
const Container* sniff(ByteView head);

struct Outline {
  bool index_missing = false;  // boxes only: no complete moov
  bool cut_short = false;      // the outermost size reaches past the end of the file
};
// Fills the span from an offset, or says how much there was.
using ReadAt = std::function<std::size_t(std::uint64_t offset, std::span<std::uint8_t> out)>;
Outline read_outline(const Container& container, std::uint64_t file_bytes, const ReadAt& read_at);

}  // namespace lapel::mediaworker
