// SPDX-License-Identifier: Apache-2.0
#include "dock/item.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "http/tus_client.h"
#include "proof/entry.h"
#include "proof/receipt.h"

namespace lapel::dock {
namespace {

constexpr std::string_view kFormat = "lapel-dock-item/2";
constexpr std::string_view kFormat1 = "lapel-dock-item/1";  // of docks that had one key for all copies, and no profiles
constexpr std::size_t kSaidMax = 32;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~' || c == '/';
}

bool is_metadata_key(std::string_view key) {
  return !key.empty() && key.size() <= 64 &&
         std::all_of(key.begin(), key.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

std::optional<int> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// Names are data: text where they are text, escaped where they are not, cut where they are endless.
std::string metadata_text(std::string_view name) {
  std::string out = is_utf8(name) && name.size() <= limits::kFieldBytesMax ? std::string(name) : percent_encoded(name);
  if (out.size() > limits::kFieldBytesMax) out.resize(limits::kFieldBytesMax);
  return out;
}

// Of a camera's clock that may say anything; a ledger's times have four digits for the year.
std::optional<std::string> ledger_text(Timestamp time) {
  constexpr std::int64_t kEndUs = 253'402'300'800LL * 1'000'000;
  return time.us >= 0 && time.us < kEndUs ? std::optional(ledger_time(time)) : std::nullopt;
}

}  // namespace

std::string percent_encoded(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (is_plain(c)) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_plain(text[i])) {
      out.push_back(text[i]);
      continue;
    }
    const auto high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : std::nullopt;
    const auto low = high ? hex_value(text[i + 2]) : std::nullopt;
    if (!low) return std::nullopt;
    out.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  return out;
}

std::string Item::text() const {
  Json::Object fields = {
      {"format", kFormat},          {"file", file.text()},   {"path", percent_encoded(path)},      {"bytes", bytes},
      {"modified_us", modified_us}, {"sha256", hex(sha256)}, {"copied_at", ledger_time(copied_at)}};
  if (serial) fields.emplace("serial", *serial);
  if (statement) fields.emplace("statement", *statement);
  if (upload) fields.emplace("upload", upload->text());
  if (recording) fields.emplace("recording", recording->text());
  if (wrapped_key) fields.emplace("key", hex(*wrapped_key));
  if (!take.empty()) fields.emplace("take", percent_encoded(take));
  if (part != 0) fields.emplace("part", part);
  if (is_side_car) fields.emplace("side_car", true);
  if (leader) fields.emplace("leader", leader->text());
  if (recorded_at) fields.emplace("recorded_us", recorded_at->us);
  if (!said.empty()) {
    Json::Object words;
    for (const auto& [key, value] : said) words.emplace(key, value);
    fields.emplace("said", std::move(words));
  }
  return to_json(Json(std::move(fields))) + "\n";
}

std::optional<Item> Item::parse(std::string_view text) {
  const auto json = parse_json(text, {kItemBytesMax, 8});
  if (!json || !json->object()) return std::nullopt;
  const std::string* format = json->find_string("format");
  const std::string* file_text = json->find_string("file");
  const std::string* path_text = json->find_string("path");
  const std::int64_t* byte_count = json->find_integer("bytes");
  const std::int64_t* modified = json->find_integer("modified_us");
  const std::string* sha256_text = json->find_string("sha256");
  const std::string* copied = json->find_string("copied_at");
  if (!format || (*format != kFormat && *format != kFormat1) || !file_text || !path_text || !byte_count ||
      *byte_count < 0 || !modified || !sha256_text || !copied) {
    return std::nullopt;
  }
  const auto id = FileId::parse(*file_text);
  const auto decoded = percent_decoded(*path_text);
  const auto digest = parse_hex_array<32>(*sha256_text);
  const auto time = parse_ledger_time(*copied);
  if (!id || !decoded || !digest || !time) return std::nullopt;
  Item item;
  item.file = *id;
  item.path = *decoded;
  item.bytes = static_cast<std::uint64_t>(*byte_count);
  item.modified_us = *modified;
  item.sha256 = *digest;
  item.copied_at = *time;
  if (const std::string* text_of = json->find_string("serial")) item.serial = *text_of;
  if (const Json* signed_one = json->find("statement")) {
    if (!proof::verify_dock_statement(*signed_one)) return std::nullopt;
    item.statement = *signed_one;
  }
  if (const std::string* text_of = json->find_string("upload")) {
    item.upload = UploadId::parse(*text_of);
    if (!item.upload) return std::nullopt;
  }
  if (const std::string* text_of = json->find_string("recording")) {
    item.recording = RecordingId::parse(*text_of);
    if (!item.recording) return std::nullopt;
  }
  if (const std::string* text_of = json->find_string("key")) {
    item.wrapped_key = parse_hex(*text_of);
    if (!item.wrapped_key || item.wrapped_key->empty()) return std::nullopt;
  }
  if (const std::string* text_of = json->find_string("take")) {
    const auto take = percent_decoded(*text_of);
    if (!take || take->empty()) return std::nullopt;
    item.take = *take;
  }
  if (const std::int64_t* value = json->find_integer("part")) item.part = *value;
  if (const Json* value = json->find("side_car")) item.is_side_car = value->boolean() && *value->boolean();
  if (const std::string* text_of = json->find_string("leader")) {
    item.leader = FileId::parse(*text_of);
    if (!item.leader) return std::nullopt;
  }
  if (const std::int64_t* value = json->find_integer("recorded_us")) item.recorded_at = Timestamp{*value};
  if (const Json* words = json->find("said")) {
    if (!words->object() || words->object()->size() > kSaidMax) return std::nullopt;
    for (const auto& [key, value] : *words->object()) {
      if (!value.string() || !is_metadata_key(key)) return std::nullopt;
      item.said.emplace(key, *value.string());
    }
  }
  return item;
}

Json make_statement(const Item& item, const std::string& origin, const std::optional<DeviceId>& device,
                    const crypto::SigningKey& key) {
  Json::Object fields = {{"at", ledger_time(item.copied_at)}, {"bytes", item.bytes}, {"file", item.file.text()},
                         {"key", base64(key.public_key())},   {"ledger", origin},    {"sha256", hex(item.sha256)}};
  if (device) fields.emplace("device", device->text());
  return proof::sign_dock_statement(Json(std::move(fields)), key);
}

std::string upload_metadata(const Item& item, const std::optional<RecordingId>& group) {
  CHECK(item.statement.has_value());
  std::vector<std::pair<std::string_view, std::string>> pairs;
  const std::size_t slash = item.path.rfind('/');
  pairs.emplace_back("filename", metadata_text(slash == std::string::npos ? item.path : item.path.substr(slash + 1)));
  if (slash != std::string::npos) pairs.emplace_back("path", metadata_text(item.path));
  pairs.emplace_back("sha256", hex(item.sha256));
  if (const auto recorded_at = ledger_text(item.recorded_at.value_or(Timestamp{item.modified_us})))
    pairs.emplace_back("recorded_at", *recorded_at);
  if (item.serial) pairs.emplace_back("device", *item.serial);
  if (group) pairs.emplace_back("group", group->text());
  for (const auto& [key, value] : item.said) pairs.emplace_back(key, metadata_text(value));
  pairs.emplace_back("dock", canonical(*item.statement));
  return http::tus_metadata(pairs);
}

Result<RecordingId> check_receipt(std::string_view receipt, const Item& item, const proof::VerifierKey& ledger,
                                  const crypto::PublicKey& dock) {
  CHECK(item.statement.has_value());
  const auto refuse = [&](const std::string& reason) {
    return fail(problems::kProofInvalid, fmt::format("The receipt does not verify: {}", printable(reason)),
                printable(item.path));
  };
  // Origin, signature, inclusion, digest, length, and that a statement in it agrees with the event.
  const auto verified = proof::verify_admission(receipt, {ledger, {}}, item.sha256, item.bytes);
  if (!verified) return refuse(verified.error().reason);
  const auto admission = proof::parse_admission(verified->event);
  CHECK(admission.has_value());
  if (!admission->dock) return refuse("it does not hold this dock's statement");
  // The statement names key, ledger, file, digest and length, so that equality leaves nothing open.
  if (*admission->dock != *item.statement || *item.statement->find_string("key") != base64(dock)) {
    return refuse("the dock's statement in it is not the one that this dock signed");
  }
  const auto recording = RecordingId::parse(*verified->event.find_string("subject"));
  CHECK(recording.has_value());
  return *recording;
}

}  // namespace lapel::dock
