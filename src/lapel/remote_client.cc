// SPDX-License-Identifier: Apache-2.0
#include "lapel/remote_client.h"

#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/text.h"
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
  out.client_ = TRY(connect(options));
  return out;
}

Result<std::unique_ptr<http::Client>> Remote::connect(const RemoteOptions& options) {
  http::ClientOptions client;
  client.base_url = options.server;
  client.answer_bytes_max = options.answer_bytes_max;
  return http::Client::open(std::move(client));
}

Result<std::string> Remote::post_session(const std::string& path, Json::Object body) {
  const http::ClientAnswer answer = TRY(ask({"POST",
                                             "/api/v1/session" + path,
                                             {{"Content-Type", "application/json"}},
                                             to_json(Json(std::move(body))),
                                             {}}));
  const Json session = TRY(http::json_of(answer, 2 * kPieceBytes));
  // The latest: with a factor the session goes on under another cookie.
  if (const std::string* cookie = answer.header("set-cookie")) cookie_ = cookie->substr(0, cookie->find(';'));
  if (const std::string* notice = session.find_string("banner")) fmt::print(stderr, "{}\n", printable(*notice));
  const std::string* needs = session.find_string("needs");
  return needs ? *needs : std::string();
}

Result<Remote> Remote::sign_in(const RemoteOptions& options, const SignInTerms& terms) {
  Remote out;
  out.client_ = TRY(connect(options));
  const Bytes bytes = TRY(os::read_file(*os::real_disk(), terms.password_file, 4'096));
  const std::string_view text = as_text(bytes);
  std::string needs = TRY(out.post_session(
      "", {{"login", terms.login}, {"password", std::string(text.substr(0, text.find_first_of("\r\n")))}}));
  if (needs == "factor") {
    if (terms.code.empty()) return fail(Code::kUnauthenticated, "This takes your second factor: give --code");
    const bool is_of_app =
        terms.code.size() == 6 && terms.code.find_first_not_of("0123456789") == std::string::npos;
    needs = TRY(out.post_session("/factor", {{is_of_app ? "totp" : "recovery", terms.code}}));
  }
  if (needs == "banner") {
    if (!terms.is_notice_accepted)
      return fail(Code::kUnauthenticated, "Read the notice above, and give --accept-notice to accept it");
    needs = TRY(out.post_session("/banner", {}));
  }
  if (!needs.empty()) return fail(Code::kUnauthenticated, "Enroll a second factor in a browser first");
  return out;
}

// The session was for one act. Where the server is gone it ends by itself.
Remote::~Remote() {
  if (client_ && !cookie_.empty()) (void)ask({"DELETE", "/api/v1/session", {}, {}, {}});
}

Result<http::ClientAnswer> Remote::ask(http::ClientRequest request) {
  if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_);
  if (token_.empty()) request.headers.emplace_back("X-Lapel", "1");
  if (!cookie_.empty()) request.headers.emplace_back("Cookie", cookie_);
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
