// SPDX-License-Identifier: Apache-2.0
#pragma once
// Passkeys: what a browser's authenticator answers, checked (Web Authentication, level 2).
//
// Owns: nothing; pure. libfido2 parses authenticator data and verifies signatures.
// Promises: an answer counts only for the challenge, the origin and the relying party it was asked for, with the user
//   present and verified (PIN, finger or face): a passkey alone is two factors. Other algorithms than ES256, EdDSA and
//   RS256, and keys that are no points of their curve, are refused. Attestation is not asked for and not looked at: Lapel
//   does not say which authenticators an agency may use.
// Fails with: kUnauthenticated (kSecondFactor); the context names what did not fit, for the trace and not for the client.
// Threads: any.
// Source: https://www.w3.org/TR/webauthn-2/ 6.1, 7.1 and 7.2.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace lapel::signin {

inline constexpr std::size_t kCredentialIdBytesMax = 1'023;  // as the specification says
inline constexpr std::size_t kClientDataBytesMax = 4'096;
inline constexpr std::size_t kAuthenticatorDataBytesMax = 4'096;
inline constexpr std::size_t kPasskeySignatureBytesMax = 1'024;

// COSE's numbers (RFC 9053), as the catalog keeps them.
enum class PasskeyAlgorithm : std::int64_t { kEs256 = -7, kEdDsa = -8, kRs256 = -257 };

std::string_view algorithm_name(PasskeyAlgorithm algorithm);  // ES256, EdDSA, RS256

// What was asked for.
struct PasskeyQuestion {
  std::string challenge;  // base64url without padding, as the browser was given it
  std::string origin;     // "https://lapel.example.org"
  std::string rp_id;      // "lapel.example.org"
};

struct Passkey {
  Bytes credential_id;
  PasskeyAlgorithm algorithm = PasskeyAlgorithm::kEs256;
  Bytes public_key;  // libfido2's form: 64 bytes x and y; 32 bytes; 256 + 3 bytes modulus and exponent
  std::uint32_t counter = 0;
};

// navigator.credentials.create(): AuthenticatorAttestationResponse, with getAuthenticatorData().
struct PasskeyCreated {
  Bytes client_data;
  Bytes authenticator_data;
};
Result<Passkey> check_created(const PasskeyQuestion& question, const PasskeyCreated& answer);

// navigator.credentials.get(): AuthenticatorAssertionResponse.
struct PasskeyPresented {
  Bytes client_data;
  Bytes authenticator_data;
  Bytes signature;
};
// The counter that the authenticator now has. One that did not grow, where the authenticator counts, is refused: there are
// two of what should be one.
Result<std::uint32_t> check_presented(const PasskeyQuestion& question, const Passkey& passkey,
                                      const PasskeyPresented& answer);

}  // namespace lapel::signin
