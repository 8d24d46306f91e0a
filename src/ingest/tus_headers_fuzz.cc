// SPDX-License-Identifier: Apache-2.0
// The headers of a tus request, a line each as "name: value": a number that is accepted is the one that was written, a
// checksum has the length of its algorithm, and parts are named once.
#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/limits.h"
#include "ingest/tus_headers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  http::Request request;
  request.method = "POST";
  auto text = as_text({data, size});
  while (!text.empty() && request.headers.size() < 128) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = line.find(": ");
    if (colon == line.npos || colon == 0) continue;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return c < 128 ? std::tolower(c) : c; });
    request.headers.emplace_back(std::move(name), line.substr(colon + 2));
  }
  const auto sent = [&](const char* name) { return ingest::field(request, name); };

  if (ingest::require_version(request)) CHECK(sent("tus-resumable") == "1.0.0");
  for (const char* name : {"Upload-Offset", "Upload-Length"}) {
    const auto number = ingest::number_header(request, name);
    if (number && *number)
      CHECK(std::to_string(**number) == sent(name == std::string("Upload-Offset") ? "upload-offset" : "upload-length"));
  }
  if (auto checksum = ingest::Checksum::parse(request); checksum && *checksum) {
    const std::string header = *sent("upload-checksum");
    const std::size_t space = header.find(' ');
    CHECK(space != header.npos);
    CHECK(parse_base64(header.substr(space + 1))->size() == (header.starts_with("sha1 ") ? 20u : 32u));
    // What matches the digest of nothing is the digest of nothing.
    if ((*checksum)->matches() && header.starts_with("sha256 "))
      CHECK(header.substr(7) == base64(crypto::sha256(ByteView())));
  }
  const auto creation = ingest::parse_creation(request);
  if (!creation) {
    CHECK(!creation.error().message.empty());
    return 0;
  }
  CHECK(creation->parts.empty() == (creation->kind != intake::Kind::kFinal));
  CHECK(creation->parts.size() <= limits::kUploadPartsMax);
  CHECK(std::set<UploadId>(creation->parts.begin(), creation->parts.end()).size() == creation->parts.size());
  CHECK(creation->kind != intake::Kind::kFinal || creation->length == 0);
  if (creation->kind != intake::Kind::kFinal) CHECK(sent("upload-length") == std::to_string(creation->length));
  return 0;
}
