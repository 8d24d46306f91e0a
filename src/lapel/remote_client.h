// SPDX-License-Identifier: Apache-2.0
#pragma once
// Requests to one server as one person, for the commands that talk to a server: by a token, or signed in for one act.
//
// Owns: the token while it lives, or the session: signed out of at its end.
// Promises: a refusal of the server's comes back as the error that it names.
// Fails with: kUnauthenticated without a token, or with a sign-in that needs more; the server's problem, kUnavailable.
// Threads: one.

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/limits.h"
#include "base/result.h"
#include "http/client.h"
#include "lapel/remote.h"

namespace lapel::door {

inline constexpr std::uint64_t kPieceBytes = 8 * limits::kMiB;  // of an original, a request

class Remote {
 public:
  static Result<Remote> open(const RemoteOptions& options);
  static Result<Remote> sign_in(const RemoteOptions& options, const SignInTerms& terms);
  Remote(Remote&&) = default;
  Remote& operator=(Remote&&) = delete;
  ~Remote();

  Result<http::ClientAnswer> ask(http::ClientRequest request);
  // The body of a success.
  Result<std::string> get(const std::string& target, const std::string& range = {});
  Result<Json> get_json(const std::string& target);
  Result<Json> post_json(const std::string& target, std::string body) {
    return send_json("POST", target, std::move(body));
  }
  Result<Json> send_json(const std::string& method, const std::string& target, std::string body);

 private:
  Remote() = default;
  static Result<std::unique_ptr<http::Client>> connect(const RemoteOptions& options);
  // What the session still needs; empty: nothing.
  Result<std::string> post_session(const std::string& path, Json::Object body);

  std::string token_, cookie_;
  std::unique_ptr<http::Client> client_;
};

Result<std::string> text_member(const Json& body, std::string_view name);
Result<std::string> recording_path(const std::string& id);
std::string url_encoded(std::string_view text);

}  // namespace lapel::door
