// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <cmath>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"

namespace lapel {
namespace {

// Length of the well-formed UTF-8 sequence at `at`, or 0 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
std::size_t utf8_sequence(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const auto tail = [&](std::size_t count) {
    if (at + count >= text.size()) return false;
    for (std::size_t i = 1; i <= count; ++i) {
      if ((byte(i) & 0xc0) != 0x80) return false;
    }
    return true;
  };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!tail(2)) return 0;
    if (lead == 0xe0 && byte(1) < 0xa0) return 0;
    if (lead == 0xed && byte(1) > 0x9f) return 0;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (!tail(3)) return 0;
    if (lead == 0xf0 && byte(1) < 0x90) return 0;
    if (lead == 0xf4 && byte(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

void write_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\r':
        out += "\\r";
        break;
      default: {
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
          break;
        }
        const std::size_t length = utf8_sequence(text, at);
        if (length == 0) {
          out += "\xef\xbf\xbd";
          break;
        }
        out.append(text.substr(at, length));
        at += length;
        continue;
      }
    }
    ++at;
  }
  out.push_back('"');
}

void write(std::string& out, const Json& value) {
  if (value.is_null()) {
    out += "null";
  } else if (const bool* flag = value.boolean()) {
    out += *flag ? "true" : "false";
  } else if (const std::int64_t* integer = value.integer()) {
    out += std::to_string(*integer);
  } else if (const double* real = value.real()) {
    out += std::isfinite(*real) ? fmt::format("{}", *real) : "null";
  } else if (const std::string* text = value.string()) {
    write_string(out, *text);
  } else if (const Json::Array* array = value.array()) {
    out.push_back('[');
    for (const Json& item : *array) {
      if (&item != array->data()) out.push_back(',');
      write(out, item);
    }
    out.push_back(']');
  } else {
    out.push_back('{');
    bool first = true;
    for (const auto& [key, item] : *value.object()) {
      if (!first) out.push_back(',');
      first = false;
      write_string(out, key);
      out.push_back(':');
      write(out, item);
    }
    out.push_back('}');
  }
}

bool is_canonical_key(std::string_view key) {
  if (key.empty() || key[0] < 'a' || key[0] > 'z') return false;
  for (const char c : key) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.')) return false;
  }
  return true;
}

bool is_canonical_at(const Json& value, int depth) {
  if (value.boolean()) return true;
  if (const std::int64_t* integer = value.integer()) return *integer >= 0 && *integer <= kCanonicalIntegerMax;
  if (const std::string* text = value.string()) return is_utf8(*text);
  if (const Json::Array* array = value.array()) {
    if (depth >= kCanonicalDepthMax) return false;
    for (const Json& item : *array) {
      if (!is_canonical_at(item, depth + 1)) return false;
    }
    return true;
  }
  if (const Json::Object* object = value.object()) {
    if (depth >= kCanonicalDepthMax) return false;
    for (const auto& [key, item] : *object) {
      if (!is_canonical_key(key) || !is_canonical_at(item, depth + 1)) return false;
    }
    return true;
  }
  return false;  // null or a float
}

// value  = object | array | string | "true" | "false" | integer
// Nothing else: no white space, keys strictly ascending, each character escaped only as write_string escapes it.
class CanonicalReader {
 public:
  explicit CanonicalReader(std::string_view text) : text_(text) {}

  std::optional<Json> read() {
    auto value = read_value(0);
    if (!value || at_ != text_.size()) return std::nullopt;
    return value;
  }

 private:
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::optional<Json> read_value(int depth) {
    switch (peek()) {
      case '{':
        return depth < kCanonicalDepthMax ? read_object(depth) : std::nullopt;
      case '[':
        return depth < kCanonicalDepthMax ? read_array(depth) : std::nullopt;
      case '"': {
        auto text = read_string();
        if (!text) return std::nullopt;
        return Json(std::move(*text));
      }
      case 't':
        return take("true") ? std::optional<Json>(true) : std::nullopt;
      case 'f':
        return take("false") ? std::optional<Json>(false) : std::nullopt;
      default:
        return read_integer();
    }
  }

  std::optional<Json> read_integer() {
    const std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    const auto value = parse_decimal(text_.substr(start, at_ - start));
    if (!value || *value > static_cast<std::uint64_t>(kCanonicalIntegerMax)) return std::nullopt;
    return Json(*value);
  }

  std::optional<std::string> read_string() {
    if (!take("\"")) return std::nullopt;
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return out;
      }
      if (c == '\\') {
        if (!read_escape(out)) return std::nullopt;
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
      const std::size_t length = utf8_sequence(text_, at_);
      if (length == 0) return std::nullopt;
      out.append(text_.substr(at_, length));
      at_ += length;
    }
    return std::nullopt;
  }

  bool read_escape(std::string& out) {
    static constexpr std::string_view kLetters = "\"\\btnfr";
    static constexpr std::string_view kMeanings = "\"\\\b\t\n\f\r";
    if (at_ + 1 >= text_.size()) return false;
    const std::size_t letter = kLetters.find(text_[at_ + 1]);
    if (letter != std::string_view::npos) {
      out.push_back(kMeanings[letter]);
      at_ += 2;
      return true;
    }
    if (!take("\\u00")) return false;
    const auto byte = parse_hex(text_.substr(at_, 2));
    if (!byte || byte->size() != 1 || (*byte)[0] >= 0x20) return false;
    const char c = static_cast<char>((*byte)[0]);
    if (kMeanings.find(c) != std::string_view::npos) return false;  // has a short escape
    out.push_back(c);
    at_ += 2;
    return true;
  }

  std::optional<Json> read_array(int depth) {
    Json::Array out;
    ++at_;
    if (take("]")) return Json(std::move(out));
    do {
      auto item = read_value(depth + 1);
      if (!item) return std::nullopt;
      out.push_back(std::move(*item));
    } while (take(","));
    if (!take("]")) return std::nullopt;
    return Json(std::move(out));
  }

  std::optional<Json> read_object(int depth) {
    Json::Object out;
    ++at_;
    if (take("}")) return Json(std::move(out));
    std::string previous;
    do {
      auto key = read_string();
      if (!key || !is_canonical_key(*key) || *key <= previous || !take(":")) return std::nullopt;
      auto item = read_value(depth + 1);
      if (!item) return std::nullopt;
      previous = *key;
      out.emplace(std::move(*key), std::move(*item));
    } while (take(","));
    if (!take("}")) return std::nullopt;
    return Json(std::move(out));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

const Json* Json::find(std::string_view key) const {
  const Object* members = object();
  if (!members) return nullptr;
  const auto it = members->find(key);
  return it == members->end() ? nullptr : &it->second;
}

const std::string* Json::find_string(std::string_view key) const {
  const Json* member = find(key);
  return member ? member->string() : nullptr;
}

const std::int64_t* Json::find_integer(std::string_view key) const {
  const Json* member = find(key);
  return member ? member->integer() : nullptr;
}

std::string to_json(const Json& value) {
  std::string out;
  write(out, value);
  return out;
}

bool is_canonical_value(const Json& value) {
  return is_canonical_at(value, 0);
}

std::string canonical(const Json& value) {
  CHECK(is_canonical_value(value));
  return to_json(value);
}

std::optional<Json> parse_canonical(std::string_view text) {
  auto value = CanonicalReader(text).read();
  // The reader takes only canonical text; ledger.md asks for the comparison, so it is made all the same.
  if (!value || !is_canonical_value(*value) || to_json(*value) != text) return std::nullopt;
  return value;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace lapel
