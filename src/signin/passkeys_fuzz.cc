// SPDX-License-Identifier: Apache-2.0
// What whoever signs in hands over as a passkey's answer. A new one that is taken has a key of its algorithm, was verified by its
// authenticator and answers the question that was asked; nothing presents a key that signed nothing.
#include <algorithm>

#include "base/check.h"
#include "crypto/sha256.h"
#include "signin/passkey_json.h"

namespace {

using namespace lapel;

const signin::PasskeyQuestion kQuestion{"Y2hhbGxlbmdl", "https://lapel.example", "lapel.example"};

// As an answer comes: JSON of the browser's.
void read_json(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return;
  if (const auto created = signin::read_created(*json)) {
    const signin::PasskeyQuestion question{created->challenge, kQuestion.origin, kQuestion.rp_id};
    (void)signin::check_created(question, created->answer);
  }
  if (const auto presented = signin::read_presented(*json)) CHECK(!presented->id.empty());
}

// The authenticator's own bytes, with everything around them right: what the library that reads CBOR gets to see.
void read_authenticator(ByteView bytes) {
  const std::string client =
      R"({"type":"webauthn.create","challenge":"Y2hhbGxlbmdl","origin":"https://lapel.example"})";
  const Digest rp = crypto::sha256(as_bytes(kQuestion.rp_id));
  Bytes data(rp.begin(), rp.end());
  data.insert(data.end(), bytes.begin(), bytes.end());
  const ByteView client_view = as_bytes(client);
  const auto passkey = signin::check_created(kQuestion, {{client_view.begin(), client_view.end()}, data});
  if (!passkey) return;
  CHECK((data[32] & 0x45) == 0x45);
  CHECK(!passkey->credential_id.empty() && passkey->credential_id.size() <= signin::kCredentialIdBytesMax);
  const std::string get = R"({"type":"webauthn.get","challenge":"Y2hhbGxlbmdl","origin":"https://lapel.example"})";
  const ByteView get_view = as_bytes(get);
  Bytes head(data.begin(), data.begin() + 37);
  head[32] = 0x05;
  const Bytes signature(data.end() - static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), 64)), data.end());
  CHECK(!signin::check_presented(kQuestion, *passkey, {{get_view.begin(), get_view.end()}, head, signature}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (!bytes.empty() && bytes[0] == '{') {
    read_json(as_text(bytes));
  } else {
    read_authenticator(bytes);
  }
  return 0;
}
