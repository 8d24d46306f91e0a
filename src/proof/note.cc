// SPDX-License-Identifier: Apache-2.0
#include "proof/note.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json.h"
#include "crypto/sha256.h"
#include "proof/tree.h"

namespace lapel::proof {
namespace {

constexpr std::string_view kSignatureHead = "\u2014 ";  // em dash, space
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kEd25519Bytes = 64;

ByteArray<kKeyIdBytes> big_endian_u32(std::uint32_t value) {
  const auto wide = big_endian_u64(value);
  return *to_array<kKeyIdBytes>(ByteView(wide).subspan(4));
}
std::uint64_t from_big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

bool has_control(std::string_view text, std::string_view allowed) {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    return static_cast<unsigned char>(c) < 0x20 && allowed.find(c) == std::string_view::npos;
  });
}

// The line at the front of `text`, without its newline, taken off; nullopt when there is no newline.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<SignatureLine> parse_signature_line(std::string_view line) {
  if (!line.starts_with(kSignatureHead)) return std::nullopt;
  line.remove_prefix(kSignatureHead.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space))) return std::nullopt;
  const auto bytes = parse_base64(line.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyIdBytes) return std::nullopt;
  SignatureLine out;
  out.name = line.substr(0, space);
  out.key_id = static_cast<std::uint32_t>(from_big_endian(ByteView(*bytes).first(kKeyIdBytes)));
  out.signature.assign(bytes->begin() + kKeyIdBytes, bytes->end());
  return out;
}

bool signed_by_log(const VerifierKey& key, const SignatureLine& line, std::string_view text) {
  const auto signature = to_array<kEd25519Bytes>(line.signature);
  return signature && crypto::verify(key.key, as_bytes(text), *signature);
}

// The time of a cosignature that holds.
std::optional<std::int64_t> cosigned_at(const VerifierKey& key, const SignatureLine& line, std::string_view text) {
  if (line.signature.size() != kTimeBytes + kEd25519Bytes) return std::nullopt;
  const ByteView bytes(line.signature);
  const std::uint64_t time = from_big_endian(bytes.first(kTimeBytes));
  if (time > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  const std::string message = fmt::format("cosignature/v1\ntime {}\n{}", time, text);
  const auto signature = *to_array<kEd25519Bytes>(bytes.subspan(kTimeBytes));
  if (!crypto::verify(key.key, as_bytes(message), signature)) return std::nullopt;
  return static_cast<std::int64_t>(time);
}

bool names_key(const SignatureLine& line, const VerifierKey& key) {
  return line.name == key.name && line.key_id == key.id();
}

tl::unexpected<NoteFailure> failure(std::string reason) {
  return tl::unexpected<NoteFailure>(NoteFailure{std::move(reason)});
}

}  // namespace

