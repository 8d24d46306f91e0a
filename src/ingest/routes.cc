// SPDX-License-Identifier: Apache-2.0
#include "ingest/routes.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <variant>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"

namespace lapel::ingest {
namespace {

using http::Request;
using http::Response;
using StreamAnswer = std::variant<std::unique_ptr<http::BodySink>, Response>;

constexpr std::string_view kBase = "/api/v1/uploads";
constexpr std::string_view kVersion = "1.0.0";
constexpr std::string_view kExtensions = "creation,creation-with-upload,checksum,expiration,termination,concatenation";
constexpr std::string_view kBodyType = "application/offset+octet-stream";

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

Response tus(Response response) {
  return std::move(response.with("Tus-Resumable", std::string(kVersion)));
}

// A field sent twice is both values in one list (RFC 9110, section 5.3): the second is never overlooked, and what may
// be one number only is refused.
std::optional<std::string> field(const Request& request, std::string_view name) {
  return request.header(name) ? std::optional(request.header_list(name)) : std::nullopt;
}

// Every tus request but OPTIONS names the version.
Result<void> require_version(const Request& request) {
  const auto version = field(request, "tus-resumable");
  if (!version) return fail(problems::kTusVersion, "Tus-Resumable is missing");
  if (*version != kVersion)
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

Result<UploadId> upload_id(const Request& request) {
  const auto it = request.params.find("id");
  CHECK(it != request.params.end());
  const auto id = UploadId::parse(it->second);
  if (!id) return fail(Code::kNotFound, "No such upload");
  return *id;
}

void describe(Response& response, const Upload& upload) {
  response.with("Upload-Offset", number(upload.offset));
  if (upload.state == State::kReceiving) response.with("Upload-Expires", http_date(upload.expires_at));
}

// ---- checksum ----

class Checksum {
 public:
  // nullopt: none was sent.
  static Result<std::optional<Checksum>> parse(const Request& request) {
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
  void update(ByteView bytes) { sha1_ ? sha1_->update(bytes) : sha256_.update(bytes); }
  bool matches() {
    if (sha1_) return crypto::equal_constant_time(sha1_->finish(), expected_);
    return crypto::equal_constant_time(sha256_.finish(), expected_);
  }

 private:
  Bytes expected_;
  std::unique_ptr<crypto::Sha1> sha1_;
  crypto::Sha256 sha256_;
};

// ---- bodies ----

// The body of a PATCH, or of a POST that creates and uploads at once.
class UploadSink final : public http::BodySink {
 public:
  UploadSink(std::unique_ptr<Writer> writer, std::optional<Checksum> checksum, std::optional<std::string> location)
      : writer_(std::move(writer)), checksum_(std::move(checksum)), location_(std::move(location)) {
    if (checksum_) writer_->hold_back();
  }

  Result<void> write(std::span<std::uint8_t> chunk) override {
    if (checksum_) checksum_->update(chunk);
    return writer_->write(chunk);
  }

  Result<Response> finish(http::BodyEnd end) override {
    if (checksum_) {
      // A body cut short cannot be compared with its checksum, so none of it counts.
      const bool is_good = end == http::BodyEnd::kComplete && checksum_->matches();
      if (!is_good) {
        writer_->discard();
        return fail(problems::kChecksumMismatch, "The bytes received do not have the checksum that was announced");
      }
    }
    const Upload upload = TRY(writer_->finish());
    Response response = Response::empty(location_ ? 201 : 204);
    if (location_) response.with("Location", *location_);
    describe(response, upload);
    return tus(std::move(response));
  }

 private:
  std::unique_ptr<Writer> writer_;
  std::optional<Checksum> checksum_;
  std::optional<std::string> location_;
};

// ---- creation ----

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

Result<StreamAnswer> create(const Request& request, Uploads& uploads, const roster::Asker& asker) {
  const access::Actor actor = TRY(asker(request));
  TRY(require_version(request));
  const Creation creation = TRY(parse_creation(request));
  const auto type = field(request, "content-type");
  const bool has_body = request.content_length.value_or(0) > 0 || request.header("transfer-encoding");
  if (has_body && creation.kind == Kind::kFinal)
    return fail(problems::kTusHeader, "A final upload takes no bytes of its own");
  if (has_body && (!type || *type != kBodyType)) {
    return fail(problems::kTusContentType, fmt::format("A body must have Content-Type: {}", kBodyType));
  }
  auto checksum = TRY(Checksum::parse(request));
  const Upload upload = TRY(uploads.create(actor, creation));
  const std::string location = fmt::format("{}/{}", kBase, upload.id.text());
  if (has_body) {
    return StreamAnswer(
        std::make_unique<UploadSink>(TRY(uploads.append(actor, upload.id, 0)), std::move(checksum), location));
  }
  Response response = Response::empty(201);
  response.with("Location", location);
  describe(response, upload);
  return StreamAnswer(tus(std::move(response)));
}

// ---- the other methods ----

Result<StreamAnswer> patch(const Request& request, Uploads& uploads, const roster::Asker& asker) {
  const access::Actor actor = TRY(asker(request));
  TRY(require_version(request));
  const UploadId id = TRY(upload_id(request));
  const auto type = field(request, "content-type");
  if (!type || *type != kBodyType)
    return fail(problems::kTusContentType, fmt::format("Content-Type must be {}", kBodyType));
  const auto offset = TRY(number_header(request, "Upload-Offset"));
  if (!offset) return fail(problems::kTusHeader, "Upload-Offset is missing");
  auto checksum = TRY(Checksum::parse(request));
  const Upload upload = TRY(uploads.find(actor, id));
  if (request.content_length && *offset <= upload.length && *request.content_length > upload.length - *offset) {
    return fail(problems::kUploadTooLong,
                fmt::format("The upload is {} bytes long; these bytes go beyond it", upload.length));
  }
  return StreamAnswer(
      std::make_unique<UploadSink>(TRY(uploads.append(actor, id, *offset)), std::move(checksum), std::nullopt));
}

Result<Response> head(const Request& request, Uploads& uploads, const roster::Asker& asker) {
  const access::Actor actor = TRY(asker(request));
  TRY(require_version(request));
  const Upload upload = TRY(uploads.find(actor, TRY(upload_id(request))));
  Response response = Response::empty(200);
  describe(response, upload);
  response.with("Upload-Length", number(upload.length)).with("Cache-Control", "no-store");
  if (!upload.metadata.empty()) response.with("Upload-Metadata", upload.metadata);
  if (upload.kind == Kind::kPartial) response.with("Upload-Concat", "partial");
  if (upload.kind == Kind::kFinal) {
    std::string parts = "final;";
    for (const UploadId& part : upload.parts) {
      if (&part != upload.parts.data()) parts += ' ';
      parts += fmt::format("{}/{}", kBase, part.text());
    }
    response.with("Upload-Concat", std::move(parts));
  }
  return tus(std::move(response));
}

Result<Response> state(const Request& request, Uploads& uploads, const roster::Asker& asker) {
  const access::Actor actor = TRY(asker(request));
  const Upload upload = TRY(uploads.find(actor, TRY(upload_id(request))));
  const bool is_recording = upload.state == State::kSealed && upload.kind != Kind::kPartial;
  return Response::json(200, to_json(Json(Json::Object{
                                 {"id", upload.id.text()},
                                 {"state", state_name(upload.state)},
                                 {"recording", is_recording ? Json(upload.recording.text()) : Json()},
                                 {"reason", upload.reason.empty() ? Json() : Json(upload.reason)},
                                 {"offset", upload.offset},
                                 {"length", upload.length},
                                 {"sha256", upload.sha256 ? Json(hex(*upload.sha256)) : Json()},
                                 {"expires_at", ledger_time(upload.expires_at)},
                             })))
      .with("Cache-Control", "no-store");
}

Result<Response> remove(const Request& request, Uploads& uploads, const roster::Asker& asker) {
  const access::Actor actor = TRY(asker(request));
  TRY(require_version(request));
  TRY(uploads.remove(actor, TRY(upload_id(request))));
  return tus(Response::empty(204));
}

Result<Response> options(const Request&) {
  return tus(std::move(Response::empty(204)
                           .with("Tus-Version", std::string(kVersion))
                           .with("Tus-Extension", std::string(kExtensions))
                           .with("Tus-Max-Size", number(limits::kUploadBytesMax))
                           .with("Tus-Checksum-Algorithm", "sha1,sha256")));
}

}  // namespace

void register_routes(http::Router& router, Uploads& uploads, roster::Asker asker) {
  const std::string item = fmt::format("{}/{{id}}", kBase);
  router.add("OPTIONS", kBase, options);
  router.add("OPTIONS", item, options);
  router.add_stream("POST", kBase,
                    [&uploads, asker](const Request& request) { return create(request, uploads, asker); });
  router.add_stream("PATCH", item,
                    [&uploads, asker](const Request& request) { return patch(request, uploads, asker); });
  router.add("HEAD", item, [&uploads, asker](const Request& request) { return head(request, uploads, asker); });
  router.add("GET", item, [&uploads, asker](const Request& request) { return state(request, uploads, asker); });
  router.add("DELETE", item, [&uploads, asker](const Request& request) { return remove(request, uploads, asker); });
  // tus wants its version on every answer, refusals too; and the list of versions where it was the wrong one.
  router.after([](const Request& request, Response& response) {
    if (!request.path.starts_with(kBase)) return;
    const bool is_stamped = std::any_of(response.headers.begin(), response.headers.end(),
                                        [](const auto& header) { return header.first == "Tus-Resumable"; });
    if (!is_stamped) response.with("Tus-Resumable", std::string(kVersion));
    if (response.status == 412) response.with("Tus-Version", std::string(kVersion));
  });
}

}  // namespace lapel::ingest
