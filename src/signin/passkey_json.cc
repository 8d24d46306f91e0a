// SPDX-License-Identifier: Apache-2.0
#include "signin/passkey_json.h"

#include <algorithm>

#include <fmt/format.h>

#include "http/server.h"

namespace lapel::signin {
namespace {

Result<Bytes> binary(const Json& object, std::string_view name, std::size_t bytes_max) {
  const std::string* text = object.find_string(name);
  const auto bytes = text != nullptr && text->size() <= bytes_max * 4 / 3 + 4 ? parse_base64url(*text) : std::nullopt;
  if (!bytes || bytes->empty() || bytes->size() > bytes_max) {
    return fail(Code::kInvalid,
                fmt::format("\"{}\" must be base64url without padding, of 1 to {} bytes", name, bytes_max));
  }
  return *bytes;
}

Result<const Json*> response_of(const Json& credential) {
  const Json* response = credential.find("response");
  const std::string* type = credential.find_string("type");
  if (response == nullptr || response->object() == nullptr || type == nullptr || *type != "public-key")
    return fail(Code::kInvalid, "A passkey's answer is a public-key credential with its response");
  return response;
}

// Which challenge it claims to answer; check_client_data() holds it to that.
Result<std::string> challenge_of(const Bytes& client_data) {
  const auto json = parse_json(as_text(client_data), {.bytes_max = kClientDataBytesMax, .depth_max = 4});
  const std::string* challenge = json ? json->find_string("challenge") : nullptr;
  if (challenge == nullptr) return fail(Code::kInvalid, "\"clientDataJSON\" must have a challenge");
  return *challenge;
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.find_first_of(":[]") != std::string_view::npos) return false;  // IPv6
  // A last label of digits alone is an IPv4 address.
  const std::string_view last = host.substr(host.rfind('.') == std::string_view::npos ? 0 : host.rfind('.') + 1);
  return !std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<PasskeyPlace> passkey_place(const http::Request& request) {
  const std::string& host = request.host;
  const std::string name = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
  if (!is_host_name(name)) {
    return fail(Code::kConflict,
                "Passkeys belong to a host name, and this page was opened at an IP address: open it by its name");
  }
  if (!request.is_secure && name != "localhost" && !name.ends_with(".localhost")) {
    return fail(Code::kConflict, "Browsers have passkeys over HTTPS only: open this page with https://");
  }
  return PasskeyPlace{fmt::format("{}://{}", request.is_secure ? "https" : "http", host), name};
}

Result<CreatedCredential> read_created(const Json& credential) {
  const Json& response = *TRY(response_of(credential));
  CreatedCredential out;
  out.answer.client_data = TRY(binary(response, "clientDataJSON", kClientDataBytesMax));
  out.answer.authenticator_data = TRY(binary(response, "authenticatorData", kAuthenticatorDataBytesMax));
  out.challenge = TRY(challenge_of(out.answer.client_data));
  return out;
}

Result<PresentedCredential> read_presented(const Json& credential) {
  const Json& response = *TRY(response_of(credential));
  PresentedCredential out;
  out.id = TRY(binary(credential, "id", kCredentialIdBytesMax));
  out.answer.client_data = TRY(binary(response, "clientDataJSON", kClientDataBytesMax));
  out.answer.authenticator_data = TRY(binary(response, "authenticatorData", kAuthenticatorDataBytesMax));
  out.answer.signature = TRY(binary(response, "signature", kPasskeySignatureBytesMax));
  out.challenge = TRY(challenge_of(out.answer.client_data));
  return out;
}

}  // namespace lapel::signin
