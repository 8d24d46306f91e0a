// SPDX-License-Identifier: Apache-2.0
#include "http/range.h"

#include "http/testing.h"

namespace lapel::http {
namespace {

using Ranges = std::vector<ByteRange>;

TEST(ParseRange, ReadsWhatRfc9110Allows) {
  const struct {
    const char* header;
    std::uint64_t total;
    Ranges expected;
  } cases[] = {
      {"bytes=0-0", 100, {{0, 1}}},
      {"bytes=0-99", 100, {{0, 100}}},
      {"bytes=10-", 100, {{10, 90}}},
      {"bytes=-1", 100, {{99, 1}}},
      {"bytes=-100", 100, {{0, 100}}},
      {"bytes=-1000", 100, {{0, 100}}},
      {"bytes=90-1000", 100, {{90, 10}}},
      {"bytes=90-99999999999999999999999999", 100, {{90, 10}}},
      {"bytes=007-0008", 100, {{7, 2}}},
      {"BYTES=1-2", 100, {{1, 2}}},
      {"bytes=1-2,50-60", 100, {{1, 2}, {50, 11}}},
      {"bytes=1-2, 50-60 ,\t-5", 100, {{1, 2}, {50, 11}, {95, 5}}},
      {"bytes=,1-2,,", 100, {{1, 2}}},
      {"bytes=0-9,5-14", 100, {{0, 10}, {5, 10}}},  // overlapping: as asked
      {"bytes=0-9,200-300", 100, {{0, 10}}},        // the part that lies outside is dropped
      {"bytes=18446744073709551614-,0-0", 100, {{0, 1}}},
      {"bytes=0-0", 1, {{0, 1}}},
      {"bytes=-9", 9223372036854775807u, {{9223372036854775798u, 9}}},
  };
  for (const auto& each : cases) {
    const auto ranges = parse_range(each.header, each.total);
    ASSERT_TRUE(ranges) << each.header;
    EXPECT_EQ(*ranges, each.expected) << each.header;
  }
}

TEST(ParseRange, IsEmptyWhenNothingCanBeSatisfied) {
  for (const char* header :
       {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-", "bytes=200-,100-101"}) {
    const auto ranges = parse_range(header, 100);
    ASSERT_TRUE(ranges) << header;
    EXPECT_TRUE(ranges->empty()) << header;
  }
  for (const char* header : {"bytes=0-", "bytes=-5", "bytes=0-0"}) {
    const auto ranges = parse_range(header, 0);
    ASSERT_TRUE(ranges) << header;
    EXPECT_TRUE(ranges->empty()) << header;
  }
}

TEST(ParseRange, IgnoresWhatIsMalformed) {
  for (const char* header : {"",           "bytes",         "bytes=",      "bytes=,",    "bytes=-",
                             "bytes=--1",  "bytes=5",       "bytes=a-b",   "bytes=1-b",  "bytes=b-2",
                             "bytes=5-4",  "bytes=1-2-3",   "bytes= =1-2", "bytes=+1-2", "bytes=0x1-2",
                             "items=0-1",  "byte=0-1",      "bytess=0-1",  "bytes 0-1",  "bytes=1 -2",
                             "bytes=1- 2", "bytes=0-1;5-6", "bytes=0-1,x", "bytes=-1.5", "0-1"}) {
    EXPECT_FALSE(parse_range(header, 100)) << header;
  }
}

TEST(ParseRange, IgnoresMoreRangesThanItsLimit) {
  std::string header = "bytes=0-0";
  for (std::size_t i = 1; i < kRangesMax; ++i) header += ",0-0";
  EXPECT_TRUE(parse_range(header, 100));
  EXPECT_FALSE(parse_range(header + ",0-0", 100));
  EXPECT_FALSE(parse_range(header + ",500-", 100)) << "unsatisfiable ones count too";
}

class Serve : public ::testing::Test {
 protected:
  Response get(std::vector<std::pair<std::string, std::string>> headers, std::string method = "GET") {
    Request request;
    request.method = std::move(method);
    request.request_id = "0123456789abcdef";
    request.headers = std::move(headers);
    auto response = serve_representation(request, representation_);
    EXPECT_TRUE(response);
    return std::move(*response);
  }
  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }
  static std::string bytes_of(const Response& response) {
    std::string out;
    for (const Piece& piece : response.body) {
      if (const auto* text = std::get_if<std::string>(&piece)) {
        out += *text;
        continue;
      }
      const auto& slice = std::get<FileSlice>(piece);
      std::vector<std::uint8_t> block(slice.bytes);
      EXPECT_TRUE(slice.file->read_at(slice.offset, block));
      out += as_text(block);
    }
    return out;
  }

  http::testing::TemporaryFile file_{"0123456789abcdefghijklmnopqrstuvwxyz"};
  Representation representation_{file_.open(), 36, "video/mp4", "\"tag\""};
};

TEST_F(Serve, WholeWithoutRange) {
  const Response response = get({});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header(response, "ETag"), "\"tag\"");
  EXPECT_EQ(header(response, "Accept-Ranges"), "bytes");
  EXPECT_EQ(header(response, "Content-Type"), "video/mp4");
  EXPECT_EQ(bytes_of(response), "0123456789abcdefghijklmnopqrstuvwxyz");
}

TEST_F(Serve, HeadAnnouncesTheLengthAndIgnoresRange) {
  const Response response = get({{"range", "bytes=0-1"}}, "HEAD");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.head_bytes, 36u);
  EXPECT_TRUE(response.body.empty());
}

