// SPDX-License-Identifier: Apache-2.0
#include "test/soak/changes.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "crypto/sha256.h"
#include "proof/ledger_for_tests.h"

namespace lapel::proof {

std::string low_order_key_text(std::uint8_t first) {
  Bytes material(33, 0);
  material[0] = 0x01;
  material[1] = first;
  const Digest digest = crypto::sha256({as_bytes(kTestOrigin), as_bytes("\n"), ByteView(material)});
  return fmt::format("{}+{}+{}", kTestOrigin, hex(ByteView(digest).first(4)), base64(material));
}

// The base point, and the same as a signature with S = 1: what a key of order one "signs".
Bytes signature_of_nobody() {
  Bytes out(64, 0x66);
  out[0] = 0x58;
  std::fill(out.begin() + 32, out.end(), 0);
  out[32] = 1;
  return out;
}

const std::vector<std::string>& words() {
  static const std::vector<std::string> kWords = {
      "",
      "a",
      "somebody",
      "camera",
      "dock",
      "server",
      "cloud",
      "recording",
      "person",
      "device",
      "exported",
      "named",
      test_id(0x11),
      test_id(0xa0),
      test_id(0xa1),
      test_id(0xd0),
      test_id(0xd1),
      test_id(0xac),
      test_id(0),
      "A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1",
      "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a",
      "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1 ",
      "2022-12-02T06:12:07.41Z",
      "2022-12-02T06:18:20.00Z",
      "2022-12-02T06:18:20.01Z",
      "1970-01-01T00:00:00.00Z",
      "1969-12-31T23:59:59.99Z",
      "0000-01-01T00:00:00.00Z",
      "0001-02-29T00:00:00.00Z",
      "9999-12-31T23:59:59.99Z",
      "2000-02-29T00:00:00.00Z",
      "1900-02-29T00:00:00.00Z",
      "2022-02-30T00:00:00.00Z",
      "2022-13-01T00:00:00.00Z",
      "2022-12-02T24:00:00.00Z",
      "2022-12-02T06:60:00.00Z",
      "2022-12-02T06:12:60.00Z",
      "2022-12-02t06:12:07.41Z",
      "2022-12-02T06:12:07.410Z",
      "2022-12-02T06:12:07Z",
      "+022-12-02T06:12:07.41Z",
      "2022-12-02T06:12:07.41+",
      base64(Bytes(32, 0)),
      base64(Bytes(32, 7)),
      base64(Bytes(31, 7)),
      base64(Bytes(33, 7)),
      base64(Bytes(64, 7)),
      base64(Bytes(32, 0)).replace(42, 1, "B"),
      base64(Bytes(32, 0xff)),
      hex(Bytes(32, 7)),
      hex(Bytes(31, 7)),
      hex(crypto::sha256(as_bytes(kTestFile))),
      "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
      base64(test_key(0xd0).public_key()),
      base64(test_key(0xd9).public_key()),
      base64(signature_of_nobody()),
      base64(Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
      test_log_key().text(),
      test_vkey(kTestOrigin, KeyType::kWitness, 7).text(),
      test_vkey(kOtherOrigin, KeyType::kLog, 7).text(),
      test_vkey(kTestOrigin, KeyType::kLog, 7).text(),
      low_order_key_text(1),
      low_order_key_text(0),
      low_order_key_text(2),
      kTestOrigin,
      kOtherOrigin,
      kTestOrigin + "/",
      "VECTORS.example/ashfield",
      "a b",
      "a+b",
      "a\u00a0b",
      "a\u0085b",
      "\u2028",
      "\u007f",
      "\u001f",
      "\t",
      "\"\\/",
      "\U0001F600",
      "\ufeff",
      "quorum none\n",
      "recording.admitted",
      "recording.viewed",
      "recording.destroyed",
      "identity.bound",
      "device.offloaded",
      "dock.enrolled",
      "dock.revoked",
      "attempt",
      "ledger.genesis",
      "ledger.key",
      "ledger.policy",
      "ledger.heads",
      "ledger.tally",
      "policy.adopted",
      "evidence.destroyed",
      "ledger.other",
      "lapel-custody-export",
      "not proven",
      "proven"};
  return kWords;
}
namespace {

const std::vector<std::string>& keys() {
  static const std::vector<std::string> kKeys = {"actor",
                                                 "at",
                                                 "ledger",
                                                 "n",
                                                 "prev",
                                                 "subject",
                                                 "type",
                                                 "act",
                                                 "actor_ledger",
                                                 "of",
                                                 "first",
                                                 "certificate",
                                                 "sha256",
                                                 "bytes",
                                                 "received_at",
                                                 "recorded_at",
                                                 "chain_starts_at",
                                                 "device",
                                                 "group",
                                                 "dock",
                                                 "recording",
                                                 "from",
                                                 "to",
                                                 "name",
                                                 "badge",
                                                 "serial",
                                                 "key",
                                                 "sig",
                                                 "file",
                                                 "camera_at",
                                                 "beat",
                                                 "floor",
                                                 "heads",
                                                 "policy",
                                                 "recovery",
                                                 "previous",
                                                 "origin",
                                                 "root",
                                                 "size",
                                                 "counts",
                                                 "certificates",
                                                 "salt",
                                                 "event",
                                                 "statement",
                                                 "head",
                                                 "blind",
                                                 "commitment",
                                                 "path",
                                                 "kind",
                                                 "role",
                                                 "rows",
                                                 "version",
                                                 "format",
                                                 "completeness",
                                                 "originals",
                                                 "subjects",
                                                 "x",
                                                 "x.y",
                                                 "x_1"};
  return kKeys;
}

Json any_value(Random& random) {
  static constexpr std::int64_t kIntegers[] = {0, 1, 2, 3, 4, 5, 60, 255, 256, 1 << 20, kCanonicalIntegerMax};
  switch (random.below(8)) {
    case 0:
      return random.one_in(2);
    case 1:
    case 2:
      return kIntegers[random.below(std::size(kIntegers))];
    case 3:
      return Json::Array{};
    case 4:
      return random.one_in(2) ? Json(Json::Object{}) : Json(Json::Object{{"x", 1}});
    default:
      return random.any(words());
  }
}

// One change somewhere within.

}  // namespace

void change(Random& random, Json& value) {
  if (auto* object = value.object(); object && !random.one_in(12)) {
    if (object->empty() || random.one_in(5)) {
      (*object)[random.any(keys())] = any_value(random);
      return;
    }
    auto member = std::next(object->begin(), static_cast<std::ptrdiff_t>(random.below(object->size())));
    switch (random.below(6)) {
      case 0:
        object->erase(member);
        return;
      case 1: {
        Json moved = std::move(member->second);
        object->erase(member);
        (*object)[random.any(keys())] = std::move(moved);
        return;
      }
      default:
        change(random, member->second);
        return;
    }
  }
  if (auto* array = value.array(); array && !random.one_in(12)) {
    if (array->empty() || random.one_in(6)) {
      array->push_back(array->empty() ? any_value(random) : random.any(*array));
      return;
    }
    const std::size_t at = random.below(array->size());
    switch (random.below(4)) {
      case 0:
        array->erase(array->begin() + static_cast<std::ptrdiff_t>(at));
        return;
      case 1:
        std::swap((*array)[at], array->back());
        return;
      default:
        change(random, (*array)[at]);
        return;
    }
  }
  if (const auto* integer = value.integer(); integer && random.one_in(2)) {
    value = random.one_in(2) ? *integer + 1 : std::max<std::int64_t>(0, *integer - 1);
    return;
  }
  if (const auto* text = value.string(); text && !text->empty() && random.one_in(4)) {
    std::string changed = *text;
    const std::size_t at = random.below(changed.size());
    if (static_cast<unsigned char>(changed[at]) < 0x7f) changed[at] = static_cast<char>('0' + random.below(75));
    value = std::move(changed);
    return;
  }
  value = any_value(random);
}

std::string text_of(const Json& value) {
  return is_canonical_value(value) ? canonical(value) : to_json(value);
}

// One change of bytes, tokens or lines.
void scratch(Random& random, std::string& text) {
  static const std::vector<std::string> kPieces = {"\n",
                                                   "\r\n",
                                                   "\r",
                                                   " ",
                                                   "\t",
                                                   std::string(1, '\0'),
                                                   "\n\n",
                                                   "=",
                                                   "==",
                                                   "+",
                                                   "-",
                                                   "_",
                                                   "/",
                                                   "0",
                                                   "00",
                                                   "9",
                                                   "x",
                                                   "A",
                                                   "\u2014 ",
                                                   "\u2013 ",
                                                   "\u00a0",
                                                   "\u0085",
                                                   "\xff",
                                                   "\xc0\xaf",
                                                   "\xed\xa0\x80",
                                                   "\ufeff",
                                                   "{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ",",
                                                   ":",
                                                   "\"",
                                                   "\\",
                                                   "\\u0041",
                                                   "\\/",
                                                   "null",
                                                   "true",
                                                   "1.0",
                                                   "1e0",
                                                   "-0",
                                                   "01",
                                                   "9007199254740991",
                                                   "9007199254740992",
                                                   "9223372036854775808",
                                                   "18446744073709551617",
                                                   "0x1",
                                                   "index 1\n",
                                                   "extra e30=\n",
                                                   "c2sp.org/tlog-proof@v1\n"};
  if (text.empty()) {
    text = random.any(kPieces);
    return;
  }
  const std::size_t at = random.below(text.size());
  const auto line_at = [&](std::size_t where) {
    const std::size_t begin = where == 0 ? 0 : text.rfind('\n', where - 1) + 1;
    const std::size_t end = std::min(text.find('\n', where), text.size() - 1) + 1;
    return std::pair(begin, end);
  };
  switch (random.below(13)) {
    case 0:
      text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
      return;
    case 1:
      text[at] = static_cast<char>(random.below(256));
      return;
    case 2:
    case 3:
      text.insert(at, random.any(kPieces));
      return;
    case 4:
      text.erase(at, 1 + random.below(4));
      return;
    case 5:
      text.resize(at);
      return;
    case 6:
      text += random.one_in(2) ? random.any(kPieces) : text.substr(at);
      return;
    case 7: {  // a line twice
      const auto [begin, end] = line_at(at);
      text.insert(begin, text.substr(begin, end - begin));
      return;
    }
    case 8: {  // a line gone
      const auto [begin, end] = line_at(at);
      text.erase(begin, end - begin);
      return;
    }
    case 9: {  // two lines in each other's place
      const auto [begin, end] = line_at(at);
      const std::string line = text.substr(begin, end - begin);
      text.erase(begin, end - begin);
      if (!text.empty()) text.insert(line_at(random.below(text.size())).first, line);
      return;
    }
    case 10: {  // CR LF, at one end of line or at each
      const bool each = random.one_in(2);
      for (std::size_t end = text.find('\n', each ? 0 : at); end != text.npos; end = text.find('\n', end + 2)) {
        text.insert(end, "\r");
        if (!each) break;
      }
      return;
    }
    case 11: {  // idle bits or the alphabet of a digit
      const std::size_t end = text.find('=', at);
      if (end != text.npos && end > 0) text[end - 1] = static_cast<char>(text[end - 1] + 1);
      return;
    }
    default: {
      const std::size_t end = text.find_first_of("0123456789", at);
      if (end != text.npos) text.replace(end, 1, random.any(kPieces));
      return;
    }
  }
}
void scratch_some(Random& random, std::string& text) {
  for (std::size_t i = random.below(3); i < 3; ++i) scratch(random, text);
}

}  // namespace lapel::proof
