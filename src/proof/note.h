// SPDX-License-Identifier: Apache-2.0
#pragma once
// Signed notes, verifier keys and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature), as
// ledger.md narrows them: a checkpoint has exactly three lines.
//
// Owns: their texts.
// Promises: a parser accepts only what the format allows and loses no byte; unknown signature lines are kept
// and ignored. Fails with: std::nullopt for text that is not the format. Threads: pure functions and values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/ed25519.h"

namespace lapel::proof {

enum class KeyType : std::uint8_t {
  kLog = 0x01,      // Ed25519 over the note text
  kWitness = 0x04,  // Ed25519 cosignature with a time, of a checkpoint
};

// What a key may be called: non-empty UTF-8 without spaces (Unicode's), control characters or '+'. Origins
// are such names.
bool is_key_name(std::string_view name);

// "<name>+<hex key id>+<b64 of type ‖ key>"
struct VerifierKey {
  std::string name;
  KeyType type = KeyType::kLog;
  crypto::PublicKey key{};

  std::uint32_t id() const;
  std::string text() const;
  // Refuses a wrong id, an unknown type, a name that is empty or has a space or '+'.
  static std::optional<VerifierKey> parse(std::string_view text);
  friend bool operator==(const VerifierKey&, const VerifierKey&) = default;
};

struct SignatureLine {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;  // without the key id
};

inline constexpr std::size_t kNoteSignaturesMax = 64;
inline constexpr std::size_t kNoteBytesMax = 64 * 1024;

struct Note {
  std::string text;  // ends in a newline; what is signed
  std::vector<SignatureLine> signatures;
  static std::optional<Note> parse(std::string_view bytes);
};

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Digest root{};

  std::string text() const;  // three lines
  static std::optional<Checkpoint> parse(std::string_view text);
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// A whole signed checkpoint: text, empty line, one signature line.
std::string sign_checkpoint(const Checkpoint& checkpoint, const crypto::SigningKey& log_key);
// "— <name> <b64>\n" for a text that is signed already.
std::string signature_line(const VerifierKey& key, ByteView signature);

struct Cosignature {
  std::string witness;  // the vkey's name
  std::int64_t time_s = 0;
};
struct CheckedCheckpoint {
  Checkpoint checkpoint;
  // Of the witnesses given, in their order, those that cosigned; where one did so twice, its earlier time.
  std::vector<Cosignature> cosignatures;
};
// Origin must equal the log key's name and the log key must have signed; a signature by a given key that does
// not hold refuses the whole note. The reason is a sentence without a final stop.
struct NoteFailure {
  std::string reason;
};
tl::expected<CheckedCheckpoint, NoteFailure> check_checkpoint(std::string_view note, const VerifierKey& log_key,
                                                              const std::vector<VerifierKey>& witnesses);

}  // namespace lapel::proof
