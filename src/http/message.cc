// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <random>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/problems.h"

namespace lapel::http {
namespace {

constexpr int kRetryBusy_s = 1;
constexpr int kRetryUnavailable_s = 5;

auto invalid(std::string message) {
  return fail(problems::kInvalid, std::move(message));
}

std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::vector<std::string_view> split_list(std::string_view list, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = list.find(separator);
    parts.push_back(trim(list.substr(0, end)));
    if (end == list.npos) return parts;
    list.remove_prefix(end + 1);
  }
}

std::string_view last_of(std::string_view list) {
  return split_list(list, ',').back();
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; });
}

// A host with an optional port, as it may stand in Host: no userinfo, no path, nothing to break a URL built
// from it.
bool is_host(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("-._~:[]%").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      if (c == '\0') return std::nullopt;
      i += 2;
    } else if (c == '+' && plus == Plus::kSpace) {
      c = ' ';
    }
    out.push_back(c);
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

namespace {

Result<void> read_query(std::string_view text, Request& request) {
  std::size_t pairs = 0;
  for (const std::string_view pair : split_list(text, '&')) {
    if (pair.empty()) continue;
    if (++pairs > kQueryPairsMax) return invalid("The query has more than 256 parameters.");
    const std::size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), Plus::kSpace);
    auto value = percent_decode(equals == pair.npos ? std::string_view{} : pair.substr(equals + 1), Plus::kSpace);
    if (!name || !value) return invalid("The query is not valid percent-encoded UTF-8.");
    request.query[std::move(*name)] = std::move(*value);
  }
  return {};
}

Result<void> read_path(std::string_view path, RequestHead& out) {
  for (std::string_view left = path.substr(1);;) {
    const std::size_t slash = left.find('/');
    auto segment = percent_decode(left.substr(0, slash), Plus::kLiteral);
    if (!segment) return invalid("The path is not valid percent-encoded UTF-8.");
    // Clients resolve dot segments before they send; one that arrives is trying to climb.
    if (*segment == "." || *segment == "..") return invalid("The path has a dot segment.");
    out.request.path.append("/").append(*segment);
    out.segments.push_back(std::move(*segment));
    if (slash == left.npos) return {};
    left.remove_prefix(slash + 1);
  }
}

// origin-form, absolute-form (which RFC 9112 makes servers accept), or * for OPTIONS.
Result<void> read_target(RequestHead& out) {
  Request& request = out.request;
  std::string_view target = request.target;
  const bool is_clean = std::all_of(target.begin(), target.end(),
                                    [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '#' && c != '\\'; });
  if (!is_clean) return invalid("The request target has a character that must be percent-encoded.");
  if (target == "*" && request.method == "OPTIONS") {
    request.path = "*";
    return {};
  }
  if (!target.starts_with('/')) {
    const std::size_t colon = target.find("://");
    const std::string_view scheme = target.substr(0, colon == target.npos ? 0 : colon);
    if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")) {
      return invalid("The request target must start with a slash.");
    }
    target.remove_prefix(colon + 3);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    request.host = target.substr(0, end);  // outranks Host
    if (request.host.empty() || !is_host(request.host)) return invalid("The request target has no valid host.");
    target.remove_prefix(end);
  }
  const std::size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (path.empty()) path = "/";
  if (auto read = read_path(path, out); !read) return read;
  return question == target.npos ? Result<void>{} : read_query(target.substr(question + 1), request);
}

// How the body is measured. Two ways at once, or one way said twice, is how requests are smuggled past a
// proxy that reads them differently.
Result<void> read_framing(const RawHead& raw, RequestHead& out) {
  std::size_t lengths = 0, codings = 0, hosts = 0;
  for (const auto& [name, value] : raw.headers) {
    if (!is_field_value(value)) return invalid("A header value has a control character: " + name + ".");
    if (name == "content-length") {
      ++lengths;
      out.request.content_length = parse_decimal(value);
      if (!out.request.content_length) return invalid("Content-Length is not a plain number.");
    } else if (name == "transfer-encoding") {
      ++codings;
      if (!equal_ignoring_case(value, "chunked")) return invalid("The only transfer coding understood is chunked.");
    } else if (name == "host") {
      ++hosts;
      if (!is_host(value)) return invalid("Host is not valid.");
      if (out.request.host.empty()) out.request.host = value;
    }
  }
  if (lengths > 1) return invalid("Content-Length is given more than once.");
  if (codings > 1) return invalid("Transfer-Encoding is given more than once.");
  if (lengths > 0 && codings > 0) return invalid("Content-Length and Transfer-Encoding exclude each other.");
  if (codings > 0 && raw.version == 10) return invalid("HTTP/1.0 has no Transfer-Encoding.");
  if (hosts > 1 || (hosts == 0 && raw.version != 10)) return invalid("Exactly one Host header is needed.");
  out.is_chunked = codings > 0;
  return {};
}

