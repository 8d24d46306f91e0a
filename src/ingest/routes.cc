// SPDX-License-Identifier: Apache-2.0
#include "ingest/routes.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/problems.h"
#include "http/answers.h"
#include "http/params.h"
#include "ingest/pieces.h"
#include "ingest/tus_headers.h"

namespace lapel::ingest {
namespace {

using http::Request;
using http::Response;
using intake::Creation;
using intake::Kind;
using intake::State;
using intake::Upload;
using intake::Uploads;
using intake::Writer;
using StreamAnswer = std::variant<std::unique_ptr<http::BodySink>, Response>;

constexpr std::string_view kBase = "/api/v1/uploads";
constexpr std::string_view kExtensions = "creation,creation-with-upload,checksum,expiration,termination,concatenation";
constexpr std::string_view kBodyType = "application/offset+octet-stream";

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

Response tus(Response response) {
  return std::move(response.with("Tus-Resumable", std::string(kTusVersion)));
}

Result<UploadId> upload_id(const Request& request) {
  return http::id_param<UploadId>(request, "upload");
}

void describe(Response& response, const Upload& upload) {
  response.with("Upload-Offset", number(upload.offset));
  if (upload.state == State::kReceiving) response.with("Upload-Expires", http_date(upload.expires_at));
}

// ---- bodies ----

// Whoever sends bytes for minutes is asked again and again whether they still may: their role may be taken, their token or dock
// revoked meanwhile. A session that nobody touches meanwhile goes on, and so does a dock whose token runs out.
class Sender {
 public:
  Sender(Uploads& uploads, const Clock& clock, const roster::Asker& asker, const Request& request, access::Actor actor)
      : uploads_(uploads), clock_(clock), actor_(std::move(actor)), asked_us_(clock.monotonic_us()) {
    if (!actor_.dock && request.header("authorization")) again_ = roster::still_asking(asker, request);
  }

  std::string who() const { return actor_.subject().text(); }

  // Fails where they may no more. What cannot be found out at this moment ends nothing.
  Result<void> may_go_on() {
    const std::int64_t now_us = clock_.monotonic_us();
    if (now_us - asked_us_ < kAskAgainUs) return {};
    asked_us_ = now_us;
    auto answer = ask();
    if (answer) return {};
    const Code code = answer.error().code();
    if (code == Code::kUnauthenticated || code == Code::kDenied) return answer;
    return {};
  }

 private:
  static constexpr std::int64_t kAskAgainUs = 250'000;

  Result<void> ask() {
    if (again_) actor_ = TRY(again_());
    return uploads_.may_go_on(actor_);
  }

  Uploads& uploads_;
  const Clock& clock_;
  access::Actor actor_;
  std::int64_t asked_us_;
  std::function<Result<access::Actor>()> again_;
};

// The body of a PATCH, or of a POST that creates and uploads at once.
class UploadSink final : public http::BodySink {
 public:
  UploadSink(std::unique_ptr<Writer> writer, std::optional<Checksum> checksum, std::optional<std::string> location,
             Pieces& pieces, Sender sender)
      : writer_(std::move(writer)),
        checksum_(std::move(checksum)),
        location_(std::move(location)),
        pieces_(pieces),
        sender_(std::move(sender)) {
    if (checksum_) writer_->hold_back();
  }

  Result<void> write(std::span<std::uint8_t> chunk) override {
    TRY(sender_.may_go_on());
    if (checksum_) checksum_->update(chunk);
    bytes_ += chunk.size();
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
    if (end == http::BodyEnd::kComplete) TRY(sender_.may_go_on());
    const Upload upload = TRY(writer_->finish());
    Response response = Response::empty(location_ ? 201 : 204);
    if (location_) response.with("Location", *location_);
    describe(response, upload);
    response.hold_us = pieces_.delay_us(sender_.who(), bytes_, upload);
    return tus(std::move(response));
  }

