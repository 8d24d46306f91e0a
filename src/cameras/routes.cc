// SPDX-License-Identifier: Apache-2.0
#include "cameras/routes.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"

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

Result<Response> enroll(const Request& request, Docks& docks, SpoolKeys& keys) {
  const Json body = TRY(http::json_body(request, kBody));
  const std::string code = TRY(http::required_text(body, "code"));
  const auto key = TRY(hex_field<32>(body, "public_key"));
  const auto signature = TRY(hex_field<64>(body, "signature"));
  const Docks::Enrolled enrolled = TRY(docks.enroll({code, key, signature}));
  const std::string spool_key = TRY(keys.receipt(enrolled.of));
  return answer(200, {{"dock", enrolled.dock.text()},
                      {"name", enrolled.name},
                      {"agency", enrolled.agency},
                      {"origin", enrolled.origin},
                      {"vkey", enrolled.vkey},
                      {"spool_key", spool_key}});
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

Result<Response> spool_key(const Request& request, SpoolKeys& keys, const roster::Asker& asker) {
  const std::string receipt = TRY(keys.receipt(TRY(asker(request))));
  return answer(200, {{"spool_key", receipt}});
}

Result<Response> unwrap(const Request& request, SpoolKeys& keys, const roster::Asker& asker) {
  const access::Actor actor = TRY(asker(request));
  const Json body = TRY(http::json_body(request, kBody));
  const auto file = TRY(hex_field<16>(body, "file"));
  const auto wrapped = parse_hex(TRY(http::required_text(body, "wrapped")));
  if (!wrapped) return fail(Code::kInvalid, "\"wrapped\" must be hex");
  const auto key = TRY(keys.unwrap(actor, file, *wrapped));
  return answer(200, {{"key", hex(key)}});
}

Result<Response> tell_state(const Request& request, const DockRooms& rooms, const roster::Asker& asker) {
  const access::Actor actor = TRY(asker(request));
  const auto read = TRY(rooms.states.tell(actor, TRY(http::json_body(request, {kDockStateBytesMax, 4}))));
  rooms.record.card_is_read(actor.agency, read);
  return answer(200, {});
}

Result<Response> list_docks(const Request& request, DockStates& states, const roster::Asker& asker) {
  Json::Array items;
  for (const DockShown& dock : TRY(states.list(TRY(asker(request))))) {
    items.emplace_back(Json::Object{{"id", dock.id.text()},
                                    {"name", dock.name},
                                    {"revoked", dock.is_revoked},
                                    {"offline", dock.is_offline},
                                    {"seen_at", dock.seen_at ? Json(ledger_time(*dock.seen_at)) : Json()},
                                    {"state", dock.state}});
  }
  return answer(200, {{"items", std::move(items)}});
}

}  // namespace

void register_routes(http::Router& router, const DockRooms& rooms, const roster::Asker& asker) {
  router.add("POST", "/api/v1/docks/enroll",
             [rooms](const Request& request) { return enroll(request, rooms.docks, rooms.spool_keys); });
  router.add("POST", "/api/v1/docks/nonce", [rooms](const Request& request) { return nonce(request, rooms.docks); });
  router.add("POST", "/api/v1/docks/token", [rooms](const Request& request) { return token(request, rooms.docks); });
  router.add("POST", "/api/v1/docks/spool-key",
             [rooms, asker](const Request& request) { return spool_key(request, rooms.spool_keys, asker); });
  router.add("POST", "/api/v1/docks/unwrap",
             [rooms, asker](const Request& request) { return unwrap(request, rooms.spool_keys, asker); });
  router.add("POST", "/api/v1/docks/state",
             [rooms, asker](const Request& request) { return tell_state(request, rooms, asker); });
  router.add("GET", "/api/v1/docks",
             [rooms, asker](const Request& request) { return list_docks(request, rooms.states, asker); });
  router.add("GET", "/api/v1/recordings/{id}/camera", [rooms, asker](const Request& request) -> Result<Response> {
    const access::Actor actor = TRY(asker(request));
    return answer(200, TRY(rooms.record.of_recording(actor, TRY(http::id_param<RecordingId>(request, "recording")))));
  });
  router.add("GET", "/api/v1/devices/{id}/record", [rooms, asker](const Request& request) -> Result<Response> {
    const access::Actor actor = TRY(asker(request));
    return answer(200, TRY(rooms.record.of_device(actor, http::id_param(request))));
  });
  router.add("POST", "/api/v1/devices",
             [rooms, asker](const Request& request) { return add_device(request, rooms.vault, asker); });
}

}  // namespace lapel::cameras
