// SPDX-License-Identifier: Apache-2.0
#include "proof/entry.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"
#include "crypto/sha256.h"
#include "proof/note.h"

namespace lapel::proof {
namespace {

constexpr std::string_view kPrivateHead = R"({"commitment":")";
constexpr std::string_view kPrivateTail = R"(","v":1})";
constexpr std::string_view kDockDomain = "lapel-dock/v1\n";

// Shapes of values. Each is false for an absent member.
using Shape = bool (*)(const Json& value, std::string_view ledger);

bool is_text(const Json& value, std::string_view) {
  return value.string() && !value.string()->empty();
}
bool is_id(const Json& value, std::string_view) {
  return value.string() && SubjectId::parse(*value.string());
}
bool is_time(const Json& value, std::string_view) {
  return value.string() && parse_ledger_time(*value.string());
}
bool is_hex_digest(const Json& value, std::string_view) {
  return value.string() && parse_hex_array<32>(*value.string());
}
bool is_b64_digest(const Json& value, std::string_view) {
  return value.string() && parse_base64_array<32>(*value.string());
}
bool is_b64_signature(const Json& value, std::string_view) {
  return value.string() && parse_base64_array<64>(*value.string());
}
bool is_count(const Json& value, std::string_view) {
  return value.integer() && *value.integer() >= 0;
}
bool is_positive(const Json& value, std::string_view) {
  return value.integer() && *value.integer() >= 1;
}
bool is_origin(const Json& value, std::string_view) {
  return value.string() && is_key_name(*value.string());
}
bool is_log_key(const Json& value, std::string_view ledger) {
  const auto key = value.string() ? VerifierKey::parse(*value.string()) : std::nullopt;
  return key && key->type == KeyType::kLog && key->name == ledger;
}
bool is_counts(const Json& value, std::string_view ledger) {
  const Json::Object* counts = value.object();
  return counts && std::all_of(counts->begin(), counts->end(),
                               [&](const auto& member) { return is_count(member.second, ledger); });
}
bool is_texts(const Json& value, std::string_view ledger) {
  const Json::Array* texts = value.array();
  return texts && !texts->empty() &&
         std::all_of(texts->begin(), texts->end(), [&](const Json& text) { return is_text(text, ledger); });
}
bool is_chain_start(const Json& value, std::string_view) {
  return value.string() && (*value.string() == "camera" || *value.string() == "dock" || *value.string() == "server");
}

enum class Presence { kRequired, kOptional };
struct Field {
  std::string_view name;
  Shape shape;
  Presence presence = Presence::kRequired;
};
using Fields = std::vector<Field>;

// Every field of `fields` is there (or optional) and has its shape. Other members are not looked at.
bool has_fields(const Json& object, const Fields& fields, std::string_view ledger) {
  if (!object.object()) return false;
  return std::all_of(fields.begin(), fields.end(), [&](const Field& field) {
    const Json* value = object.find(field.name);
    return value ? field.shape(*value, ledger) : field.presence == Presence::kOptional;
  });
}
bool has_no_other(const Json& object, const Fields& fields) {
  const auto& members = *object.object();
  return std::all_of(members.begin(), members.end(), [&](const auto& member) {
    return std::any_of(fields.begin(), fields.end(), [&](const Field& field) { return field.name == member.first; });
  });
}

bool is_previous(const Json& value, std::string_view ledger) {
  static const Fields kFields = {{"origin", is_origin}, {"root", is_b64_digest}, {"size", is_count}};
  return has_fields(value, kFields, {}) && has_no_other(value, kFields) && *value.find_string("origin") != ledger;
}