 private:
  std::unique_ptr<Writer> writer_;
  std::optional<Checksum> checksum_;
  std::optional<std::string> location_;
  Pieces& pieces_;
  Sender sender_;
  std::uint64_t bytes_ = 0;
};

// ---- creation ----

Result<StreamAnswer> create(const Request& request, Uploads& uploads, const Clock& clock, const roster::Asker& asker,
                            Pieces& pieces) {
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
    return StreamAnswer(std::make_unique<UploadSink>(TRY(uploads.append(actor, upload.id, 0)), std::move(checksum),
                                                     location, pieces, Sender(uploads, clock, asker, request, actor)));
  }
  Response response = Response::empty(201);
  response.with("Location", location);
  describe(response, upload);
  return StreamAnswer(tus(std::move(response)));
}

// ---- the other methods ----

Result<StreamAnswer> patch(const Request& request, Uploads& uploads, const Clock& clock, const roster::Asker& asker,
                           Pieces& pieces) {
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
  return StreamAnswer(std::make_unique<UploadSink>(TRY(uploads.append(actor, id, *offset)), std::move(checksum),
                                                   std::nullopt, pieces,
                                                   Sender(uploads, clock, asker, request, actor)));
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
  Json recording, sha256;
  if (is_recording) recording = Json(upload.recording.text());
  if (upload.sha256) sha256 = Json(hex(*upload.sha256));
  return http::answer(200, {{"id", upload.id.text()},
                            {"state", state_name(upload.state)},
                            {"recording", recording},
                            {"reason", http::text_or_null(upload.reason)},
                            {"offset", upload.offset},
                            {"length", upload.length},
                            {"sha256", sha256},
                            {"expires_at", ledger_time(upload.expires_at)}});
}

Result<Response> remove(const Request& request, Uploads& uploads, const roster::Asker& asker) {
  const access::Actor actor = TRY(asker(request));
  TRY(require_version(request));
  TRY(uploads.remove(actor, TRY(upload_id(request))));
  return tus(Response::empty(204));
}

Result<Response> options(const Request&) {
  return tus(std::move(Response::empty(204)
                           .with("Tus-Version", std::string(kTusVersion))
                           .with("Tus-Extension", std::string(kExtensions))
                           .with("Tus-Max-Size", number(limits::kUploadBytesMax))
                           .with("Tus-Checksum-Algorithm", "sha1,sha256")));
}

}  // namespace

void register_routes(http::Router& router, Uploads& uploads, const Clock& clock, roster::Asker asker) {
  const auto pieces = std::make_shared<Pieces>(clock);
  const std::string item = fmt::format("{}/{{id}}", kBase);
  router.add("OPTIONS", kBase, options);
  router.add("OPTIONS", item, options);
  router.add_stream("POST", kBase, [&uploads, &clock, asker, pieces](const Request& request) {
    return create(request, uploads, clock, asker, *pieces);
  });
  router.add_stream("PATCH", item, [&uploads, &clock, asker, pieces](const Request& request) {
    return patch(request, uploads, clock, asker, *pieces);
  });
  router.add("HEAD", item, [&uploads, asker](const Request& request) { return head(request, uploads, asker); });
  router.add("GET", item, [&uploads, asker](const Request& request) { return state(request, uploads, asker); });
  router.add("DELETE", item,
             [&uploads, asker = std::move(asker)](const Request& request) { return remove(request, uploads, asker); });
  // tus wants its version on every answer, refusals too; and the list of versions where it was the wrong one.
  router.after([](const Request& request, Response& response) {
    if (!request.path.starts_with(kBase)) return;
    const bool is_stamped = std::any_of(response.headers.begin(), response.headers.end(),
                                        [](const auto& header) { return header.first == "Tus-Resumable"; });
    if (!is_stamped) response.with("Tus-Resumable", std::string(kTusVersion));
    if (response.status == 412) response.with("Tus-Version", std::string(kTusVersion));
  });
}

}  // namespace lapel::ingest
