// SPDX-License-Identifier: Apache-2.0
#include "ingest/tus_headers.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/problems.h"

namespace lapel::ingest {

using http::Request;
using intake::Creation;
using intake::Kind;

std::optional<std::string> field(const Request& request, std::string_view name) {
  return request.header(name) ? std::optional(request.header_list(name)) : std::nullopt;
}

Result<void> require_version(const Request& request) {
  const auto version = field(request, "tus-resumable");
  if (!version) return fail(problems::kTusVersion, "Tus-Resumable is missing");
  if (*version != kTusVersion)
    return fail(problems::kTusVersion, fmt::format("Tus-Resumable {} is not spoken here", *version));
  return {};
}

Result<std::optional<std::uint64_t>> number_header(const Request& request, const std::string& name) {
  std::string lowered = name;
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto text = field(request, lowered);
  if (!text) return std::optional<std::uint64_t>();
  const auto value = parse_decimal(*text);
  if (!value) return fail(problems::kTusHeader, fmt::format("{} must be a plain decimal number", name));
  return value;
}

Result<std::optional<Checksum>> Checksum::parse(const Request& request) {
  const auto header = field(request, "upload-checksum");
  if (!header) return std::optional<Checksum>();
  const std::size_t space = header->find(' ');
  const std::string_view algorithm = std::string_view(*header).substr(0, space);
  if (algorithm != "sha1" && algorithm != "sha256") {
    return fail(problems::kChecksumAlgorithm,
                fmt::format("The checksum algorithm \"{}\" is not one of sha1, sha256", algorithm));
  }
  const auto expected =
      space == std::string::npos ? std::nullopt : parse_base64(std::string_view(*header).substr(space + 1));
  if (!expected || expected->size() != (algorithm == "sha1" ? 20u : 32u)) {
    return fail(problems::kTusHeader, "Upload-Checksum must be the algorithm, a space and the digest in base64");
  }
  Checksum out;
  out.expected_ = *expected;
  if (algorithm == "sha1") out.sha1_ = std::make_unique<crypto::Sha1>();
  return std::optional(std::move(out));
}

bool Checksum::matches() {
  if (sha1_) return crypto::equal_constant_time(sha1_->finish(), expected_);
  return crypto::equal_constant_time(sha256_.finish(), expected_);
}

namespace {

// "final;<url> <url> …": the ids at the ends of the urls.
Result<std::vector<UploadId>> parse_parts(std::string_view list) {
  std::vector<UploadId> out;
  while (!list.empty()) {
    const std::size_t space = list.find(' ');
    const std::string_view url = list.substr(0, space);
    list.remove_prefix(space == std::string_view::npos ? list.size() : space + 1);
    if (url.empty()) continue;
    const std::size_t slash = url.rfind('/');
    const auto id = UploadId::parse(slash == std::string_view::npos ? url : url.substr(slash + 1));
    if (!id) return fail(problems::kConcatenation, "Upload-Concat names a part that is no upload of this server");
    if (std::find(out.begin(), out.end(), *id) != out.end())
      return fail(problems::kConcatenation, "Upload-Concat names a part twice");
    out.push_back(*id);
    if (out.size() > limits::kUploadPartsMax) {
      return fail(problems::kConcatenation,
                  fmt::format("Upload-Concat may name at most {} parts", limits::kUploadPartsMax));
    }
  }
  if (out.empty()) return fail(problems::kConcatenation, "Upload-Concat names no parts");
  return out;
}

}  // namespace

Result<Creation> parse_creation(const Request& request) {
  Creation creation;
  const auto concat = field(request, "upload-concat");
  if (concat && *concat == "partial") {
    creation.kind = Kind::kPartial;
  } else if (concat && concat->starts_with("final;")) {
    creation.kind = Kind::kFinal;
    creation.parts = TRY(parse_parts(std::string_view(*concat).substr(6)));
  } else if (concat) {
    return fail(problems::kTusHeader, "Upload-Concat must be \"partial\" or \"final;\" with the parts");
  }
  const auto length = TRY(number_header(request, "Upload-Length"));
  if (creation.kind == Kind::kFinal) {
    if (length) return fail(problems::kTusHeader, "A final upload has no Upload-Length of its own");
  } else {
    if (request.header("upload-defer-length"))
      return fail(problems::kTusHeader, "Upload-Defer-Length is not supported: send Upload-Length");
    if (!length) return fail(problems::kTusHeader, "Upload-Length is missing");
    creation.length = *length;
  }
  creation.metadata = field(request, "upload-metadata").value_or("");
  return creation;
}

}  // namespace lapel::ingest
