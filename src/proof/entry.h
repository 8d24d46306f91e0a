// SPDX-License-Identifier: Apache-2.0
#pragma once
// Entries and events: what a leaf holds and what it commits to (docs/formats/ledger_leaf.md).
//
// Owns: the bytes of entries, commitments, salts, padding, blinds and the dock's statement.
// Promises: what parse_entry accepts is one of the two forms of ledger.md, byte for byte.
// Fails with: std::nullopt or false.
// Threads: pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/json.h"
#include "crypto/ed25519.h"

namespace lapel::proof {

inline constexpr std::size_t kPrivateEntryBytes = 67;
inline constexpr std::size_t kEntryBytesMax = 65'535;

struct PrivateEntry {
  Digest commitment{};
};
struct PublicEntry {
  Json statement;  // the object under "statement"
};
using Entry = std::variant<PrivateEntry, PublicEntry>;

std::string private_entry(const Digest& commitment);
std::string public_entry(const Json& statement);
// Checks form only: canonical JSON, exact keys, a known statement type with its fields and `ledger` of the
// right shapes. Which leaf may hold which statement is the ledger's matter.
std::optional<Entry> parse_entry(std::string_view bytes);

using Salt = ByteArray<32>;
using SubjectKey = ByteArray<32>;

Salt event_salt(const SubjectKey& subject_key, std::uint64_t n);
Digest commit(const Salt& salt, std::string_view event);  // event: canonical bytes
Digest padding(const ByteArray<32>& pad_key, std::uint64_t index);

// The form of an event: canonical, with actor, at, ledger, n, subject, type of the right shapes and prev
// exactly when n > 0, and at most three levels deep (a receipt adds the fourth). Returns the parsed object.
std::optional<Json> parse_event(std::string_view bytes);

// What an event says by itself, at this leaf, that cannot be: `act`, `actor_ledger`, and the fields of an attempt and of
// recording.destroyed, as docs/formats/ledger_leaf.md has them. Empty where nothing is wrong. `event` as parse_event returned
// it; an admission is parse_admission's.
std::string_view event_fault(const Json& event, std::uint64_t index);

// What recording.admitted says of its file.
struct Admission {
  Digest sha256{};
  std::uint64_t bytes = 0;
  std::string chain_starts_at;  // "camera", "dock" or "server"
  const Json* dock = nullptr;   // the dock's statement, within the event; null when there is none
};
// nullopt unless `event` (as parse_event returned it) is a recording.admitted with n = 0, its fields of the
// right shapes, and a dock statement, if there is one, that is signed by its key and agrees with the event.
std::optional<Admission> parse_admission(const Json& event);

// Signs a dock statement: `statement` without "sig", naming this key; returns it with "sig" added.
Json sign_dock_statement(Json statement, const crypto::SigningKey& key);
// Checks shape and signature by the key that the statement names.
bool verify_dock_statement(const Json& statement);

}  // namespace lapel::proof
