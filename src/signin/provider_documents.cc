// SPDX-License-Identifier: Apache-2.0
#include "signin/provider_documents.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/json.h"
#include "signin/jose.h"
#include "signin/provider_settings.h"

namespace lapel::signin {
namespace {

constexpr std::size_t kDepthMax = 16;
constexpr std::uint64_t kPortMax = 65'535;
constexpr std::string_view kWellKnown = "/.well-known/openid-configuration";

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// Every spelling by which a resolver may take a host for this machine: also 127.1, 0x7f.1, 2130706433, 0.
bool may_be_this_machine(std::string_view host) {
  std::string name;
  for (const char c : host) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  while (name.ends_with('.')) name.pop_back();
  if (name == "localhost" || name.ends_with(".localhost") || name.starts_with('[')) return true;
  const std::string last = name.substr(name.rfind('.') + 1);
  // A last label of digits makes it a number to a resolver, and numbers name no provider.
  return last.starts_with("0x") || (!last.empty() && last.find_first_not_of("0123456789") == std::string::npos);
}

// The plain names of this machine, over which http is no risk.
bool is_this_machine(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

Result<WebAddress> endpoint(const Json& document, std::string_view name, const WebAddress& issuer) {
  const std::string* text = document.find_string(name);
  if (text == nullptr) return refused_provider(fmt::format("its document has no \"{}\"", name));
  auto address = parse_address(*text);
  if (!address) return refused_provider(fmt::format("\"{}\" of its document is no address", name));
  const bool is_good = issuer.is_loopback ? address->is_https || address->is_loopback : address->is_https;
  const std::string_view host = std::string_view(address->origin).substr(address->origin.find("://") + 3);
  const std::string_view bare = host.starts_with('[') ? host : host.substr(0, host.find(':'));
  if (!is_good || (!issuer.is_loopback && may_be_this_machine(bare)))
    return refused_provider(fmt::format("\"{}\" of its document is an address that it may not name", name));
  return *std::move(address);
}

// Whether a list, where there is one, has one of these.
Result<void> require_listed(const Json& document, std::string_view name,
                            std::initializer_list<std::string_view> wanted) {
  const Json* list = document.find(name);
  if (list == nullptr) return {};
  if (list->array() != nullptr) {
    for (const Json& each : *list->array()) {
      if (each.string() != nullptr && std::ranges::find(wanted, *each.string()) != wanted.end()) return {};
    }
  }
  return refused_provider(fmt::format("\"{}\" of its document has none of {}", name, fmt::join(wanted, ", ")));
}

}  // namespace

std::optional<WebAddress> parse_address(std::string_view text) {
  WebAddress out;
  out.is_https = text.starts_with("https://");
  if (text.size() > kAddressBytesMax || (!out.is_https && !text.starts_with("http://"))) return std::nullopt;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '\\' || c == '#' || c == '"' || c == '<' || c == '>') return std::nullopt;
  }
  const std::size_t begin = text.find("://") + 3;
  const std::size_t end = std::min(text.find_first_of("/?", begin), text.size());
  const std::string_view authority = text.substr(begin, end - begin);
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos || close < 3) return std::nullopt;
    host = authority.substr(0, close + 1);
    if (host.find_first_not_of("0123456789abcdefABCDEF:.", 1) != close) return std::nullopt;
    if (close + 1 < authority.size()) {
      if (authority[close + 1] != ':') return std::nullopt;
      port = authority.substr(close + 2);
      if (port.empty()) return std::nullopt;
    }
  } else {
    if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
      host = authority.substr(0, colon);
      port = authority.substr(colon + 1);
      if (port.empty()) return std::nullopt;
    }
    if (host.empty() || !std::ranges::all_of(host, is_host_character)) return std::nullopt;
  }
  if (!port.empty()) {
    const auto number = parse_decimal(port);
    if (!number || *number == 0 || *number > kPortMax) return std::nullopt;
  }
  out.is_loopback = is_this_machine(host);
  out.origin = std::string(text.substr(0, end));
  out.target = std::string(text.substr(end));
  if (!out.target.starts_with('/')) out.target.insert(0, 1, '/');
  return out;
}

Result<void> check_issuer(std::string_view issuer) {
  const auto address = parse_address(issuer);
  if (!address || issuer.find('?') != std::string_view::npos)
    return fail(Code::kInvalid,
                "An issuer is an address such as https://login.example/realm, without query or fragment",
                std::string(issuer));
  if (!address->is_https && !address->is_loopback)
    return fail(Code::kInvalid, "An issuer is reached by https, or by http on this very machine", std::string(issuer));
  return {};
}

WebAddress discovery_address(std::string_view issuer) {
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  return parse_address(std::string(issuer) + std::string(kWellKnown)).value_or(WebAddress());
}

Result<Discovery> parse_discovery(std::string_view json, std::string_view issuer) {
  const auto document = parse_json(json, {.bytes_max = kDiscoveryBytesMax, .depth_max = kDepthMax});
  if (!document || document->object() == nullptr) return refused_provider("its document is no JSON object");
  const std::string* named = document->find_string("issuer");
  if (named == nullptr || *named != issuer) return refused_provider("its document is of another issuer");
  const auto own = parse_address(issuer);
  if (!own) return refused_provider("its issuer is no address");
  Discovery out;
  TRY(endpoint(*document, "authorization_endpoint", *own));
  out.authorization = *document->find_string("authorization_endpoint");
  out.token = TRY(endpoint(*document, "token_endpoint", *own));
  out.keys = TRY(endpoint(*document, "jwks_uri", *own));
  TRY(require_listed(*document, "response_types_supported", {"code"}));
  TRY(require_listed(*document, "code_challenge_methods_supported", {"S256"}));
  TRY(require_listed(*document, "id_token_signing_alg_values_supported", {"RS256", "PS256", "ES256", "EdDSA"}));
  TRY(require_listed(*document, "token_endpoint_auth_methods_supported",
                     {"client_secret_basic", "client_secret_post"}));
  out.takes_basic =
      require_listed(*document, "token_endpoint_auth_methods_supported", {"client_secret_basic"}).has_value();
  if (const Json* names = document->find("authorization_response_iss_parameter_supported")) {
    if (names->boolean() == nullptr)
      return refused_provider(
          "\"authorization_response_iss_parameter_supported\" of its document is neither true nor false");
    out.names_issuer = *names->boolean();
  }
  return out;
}

Result<TokenAnswer> parse_token_answer(std::string_view json) {
  const auto answer = parse_json(json, {.bytes_max = kTokenAnswerBytesMax, .depth_max = kDepthMax});
  if (!answer || answer->object() == nullptr) return refused_provider("its answer for the code is no JSON object");
  const std::string* id_token = answer->find_string("id_token");
  if (id_token == nullptr) return refused_provider("its answer for the code has no ID token");
  const std::string* type = answer->find_string("token_type");
  if (type == nullptr || type->size() != 6 ||
      !std::ranges::equal(*type, std::string_view("bearer"), [](char a, char b) { return (a | 0x20) == b; })) {
    return refused_provider("its answer for the code has a token of another type than Bearer");
  }
  TokenAnswer out;
  out.id_token = *id_token;
  if (const Json* access = answer->find("access_token")) {
    if (access->string() == nullptr)
      return refused_provider("its answer for the code has an access token that is no text");
    out.access_token = *access->string();
  }
  return out;
}

std::string form_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '.' || c == '_' || c == '~';
    out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace lapel::signin
