// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a dock and its server say to each other before the first file (docs/formats/dock.md): the enrollment
// code, and the messages that a dock's key signs besides statements.
//
// Owns: the text of a code and the bytes of those messages.
// Promises: a code has one text; a slip of the pen in it is told from a code that nobody gave. Messages of
//   different use begin differently, so that no signature serves twice.
// Fails with: std::nullopt for a text that is no code.
// Threads: values and pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"

namespace lapel::protocol {

// What the dock's owner carries from the server's console to the dock.
struct EnrollmentCode {
  ByteArray<16> secret{};  // the server keeps only its SHA-256
  Digest ledger_key{};     // SHA-256 of the verifier key's text

  // 16 groups of five of a-z and 2-7, joined by '-'.
  std::string text() const;
  // Groups and case are for the eye: any case, and spaces or '-' anywhere.
  static std::optional<EnrollmentCode> parse(std::string_view text);
  friend bool operator==(const EnrollmentCode&, const EnrollmentCode&) = default;
};
inline constexpr std::size_t kCodeTextBytesMax = 256;

// What a code says of a ledger's key, given the key's line without its end.
Digest ledger_key_digest(std::string_view vkey);

// Signed at enrollment: whoever enrolls a key has it.
std::string enroll_message(const EnrollmentCode& code);
// Signed for a token.
std::string token_message(std::string_view origin, std::string_view nonce);

// The event that tells an agency's spool key, in the chain of the server's console: `key` is an X25519 public key, b64.
inline constexpr std::string_view kSpoolKeyEvent = "spool_key.made";
// How a copy's key is sealed to it (crypto/sealed_box.h). What it opens with names the dock, so that no dock opens another's.
inline constexpr std::string_view kSpoolWrapUse = "lapel-spool-wrap/1\n";
Bytes spool_wrap_associated(const DockId& dock, const ByteArray<16>& file);

}  // namespace lapel::protocol
