// SPDX-License-Identifier: Apache-2.0
// An archive that is an export of another system. What is listed without trouble is read from beginning to end, once in one go and
// once in pieces from anywhere: the very bytes, as many as were listed, or a failure. libzip is Debian's own build, not instrumented.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "lapel/export_source.h"

namespace {

using namespace lapel;

constexpr std::size_t kArchiveBytesMax = 64 * 1024;
constexpr std::size_t kEntriesRead = 8;
constexpr std::uint64_t kEntryBytesRead = 256 * 1024;

// Nothing where it failed.
std::optional<Bytes> read_all(const http::BodySource& source, std::size_t piece_bytes) {
  Bytes out(source.bytes);
  std::size_t at = 0;
  while (at < out.size()) {
    const auto count = source.read(at, std::span(out).subspan(at, std::min(piece_bytes, out.size() - at)));
    if (!count) return std::nullopt;
    CHECK(*count > 0 && *count <= std::min(piece_bytes, out.size() - at));
    at += *count;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kArchiveBytesMax) return 0;
  static const int file = memfd_create("archive", MFD_CLOEXEC);
  CHECK(file >= 0 && ftruncate(file, 0) == 0);
  CHECK(pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
  const auto source = door::open_zip_source(fmt::format("/proc/self/fd/{}", file));
  if (!source) return 0;
  std::vector<door::ExportEntry> entries;
  const auto listed = (*source)->each([&](const door::ExportEntry& entry) -> Result<void> {
    entries.push_back(entry);
    return {};
  });
  if (!listed) return 0;
  std::set<std::string> whole;
  std::size_t read = 0;
  for (const door::ExportEntry& entry : entries) {
    if (!entry.trouble.empty()) continue;
    CHECK(whole.insert(entry.path).second);  // a name is of one file
    if (entry.bytes > kEntryBytesRead || ++read > kEntriesRead) continue;
    const auto body = (*source)->file(entry.path, entry.bytes);
    CHECK(body && body->bytes == entry.bytes);
    CHECK(!(*source)->file(entry.path, entry.bytes + 1));
    const auto once = read_all(*body, kEntryBytesRead);
    CHECK(read_all(*body, 1 + size % 4'096) == once);
    if (!once || once->empty()) continue;
    // Somebody who goes on where a connection broke.
    const std::size_t middle = once->size() / 2;
    Bytes rest(once->size() - middle);
    const auto count = body->read(middle, rest);
    CHECK(count && *count > 0 &&
          std::equal(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(*count),
                     once->begin() + static_cast<std::ptrdiff_t>(middle)));
  }
  return 0;
}
