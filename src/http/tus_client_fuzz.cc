// SPDX-License-Identifier: Apache-2.0
// A server's answers to whoever uploads to it, when it lies: what is believed is an id, an offset within the file, a state; and what is
// told of a refusal can be shown on a terminal. The first byte is the status, one line the header asked for, the rest the body.
#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "base/json.h"
#include "base/text.h"
#include "http/tus_client.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  if (size == 0) return 0;
  constexpr int kStatuses[] = {200, 201, 204, 206, 302, 400, 401, 403, 404, 409, 410, 413, 423, 429, 500, 503};
  constexpr std::uint64_t kFileBytes = 1'000'000;
  const std::string_view rest = as_text({data + 1, size - 1});
  const std::string line(rest.substr(0, rest.find('\n')));
  const std::string body(rest.substr(std::min(line.size() + 1, rest.size())));
  const http::ClientAnswer answer{
      kStatuses[data[0] % std::size(kStatuses)], {{"location", line}, {"upload-offset", line}}, body};

  std::string target;
  http::TusClient client([&](const http::ClientRequest& request) -> Result<http::ClientAnswer> {
    target = request.target;
    return answer;
  });
  const auto check_words = [](const Error& error) {
    CHECK(is_utf8(error.message) && !has_control_characters(error.message));
  };
  const auto upload = client.create(kFileBytes, {});
  if (!upload) check_words(upload.error());
  const UploadId id = upload ? *upload : UploadId(ByteArray<16>{1});
  if (const auto offset = client.offset(id, kFileBytes)) {
    CHECK(*offset <= kFileBytes && std::to_string(*offset) == line);
  } else {
    check_words(offset.error());
  }
  CHECK(target == "/api/v1/uploads/" + id.text());  // wherever the answer wanted to send it
  if (const auto sent = client.send(id, 0, {}); !sent) check_words(sent.error());
  const auto state = client.state(id);
  if (!state) check_words(state.error());
  if (state) {
    CHECK((state->is == http::UploadState::Is::kSealed) == state->recording.has_value());
    CHECK(!has_control_characters(state->reason));
  }
  if (const auto json = http::json_of(answer)) CHECK(answer.status < 300 && json->object() != nullptr);
  return 0;
}
