// SPDX-License-Identifier: Apache-2.0
#include "cameras/routes.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "http/answers.h"
#include "http/json_body.h"

namespace lapel::cameras {
namespace {

using http::answer;
using http::Request;
using http::Response;

// The longest body here is an enrollment: a code, a key and a signature.
constexpr JsonLimits kBody = {16 * 1024, 4};

template <std::size_t N>
Result<ByteArray<N>> hex_field(const Json& body, std::string_view name) {
  const auto bytes = parse_hex_array<N>(TRY(http::required_text(body, name)));
  if (!bytes) return fail(Code::kInvalid, fmt::format("\"{}\" must be {} lower-case hex digits", name, 2 * N));
  return *bytes;
}

Result<Response> enroll(const Request& request, Docks& docks) {
  const Json body = TRY(http::json_body(request, kBody));
  const std::string code = TRY(http::required_text(body, "code"));
  const auto key = TRY(hex_field<32>(body, "public_key"));
  const auto signature = TRY(hex_field<64>(body, "signature"));
  const Docks::Enrolled enrolled = TRY(docks.enroll({code, key, signature}));
  return answer(200, {{"dock", enrolled.dock.text()},
                      {"name", enrolled.name},
                      {"agency", enrolled.agency},
                      {"origin", enrolled.origin},
                      {"vkey", enrolled.vkey}});
}

Result<Response> nonce(const Request& request, Docks& docks) {
  const Json body = TRY(http::json_body(request, kBody));
  const auto nonce = TRY(docks.nonce(DockId(TRY(hex_field<16>(body, "dock")))));
  return answer(200, {{"nonce", nonce}});
}

Result<Response> token(const Request& request, Docks& docks) {
  const Json body = TRY(http::json_body(request, kBody));
  const Docks::Token token =
      TRY(docks.token(DockId(TRY(hex_field<16>(body, "dock"))), TRY(http::required_text(body, "nonce")),
                      TRY(hex_field<64>(body, "signature"))));
  return answer(200, {{"token", token.text}, {"expires_at", ledger_time(token.expires_at)}});
}

Result<Response> add_device(const Request& request, evidence::Vault& vault, const roster::Asker& asker) {
  const access::Actor actor = TRY(asker(request));
  const std::string serial = TRY(http::required_text(TRY(http::json_body(request, kBody)), "serial"));
  if (has_control_characters(serial)) {
    return fail(Code::kInvalid, "\"serial\" must have no control characters");
  }
  const roster::Device device = TRY(vault.register_device(actor, serial));
  return answer(200, {{"id", device.id.text()}, {"serial", device.serial}});
}

}  // namespace

void register_routes(http::Router& router, Docks& docks, evidence::Vault& vault, roster::Asker asker) {
  router.add("POST", "/api/v1/docks/enroll", [&docks](const Request& request) { return enroll(request, docks); });
  router.add("POST", "/api/v1/docks/nonce", [&docks](const Request& request) { return nonce(request, docks); });
  router.add("POST", "/api/v1/docks/token", [&docks](const Request& request) { return token(request, docks); });
  router.add("POST", "/api/v1/devices",
             [&vault, asker = std::move(asker)](const Request& request) { return add_device(request, vault, asker); });
}

}  // namespace lapel::cameras
