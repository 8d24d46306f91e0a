// SPDX-License-Identifier: Apache-2.0
#include "http/parser.h"

#include <algorithm>
#include <array>
#include <string>

#include <gtest/gtest.h>

namespace lapel::http {
namespace {

// The body that comes out when the bytes of a chunked one arrive in pieces of `piece`, after what is not yet consumed.
Result<std::string> unchunked(std::string_view sent, std::size_t piece) {
  RequestParser parser;
  EXPECT_TRUE(parser.head("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
  std::string waiting, body;
  std::array<std::uint8_t, 7> out{};
  while (!sent.empty()) {
    waiting += sent.substr(0, piece);
    sent.remove_prefix(std::min(piece, sent.size()));
    for (;;) {
      const auto step = TRY(parser.unchunk(waiting, out));
      body.append(reinterpret_cast<const char*>(out.data()), step.produced);
      waiting.erase(0, step.consumed);
      if (step.is_complete) return waiting.empty() && sent.empty() ? body : body + " and more";
      if (step.consumed == 0 && step.produced == 0) break;
    }
  }
  return body + " without an end";
}

// Every way in which a network may cut a body into pieces, down to single bytes: an empty body whose end arrived as
// "0\r\n", "\r" and "\n" once ended the program.
TEST(ChunkedBody, IsTheSameHoweverItArrives) {
  const struct {
    const char *sent, *body;
  } cases[] = {
      {"0\r\n\r\n", ""},
      {"0000\r\n\r\n", ""},
      {"0;a=b\r\n\r\n", ""},
      {"0\r\nTrailer: t\r\n\r\n", ""},
      {"1\r\nx\r\n0\r\n\r\n", "x"},
      {"3\r\nabc\r\nA;q=\"\\\"\"\r\n0123456789\r\n0\r\nT: 1\r\nU: 2\r\n\r\n", "abc0123456789"},
  };
  for (const auto& each : cases) {
    for (std::size_t piece = 1; piece <= std::string_view(each.sent).size(); ++piece) {
      const auto body = unchunked(each.sent, piece);
      ASSERT_TRUE(body) << each.sent << " by " << piece << ": " << body.error().text();
      EXPECT_EQ(*body, each.body) << each.sent << " by " << piece;
    }
  }
}

TEST(ChunkedBody, ThatIsNoneIsRefusedHoweverItArrives) {
  for (const std::string_view sent : {"x\r\n\r\n....", "1\r\nxy\r\n0\r\n\r\n", "0\r\r\n\r\n..", "-1\r\n\r\n....",
                                      "1 \nx..........", "fffffffffffffffff\r\n....", "0\r\n: empty name\r\n\r\n"}) {
    for (std::size_t piece = 1; piece <= sent.size(); ++piece) {
      const auto body = unchunked(sent, piece);
      EXPECT_TRUE(!body || body->ends_with(" without an end")) << sent << " by " << piece;
    }
  }
}

}  // namespace
}  // namespace lapel::http