// The fields of each statement type besides `ledger` and `type`; null for a type that does not exist.
const Fields* statement_fields(std::string_view type) {
  static const std::vector<std::pair<std::string_view, Fields>> kTypes = {
      {"ledger.genesis",
       {{"beat", is_positive},
        {"floor", is_positive},
        {"heads", is_positive},
        {"key", is_log_key},
        {"policy", is_text},
        {"recovery", is_log_key, Presence::kOptional},
        {"previous", is_previous, Presence::kOptional}}},
      {"ledger.key", {{"key", is_log_key}}},
      {"ledger.policy", {{"policy", is_text}}},
      {"ledger.heads", {{"root", is_b64_digest}, {"size", is_positive}}},
      {"ledger.tally", {{"from", is_time}, {"to", is_time}, {"counts", is_counts}}},
      {"policy.adopted", {{"sha256", is_hex_digest}}},
      {"evidence.destroyed", {{"certificates", is_texts}}},
  };
  const auto found = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& row) { return row.first == type; });
  return found == kTypes.end() ? nullptr : &found->second;
}

bool is_statement(const Json& statement) {
  const std::string* type = statement.find_string("type");
  const Json* ledger = statement.find("ledger");
  if (!type || !ledger || !is_origin(*ledger, {})) return false;
  const Fields* fields = statement_fields(*type);
  if (!fields) return false;
  Fields all = *fields;
  all.push_back({"ledger", is_origin});
  all.push_back({"type", is_text});
  return has_fields(statement, all, *ledger->string()) && has_no_other(statement, all);
}

// Both have the member with the same value, or neither has it.
bool same_member(const Json& a, const Json& b, std::string_view name) {
  const Json* left = a.find(name);
  const Json* right = b.find(name);
  return left && right ? *left == *right : left == right;
}

std::string dock_message(Json statement) {
  statement.object()->erase("sig");
  return std::string(kDockDomain) + canonical(statement);
}

}  // namespace

std::string private_entry(const Digest& commitment) {
  std::string entry = fmt::format("{}{}{}", kPrivateHead, base64(commitment), kPrivateTail);
  CHECK(entry.size() == kPrivateEntryBytes);
  return entry;
}

std::string public_entry(const Json& statement) {
  CHECK(is_statement(statement));
  std::string entry = canonical(Json::Object{{"statement", statement}, {"v", 1}});
  CHECK(entry.size() <= kEntryBytesMax);
  return entry;
}

std::optional<Entry> parse_entry(std::string_view bytes) {
  if (bytes.size() > kEntryBytesMax) return std::nullopt;
  if (bytes.starts_with(kPrivateHead)) {
    if (bytes.size() != kPrivateEntryBytes || !bytes.ends_with(kPrivateTail)) return std::nullopt;
    const auto commitment = parse_base64_array<32>(
        bytes.substr(kPrivateHead.size(), bytes.size() - kPrivateHead.size() - kPrivateTail.size()));
    if (!commitment) return std::nullopt;
    return PrivateEntry{*commitment};
  }
  const auto entry = parse_canonical(bytes);
  if (!entry || !entry->object() || entry->object()->size() != 2) return std::nullopt;
  const std::int64_t* version = entry->find_integer("v");
  const Json* statement = entry->find("statement");
  if (!version || *version != 1 || !statement || !is_statement(*statement)) return std::nullopt;
  return PublicEntry{*statement};
}

Salt event_salt(const SubjectKey& subject_key, std::uint64_t n) {
  return crypto::hmac_sha256(subject_key, big_endian_u64(n));
}
Digest commit(const Salt& salt, std::string_view event) {
  return crypto::hmac_sha256(salt, as_bytes(event));
}
Digest padding(const ByteArray<32>& pad_key, std::uint64_t index) {
  return crypto::hmac_sha256(pad_key, big_endian_u64(index));
}

std::optional<Json> parse_event(std::string_view bytes) {
  static const Fields kFields = {{"actor", is_id}, {"at", is_time},    {"ledger", is_origin},
                                 {"n", is_count},  {"subject", is_id}, {"type", is_text}};
  auto event = parse_canonical(bytes);
  if (!event || !has_fields(*event, kFields, {})) return std::nullopt;
  const Json* prev = event->find("prev");
  const bool is_first = *event->find_integer("n") == 0;
  if (is_first != (prev == nullptr) || (prev && !is_b64_digest(*prev, {}))) return std::nullopt;
  // A receipt wraps the event in one more object, under the same limit of depth: what could not be disclosed
  // must not be committed to.
  const Json disclosed = Json::Object{{"event", *event}};
  if (!is_canonical_value(disclosed)) return std::nullopt;
  return event;
}

