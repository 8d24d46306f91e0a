// SPDX-License-Identifier: Apache-2.0
// A file's first bytes and outermost boxes, and the matrix that turns a picture: any bytes are some container or none, and
// what is read of them is bounded.
#include <algorithm>

#include "base/check.h"
#include "mediaworker/canvas.h"
#include "mediaworker/container.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::mediaworker;
  const lapel::ByteView file(data, size);
  const lapel::ByteView head = file.first(std::min(size, kSniffBytes));
  const Orientation orientation = orientation_of_matrix(head);
  CHECK(orientation.rotation % 90 == 0 && orientation.rotation >= 0 && orientation.rotation < 360);
  const Container* container = sniff(head);
  if (container == nullptr) return 0;
  CHECK(!container->name.empty() && !container->demuxer.empty());
  // Text is never a container: a playlist could name other files. Four letters of it alone may be the
  // size of a first box.
  for (const std::string_view text :
       {"#EXTM3U", "ffconcat", "v=0\no=", "v=0\r\no=", "<?xml", "[playlist]", "http://", "https:"})
    CHECK(!lapel::as_text(head).starts_with(text));
  std::size_t reads = 0;
  // A file may be longer than what is kept of it here: boxes then lie in a hole.
  for (const std::uint64_t bytes : {std::uint64_t{size}, std::uint64_t{1} << 40}) {
    const Outline outline = read_outline(*container, bytes, [&](std::uint64_t offset, std::span<std::uint8_t> out) {
      CHECK(++reads <= 400'000);
      if (offset >= size) return std::size_t{0};
      const std::size_t got = std::min<std::size_t>(out.size(), size - static_cast<std::size_t>(offset));
      std::copy_n(data + offset, got, out.begin());
      return got;
    });
    CHECK(!outline.index_missing || container->boxes);
  }
  return 0;
}