TEST_F(Serve, OneRange) {
  const Response response = get({{"range", "bytes=10-12"}});
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(header(response, "Content-Range"), "bytes 10-12/36");
  EXPECT_EQ(bytes_of(response), "abc");
}

TEST_F(Serve, SeveralRanges) {
  const Response response = get({{"range", "bytes=0-1,-2"}});
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(header(response, "Content-Range"), "");
  EXPECT_EQ(header(response, "Content-Type"), "multipart/byteranges; boundary=lapel-0123456789abcdef");
  EXPECT_EQ(bytes_of(response),
            "--lapel-0123456789abcdef\r\nContent-Type: video/mp4\r\nContent-Range: bytes 0-1/36\r\n\r\n01"
            "\r\n--lapel-0123456789abcdef\r\nContent-Type: video/mp4\r\nContent-Range: bytes 34-35/36\r\n\r\nyz"
            "\r\n--lapel-0123456789abcdef--\r\n");
}

TEST_F(Serve, SeveralRangesOfWhichOneLiesWithinAreOne) {
  const Response response = get({{"range", "bytes=0-1,90-"}});
  EXPECT_EQ(header(response, "Content-Range"), "bytes 0-1/36");
  EXPECT_EQ(bytes_of(response), "01");
}

TEST_F(Serve, UnsatisfiableNamesTheLength) {
  const Response response = get({{"range", "bytes=36-"}});
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(header(response, "Content-Range"), "bytes */36");
  EXPECT_EQ(header(response, "Content-Type"), "application/problem+json");
}

TEST_F(Serve, MalformedOrDoubledRangeIsIgnored) {
  EXPECT_EQ(get({{"range", "bytes=2-1"}}).status, 200);
  EXPECT_EQ(get({{"range", "bytes=0-1"}, {"range", "bytes=0-1"}}).status, 200);
}

TEST_F(Serve, IfRangeNeedsTheSameStrongTag) {
  EXPECT_EQ(get({{"range", "bytes=0-1"}, {"if-range", "\"tag\""}}).status, 206);
  for (const char* other : {"\"other\"", "W/\"tag\"", "tag", "*", "", "Sun, 06 Nov 1994 08:49:37 GMT"}) {
    EXPECT_EQ(get({{"range", "bytes=0-1"}, {"if-range", other}}).status, 200) << other;
  }
  EXPECT_EQ(get({{"range", "bytes=90-"}, {"if-range", "\"other\""}}).status, 200) << "no 416 for another version";
}

TEST_F(Serve, IfNoneMatchComparesWeakly) {
  for (const char* list :
       {"\"tag\"", "W/\"tag\"", "*", "\"a\", \"tag\"", "\"a\",W/\"tag\" , \"b\"", "\"a,\", \"tag\""}) {
    const Response response = get({{"if-none-match", list}, {"range", "bytes=0-1"}});
    EXPECT_EQ(response.status, 304) << list;
    EXPECT_EQ(header(response, "ETag"), "\"tag\"");
    EXPECT_TRUE(response.body.empty());
  }
  for (const char* list : {"\"other\"", "tag", "", "\"tag", "x\"tag\"", "\"a,tag\"", ",,", "w/\"tag\""}) {
    EXPECT_EQ(get({{"if-none-match", list}}).status, 200) << list;
  }
}

TEST_F(Serve, EmptyFile) {
  representation_.bytes = 0;
  EXPECT_EQ(get({}).status, 200);
  EXPECT_EQ(get({{"range", "bytes=0-"}}).status, 416);
}

}  // namespace
}  // namespace lapel::http
