// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/signing_message.h"

#include <algorithm>
#include <array>

namespace lapel::mediaworker {

std::string FieldReader::text() {
  const ByteView bytes = take(number(1));
  std::string out(as_text(bytes));
  while (!out.empty() && out.back() == '\0') out.pop_back();  // early signers wrote C's end of a text as well
  if (out.size() > protocol::kSignatureTextMax) out.resize(protocol::kSignatureTextMax);
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

std::optional<crypto::HashKind> hash_of_oid(ByteView der) {
  // 2.16.840.1.101.3.4.2.1 to .3
  constexpr std::array<std::uint8_t, 10> kSha2 = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02};
  if (der.size() != kSha2.size() + 1 || !std::equal(kSha2.begin(), kSha2.end(), der.begin())) return std::nullopt;
  switch (der.back()) {
    case 1:
      return crypto::HashKind::kSha256;
    case 2:
      return crypto::HashKind::kSha384;
    case 3:
      return crypto::HashKind::kSha512;
    default:
      return std::nullopt;
  }
}

namespace {

// What a signature is over: as it stands or unescaped, up to `end` of the unescaped unit, or all of it.
Bytes document_of(const UserData& data, bool is_as_it_stands, std::optional<std::size_t> end) {
  const ByteView unescaped = data.unescaped;
  const ByteView whole = is_as_it_stands ? data.raw : unescaped;
  if (!end) return {whole.begin(), whole.end()};
  const ByteView signed_part = whole.first(is_as_it_stands ? data.raw_end(*end) : *end);
  return {signed_part.begin(), signed_part.end()};
}

}  // namespace

FormRead read_form(const UserData& data, const MessageForm& form) {
  FieldReader fields(data.message());
  FormRead out{{}, static_cast<std::uint8_t>(fields.number(1))};
  SigningMessage& message = out.message;
  message.scheme = form.scheme;
  std::optional<std::size_t> signed_end;
  while (fields.left() > 0 && !signed_end && !message.unreadable) {
    const std::size_t at = data.end - fields.left();
    const auto tag = static_cast<std::uint8_t>(fields.number(1));
    const ByteView value = fields.take(fields.number(form.length_bytes(tag)));
    if (tag == form.signature && !fields.is_short()) signed_end = at;
    if (fields.is_short() || !form.read_field(tag, value, message)) {
      message.unreadable = protocol::UncheckedReason::kUnknownForm;
    }
  }
  const bool is_key_only = (out.flags & form.key_only) != 0;
  if (!is_key_only && !message.group && !message.unreadable) {
    message.unreadable = protocol::UncheckedReason::kUnknownForm;
  }
  if (is_key_only) message.group.reset();
  message.document = document_of(data, (out.flags & form.as_it_stands) != 0, signed_end);
  return out;
}

}  // namespace lapel::mediaworker
