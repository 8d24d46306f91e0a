// SPDX-License-Identifier: Apache-2.0
#include "protocol/signature.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/clock.h"
#include "protocol/media.h"
#include "protocol/members.h"

namespace lapel::protocol {
namespace {

constexpr std::int64_t kCountMax = std::int64_t{1} << 52;

constexpr std::array kSchemes = {
    Name<SignatureScheme>{SignatureScheme::kNone, "none"},
    Name<SignatureScheme>{SignatureScheme::kAxisSignedVideo, "axis_signed_video"},
    Name<SignatureScheme>{SignatureScheme::kOnvifMediaSigning, "onvif_media_signing"},
    Name<SignatureScheme>{SignatureScheme::kLapelCamera, "lapel_camera"},
};
constexpr std::array kVerdicts = {
    Name<SignatureVerdict>{SignatureVerdict::kUnsigned, "unsigned"},
    Name<SignatureVerdict>{SignatureVerdict::kSignedButUnchecked, "signed_but_unchecked"},
    Name<SignatureVerdict>{SignatureVerdict::kAltered, "altered"},
    Name<SignatureVerdict>{SignatureVerdict::kVerifiedWithGaps, "verified_with_gaps"},
    Name<SignatureVerdict>{SignatureVerdict::kVerified, "verified"},
};
constexpr std::array kGapKinds = {
    Name<SignatureGapKind>{SignatureGapKind::kAltered, "altered"},
    Name<SignatureGapKind>{SignatureGapKind::kOutOfOrder, "out_of_order"},
    Name<SignatureGapKind>{SignatureGapKind::kMissing, "missing"},
    Name<SignatureGapKind>{SignatureGapKind::kUncovered, "uncovered"},
    Name<SignatureGapKind>{SignatureGapKind::kRestarted, "restarted"},
    Name<SignatureGapKind>{SignatureGapKind::kHidden, "hidden"},
};

struct ReasonRow {
  UncheckedReason value;
  std::string_view text, sentence;
};
constexpr std::array kReasons = {
    ReasonRow{UncheckedReason::kOldForm, "old_form", "it is Axis Signed Video of a form before version 2"},
    ReasonRow{UncheckedReason::kUnknownForm, "unknown_form",
              "its signing messages are of a form that Lapel does not know, or damaged"},
    ReasonRow{UncheckedReason::kNoKey, "no_key", "the file does not bring the key that would check it"},
    ReasonRow{UncheckedReason::kUnknownKey, "unknown_key", "its key is of a kind that Lapel does not check"},
    ReasonRow{UncheckedReason::kTooShort, "too_short",
              "no run of pictures is in this file together with the signature that covers it"},
    ReasonRow{UncheckedReason::kCodec, "codec", "it signs AV1 footage"},
};

// Every number of the model, so that writer and reader cannot differ.
struct CountRow {
  const char* name;
  std::int64_t MediaSignature::*member;
};
constexpr std::array kCounts = {
    CountRow{"pictures", &MediaSignature::pictures},
    CountRow{"pictures_valid", &MediaSignature::pictures_valid},
    CountRow{"pictures_altered", &MediaSignature::pictures_altered},
    CountRow{"pictures_uncovered", &MediaSignature::pictures_uncovered},
    CountRow{"pictures_at_start", &MediaSignature::pictures_at_start},
    CountRow{"pictures_at_end", &MediaSignature::pictures_at_end},
    CountRow{"units_missing", &MediaSignature::units_missing},
    CountRow{"groups_missing", &MediaSignature::groups_missing},
    CountRow{"groups_valid", &MediaSignature::groups_valid},
    CountRow{"groups_altered", &MediaSignature::groups_altered},
    CountRow{"order_breaks", &MediaSignature::order_breaks},
    CountRow{"restarts", &MediaSignature::restarts},
    CountRow{"units_hidden", &MediaSignature::units_hidden},
    CountRow{"signatures", &MediaSignature::signatures},
    CountRow{"signatures_wrong", &MediaSignature::signatures_wrong},
    CountRow{"covered_from_ms", &MediaSignature::covered_from_ms},
    CountRow{"covered_to_ms", &MediaSignature::covered_to_ms},
    CountRow{"duration_ms", &MediaSignature::duration_ms},
    CountRow{"gaps_left_out", &MediaSignature::gaps_left_out},
};
struct FlagRow {
  const char* name;
  bool MediaSignature::*member;
};
constexpr std::array kFlags = {
    FlagRow{"attested", &MediaSignature::is_attested},        FlagRow{"key_changed", &MediaSignature::is_key_changed},
    FlagRow{"other_video", &MediaSignature::has_other_video}, FlagRow{"sound", &MediaSignature::has_sound},
    FlagRow{"cut_off", &MediaSignature::is_cut_off},
};

bool is_printable(const std::string& text, std::size_t bytes_max) {
  return text.size() <= bytes_max && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string printable(Members& members, std::string_view key, std::size_t bytes_max = kSignatureTextMax) {
  const Json* member = members.take(key);
  const std::string* text = member ? member->string() : nullptr;
  if (text != nullptr && is_printable(*text, bytes_max)) return *text;
  members.refuse(key);
  return {};
}

Digest digest(Members& members, std::string_view key) {
  const auto read = parse_hex_array<32>(printable(members, key));
  if (!read) members.refuse(key);
  return read.value_or(Digest{});
}

Result<SignatureKey> parse_key(const Json& value) {
  Members members(value);
  SignatureKey key;
  key.sha256 = digest(members, "sha256");
  key.kind = printable(members, "kind", 32);
  // Lines of printable letters: the one text that has more than one.
  const Json* pem = members.take("pem");
  const std::string* text = pem ? pem->string() : nullptr;
  const auto is_plain = [](char c) { return (c >= ' ' && c <= '~') || c == '\n'; };
  if (text == nullptr || text->size() > kSignatureKeyPemBytesMax ||
      !std::all_of(text->begin(), text->end(), is_plain)) {
    members.refuse("pem");
  } else {
    key.pem = *text;
  }
  TRY(members.finish("key of a signature"));
  return key;
}

Result<SignatureProduct> parse_product(const Json& value) {
  Members members(value);
  SignatureProduct product;
  product.hardware = printable(members, "hardware");
  product.firmware = printable(members, "firmware");
  product.serial = printable(members, "serial");
  product.maker = printable(members, "maker");
  TRY(members.finish("product of a signature"));
  return product;
}

Result<SignatureGap> parse_gap(const Json& value) {
  Members members(value);
  SignatureGap gap;
  gap.kind = members.one_of("kind", kGapKinds);
  gap.from_ms = members.integer("from_ms", 0, kMediaDurationMsMax);
  gap.to_ms = members.integer("to_ms", gap.from_ms, kMediaDurationMsMax);
  gap.pictures = members.integer("pictures", 0, kCountMax);
  TRY(members.finish("gap of a signature"));
  return gap;
}

// "3 min 7 s", to the tenth below a minute.
std::string moment(std::int64_t ms) {
  const std::int64_t seconds = ms / 1000;
  if (seconds < 60) return fmt::format("{}.{} s", seconds, ms % 1000 / 100);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min {} s", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string counted(std::int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}
std::string pictures(std::int64_t count) {
  return counted(count, "picture", "pictures");
}

std::string_view scheme_words(SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::kNone:
      break;
    case SignatureScheme::kAxisSignedVideo:
      return "Axis Signed Video";
    case SignatureScheme::kOnvifMediaSigning:
      return "ONVIF Media Signing";
    case SignatureScheme::kLapelCamera:
      return "Lapel camera";
  }
  return "no scheme";
}

std::string_view reason_words(UncheckedReason reason) {
  const auto row =
      std::find_if(kReasons.begin(), kReasons.end(), [&](const ReasonRow& r) { return r.value == reason; });
  CHECK(row != kReasons.end());
  return row->sentence;
}

// Where the first of a kind is; of those that there was room for.
std::string first_place(const MediaSignature& signature, SignatureGapKind kind) {
  const auto gap = std::find_if(signature.gaps.begin(), signature.gaps.end(),
                                [&](const SignatureGap& one) { return one.kind == kind; });
  return gap == signature.gaps.end() ? "" : fmt::format(", first at {}", moment(gap->from_ms));
}

void say_what_is_wrong(const MediaSignature& signature, std::string& out) {
  if (!signature.breach.empty()) out += fmt::format(" What does not hold: {}.", signature.breach);
  if (signature.pictures_altered > 0) {
    out += fmt::format(
        " {} not what was signed{}.",
        signature.pictures_altered == 1 ? "1 picture is" : fmt::format("{} pictures are", signature.pictures_altered),
        first_place(signature, SignatureGapKind::kAltered));
  }
  if (signature.signatures_wrong > 0) {
    out += fmt::format(" {} damaged, or not made with the key that the file brings.",
                       signature.signatures_wrong == 1 ? "1 signature was"
                                                       : fmt::format("{} signatures were", signature.signatures_wrong));
  }
  if (signature.is_key_changed) out += " The file brings more than one key, which no camera does on its own.";
  if (signature.order_breaks > 0) {
    out += fmt::format(" Runs of pictures do not follow each other as they were signed{}.",
                       first_place(signature, SignatureGapKind::kOutOfOrder));
  }
}

void say_what_is_not_covered(const MediaSignature& signature, std::string& out) {
  if (signature.units_missing > 0) {
    out +=
        fmt::format(" {} of picture that {} signed {} not in the file{}.",
                    counted(signature.units_missing, "piece", "pieces"), signature.units_missing == 1 ? "was" : "were",
                    signature.units_missing == 1 ? "is" : "are", first_place(signature, SignatureGapKind::kMissing));
  }
  if (signature.groups_missing > 0) {
    out +=
        fmt::format(" {} of pictures between those that are here {} signed and {} not in the file{}.",
                    counted(signature.groups_missing, "run", "runs"), signature.groups_missing == 1 ? "was" : "were",
                    signature.groups_missing == 1 ? "is" : "are", first_place(signature, SignatureGapKind::kMissing));
  }
  if (signature.pictures_uncovered > 0) {
    out +=
        fmt::format(" {} no signature, and could be anything{}.",
                    signature.pictures_uncovered == 1 ? "1 picture has"
                                                      : fmt::format("{} pictures have", signature.pictures_uncovered),
                    first_place(signature, SignatureGapKind::kUncovered));
  }
  if (signature.units_hidden > 0 && signature.scheme == SignatureScheme::kLapelCamera) {
    out += " Bytes at its end have no signature, and prove nothing.";
  } else if (signature.units_hidden > 0) {
    out += fmt::format(" {} of footage {} signed by nobody and may be shown, left out or shown again by a player{}.",
                       counted(signature.units_hidden, "piece", "pieces"), signature.units_hidden == 1 ? "is" : "are",
                       first_place(signature, SignatureGapKind::kHidden));
  }
  if (signature.restarts > 0) {
    out += fmt::format(" The camera began to sign anew on the way{}: what lies between is not shown.",
                       first_place(signature, SignatureGapKind::kRestarted));
  }
  if (signature.has_other_video) out += " The file has further video, which was not checked.";
}

void say_bounds(const MediaSignature& signature, std::string& out) {
  if (signature.scheme == SignatureScheme::kLapelCamera) {
    out += " Every byte up to the last signature that holds is covered, sound and the file's own times as well.";
    if (signature.is_cut_off) out += " The camera's own end is missing: more may have been recorded.";
    return;
  }
  if (signature.pictures_at_start > 0) {
    out +=
        fmt::format(" The first {} no whole signature in this file.",
                    signature.pictures_at_start == 1 ? "picture has"
                                                     : fmt::format("{} have", pictures(signature.pictures_at_start)));
  }
  if (signature.pictures_at_end > 0) {
    out += fmt::format(
        " The last {} not covered: a camera signs a run of pictures when the next begins.",
        signature.pictures_at_end == 1 ? "picture is" : fmt::format("{} are", pictures(signature.pictures_at_end)));
  }
  out += signature.has_sound ? " Sound is not covered by this scheme, nor are the file's own times and texts."
                             : " The file's own times and texts are not covered by this scheme.";
}

}  // namespace

SignatureVerdict verdict_of(const MediaSignature& signature) {
  if (signature.scheme == SignatureScheme::kNone) return SignatureVerdict::kUnsigned;
  if (signature.pictures_altered > 0 || signature.groups_altered > 0 || signature.signatures_wrong > 0 ||
      signature.order_breaks > 0 || signature.is_key_changed)
    return SignatureVerdict::kAltered;
  if (signature.unchecked || signature.groups_valid == 0) return SignatureVerdict::kSignedButUnchecked;
  const bool has_gaps = signature.units_missing > 0 || signature.groups_missing > 0 ||
                        signature.pictures_uncovered > 0 || signature.units_hidden > 0 || signature.restarts > 0 ||
                        signature.has_other_video;
  return has_gaps ? SignatureVerdict::kVerifiedWithGaps : SignatureVerdict::kVerified;
}

std::string_view verdict_name(SignatureVerdict verdict) {
  return name_in(kVerdicts, verdict);
}
std::string_view scheme_name(SignatureScheme scheme) {
  return name_in(kSchemes, scheme);
}
std::string_view gap_name(SignatureGapKind kind) {
  return name_in(kGapKinds, kind);
}

std::string sentence_of(const MediaSignature& signature) {
  const std::string_view scheme = scheme_words(signature.scheme);
  std::string out;
  switch (verdict_of(signature)) {
    case SignatureVerdict::kUnsigned:
      return "No camera's signature was found in this file.";
    case SignatureVerdict::kSignedButUnchecked: {
      const UncheckedReason reason = signature.unchecked.value_or(UncheckedReason::kTooShort);
      return fmt::format(
          "The file is signed in a way that Lapel does not check: {} ({}). This says neither that it is "
          "sound nor that it is not.",
          reason_words(reason), scheme);
    }
    case SignatureVerdict::kAltered:
      out = fmt::format("This is not the footage as it was signed ({}).", scheme);
      say_what_is_wrong(signature, out);
      if (signature.pictures_valid > 0) {
        out += fmt::format(" {} of {} are as signed.", signature.pictures_valid, pictures(signature.pictures));
      }
      say_what_is_not_covered(signature, out);
      break;
    case SignatureVerdict::kVerifiedWithGaps:
      out = fmt::format("What is covered is as it was signed ({}): {} of {}, from {} to {}. But not all is covered.",
                        scheme, signature.pictures_valid, pictures(signature.pictures),
                        moment(signature.covered_from_ms), moment(signature.covered_to_ms));
      say_what_is_not_covered(signature, out);
      break;
    case SignatureVerdict::kVerified:
      out = fmt::format("The pictures are as they were signed ({}): {} of {}, from {} to {}.", scheme,
                        signature.pictures_valid, pictures(signature.pictures), moment(signature.covered_from_ms),
                        moment(signature.covered_to_ms));
      break;
  }
  say_bounds(signature, out);
  return out;
}

Json to_json_value(const MediaSignature& signature) {
  Json::Object out;
  out["scheme"] = scheme_name(signature.scheme);
  out["verdict"] = verdict_name(verdict_of(signature));
  if (signature.unchecked) out["unchecked"] = name_in(kReasons, *signature.unchecked);
  out["version"] = signature.version;
  out["hash"] = signature.hash;
  if (!signature.breach.empty()) out["breach"] = signature.breach;
  if (signature.key) {
    out["key"] = Json::Object{
        {"sha256", hex(signature.key->sha256)}, {"kind", signature.key->kind}, {"pem", signature.key->pem}};
  }
  Json::Array chain;
  for (const std::string& subject : signature.chain) chain.emplace_back(subject);
  out["chain"] = std::move(chain);
  if (signature.vouched_by) out["vouched_by"] = hex(*signature.vouched_by);
  if (signature.product) {
    out["product"] = Json::Object{{"hardware", signature.product->hardware},
                                  {"firmware", signature.product->firmware},
                                  {"serial", signature.product->serial},
                                  {"maker", signature.product->maker}};
  }
  for (const CountRow& row : kCounts) out[row.name] = signature.*row.member;
  for (const FlagRow& row : kFlags) out[row.name] = signature.*row.member;
  if (signature.from) out["from_us"] = signature.from->us;
  if (signature.to) out["to_us"] = signature.to->us;
  Json::Array gaps;
  for (const SignatureGap& gap : signature.gaps) {
    gaps.emplace_back(Json::Object{
        {"kind", gap_name(gap.kind)}, {"from_ms", gap.from_ms}, {"to_ms", gap.to_ms}, {"pictures", gap.pictures}});
  }
  out["gaps"] = std::move(gaps);
  return out;
}

Result<MediaSignature> parse_signature_value(const Json& value) {
  Members members(value);
  MediaSignature out;
  out.scheme = members.one_of("scheme", kSchemes);
  const SignatureVerdict verdict = members.one_of("verdict", kVerdicts);
  if (const Json* reason = value.find("unchecked"); reason != nullptr) {
    out.unchecked = members.one_of("unchecked", kReasons);
  }
  out.version = printable(members, "version", 32);
  out.hash = members.word("hash", 0);
  if (value.find("breach") != nullptr) out.breach = printable(members, "breach");
  if (const Json* key = members.take("key")) out.key = TRY(parse_key(*key));
  for (const Json& subject : members.list("chain", kSignatureChainMax)) {
    const std::string* text = subject.string();
    if (text == nullptr || !is_printable(*text, kSignatureTextMax)) {
      members.refuse("chain");
    } else {
      out.chain.push_back(*text);
    }
  }
  if (value.find("vouched_by") != nullptr) out.vouched_by = digest(members, "vouched_by");
  if (const Json* product = members.take("product")) out.product = TRY(parse_product(*product));
  for (const CountRow& row : kCounts) out.*row.member = members.integer(row.name, 0, kCountMax);
  for (const FlagRow& row : kFlags) out.*row.member = members.flag(row.name);
  if (const auto us = members.integer_if_any("from_us", 0, kLedgerTimeEndUs - 1)) out.from = Timestamp{*us};
  if (const auto us = members.integer_if_any("to_us", 0, kLedgerTimeEndUs - 1)) out.to = Timestamp{*us};
  for (const Json& gap : members.list("gaps", kSignatureGapsMax)) out.gaps.push_back(TRY(parse_gap(gap)));
  TRY(members.finish("signature"));
  const std::int64_t told =
      out.pictures_valid + out.pictures_altered + out.pictures_uncovered + out.pictures_at_start + out.pictures_at_end;
  if (verdict != verdict_of(out) || (out.scheme != SignatureScheme::kNone && told != out.pictures))
    return fail(Code::kInvalid, "This is no signature.", "its parts do not agree");
  return out;
}

std::string to_text(const MediaSignature& signature) {
  return to_json(to_json_value(signature));
}

Result<MediaSignature> parse_signature(std::string_view text) {
  return parse_signature_value(TRY(parse_json(text, {.bytes_max = kSignatureTextBytesMax, .depth_max = 4})));
}

}  // namespace lapel::protocol