// An entry of X-Forwarded-For may carry a port.
std::string forwarded_address(std::string_view entry) {
  if (entry.starts_with('[')) {
    const std::size_t end = entry.find(']');
    return end == entry.npos ? std::string{} : normal_address(entry.substr(1, end - 1));
  }
  if (std::count(entry.begin(), entry.end(), ':') == 1) entry = entry.substr(0, entry.find(':'));
  return normal_address(entry);
}

void believe_proxy(const TrustedProxies& proxies, Request& request) {
  const std::string chain = request.header_list("x-forwarded-for");
  auto entries = split_list(chain, ',');
  // From the nearest hop outward, as long as the one who reports is trusted.
  while (!entries.empty() && proxies.contains(request.client)) {
    std::string address = forwarded_address(entries.back());
    if (address.empty()) break;
    request.client = std::move(address);
    entries.pop_back();
  }
  if (const std::string scheme = request.header_list("x-forwarded-proto"); !scheme.empty()) {
    request.is_secure = equal_ignoring_case(last_of(scheme), "https");
  }
  if (const std::string host = request.header_list("x-forwarded-host"); !host.empty()) {
    if (const std::string_view last = last_of(host); !last.empty() && is_host(last)) request.host = last;
  }
}

Result<void> override_method(Request& request) {
  const std::string* wanted = request.header("x-http-method-override");
  if (wanted == nullptr || request.method != "POST") return {};
  if (*wanted != "PATCH" && *wanted != "DELETE" && *wanted != "HEAD") {
    return invalid("X-HTTP-Method-Override may be PATCH, DELETE or HEAD.");
  }
  request.method = *wanted;
  return {};
}

bool lists_token(const Request& request, std::string_view header, std::string_view token) {
  const std::string list = request.header_list(header);
  const auto parts = split_list(list, ',');
  return std::any_of(parts.begin(), parts.end(), [&](auto part) { return equal_ignoring_case(part, token); });
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 460:
      return "Checksum Mismatch";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return "Other";  // clients go by the number
  }
}

bool is_servers_own(std::string_view name) {
  for (const std::string_view own :
       {"content-length", "transfer-encoding", "connection", "date", "x-request-id", "x-content-type-options"}) {
    if (equal_ignoring_case(name, own)) return true;
  }
  return false;
}

std::uint64_t body_bytes(const Response& response) {
  std::uint64_t total = 0;
  for (const Piece& piece : response.body) {
    const auto* text = std::get_if<std::string>(&piece);
    total += text != nullptr ? text->size() : std::get<FileSlice>(piece).bytes;
  }
  return total;
}

std::optional<std::array<std::uint8_t, 16>> parse_address(std::string_view text) {
  std::array<std::uint8_t, 16> out{};
  if (text.find('\0') != text.npos) return std::nullopt;  // inet_pton would read up to there only
  const std::string copy(text);
  if (::inet_pton(AF_INET6, copy.c_str(), out.data()) == 1) return out;
  out[10] = out[11] = 0xff;
  if (::inet_pton(AF_INET, copy.c_str(), out.data() + 12) == 1) return out;
  return std::nullopt;
}

bool is_mapped(const std::array<std::uint8_t, 16>& address) {
  return std::all_of(address.begin(), address.begin() + 10, [](auto b) { return b == 0; }) && address[10] == 0xff &&
         address[11] == 0xff;
}

}  // namespace

const std::string* Request::header(std::string_view name) const {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& field) { return field.first == name; });
  return found == headers.end() ? nullptr : &found->second;
}

std::string Request::header_list(std::string_view name) const {
  std::string joined;
  for (const auto& [field, value] : headers) {
    if (field != name) continue;
    if (!joined.empty()) joined += ", ";
    joined += value;
  }
  return joined;
}

Response Response::text(int status, std::string body, std::string content_type) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::move(content_type));
  response.body.emplace_back(std::move(body));
  return response;
}

Response Response::json(int status, std::string body) {
  return text(status, std::move(body), "application/json");
}

Response Response::empty(int status) {
  Response response;
  response.status = status;
  return response;
}

Response& Response::with(std::string name, std::string value) {
  headers.emplace_back(std::move(name), std::move(value));
  return *this;
}

std::function<bool()> as_long_as(std::function<Result<bool>()> stands) {
  return [stands = std::move(stands), unsure = 0]() mutable {
    const auto answer = stands();
    unsure = answer ? 0 : unsure + 1;
    return answer ? *answer : unsure < kUnsureAnswersMax;
  };
}

