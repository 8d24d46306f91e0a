// SPDX-License-Identifier: Apache-2.0
#include "signin/provider_flow.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/problems.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "http/cookie.h"
#include "signin/challenges.h"

namespace lapel::signin {
namespace {

constexpr std::string_view kAssociated = "lapel-provider-flow/1";
constexpr std::string_view kKeyName = "provider flows";

constexpr std::string_view kCookie = "lapel-provider";

std::optional<ProviderFlow> read(const std::string& text) {
  const auto json = parse_json(text, {.bytes_max = kFlowBytesMax, .depth_max = 2});
  if (!json) return std::nullopt;
  ProviderFlow out;
  const std::string* agency = json->find_string("agency");
  const std::int64_t* begun = json->find_integer("begun");
  const Json* anew = json->find("anew");
  const auto id = agency == nullptr ? std::nullopt : AgencyId::parse(*agency);
  if (!id || begun == nullptr || anew == nullptr || anew->boolean() == nullptr) return std::nullopt;
  out.agency = *id;
  out.begun = {*begun};
  out.sign_in = *anew->boolean() ? IdTokenQuestion::SignIn::kAnew : IdTokenQuestion::SignIn::kAny;
  for (const auto& [name, member] : {std::pair{"version", &out.version},
                                     {"state", &out.state},
                                     {"nonce", &out.nonce},
                                     {"verifier", &out.verifier},
                                     {"return", &out.return_address},
                                     {"session", &out.session}}) {
    const std::string* value = json->find_string(name);
    if (value == nullptr) return std::nullopt;
    *member = *value;
  }
  return out;
}

}  // namespace

std::string ProviderFlow::challenge() const {
  return base64url(crypto::sha256(as_bytes(verifier)));
}

ProviderFlow new_flow(const AgencyId& agency, const std::string& version, Timestamp now) {
  ProviderFlow out;
  out.agency = agency;
  out.version = version;
  out.begun = now;
  for (std::string* member : {&out.state, &out.nonce, &out.verifier}) *member = base64url(crypto::random_bytes<32>());
  return out;
}

Result<void> ProviderFlows::count(std::string_view client) {
  const auto wait_us = attempts_.begin(client);
  if (!wait_us) return {};
  return fail(Error{&problems::kLimited,
                    "Too many sign-ins through the identity provider from here have failed; try again later",
                    {},
                    (*wait_us + 999'999) / 1'000'000});
}

Result<std::string> ProviderFlows::seal(const ProviderFlow& flow) {
  const Json json =
      Json::Object{{"agency", flow.agency.text()}, {"version", flow.version},
                   {"state", flow.state},          {"nonce", flow.nonce},
                   {"verifier", flow.verifier},    {"return", flow.return_address},
                   {"begun", flow.begun.us},       {"anew", flow.sign_in == IdTokenQuestion::SignIn::kAnew},
                   {"session", flow.session}};
  std::string out =
      base64url(crypto::aead_seal(TRY(room_key(database_, kKeyName)), as_bytes(kAssociated), as_bytes(to_json(json))));
  if (out.size() > kFlowBytesMax) return fail(Code::kInvalid, "This server's address is too long to return to");
  return out;
}

Result<ProviderFlow> ProviderFlows::open(const http::Request& request, std::string_view state) {
  const auto cookie = flow_cookie_of(request);
  if (!cookie) return refused_provider("this browser began no sign-in there, or its ten minutes are over; begin again");
  const auto bytes = parse_base64url(*cookie);
  const auto opened =
      bytes ? crypto::aead_open(TRY(room_key(database_, kKeyName)), as_bytes(kAssociated), *bytes) : std::nullopt;
  auto flow = opened ? read(std::string(as_text(*opened))) : std::nullopt;
  if (!flow) return refused_provider("this browser began no sign-in there; begin again");
  if (clock_.now() - flow->begun >= kFlowLifeUs) return refused_provider("its ten minutes are over; begin again");
  if (!crypto::equal_constant_time(as_bytes(flow->state), as_bytes(state)))
    return refused_provider("it answers another sign-in than the last one begun in this browser");
  return *std::move(flow);
}

Result<void> ProviderFlows::use(const ProviderFlow& flow) {
  const Timestamp now = clock_.now();
  return database_.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("DELETE FROM used_challenges WHERE ends_us <= :now", {{"now", now.us}}));
    const std::int64_t added = TRY(tx.run(
        "INSERT INTO used_challenges (challenge_sha256, ends_us) VALUES (:id, :ends) ON CONFLICT (challenge_sha256) DO "
        "NOTHING",
        {{"id", hex(crypto::sha256(as_bytes("provider\n" + flow.state)))}, {"ends", (flow.begun + kFlowLifeUs).us}}));
    if (added != 1) return refused_provider("this sign-in has been finished once already; begin again");
    return {};
  });
}

std::string flow_cookie(const http::Request& request, const std::string& value) {
  return http::set_cookie(request, kCookie, value, value.empty() ? 0 : kFlowLifeUs / 1'000'000, http::SameSite::kLax);
}

std::optional<std::string> flow_cookie_of(const http::Request& request) {
  const std::string header = request.header_list("cookie");
  const std::string_view value = http::cookie_value(request, header, kCookie, 0);
  return value.empty() || value.size() > kFlowBytesMax ? std::nullopt : std::optional(std::string(value));
}

}  // namespace lapel::signin
