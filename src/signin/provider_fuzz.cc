// SPDX-License-Identifier: Apache-2.0
// What an identity provider sends: its document, its keys, tokens, what a token says, and the answer for a code. The first byte says which.
#include <algorithm>

#include "base/check.h"
#include "signin/id_token.h"
#include "signin/provider_documents.h"

namespace {

using namespace lapel;
using namespace lapel::signin;

const Provider& provider() {
  static const Provider kProvider = [] {
    Provider out;
    out.issuer = "https://login.example";
    out.client_id = "lapel";
    return out;
  }();
  return kProvider;
}

void read_token(std::string_view text) {
  const auto token = parse_jws(text);
  if (!token) return;
  // The one spelling: header and claims are the bytes that were signed, and nothing stands behind the signature.
  CHECK(token->signed_part + "." + base64url(token->signature) == text);
  CHECK(std::ranges::count(token->signed_part, '.') == 1);
  CHECK(token->claims.object() != nullptr);
}

void read_claims(std::string_view text) {
  auto claims = parse_json(text, {.bytes_max = kJwtBytesMax, .depth_max = kJwtPartsDepthMax});
  if (!claims || claims->object() == nullptr) return;
  Jws token;
  token.claims = *claims;
  const Timestamp now{1'700'000'000'000'000};
  const auto identity = check_id_token(
      token, {.provider = provider(), .nonce = "n", .access_token = std::nullopt, .begun = now, .now = now});
  if (!identity) return;
  CHECK(*claims->find_string("iss") == provider().issuer && *claims->find_string("nonce") == "n");
  CHECK(identity->has_mfa && !identity->subject.empty() && identity->subject == *claims->find_string("sub"));
  const std::int64_t* ends = claims->find_integer("exp");
  CHECK(ends != nullptr && *ends * 1'000'000 + kProviderLeewayUs > now.us);
}

void read_document(std::string_view text) {
  const auto document = parse_discovery(text, provider().issuer);
  if (!document) return;
  CHECK(parse_json(text)->find("issuer")->string() != nullptr &&
        *parse_json(text)->find_string("issuer") == provider().issuer);
  for (const WebAddress& address : {document->token, document->keys}) {
    CHECK(address.is_https && !address.is_loopback && address.target.starts_with('/'));
    CHECK(parse_address(address.origin + address.target));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text({data + 1, size - 1});
  switch (data[0]) {
    case 'd':
      read_document(text);
      break;
    case 'k':
      if (const auto keys = KeySet::parse(text)) CHECK(keys->size() > 0 && keys->size() <= kKeysMax);
      break;
    case 't':
      read_token(text);
      break;
    case 'c':
      read_claims(text);
      break;
    case 'a':
      if (const auto answer = parse_token_answer(text)) CHECK(parse_json(text)->find_string("id_token") != nullptr);
      break;
    default:
      if (const auto address = parse_address(text)) {
        CHECK(text.starts_with(address->origin));
        CHECK(address->origin.find_first_of("@#\\ ") == std::string::npos);
        CHECK(check_issuer(text) || !address->is_https || text.find('?') != std::string_view::npos);
      }
  }
  return 0;
}
