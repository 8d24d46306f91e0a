// SPDX-License-Identifier: Apache-2.0
#include "dock/server.h"

#include <fmt/format.h>

#include "base/problems.h"
#include "proof/receipt.h"
#include "protocol/dock.h"

namespace lapel::dock {
namespace {

// Renewed well before the server's 15 minutes are over.
constexpr std::int64_t kTokenUseUs = 10LL * 60 * 1'000'000;
constexpr std::string_view kUploads = "/api/v1/uploads";
constexpr std::size_t kSentenceBytesMax = 500;
constexpr std::size_t kNonceBytesMax = 512;

Error nonsense(std::string_view what) {
  return {&generic_problem(Code::kUnavailable),
          fmt::format("The server's answer is not one of a Lapel server: {}", what),
          {}};
}

Code code_of(int status) {
  switch (status) {
    case 400:
    case 411:
    case 422:
    case 431:
    case 460:
      return Code::kInvalid;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kDenied;
    case 404:
      return Code::kNotFound;
    case 405:
    case 415:
      return Code::kUnsupported;
    case 409:
    case 412:
      return Code::kConflict;
    case 410:
      return Code::kGone;
    case 413:
      return Code::kTooLarge;
    case 423:
      return Code::kBusy;
    case 429:
      return Code::kLimited;
    case 507:
      return Code::kFull;
    default:
      return Code::kUnavailable;
  }
}

template <typename AnyId>
Result<AnyId> id_member(const Json& json, std::string_view name) {
  const std::string* text = json.find_string(name);
  const auto id = text ? AnyId::parse(*text) : std::nullopt;
  if (!id) return fail(nonsense(fmt::format("\"{}\" is no id", name)));
  return *id;
}

std::vector<std::pair<std::string, std::string>> tus_headers() {
  return {{"Tus-Resumable", "1.0.0"}};
}

}  // namespace

Error error_of(const http::ClientAnswer& answer) {
  const auto json = parse_json(answer.body, {64 * 1024, 8});
  const std::string* detail = json ? json->find_string("detail") : nullptr;
  std::string sentence =
      detail ? printable(std::string_view(*detail).substr(0, kSentenceBytesMax)) : std::string("no reason given");
  return {&generic_problem(code_of(answer.status)),
          fmt::format("The server refuses with {}: {}", answer.status, sentence),
          {}};
}

Result<Json> json_of(const http::ClientAnswer& answer) {
  if (answer.status >= 300) return fail(error_of(answer));
  auto json = parse_json(answer.body, {64 * 1024, 8});
  if (!json || !json->object()) return fail(nonsense("it is no JSON object"));
  return *std::move(json);
}

Result<std::unique_ptr<Server>> Server::open(const State& state, const Clock& clock,
                                             std::function<bool()> is_cancelled) {
  http::ClientOptions options;
  options.base_url = state.identity().server;
  options.plain_http = state.identity().plain_http;
  options.ca_file = state.identity().ca_file;
  options.is_cancelled = std::move(is_cancelled);
  return std::unique_ptr<Server>(new Server(state, clock, TRY(http::Client::open(std::move(options)))));
}

Result<void> Server::get_token() {
  const Identity& identity = state_.identity();
  const auto post = [&](std::string target, Json::Object body) -> Result<Json> {
    return json_of(TRY(client_->send(
        {"POST", std::move(target), {{"Content-Type", "application/json"}}, to_json(Json(std::move(body))), {}})));
  };
  const Json offered = TRY(post("/api/v1/docks/nonce", {{"dock", identity.dock.text()}}));
  const std::string* nonce = offered.find_string("nonce");
  if (!nonce || nonce->size() > kNonceBytesMax || !parse_hex(*nonce)) return fail(nonsense("\"nonce\" is no nonce"));
  const auto signature = state_.key().sign(as_bytes(protocol::token_message(identity.origin, *nonce)));
  const Json given = TRY(
      post("/api/v1/docks/token", {{"dock", identity.dock.text()}, {"nonce", *nonce}, {"signature", hex(signature)}}));
  const std::string* token = given.find_string("token");
  if (!token || token->empty() || token->find_first_of(" \t\r\n") != std::string::npos ||
      token->find('\0') != std::string::npos) {
    return fail(nonsense("\"token\" is no token"));
  }
  token_ = *token;
  token_got_us_ = clock_.monotonic_us();
  return {};
}

Result<http::ClientAnswer> Server::ask(http::ClientRequest request) {
  const std::size_t own_headers = request.headers.size();
  for (bool is_fresh = false;; is_fresh = true) {
    if (token_.empty() || is_fresh || clock_.monotonic_us() - token_got_us_ > kTokenUseUs) {
      TRY(get_token());
      is_fresh = true;
    }
    request.headers.resize(own_headers);
    request.headers.emplace_back("Authorization", "Bearer " + token_);
    http::ClientAnswer answer = TRY(client_->send(request));
    if (answer.status != 401) return answer;
    token_.clear();
    if (is_fresh) return answer;
  }
}

Result<DeviceId> Server::register_device(const std::string& serial) {
  const Json json = TRY(json_of(TRY(ask({"POST",
                                         "/api/v1/devices",
                                         {{"Content-Type", "application/json"}},
                                         to_json(Json(Json::Object{{"serial", serial}})),
                                         {}}))));
  return id_member<DeviceId>(json, "id");
}

Result<UploadId> Server::create(const Item& item) {
  auto headers = tus_headers();
  headers.emplace_back("Upload-Length", std::to_string(item.bytes));
  headers.emplace_back("Upload-Metadata", upload_metadata(item));
  const http::ClientAnswer answer = TRY(ask({"POST", std::string(kUploads), std::move(headers), {}, {}}));
  if (answer.status != 201) return fail(error_of(answer));
  // Only the id is taken from it: where to send footage is not for an answer to say.
  const std::string* location = answer.header("location");
  const auto id = location ? UploadId::parse(location->substr(location->rfind('/') + 1)) : std::nullopt;
  if (!id) return fail(nonsense("Location names no upload"));
  return *id;
}

Result<std::uint64_t> Server::offset(const UploadId& upload, std::uint64_t length) {
  const http::ClientAnswer answer =
      TRY(ask({"HEAD", fmt::format("{}/{}", kUploads, upload.text()), tus_headers(), {}, {}}));
  if (answer.status != 200) return fail(error_of(answer));
  const std::string* text = answer.header("upload-offset");
  const auto value = text ? parse_decimal(*text) : std::nullopt;
  if (!value || *value > length) return fail(nonsense("Upload-Offset is not within the file"));
  return *value;
}

Result<void> Server::send(const UploadId& upload, std::uint64_t offset, const http::BodySource& rest) {
  auto headers = tus_headers();
  headers.emplace_back("Content-Type", "application/offset+octet-stream");
  headers.emplace_back("Upload-Offset", std::to_string(offset));
  const http::ClientAnswer answer =
      TRY(ask({"PATCH", fmt::format("{}/{}", kUploads, upload.text()), std::move(headers), {}, rest}));
  if (answer.status != 204) return fail(error_of(answer));
  return {};
}

Result<UploadState> Server::state(const UploadId& upload) {
  const Json json = TRY(json_of(TRY(ask({"GET", fmt::format("{}/{}", kUploads, upload.text()), {}, {}, {}}))));
  const std::string* text = json.find_string("state");
  UploadState out;
  if (text && *text == "sealed") {
    out.is = UploadState::Is::kSealed;
    out.recording = TRY(id_member<RecordingId>(json, "recording"));
  } else if (text && *text == "refused") {
    out.is = UploadState::Is::kRefused;
    const std::string* reason = json.find_string("reason");
    out.reason = reason ? printable(std::string_view(*reason).substr(0, kSentenceBytesMax)) : "no reason given";
  } else if (!text || (*text != "receiving" && *text != "sealing")) {
    return fail(nonsense("\"state\" is none of an upload's"));
  }
  return out;
}

Result<std::string> Server::receipt(const RecordingId& recording) {
  http::ClientAnswer answer =
      TRY(ask({"GET", fmt::format("/api/v1/recordings/{}/receipt", recording.text()), {}, {}, {}}));
  if (answer.status != 200) return fail(error_of(answer));
  return std::move(answer.body);
}

}  // namespace lapel::dock