bool is_key_name(std::string_view name) {
  // White space of Unicode above ASCII, as UTF-8. A well-formed text contains one exactly where its bytes
  // occur.
  static constexpr std::string_view kSpaces[] = {" ",      "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002",
                                                 "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009",
                                                 "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
  if (name.empty() || !is_utf8(name) || has_control(name, "")) return false;
  if (name.find('+') != std::string_view::npos) return false;
  return std::none_of(std::begin(kSpaces), std::end(kSpaces),
                      [&](std::string_view space) { return name.find(space) != std::string_view::npos; });
}

std::uint32_t VerifierKey::id() const {
  const std::uint8_t type_byte[] = {static_cast<std::uint8_t>(type)};
  const Digest digest = crypto::sha256({as_bytes(name), as_bytes("\n"), ByteView(type_byte), ByteView(key)});
  return static_cast<std::uint32_t>(from_big_endian(ByteView(digest).first(kKeyIdBytes)));
}

std::string VerifierKey::text() const {
  Bytes material = {static_cast<std::uint8_t>(type)};
  material.insert(material.end(), key.begin(), key.end());
  return fmt::format("{}+{}+{}", name, hex(big_endian_u32(id())), base64(material));
}

std::optional<VerifierKey> VerifierKey::parse(std::string_view text) {
  const std::size_t first = text.find('+');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find('+', first + 1);  // base64 may hold more of them
  if (second == std::string_view::npos) return std::nullopt;

  VerifierKey out;
  out.name = text.substr(0, first);
  const auto material = parse_base64_array<33>(text.substr(second + 1));
  if (!is_key_name(out.name) || !material) return std::nullopt;
  out.type = static_cast<KeyType>(material->front());
  if (out.type != KeyType::kLog && out.type != KeyType::kWitness) return std::nullopt;
  out.key = *to_array<32>(ByteView(*material).subspan(1));
  if (!crypto::is_public_key(out.key)) return std::nullopt;
  if (out.text() != text) return std::nullopt;  // a wrong or differently written id
  return out;
}

std::optional<Note> Note::parse(std::string_view bytes) {
  if (bytes.size() > kNoteBytesMax || !is_utf8(bytes) || has_control(bytes, "\n")) return std::nullopt;
  const std::size_t end = bytes.rfind("\n\n");
  if (end == std::string_view::npos) return std::nullopt;
  Note note;
  note.text = bytes.substr(0, end + 1);
  std::string_view rest = bytes.substr(end + 2);
  if (rest.empty()) return std::nullopt;
  while (!rest.empty()) {
    const auto line = take_line(rest);
    if (!line || note.signatures.size() == kNoteSignaturesMax) return std::nullopt;
    auto signature = parse_signature_line(*line);
    if (!signature) return std::nullopt;
    note.signatures.push_back(*std::move(signature));
  }
  return note;
}

std::string Checkpoint::text() const {
  return fmt::format("{}\n{}\n{}\n", origin, size, base64(root));
}

std::optional<Checkpoint> Checkpoint::parse(std::string_view text) {
  const auto origin = take_line(text);
  const auto size_line = take_line(text);
  const auto root_line = take_line(text);
  if (!origin || !size_line || !root_line || !text.empty() || !is_key_name(*origin)) return std::nullopt;
  const auto size = parse_decimal(*size_line);
  const auto root = parse_base64_array<32>(*root_line);
  if (!size || !root) return std::nullopt;
  return Checkpoint{std::string(*origin), *size, *root};
}

std::string sign_checkpoint(const Checkpoint& checkpoint, const crypto::SigningKey& log_key) {
  const VerifierKey key{checkpoint.origin, KeyType::kLog, log_key.public_key()};
  CHECK(is_key_name(key.name));
  const std::string text = checkpoint.text();
  return text + "\n" + signature_line(key, log_key.sign(as_bytes(text)));
}

std::string signature_line(const VerifierKey& key, ByteView signature) {
  const auto id = big_endian_u32(key.id());
  Bytes bytes(id.begin(), id.end());
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return fmt::format("{}{} {}\n", kSignatureHead, key.name, base64(bytes));
}

tl::expected<CheckedCheckpoint, NoteFailure> check_checkpoint(std::string_view bytes, const VerifierKey& log_key,
                                                              const std::vector<VerifierKey>& witnesses) {
  if (log_key.type != KeyType::kLog) return failure("the key given is not a log key");
  for (const VerifierKey& witness : witnesses) {
    if (witness.type != KeyType::kWitness) {
      return failure(fmt::format("the key of {} is not a witness key", witness.name));
    }
  }
  const auto note = Note::parse(bytes);
  if (!note) return failure("the checkpoint is not a signed note");
  const auto checkpoint = Checkpoint::parse(note->text);
  if (!checkpoint) return failure("the signed text is not a checkpoint of three lines");
  if (checkpoint->origin != log_key.name) {
    return failure(fmt::format("the checkpoint is of {}, and the key is of {}", checkpoint->origin, log_key.name));
  }

  if (checkpoint->size == 0 && checkpoint->root != empty_root()) {
    return failure("the checkpoint is of size 0 without being the root of an empty tree");
  }

  bool is_signed = false;
  for (const SignatureLine& line : note->signatures) {
    if (!names_key(line, log_key)) continue;
    if (!signed_by_log(log_key, line, note->text)) return failure("the log's signature does not hold");
    is_signed = true;
  }
  if (!is_signed) return failure("the checkpoint is not signed by the key given");

  CheckedCheckpoint checked{*checkpoint, {}};
  for (const VerifierKey& witness : witnesses) {
    std::optional<std::int64_t> earliest;
    for (const SignatureLine& line : note->signatures) {
      if (!names_key(line, witness)) continue;
      const auto time = cosigned_at(witness, line, note->text);
      if (!time) return failure(fmt::format("the cosignature of {} does not hold", witness.name));
      earliest = std::min(*time, earliest.value_or(*time));
    }
    if (earliest) checked.cosignatures.push_back({witness.name, *earliest});
  }
  return checked;
}

}  // namespace lapel::proof
