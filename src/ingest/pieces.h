// SPDX-License-Identifier: Apache-2.0
#pragma once
// How fast one principal may send pieces that are hardly worth their sync.
//
// Owns: what each has sent lately, in memory.
// Promises: nobody is refused, for a client that sends so may know no better: the answers to pieces beyond
//   limits::kSmallPiecesAtOnce, and limits::kSmallPiecesPerSecond after that, wait. A piece that ends its upload never counts.
// Fails with: nothing.
// Threads: any.

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"
#include "intake/uploads.h"
#include "os/pace.h"

namespace lapel::ingest {

class Pieces {
 public:
  explicit Pieces(const Clock& clock)
      : pace_(clock, {.per_second = limits::kSmallPiecesPerSecond, .at_once = limits::kSmallPiecesAtOnce}) {}

  // How long the answer to a piece of so many bytes waits, which has brought the upload to where it stands.
  std::int64_t delay_us(std::string_view who, std::uint64_t bytes, const intake::Upload& upload) {
    const bool is_small = bytes < limits::kSmallPieceBytes && upload.offset < upload.length;
    return is_small ? pace_.delay_us(who) : 0;
  }

 private:
  os::Pace pace_;
};

}  // namespace lapel::ingest
