// SPDX-License-Identifier: Apache-2.0
#include "proof/capture.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace lapel::proof {
namespace {

using Standing = CaptureVerdict::Standing;

constexpr ByteArray<16> kUserType = {0x6f, 0x2a, 0x0e, 0x5c, 0x93, 0xb4, 0x4d, 0x17,
                                     0x8e, 0x61, 0x4c, 0x61, 0x70, 0x65, 0x6c, 0x01};
constexpr std::size_t kBoxHeaderBytes = 8;
constexpr std::size_t kLongHeaderBytes = 16;
constexpr std::size_t kUserHeaderBytes = kCaptureHeaderBytes;
constexpr std::size_t kSignatureBytes = 64;

std::uint64_t read_number(ByteView bytes) {
  std::uint64_t out = 0;
  for (const std::uint8_t byte : bytes) out = out << 8 | byte;
  return out;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_sound(std::string_view word) {
  return is_one_of(word, {kSoundOn, kSoundMuted, kSoundOff, kSoundLost});
}

bool is_text(const std::string& text) {
  return !text.empty() && text.size() <= kCaptureTextBytesMax;
}

// Degrees as decimals: what a reader may print as they stand.
bool is_fix(std::string_view text) {
  return text.size() <= 40 && std::count(text.begin(), text.end(), ',') == 1 &&
         text.find_first_not_of("0123456789.,-") == std::string_view::npos;
}

std::string seconds(std::uint64_t ms) {
  return fmt::format("{}.{} s", ms / 1000, ms % 1000 / 100);
}

}  // namespace

bool is_camera_clock(std::string_view word) {
  return is_one_of(word, {kClockNtp, kClockGnss, kClockNone, kClockSimulated});
}

bool is_capture_header(ByteView header) {
  return header.size() >= kCaptureHeaderBytes && as_text(header.subspan(4, 4)) == "uuid" &&
         std::equal(kUserType.begin(), kUserType.end(), header.begin() + 8);
}

CaptureSigner::CaptureSigner(const crypto::SigningKey& key, CaptureHead head) : key_(key), head_(std::move(head)) {
  head_.key = key_.public_key();
}

Bytes CaptureSigner::sign(ByteView covered, const CaptureFacts& facts) {
  Json::Object json{{"n", count_},
                    {"bytes", covered.size()},
                    {"sha256", hex(crypto::sha256(covered))},
                    {"at", ledger_time(facts.at)},
                    {"clock", facts.clock},
                    {"media_ms", facts.media_ms},
                    {"sound", facts.sound}};
  if (!facts.fix.empty()) json.emplace("fix", facts.fix);
  if (!facts.end.empty()) json.emplace("end", facts.end);
  if (count_ == 0) {
    json.emplace("serial", head_.serial);
    json.emplace("key", hex(head_.key));
    json.emplace("recording", hex(head_.recording));
    json.emplace("video", head_.video);
    json.emplace("audio", head_.audio);
    json.emplace("pre_event_ms", head_.pre_event_ms);
  } else {
    json.emplace("previous", hex(last_));
  }
  std::string text(kCaptureDomain);
  text += canonical(Json(std::move(json)));
  text += '\n';
  const crypto::Signature signature = key_.sign(as_bytes(text));
  const std::size_t payload_bytes = text.size() + signature.size();
  CHECK(payload_bytes <= kCapturePayloadBytesMax);

  Bytes box;
  box.reserve(kUserHeaderBytes + payload_bytes);
  const auto length = big_endian_u64(kUserHeaderBytes + payload_bytes);
  box.insert(box.end(), length.begin() + 4, length.end());
  const ByteView type = as_bytes("uuid");
  box.insert(box.end(), type.begin(), type.end());
  box.insert(box.end(), kUserType.begin(), kUserType.end());
  const ByteView signed_text = as_bytes(text);
  box.insert(box.end(), signed_text.begin(), signed_text.end());
  box.insert(box.end(), signature.begin(), signature.end());
  last_ = crypto::sha256(ByteView(box).subspan(kUserHeaderBytes));
  ++count_;
  return box;
}

void CaptureVerifier::feed(ByteView bytes) {
  while (!bytes.empty()) {
    if (is_refused_) {
      verdict_.bytes += bytes.size();
      return;
    }
    if (skip_ > 0 || is_rest_) {
      const std::size_t some = is_rest_ ? bytes.size() : std::min<std::uint64_t>(skip_, bytes.size());
      covered_.update(bytes.first(some));
      covered_bytes_ += some;
      verdict_.bytes += some;
      if (!is_rest_) skip_ -= some;
      bytes = bytes.subspan(some);
      continue;
    }
    if (held_.empty() && !is_payload_) box_at_ = verdict_.bytes;
    const std::size_t some = std::min(wanted_ - held_.size(), bytes.size());
    held_.insert(held_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(some));
    verdict_.bytes += some;
    bytes = bytes.subspan(some);
    if (held_.size() < wanted_) continue;
    if (is_payload_) {
      take_signature();
    } else {
      take_header();
    }
  }
}

void CaptureVerifier::take_header() {
  const ByteView header(held_);
  const std::uint64_t short_length = read_number(header.first(4));
  const std::string_view type = as_text(header.subspan(4, 4));
  const bool may_be_ours = type == "uuid" && short_length >= kUserHeaderBytes;
  std::uint64_t length = short_length;
  if (short_length == 1) {
    if (held_.size() < kLongHeaderBytes) {
      wanted_ = kLongHeaderBytes;
      return;
    }
    length = read_number(header.subspan(8, 8));
  } else if (may_be_ours) {
    if (held_.size() < kUserHeaderBytes) {
      wanted_ = kUserHeaderBytes;
      return;
    }
    if (is_capture_header(header)) {
      const std::uint64_t payload = length - kUserHeaderBytes;
      if (payload <= kCaptureDomain.size() + kSignatureBytes || payload > kCapturePayloadBytesMax) {
        refuse("a signature box has a length that none has");
        return;
      }
      held_.clear();
      wanted_ = payload;
      is_payload_ = true;
      return;
    }
  }
  covered_.update(header);
  covered_bytes_ += header.size();
  // A box that reaches to the end of the file, or one that cannot be: what follows is not told apart any more.
  is_rest_ = length < held_.size();
  if (!is_rest_) skip_ = length - held_.size();
  held_.clear();
  wanted_ = kBoxHeaderBytes;
}

bool CaptureVerifier::refuse(std::string breach) {
  verdict_.breach = std::move(breach);
  verdict_.breach_at = box_at_;
  is_refused_ = true;
  held_.clear();
  return false;
}

void CaptureVerifier::take_signature() {
  const Bytes payload = std::exchange(held_, {});
  is_payload_ = false;
  wanted_ = kBoxHeaderBytes;
  const std::string_view text = as_text(ByteView(payload).first(payload.size() - kSignatureBytes));
  const bool is_framed = text.starts_with(kCaptureDomain) && text.ends_with('\n');
  const auto json = is_framed
                        ? parse_canonical(text.substr(kCaptureDomain.size(), text.size() - kCaptureDomain.size() - 1))
                        : std::nullopt;
  if (!json || !json->object()) {
    refuse("a signature box is not of the format");
    return;
  }
  if (!check(*json, payload)) return;
  verdict_.last = crypto::sha256(payload);
  verdict_.signed_bytes = verdict_.bytes;
  ++verdict_.boxes;
  covered_ = crypto::Sha256();
  covered_bytes_ = 0;
}

bool CaptureVerifier::check(const Json& json, ByteView payload) {
  const bool is_first = verdict_.boxes == 0;
  const auto number = [&](std::string_view name) { return json.find_integer(name); };
  const auto word = [&](std::string_view name) { return json.find_string(name); };
  const std::int64_t *n = number("n"), *bytes = number("bytes"), *media_ms = number("media_ms");
  const std::string *sha256 = word("sha256"), *at_text = word("at"), *clock = word("clock"), *sound = word("sound");
  const std::string *fix = word("fix"), *end = word("end"), *previous = word("previous");
  const auto at = at_text ? parse_ledger_time(*at_text) : std::nullopt;
  std::size_t members = 7;
  for (const char* name : {"fix", "end"}) members += json.find(name) != nullptr;
  bool is_shaped = n && bytes && media_ms && sha256 && at && clock && is_camera_clock(*clock) && sound &&
                   is_sound(*sound) && (!json.find("fix") || (fix && is_fix(*fix))) &&
                   (!json.find("end") || (end && is_text(*end)));
  CaptureHead head;
  if (is_first) {
    const std::string *serial = word("serial"), *key = word("key"), *recording = word("recording"),
                      *video = word("video"), *audio = word("audio");
    const std::int64_t* pre_event_ms = number("pre_event_ms");
    const auto key_bytes = key ? parse_hex_array<32>(*key) : std::nullopt;
    const auto id = recording ? parse_hex_array<16>(*recording) : std::nullopt;
    members += 6;
    if (json.find("n") && n && *n != 0) return refuse("the first signature is not the first of its recording");
    is_shaped = is_shaped && serial && is_text(*serial) && key_bytes && id && video &&
                is_one_of(*video, {"h264", "h265"}) && audio && is_one_of(*audio, {"aac", "none"}) && pre_event_ms;
    if (is_shaped) {
      head = {*serial, *key_bytes, *id, *video, *audio, static_cast<std::uint64_t>(*pre_event_ms)};
    }
  } else {
    members += 1;
    is_shaped = is_shaped && previous && parse_hex_array<32>(*previous);
  }
  if (!is_shaped || json.object()->size() != members) return refuse("a signature box is not of the format");

  if (is_first && !trusted_) trusted_ = head.key;
  if (is_first && head.key != *trusted_) {
    return refuse(fmt::format("it names another key, {}, than the one that was given", hex(head.key)));
  }
  const auto signature = to_array<kSignatureBytes>(payload.last(kSignatureBytes));
  if (!crypto::verify(*trusted_, payload.first(payload.size() - kSignatureBytes), *signature)) {
    return refuse("a signature is not by the key that was given");
  }
  // From here on the camera did say so: what does not fit was changed, left out, or moved since.
  if (!verdict_.end.empty()) return refuse("a signature follows the end that the camera signed");
  const std::string last = hex(verdict_.last);
  if (!is_first && (static_cast<std::uint64_t>(*n) != verdict_.boxes || *previous != last)) {
    return refuse(
        fmt::format("signature {} follows signature {}: fragments were left out, moved or taken from elsewhere", *n,
                    verdict_.boxes - 1));
  }
  if (static_cast<std::uint64_t>(*bytes) != covered_bytes_) {
    return refuse(fmt::format("{} bytes stand before signature {}, which signed {}", covered_bytes_, *n, *bytes));
  }
  if (*sha256 != hex(covered_.finish())) {
    return refuse(fmt::format("the bytes before signature {} are not those that it signed", *n));
  }
  const auto media = static_cast<std::uint64_t>(*media_ms);
  if (media < verdict_.media_ms) return refuse(fmt::format("signature {} goes back in the time of the media", *n));

  if (is_first) {
    verdict_.head = std::move(head);
    verdict_.first_at = *at;
  } else {
    verdict_.went_back = verdict_.went_back || *at < verdict_.last_at;
  }
  verdict_.last_at = *at;
  ++verdict_.clocks[*clock];
  if (media > verdict_.media_ms) verdict_.sounds[*sound] += media - verdict_.media_ms;
  verdict_.media_ms = media;
  if (end) verdict_.end = *end;
  return true;
}

CaptureVerdict CaptureVerifier::finish() {
  if (is_refused_) {
    verdict_.standing = Standing::kBreach;
  } else if (verdict_.boxes == 0) {
    verdict_.standing = Standing::kUnsigned;
  } else if (verdict_.bytes > verdict_.signed_bytes) {
    verdict_.standing = Standing::kInPart;
    if (!verdict_.end.empty()) {
      box_at_ = verdict_.signed_bytes;
      refuse("bytes follow the end that the camera signed");
      verdict_.standing = Standing::kBreach;
    }
  } else {
    verdict_.standing = verdict_.end.empty() ? Standing::kCut : Standing::kWhole;
  }
  return std::move(verdict_);
}

std::string_view capture_standing_name(Standing standing) {
  constexpr std::array<std::string_view, 5> kNames = {"whole", "cut", "in_part", "unsigned", "breach"};
  return kNames[static_cast<std::size_t>(standing)];
}

std::vector<std::string> capture_words(const CaptureVerdict& verdict) {
  std::vector<std::string> out;
  if (verdict.standing == Standing::kUnsigned) {
    out.push_back("No lapel-camera has signed this file");
    return out;
  }
  if (verdict.standing == Standing::kBreach) {
    out.push_back(fmt::format("At byte {}: {}", verdict.breach_at, verdict.breach));
    if (!verdict.head) return out;
    out.push_back(
        fmt::format("Before it {} signatures hold, over the first {} bytes", verdict.boxes, verdict.signed_bytes));
  }
  const std::string_view audio = verdict.head->audio;
  out.push_back(fmt::format("Camera {}, recording {}, {} and {}", verdict.head->serial, hex(verdict.head->recording),
                            verdict.head->video, audio == "none" ? "no sound" : audio));
  out.push_back(fmt::format("{} signatures from {} to {}, over {} of footage, {} of it before activation",
                            verdict.boxes, ledger_time(verdict.first_at), ledger_time(verdict.last_at),
                            seconds(verdict.media_ms),
                            seconds(std::min(verdict.head->pre_event_ms, verdict.media_ms))));
  std::string clocks, sounds;
  for (const auto& [clock, count] : verdict.clocks) {
    const std::string_view meaning = clock == kClockNtp    ? "synchronized by NTP"
                                     : clock == kClockGnss ? "in agreement with a GNSS receiver"
                                     : clock == kClockNone ? "set by nothing that it knew"
                                                           : "simulated: these are no times of the world";
    clocks += fmt::format("{}{} ({})", clocks.empty() ? "" : ", ", meaning, count);
  }
  out.push_back(
      fmt::format("The camera's clock was {}{}", clocks, verdict.went_back ? ", and went back in between" : ""));
  for (const auto& [sound, ms] : verdict.sounds) {
    sounds += fmt::format("{}{} {}", sounds.empty() ? "" : ", ", sound, seconds(ms));
  }
  if (!sounds.empty()) out.push_back("Sound: " + sounds);
  if (verdict.standing == Standing::kWhole) out.push_back("Ended by the camera: " + verdict.end);
  if (verdict.standing == Standing::kCut) {
    out.push_back("Cut off after that: the camera's end is missing, and more may have been recorded");
  }
  if (verdict.standing == Standing::kInPart) {
    out.push_back(
        fmt::format("The last {} bytes bear no signature and prove nothing, though a player may show them. The "
                    "first {} bytes alone are a file that verifies",
                    verdict.bytes - verdict.signed_bytes, verdict.signed_bytes));
  }
  return out;
}

}  // namespace lapel::proof
