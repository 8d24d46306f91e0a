// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an identity provider says of itself, and what it answers for a code (OpenID Connect Discovery 1.0, RFC 6749).
//
// Owns: nothing.
// Promises: addresses are https, or http of this machine where the issuer itself is; a document of an issuer out there
//   never leads back to this machine. The document's issuer is the configured one, letter by letter.
// Fails with: kInvalid (an issuer that is none), problems::kProviderAnswer, saying what is wrong.
// Threads: values and pure functions.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lapel::signin {

inline constexpr std::size_t kDiscoveryBytesMax = 64 * 1024;
inline constexpr std::size_t kTokenAnswerBytesMax = 128 * 1024;

// An absolute http(s) address, taken apart: no user, no fragment, printable ASCII.
struct WebAddress {
  std::string origin;  // "https://host[:port]"
  std::string target;  // "/path?query"
  bool is_https = false;
  bool is_loopback = false;
};
std::optional<WebAddress> parse_address(std::string_view text);

Result<void> check_issuer(std::string_view issuer);
// "<issuer>/.well-known/openid-configuration", of an issuer that is one.
WebAddress discovery_address(std::string_view issuer);

struct Discovery {
  std::string authorization;  // where people are sent
  WebAddress token, keys;
  bool takes_basic = true;    // else the secret goes in the form
  bool names_issuer = false;  // every return says which issuer it comes from (RFC 9207)
};
Result<Discovery> parse_discovery(std::string_view json, std::string_view issuer);

struct TokenAnswer {
  std::string id_token;
  std::optional<std::string> access_token;
};
Result<TokenAnswer> parse_token_answer(std::string_view json);

// application/x-www-form-urlencoded of one value; also safe in a query.
std::string form_encoded(std::string_view text);

}  // namespace lapel::signin
