// SPDX-License-Identifier: Apache-2.0
#include "http/range.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/problems.h"

namespace lapel::http {
namespace {

std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// RFC 9110 has no bound on a position; one over 2^63-1 lies behind the end of anything.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
  if (text.size() > 18) return std::uint64_t{1} << 62;
  return parse_decimal(text);
}

// Weak comparison: W/ is not looked at.
bool any_tag_matches(std::string_view list, std::string_view etag) {
  if (trim(list) == "*") return true;
  while (!list.empty()) {
    list = list.substr(std::min(list.find_first_not_of(" \t,"), list.size()));
    if (list.starts_with("W/")) list.remove_prefix(2);
    if (!list.starts_with('"')) return false;  // malformed: as if the header were absent
    const std::size_t end = list.find('"', 1);
    if (end == list.npos) return false;
    if (list.substr(0, end + 1) == etag) return true;
    list.remove_prefix(end + 1);
  }
  return false;
}

std::string content_range(const ByteRange& range, std::uint64_t total) {
  return fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.bytes - 1, total);
}

// The header when a range is wanted of exactly this representation.
std::string_view applicable_range(const Request& request, const Representation& representation) {
  if (request.method != "GET") return {};  // RFC 9110 14.2: defined for GET only
  const auto is_range = [](const auto& field) { return field.first == "range"; };
  if (std::count_if(request.headers.begin(), request.headers.end(), is_range) != 1) return {};
  // If-Range compares strongly; a date never matches, since none is given out.
  if (const std::string* only_if = request.header("if-range"); only_if && trim(*only_if) != representation.etag) {
    return {};
  }
  return *request.header("range");
}

}  // namespace

std::optional<std::vector<ByteRange>> parse_range(std::string_view header, std::uint64_t total_bytes) {
  constexpr std::string_view kUnit = "bytes";
  header = trim(header);
  const std::size_t equals = header.find('=');
  if (equals != kUnit.size()) return std::nullopt;
  for (std::size_t i = 0; i < kUnit.size(); ++i) {
    if ((header[i] | 0x20) != kUnit[i]) return std::nullopt;  // units are case-insensitive
  }
  header.remove_prefix(equals + 1);

  std::vector<ByteRange> out;
  std::size_t asked = 0;
  for (bool is_last = false; !is_last;) {
    const std::size_t comma = header.find(',');
    is_last = comma == header.npos;
    const std::string_view spec = trim(header.substr(0, comma));
    if (!is_last) header.remove_prefix(comma + 1);
    if (spec.empty()) continue;  // lists may have empty elements
    if (++asked > kRangesMax) return std::nullopt;
    const std::size_t dash = spec.find('-');
    if (dash == spec.npos) return std::nullopt;
    const std::string_view first_text = spec.substr(0, dash), last_text = spec.substr(dash + 1);
    const auto first = parse_position(first_text), last = parse_position(last_text);
    if (first_text.empty()) {
      if (!last) return std::nullopt;
      const std::uint64_t bytes = std::min(*last, total_bytes);
      if (bytes > 0) out.push_back({total_bytes - bytes, bytes});
      continue;
    }
    if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return std::nullopt;
    if (*first >= total_bytes) continue;
    const std::uint64_t end = last ? std::min(*last, total_bytes - 1) + 1 : total_bytes;
    out.push_back({*first, end - *first});
  }
  if (asked == 0) return std::nullopt;
  return out;
}

Result<Response> serve_representation(const Request& request, const Representation& representation) {
  Response response;
  response.with("ETag", representation.etag);
  if (request.header("if-none-match") != nullptr &&
      any_tag_matches(request.header_list("if-none-match"), representation.etag)) {
    response.status = 304;
    return response;
  }
  response.with("Accept-Ranges", "bytes");

  const std::string_view wanted = applicable_range(request, representation);
  const auto ranges = wanted.empty() ? std::nullopt : parse_range(wanted, representation.bytes);
  if (!ranges) {
    response.with("Content-Type", representation.content_type);
    response.head_bytes = representation.bytes;
    if (request.method != "HEAD") {
      response.body.emplace_back(FileSlice{representation.file, 0, representation.bytes});
    }
    return response;
  }
  if (ranges->empty()) {
    const Error error{&problems::kRangeNotSatisfiable,
                      fmt::format("No part of the range lies within {} bytes.", representation.bytes),
                      {}};
    Response refusal = problem_response(error, request);
    refusal.with("Content-Range", fmt::format("bytes */{}", representation.bytes));
    return refusal;
  }
  response.status = 206;
  if (ranges->size() == 1) {
    response.with("Content-Type", representation.content_type);
    response.with("Content-Range", content_range(ranges->front(), representation.bytes));
    response.body.emplace_back(FileSlice{representation.file, ranges->front().offset, ranges->front().bytes});
    return response;
  }
  // The request id is as good as random and new each time: the content cannot have been made to contain it.
  const std::string boundary = "lapel-" + request.request_id;
  response.with("Content-Type", "multipart/byteranges; boundary=" + boundary);
  std::string between = "--" + boundary;
  for (const ByteRange& range : *ranges) {
    between += fmt::format("\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n", representation.content_type,
                           content_range(range, representation.bytes));
    response.body.emplace_back(std::move(between));
    response.body.emplace_back(FileSlice{representation.file, range.offset, range.bytes});
    between = "\r\n--" + boundary;
  }
  response.body.emplace_back(between + "--\r\n");
  return response;
}

// A declared type is a stranger's word. Only these are passed on; a browser must not be talked into running a page.
std::string safe_type(const std::string& declared) {
  const bool is_media = declared.starts_with("video/") || declared.starts_with("audio/") || declared == "image/jpeg" ||
                        declared == "image/png";
  const bool is_plain = declared.find_first_not_of(
                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+.-") == std::string::npos;
  return is_media && is_plain ? declared : "application/octet-stream";
}

}  // namespace lapel::http
