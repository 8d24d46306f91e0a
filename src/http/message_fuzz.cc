// SPDX-License-Identifier: Apache-2.0
// What a head means: path, query, framing, where it came from. Segments hold no slash that was sent as one, and an answer
// cannot be split by anything that was sent.
#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "http/message.h"
#include "http/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::http;
  static const TrustedProxies kProxies = TrustedProxies::parse({"192.0.2.0/24", "2001:db8::/32"}).value();
  const auto text = lapel::as_text({data, size});
  HeadScanner scanner;
  const auto head_bytes = scanner.scan(text);
  if (!head_bytes || *head_bytes == 0) return 0;
  RequestParser parser;
  auto raw = parser.head(text.substr(0, *head_bytes));
  if (!raw) return 0;
  const RawHead sent = *raw;
  for (const char* address : {"192.0.2.1", "198.51.100.1"}) {
    RequestHead out;
    const auto understood = interpret(sent, {.address = address, .secure_host = "lapel.example"}, kProxies, out);
    if (!understood) {
      CHECK(!understood.error().message.empty());
      continue;
    }
    const Request& request = out.request;
    CHECK(!request.path.empty() && request.target == sent.target);
    CHECK(request.query.size() <= kQueryPairsMax);
    CHECK(!out.is_chunked || !request.content_length);
    // Whoever stands between may say where a request came from only when it is believed.
    CHECK(kProxies.contains(address) || request.client == address);
    CHECK(request.client.empty() || normal_address(request.client) == request.client);
    for (const std::string& segment : out.segments) CHECK(segment != "." && segment != "..");

    Response response = Response::empty(200);
    response.with("Location", request.path).with("X-Echo", request.target);
    const std::string head = response_head(response, out, plan_body(response, out), Afterwards::kClose, {0});
    CHECK(head.ends_with("\r\n\r\n") && head.find("\r\n\r\n") == head.size() - 4);
    CHECK(std::count(head.begin(), head.end(), '\n') <= 16);
  }
  return 0;
}
