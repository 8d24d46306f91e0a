// SPDX-License-Identifier: Apache-2.0
#pragma once
// Passkeys as JSON: what a browser's PublicKeyCredential.toJSON() gives, and where it may be asked for one.
//
// Owns: nothing.
// Promises: binary members are base64url without padding, as the specification says; nothing else is taken.
// Fails with: kInvalid (members that are missing or of no possible form), kConflict (an address for which browsers have no
//   passkeys).
// Threads: pure functions.
// Source: https://www.w3.org/TR/webauthn-3/ 5.1.

#include <string>

#include "base/json.h"
#include "http/message.h"
#include "signin/webauthn.h"

namespace lapel::signin {

// Passkeys belong to a host name. kConflict, in words for the person, at an IP address, or without TLS elsewhere than on
// localhost: browsers have none there.
struct PasskeyPlace {
  std::string origin;  // "https://lapel.example.org:8443"
  std::string rp_id;   // "lapel.example.org"
};
Result<PasskeyPlace> passkey_place(const http::Request& request);

struct CreatedCredential {
  std::string challenge;
  PasskeyCreated answer;
};
Result<CreatedCredential> read_created(const Json& credential);

struct PresentedCredential {
  Bytes id;
  std::string challenge;
  PasskeyPresented answer;
};
Result<PresentedCredential> read_presented(const Json& credential);

}  // namespace lapel::signin
