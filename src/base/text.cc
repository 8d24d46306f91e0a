// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>
#include <clocale>
#include <cwchar>
#include <cwctype>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json.h"

namespace lapel {
namespace {

// glibc has this one built in, so that no package and no LANG decides what is found.
locale_t unicode() {
  static const locale_t locale = newlocale(LC_ALL_MASK, "C.UTF-8", nullptr);
  CHECK(locale != nullptr);
  return locale;
}

}  // namespace

std::string fold(std::string_view text) {
  const locale_t before = uselocale(unicode());
  std::string out;
  out.reserve(text.size());
  std::mbstate_t reading{};
  for (std::size_t at = 0; at < text.size();) {
    wchar_t letter = 0;
    const std::size_t length = std::mbrtowc(&letter, text.data() + at, text.size() - at, &reading);
    if (length == 0 || length > text.size() - at) {  // a zero byte, or no UTF-8
      out.push_back(text[at++]);
      reading = {};
      continue;
    }
    char lowered[8];
    std::mbstate_t writing{};
    const std::size_t written = std::wcrtomb(lowered, static_cast<wchar_t>(std::towlower(letter)), &writing);
    CHECK(written <= sizeof(lowered));
    out.append(lowered, written);
    at += length;
  }
  uselocale(before);
  return out;
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

bool has_format_characters(std::string_view text) {
  struct Range {
    std::uint32_t first, last;
  };
  static constexpr Range kRanges[] = {
      {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},    {0x600, 0x605},   {0x61c, 0x61c},   {0x6dd, 0x6dd},
      {0x70f, 0x70f},     {0x115f, 0x1160},   {0x17b4, 0x17b5},  {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e},
      {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},  {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
      {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    std::uint32_t letter = length == 1 ? byte : byte & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length && at + i < text.size(); ++i)
      letter = letter << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3f);
    for (const Range& range : kRanges) {
      if (letter >= range.first && letter <= range.last) return true;
    }
    at += length;
  }
  return false;
}

std::string printable(std::string_view text) {
  // Controls of the second kind, line and paragraph separators, and what turns the direction of the text after it.
  const auto is_hidden = [](wchar_t letter) {
    return (letter >= 0x80 && letter < 0xa0) || letter == 0x61c || letter == 0x200e || letter == 0x200f ||
           (letter >= 0x2028 && letter <= 0x202e) || (letter >= 0x2066 && letter <= 0x2069);
  };
  const bool has_text = is_utf8(text);
  const locale_t before = uselocale(unicode());
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !has_text)) {
      out += fmt::format("\\x{:02x}", byte);
      ++at;
      continue;
    }
    wchar_t letter = byte;
    std::mbstate_t reading{};
    const std::size_t length = byte < 0x80 ? 1 : std::mbrtowc(&letter, text.data() + at, text.size() - at, &reading);
    CHECK(length >= 1 && length <= text.size() - at);
    if (is_hidden(letter)) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(letter));
    } else {
      out.append(text, at, length);
    }
    at += length;
  }
  uselocale(before);
  return out;
}

std::string first_characters(std::string_view text, std::size_t characters_max) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
    if (begins && ++characters > characters_max) return std::string(text.substr(0, at));
  }
  return std::string(text);
}

}  // namespace lapel
