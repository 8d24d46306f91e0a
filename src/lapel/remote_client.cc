// SPDX-License-Identifier: Apache-2.0
#include "lapel/remote_client.h"

#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "http/tus_client.h"
#include "os/disk.h"

namespace lapel::door {

Result<Remote> Remote::open(const RemoteOptions& options) {
  Remote out;
  out.token_ = options.token;
  if (!options.token_file.empty()) {
    const Bytes bytes = TRY(os::read_file(*os::real_disk(), options.token_file, 4'096));
    const std::string_view text = as_text(bytes);
    out.token_ = text.substr(0, text.find_first_of("\r\n"));
  }
  if (out.token_.empty()) return fail(Code::kUnauthenticated, "No token: set LAPEL_TOKEN or give --token-file");
  http::ClientOptions client;
  client.base_url = options.server;
  client.answer_bytes_max = 2 * kPieceBytes;
  out.client_ = TRY(http::Client::open(std::move(client)));
  return out;
}

Result<http::ClientAnswer> Remote::ask(http::ClientRequest request) {
  request.headers.emplace_back("Authorization", "Bearer " + token_);
  return client_->send(request);
}

Result<std::string> Remote::get(const std::string& target, const std::string& range) {
  http::ClientRequest request{"GET", target, {}, {}, {}};
  if (!range.empty()) request.headers.emplace_back("Range", range);
  http::ClientAnswer answer = TRY(ask(std::move(request)));
  if (answer.status >= 300) return fail(http::error_of(answer));
  return std::move(answer.body);
}

Result<Json> Remote::get_json(const std::string& target) {
  return http::json_of(TRY(ask({"GET", target, {}, {}, {}})), 2 * kPieceBytes);
}

Result<Json> Remote::send_json(const std::string& method, const std::string& target, std::string body) {
  return http::json_of(TRY(ask({method, target, {{"Content-Type", "application/json"}}, std::move(body), {}})),
                       2 * kPieceBytes);
}

Result<std::string> text_member(const Json& body, std::string_view name) {
  const std::string* text = body.find_string(name);
  if (!text) return fail(Code::kUnavailable, fmt::format("The server's answer has no \"{}\"", name));
  return *text;
}

Result<std::string> recording_path(const std::string& id) {
  if (!RecordingId::parse(id)) return fail(Code::kInvalid, "A recording's id is 32 lower-case hex digits", id);
  return "/api/v1/recordings/" + id;
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    if (is_plain) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace lapel::door