Response problem_response(const Error& error, const Request& request) {
  const Problem& problem = *error.problem;
  const Json body(Json::Object{
      {"type", "/problems/" + std::string(problem.slug)},
      {"title", problem.title},
      {"status", problem.http_status},
      {"detail", error.message},
      {"instance", request.request_id},
      {"remedy", problem.remedy},
  });
  Response response = Response::text(problem.http_status, to_json(body), "application/problem+json");
  response.with("Cache-Control", "no-store");
  std::int64_t retry_after_s = error.retry_after_s;
  if (retry_after_s == 0 && problem.code == Code::kBusy) retry_after_s = kRetryBusy_s;
  if (retry_after_s == 0 && (problem.code == Code::kUnavailable || problem.code == Code::kLimited))
    retry_after_s = kRetryUnavailable_s;
  if (retry_after_s > 0) response.with("Retry-After", std::to_string(retry_after_s));
  if (problem.http_status == 401) response.with("WWW-Authenticate", "Bearer");
  response.error = error;
  return response;
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
  TrustedProxies proxies;
  for (const std::string& text : networks) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(std::string_view(text).substr(0, slash));
    const bool is_v4 = text.find(':') == text.npos;
    const std::uint64_t bits_max = is_v4 ? 32 : 128;
    const auto bits = slash == text.npos ? bits_max : parse_decimal(std::string_view(text).substr(slash + 1));
    if (!address || !bits || *bits > bits_max) {
      return fail(problems::kInvalid, "A trusted proxy must be an address or a network such as 10.0.0.0/8.", text);
    }
    proxies.networks_.push_back({*address, static_cast<int>(*bits) + (is_v4 ? 96 : 0)});
  }
  return proxies;
}

bool TrustedProxies::contains(std::string_view address) const {
  const auto bytes = parse_address(address);
  if (!bytes) return false;
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    const auto whole = static_cast<std::size_t>(network.bits / 8);
    if (!std::equal(bytes->begin(), bytes->begin() + static_cast<std::ptrdiff_t>(whole), network.prefix.begin()))
      return false;
    const int rest = network.bits % 8;
    return rest == 0 || ((*bytes)[whole] ^ network.prefix[whole]) >> (8 - rest) == 0;
  });
}

std::string normal_address(std::string_view text) {
  const auto address = parse_address(text);
  if (!address) return {};
  std::array<char, INET6_ADDRSTRLEN> out{};
  const bool is_v4 = is_mapped(*address);
  ::inet_ntop(is_v4 ? AF_INET : AF_INET6, address->data() + (is_v4 ? 12 : 0), out.data(), out.size());
  return out.data();
}

Result<void> interpret(RawHead raw, const Origin& origin, const TrustedProxies& proxies, RequestHead& out) {
  Request& request = out.request;
  request.method = raw.method;
  request.target = raw.target;
  request.client = origin.address;
  request.is_secure = origin.is_tls;
  out.is_head = raw.method == "HEAD";
  out.is_http_10 = raw.version == 10;
  if (auto read = read_target(out); !read) return read;
  if (auto read = read_framing(raw, out); !read) return read;
  request.headers = std::move(raw.headers);
  if (proxies.contains(origin.address)) believe_proxy(proxies, request);
  if (!origin.secure_host.empty() && equal_ignoring_case(request.host, origin.secure_host)) request.is_secure = true;
  out.keeps_alive =
      out.is_http_10 ? lists_token(request, "connection", "keep-alive") : !lists_token(request, "connection", "close");
  out.wants_continue = !out.is_http_10 && lists_token(request, "expect", "100-continue");
  return override_method(request);
}

std::string next_request_id() {
  // A counter through a bijection: unique in the process, unlike its neighbors, without a system call each.
  static const std::uint64_t start = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32) ^ device();
  }();
  static std::atomic<std::uint64_t> count{0};
  std::uint64_t z = start + count.fetch_add(1, std::memory_order_relaxed) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return hex(big_endian_u64(z ^ (z >> 31)));
}

BodyPlan plan_body(const Response& response, const RequestHead& head) {
  const std::uint64_t bytes = body_bytes(response);
  if (response.status < 200 || response.status == 204 || response.status == 304) return {0, false, false};
  if (head.is_head) return {response.head_bytes.value_or(bytes), true, false};
  // A POST overridden to HEAD is still read by a client that believes Content-Length.
  if (head.request.method == "HEAD") return {0, true, false};
  return {bytes, true, true};
}

bool is_writable(const Response& response) {
  return std::all_of(response.headers.begin(), response.headers.end(),
                     [](const auto& field) { return is_token(field.first) && is_field_value(field.second); });
}

std::string response_head(const Response& response, const RequestHead& head, const BodyPlan& plan,
                          Afterwards afterwards, Timestamp now) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nX-Request-Id: {}\r\nX-Content-Type-Options: nosniff\r\n",
                                response.status, reason_of(response.status), http_date(now), head.request.request_id);
  for (const auto& [name, value] : response.headers) {
    if (!is_servers_own(name)) out.append(name).append(": ").append(value).append("\r\n");
  }
  if (plan.announces) out += fmt::format("Content-Length: {}\r\n", plan.announced);
  if (afterwards == Afterwards::kClose) {
    out += "Connection: close\r\n";
  } else if (head.is_http_10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  return out;
}

}  // namespace lapel::http
