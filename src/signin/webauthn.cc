// SPDX-License-Identifier: Apache-2.0
#include "signin/webauthn.h"

#include <memory>

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>

#include "base/check.h"
#include "base/json.h"
#include "base/problems.h"
#include "crypto/sha256.h"

namespace lapel::signin {
namespace {

// Authenticator data: SHA-256 of the relying party, a byte of flags, a big-endian counter.
constexpr std::size_t kFlagsAt = 32;
constexpr std::size_t kCounterAt = 33;
constexpr std::size_t kHeadBytes = 37;
constexpr std::uint8_t kUserPresent = 0x01;
constexpr std::uint8_t kUserVerified = 0x04;
constexpr std::uint8_t kHasCredential = 0x40;
constexpr std::uint8_t kHasExtensions = 0x80;
// Then the kind of authenticator, the length of the credential's id, the id and the key.
constexpr std::size_t kCredentialAt = kHeadBytes;
constexpr std::size_t kAaguidBytes = 16;
constexpr int kCborDepthMax = 4;

tl::unexpected<Error> refused(std::string why) {
  return fail(Error{&problems::kSecondFactor, "This passkey's answer does not fit", std::move(why)});
}

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(&pointer);
  }
};
using Cred = std::unique_ptr<fido_cred_t, Freed<fido_cred_free>>;
using Assert = std::unique_ptr<fido_assert_t, Freed<fido_assert_free>>;
using Es256 = std::unique_ptr<es256_pk_t, Freed<es256_pk_free>>;
using EdDsa = std::unique_ptr<eddsa_pk_t, Freed<eddsa_pk_free>>;
using Rs256 = std::unique_ptr<rs256_pk_t, Freed<rs256_pk_free>>;

Result<void> check_client_data(const PasskeyQuestion& question, ByteView bytes, std::string_view type) {
  if (bytes.size() > kClientDataBytesMax) return refused("client data is too long");
  const auto json = parse_json(as_text(bytes), {.bytes_max = kClientDataBytesMax, .depth_max = 4});
  if (!json || json->object() == nullptr) return refused("client data is no JSON object");
  const auto is = [&](std::string_view member, std::string_view expected) {
    const std::string* value = json->find_string(member);
    return value != nullptr && *value == expected;
  };
  if (!is("type", type)) return refused("client data is of another type");
  const std::string* challenge = json->find_string("challenge");
  if (challenge == nullptr || !crypto::equal_constant_time(as_bytes(*challenge), as_bytes(question.challenge))) {
    return refused("client data answers another challenge");
  }
  if (!is("origin", question.origin)) return refused("client data is of another origin");
  // A page of Lapel inside somebody else's frame.
  if (const Json* crossed = json->find("crossOrigin"); crossed != nullptr && crossed->boolean() == nullptr) {
    return refused("crossOrigin is no boolean");
  } else if (crossed != nullptr && *crossed->boolean()) {
    return refused("client data is of a frame in another site");
  }
  if (json->find("topOrigin") != nullptr) return refused("client data is of a frame in another site");
  return {};
}

Result<void> check_head(const PasskeyQuestion& question, ByteView data) {
  if (data.size() < kHeadBytes) return refused("authenticator data is too short");
  if (data.size() > kAuthenticatorDataBytesMax) return refused("authenticator data is too long");
  const Digest expected = crypto::sha256(as_bytes(question.rp_id));
  if (!crypto::equal_constant_time(data.first(expected.size()), expected)) return refused("another relying party");
  if ((data[kFlagsAt] & kUserPresent) == 0) return refused("nobody was present");
  if ((data[kFlagsAt] & kUserVerified) == 0) return refused("the user was not verified");
  return {};
}

// The end of the CBOR item that begins at `at`; 0 where it is none, is nested deeper than keys and extensions are, has no length in
// front, or claims more than there is. libcbor takes memory for whatever a length claims before it looks for the bytes.
std::size_t end_of_item(ByteView bytes, std::size_t at, int depth) {
  if (at >= bytes.size() || depth > kCborDepthMax) return 0;
  const unsigned major = bytes[at] >> 5;
  const unsigned short_form = bytes[at] & 31;
  ++at;
  std::uint64_t value = short_form;
  if (short_form >= 28) return 0;
  if (short_form >= 24) {
    const std::size_t width = std::size_t{1} << (short_form - 24);
    if (bytes.size() - at < width) return 0;
    value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes[at++];
  }
  switch (major) {
    case 0:  // integers, and simple values
    case 1:
    case 7:
      return at;
    case 2:  // bytes and text
    case 3:
      return value <= bytes.size() - at ? at + value : 0;
    case 4:  // arrays and maps; an item has a byte at least
    case 5: {
      if (value > bytes.size() - at) return 0;
      const std::uint64_t items = major == 5 ? 2 * value : value;
      for (std::uint64_t i = 0; i < items; ++i) {
        if ((at = end_of_item(bytes, at, depth + 1)) == 0) return 0;
      }
      return at;
    }
    default:  // tags: no key has one
      return 0;
  }
}

// Behind the credential's id stand its key and, by a flag, extensions: each an item that is all there.
bool has_whole_items(ByteView data) {
  std::size_t at = kCredentialAt + kAaguidBytes;
  if (data.size() < at + 2) return false;
  at += 2 + (static_cast<std::size_t>(data[at]) << 8 | data[at + 1]);
  if ((at = end_of_item(data, at, 0)) == 0) return false;
  if ((data[kFlagsAt] & kHasExtensions) != 0 && (at = end_of_item(data, at, 0)) == 0) return false;
  return at == data.size();
}