std::string_view event_fault(const Json& event, std::uint64_t index) {
  const auto is_absent_or = [&](std::string_view name, Shape shape) {
    const Json* value = event.find(name);
    return !value || shape(*value, {});
  };
  if (!is_absent_or("act", is_id)) return "The event's act is no id";
  if (!is_absent_or("actor_ledger", is_text)) return "The event's actor_ledger is no ledger";
  const std::string& type = *event.find_string("type");
  const std::int64_t n = *event.find_integer("n");
  if (type == "attempt") {
    const std::int64_t* of = event.find_integer("of");
    if (!of || *of >= n) return "An attempt names no event before it";
  }
  if (type == "recording.destroyed") {
    const std::int64_t* first = event.find_integer("first");
    const Json* certificate = event.find("certificate");
    if (n == 0 || !certificate || !is_text(*certificate, {})) return "The destruction is malformed";
    if (!first || *first < 1 || static_cast<std::uint64_t>(*first) >= index)
      return "The destruction names no admission before it";
    for (const std::string_view name : {"sha256", "bytes", "received_at", "recorded_at"}) {
      if (event.find(name)) return "The destruction repeats what was to be forgotten";
    }
  }
  return {};
}

std::optional<Admission> parse_admission(const Json& event) {
  static const Fields kFields = {{"sha256", is_hex_digest},
                                 {"bytes", is_count},
                                 {"received_at", is_time},
                                 {"chain_starts_at", is_chain_start},
                                 {"recorded_at", is_time, Presence::kOptional},
                                 {"device", is_id, Presence::kOptional},
                                 {"group", is_id, Presence::kOptional}};
  const std::string* type = event.find_string("type");
  const std::int64_t* n = event.find_integer("n");
  if (!type || *type != "recording.admitted" || !n || *n != 0 || !has_fields(event, kFields, {})) return std::nullopt;

  Admission admission;
  admission.sha256 = *parse_hex_array<32>(*event.find_string("sha256"));
  admission.bytes = static_cast<std::uint64_t>(*event.find_integer("bytes"));
  admission.chain_starts_at = *event.find_string("chain_starts_at");
  admission.dock = event.find("dock");
  if (admission.dock) {
    if (!verify_dock_statement(*admission.dock)) return std::nullopt;
    for (const std::string_view name : {"bytes", "device", "ledger", "sha256"}) {
      if (!same_member(*admission.dock, event, name)) return std::nullopt;
    }
  }
  return admission;
}

Json sign_dock_statement(Json statement, const crypto::SigningKey& key) {
  const std::string* named = statement.find_string("key");
  CHECK(named && *named == base64(key.public_key()) && !statement.find("sig"));
  const crypto::Signature signature = key.sign(as_bytes(dock_message(statement)));
  statement.object()->emplace("sig", base64(signature));
  CHECK(verify_dock_statement(statement));
  return statement;
}

bool verify_dock_statement(const Json& statement) {
  static const Fields kFields = {{"at", is_time},
                                 {"bytes", is_count},
                                 {"camera_at", is_time, Presence::kOptional},
                                 {"device", is_id, Presence::kOptional},
                                 {"file", is_id},
                                 {"key", is_b64_digest},
                                 {"ledger", is_origin},
                                 {"sha256", is_hex_digest},
                                 {"sig", is_b64_signature}};
  if (!is_canonical_value(statement) || !has_fields(statement, kFields, {})) return false;
  const auto key = *parse_base64_array<32>(*statement.find_string("key"));
  const auto signature = *parse_base64_array<64>(*statement.find_string("sig"));
  return crypto::verify(key, as_bytes(dock_message(statement)), signature);
}

}  // namespace lapel::proof
