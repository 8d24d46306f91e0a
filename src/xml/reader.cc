// SPDX-License-Identifier: Apache-2.0
#include "xml/reader.h"

#include <algorithm>
#include <cstdint>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include <expat.h>
#include <fmt/format.h>

namespace lapel::xml {
namespace {

static_assert(sizeof(XML_Char) == 1);                       // UTF-8
constexpr std::size_t kPieceBytesMax = kTokenBytesMax / 4;  // that is given to expat at once

std::string_view local_name(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool declares_namespace(std::string_view name) {
  return name == "xmlns" || name.starts_with("xmlns:");
}

}  // namespace

std::string_view spaceless(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpaces);
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

struct Reader::Parser {
  explicit Parser(Handler& to) : handler(to), expat(XML_ParserCreate(nullptr)) {
    if (expat == nullptr) throw std::bad_alloc();
    XML_SetUserData(expat, this);
    XML_SetElementHandler(expat, &Parser::begin, &Parser::end);
    XML_SetCharacterDataHandler(expat, &Parser::text);
    XML_SetStartDoctypeDeclHandler(expat, &Parser::doctype);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { XML_ParserFree(expat); }

  tl::unexpected<Error> wrong(std::string_view what) const {
    return fail(Code::kInvalid, fmt::format("Line {} of the XML {}", XML_GetCurrentLineNumber(expat), what));
  }

  // A step of the handler, from within expat, which knows nothing of results.
  void step(Result<void> result) {
    if (result || failed) return;
    failed = std::move(result.error());
    XML_StopParser(expat, XML_FALSE);
  }

  static void begin(void* data, const XML_Char* name, const XML_Char** pairs) {
    Parser& self = *static_cast<Parser*>(data);
    if (self.failed) return;
    if (++self.depth > kDepthMax) return self.step(self.wrong(fmt::format("is nested over {} deep", kDepthMax)));
    self.attributes.clear();
    for (; pairs[0] != nullptr; pairs += 2) {
      if (!declares_namespace(pairs[0])) self.attributes.push_back({local_name(pairs[0]), pairs[1]});
    }
    self.step(self.handler.begin(local_name(name), self.attributes));
  }
  static void end(void* data, const XML_Char* name) {
    Parser& self = *static_cast<Parser*>(data);
    if (self.failed) return;
    --self.depth;
    self.step(self.handler.end(local_name(name)));
  }
  static void text(void* data, const XML_Char* piece, int length) {
    Parser& self = *static_cast<Parser*>(data);
    if (!self.failed) self.step(self.handler.text({piece, static_cast<std::size_t>(length)}));
  }
  static void doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    Parser& self = *static_cast<Parser*>(data);
    self.step(self.wrong("has a document type, which is not read"));
  }

  Result<void> parse(std::string_view piece, bool is_last) {
    taken += piece.size();
    const auto status = XML_Parse(expat, piece.data(), static_cast<int>(piece.size()), is_last ? XML_TRUE : XML_FALSE);
    if (failed) return tl::unexpected(*failed);
    if (status != XML_STATUS_OK)
      return wrong(is_last ? "ends early" : fmt::format("is wrong: {}", XML_ErrorString(XML_GetErrorCode(expat))));
    // A token that has not ended is read anew with each piece.
    const XML_Index read = XML_GetCurrentByteIndex(expat);
    if (!is_last && taken - static_cast<std::uint64_t>(std::max<XML_Index>(read, 0)) > kTokenBytesMax)
      return wrong(fmt::format("has a tag or comment of over {} bytes", kTokenBytesMax));
    return {};
  }

  Handler& handler;
  const XML_Parser expat;
  std::vector<Attribute> attributes;
  std::optional<Error> failed;
  std::size_t depth = 0;
  std::uint64_t taken = 0;  // bytes, all in all
};

Reader::Reader(Handler& handler) : parser_(std::make_unique<Parser>(handler)) {}
Reader::~Reader() = default;

Result<void> Reader::take(std::string_view piece) {
  while (!piece.empty()) {
    const std::string_view part = piece.substr(0, kPieceBytesMax);
    TRY(parser_->parse(part, false));
    piece.remove_prefix(part.size());
  }
  return {};
}

Result<void> Reader::finish() {
  return parser_->parse({}, true);
}

}  // namespace lapel::xml