std::uint32_t counter_of(ByteView data) {
  std::uint32_t counter = 0;
  for (std::size_t i = 0; i < 4; ++i) counter = counter << 8 | data[kCounterAt + i];
  return counter;
}

constexpr PasskeyAlgorithm kAlgorithms[] = {PasskeyAlgorithm::kEs256, PasskeyAlgorithm::kEdDsa,
                                            PasskeyAlgorithm::kRs256};

int cose(PasskeyAlgorithm algorithm) {
  return static_cast<int>(algorithm);
}

// The key in the form that libfido2 verifies with, checked to be one.
template <typename Do>
bool with_key(const Passkey& passkey, Do&& act) {
  const std::uint8_t* bytes = passkey.public_key.data();
  const std::size_t size = passkey.public_key.size();
  switch (passkey.algorithm) {
    case PasskeyAlgorithm::kEs256: {
      const Es256 key(es256_pk_new());
      CHECK(key != nullptr);
      return es256_pk_from_ptr(key.get(), bytes, size) == FIDO_OK && act(key.get());
    }
    case PasskeyAlgorithm::kEdDsa: {
      const EdDsa key(eddsa_pk_new());
      CHECK(key != nullptr);
      return eddsa_pk_from_ptr(key.get(), bytes, size) == FIDO_OK && act(key.get());
    }
    case PasskeyAlgorithm::kRs256: {
      const Rs256 key(rs256_pk_new());
      CHECK(key != nullptr);
      return rs256_pk_from_ptr(key.get(), bytes, size) == FIDO_OK && act(key.get());
    }
  }
  return false;
}

}  // namespace

std::string_view algorithm_name(PasskeyAlgorithm algorithm) {
  switch (algorithm) {
    case PasskeyAlgorithm::kEs256:
      return "ES256";
    case PasskeyAlgorithm::kEdDsa:
      return "EdDSA";
    case PasskeyAlgorithm::kRs256:
      return "RS256";
  }
  return "unknown";  // from a row that was damaged
}

Result<Passkey> check_created(const PasskeyQuestion& question, const PasskeyCreated& answer) {
  TRY(check_client_data(question, answer.client_data, "webauthn.create"));
  const ByteView data = answer.authenticator_data;
  TRY(check_head(question, data));
  if ((data[kFlagsAt] & kHasCredential) == 0) return refused("authenticator data has no credential");
  if (!has_whole_items(data)) return refused("authenticator data has no whole key");
  // libfido2 wants to be told which kind of key it shall find.
  for (const PasskeyAlgorithm algorithm : kAlgorithms) {
    const Cred cred(fido_cred_new());
    CHECK(cred != nullptr);
    if (fido_cred_set_type(cred.get(), cose(algorithm)) != FIDO_OK) continue;
    if (fido_cred_set_authdata_raw(cred.get(), data.data(), data.size()) != FIDO_OK) continue;
    Passkey out;
    out.algorithm = algorithm;
    out.counter = counter_of(data);
    const unsigned char* id = fido_cred_id_ptr(cred.get());
    const unsigned char* key = fido_cred_pubkey_ptr(cred.get());
    if (id == nullptr || key == nullptr) continue;
    out.credential_id.assign(id, id + fido_cred_id_len(cred.get()));
    out.public_key.assign(key, key + fido_cred_pubkey_len(cred.get()));
    if (out.credential_id.empty() || out.credential_id.size() > kCredentialIdBytesMax)
      return refused("the credential's id is empty or too long");
    if (!with_key(out, [](const auto*) { return true; })) return refused("the key is none of its algorithm");
    return out;
  }
  return refused("authenticator data has no key of a known algorithm");
}

Result<std::uint32_t> check_presented(const PasskeyQuestion& question, const Passkey& passkey,
                                      const PasskeyPresented& answer) {
  TRY(check_client_data(question, answer.client_data, "webauthn.get"));
  const ByteView data = answer.authenticator_data;
  TRY(check_head(question, data));
  if (answer.signature.empty() || answer.signature.size() > kPasskeySignatureBytesMax)
    return refused("the signature has no possible length");
  const Assert assertion(fido_assert_new());
  CHECK(assertion != nullptr);
  const Digest client_hash = crypto::sha256(answer.client_data);
  const bool is_set =
      fido_assert_set_count(assertion.get(), 1) == FIDO_OK &&
      fido_assert_set_rp(assertion.get(), question.rp_id.c_str()) == FIDO_OK &&
      fido_assert_set_clientdata_hash(assertion.get(), client_hash.data(), client_hash.size()) == FIDO_OK &&
      fido_assert_set_up(assertion.get(), FIDO_OPT_TRUE) == FIDO_OK &&
      fido_assert_set_uv(assertion.get(), FIDO_OPT_TRUE) == FIDO_OK &&
      fido_assert_set_authdata_raw(assertion.get(), 0, data.data(), data.size()) == FIDO_OK &&
      fido_assert_set_sig(assertion.get(), 0, answer.signature.data(), answer.signature.size()) == FIDO_OK;
  if (!is_set) return refused("authenticator data has no possible form");
  const bool is_signed = with_key(passkey, [&](const auto* key) {
    return fido_assert_verify(assertion.get(), 0, cose(passkey.algorithm), key) == FIDO_OK;
  });
  if (!is_signed) return refused("the signature is not the key's");
  const std::uint32_t counter = counter_of(data);
  if ((counter != 0 || passkey.counter != 0) && counter <= passkey.counter)
    return refused("the counter did not grow: somebody may have copied this passkey");
  return counter;
}

}  // namespace lapel::signin
