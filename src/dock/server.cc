// SPDX-License-Identifier: Apache-2.0
#include "dock/server.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "protocol/dock.h"

namespace lapel::dock {
namespace {

// Renewed well before the server's 15 minutes are over.
constexpr std::int64_t kTokenUseUs = 10LL * 60 * 1'000'000;
constexpr std::size_t kNonceBytesMax = 512;
constexpr std::size_t kAnswerBytesMax = 512 * 1024;  // a receipt in JSON

}  // namespace

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
    return http::json_of(TRY(client_->send(
        {"POST", std::move(target), {{"Content-Type", "application/json"}}, to_json(Json(std::move(body))), {}})));
  };
  const Json offered = TRY(post("/api/v1/docks/nonce", {{"dock", identity.dock.text()}}));
  const std::string* nonce = offered.find_string("nonce");
  if (!nonce || nonce->size() > kNonceBytesMax || !parse_hex(*nonce))
    return fail(http::nonsense("\"nonce\" is no nonce"));
  const auto signature = state_.key().sign(as_bytes(protocol::token_message(identity.origin, *nonce)));
  const Json given = TRY(
      post("/api/v1/docks/token", {{"dock", identity.dock.text()}, {"nonce", *nonce}, {"signature", hex(signature)}}));
  const std::string* token = given.find_string("token");
  if (!token || token->empty() || token->find_first_of(" \t\r\n") != std::string::npos ||
      token->find('\0') != std::string::npos) {
    return fail(http::nonsense("\"token\" is no token"));
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

Result<Json> Server::post(std::string target, Json::Object body) {
  return http::json_of(
      TRY(ask({"POST", std::move(target), {{"Content-Type", "application/json"}}, to_json(Json(std::move(body))), {}})),
      kAnswerBytesMax);
}

Result<DeviceId> Server::register_device(const std::string& serial) {
  return http::id_member<DeviceId>(TRY(post("/api/v1/devices", {{"serial", serial}})), "id");
}

Result<std::string> Server::spool_key() {
  const Json answer = TRY(post("/api/v1/docks/spool-key", {}));
  const std::string* receipt = answer.find_string("spool_key");
  if (!receipt) return fail(http::nonsense("\"spool_key\" is no receipt"));
  return *receipt;
}

Result<crypto::AeadKey> Server::unwrap(const FileId& file, ByteView wrapped_key) {
  const Json answer = TRY(post("/api/v1/docks/unwrap", {{"file", file.text()}, {"wrapped", hex(wrapped_key)}}));
  const std::string* text = answer.find_string("key");
  const auto key = text ? parse_hex_array<32>(*text) : std::nullopt;
  if (!key) return fail(http::nonsense("\"key\" is no key"));
  return *key;
}

Result<void> Server::tell_state(const Json& state) {
  TRY(post("/api/v1/docks/state", *state.object()));
  return {};
}

Result<std::string> Server::receipt(const RecordingId& recording) {
  http::ClientAnswer answer =
      TRY(ask({"GET", fmt::format("/api/v1/recordings/{}/receipt", recording.text()), {}, {}, {}}));
  if (answer.status != 200) return fail(http::error_of(answer));
  return std::move(answer.body);
}

}  // namespace lapel::dock
