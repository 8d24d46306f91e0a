// SPDX-License-Identifier: Apache-2.0
#pragma once
// Requests to one server as one person, for the commands that talk to a server.
//
// Owns: the token while it lives.
// Promises: a refusal of the server's comes back as the error that it names.
// Fails with: kUnauthenticated without a token, the server's problem, kUnavailable.
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

  Result<http::ClientAnswer> ask(http::ClientRequest request);
  // The body of a success.
  Result<std::string> get(const std::string& target, const std::string& range = {});
  Result<Json> get_json(const std::string& target);
  Result<Json> post_json(const std::string& target, std::string body) {
    return send_json("POST", target, std::move(body));
  }
  Result<Json> send_json(const std::string& method, const std::string& target, std::string body);

 private:
  std::string token_;
  std::unique_ptr<http::Client> client_;
};

Result<std::string> text_member(const Json& body, std::string_view name);
Result<std::string> recording_path(const std::string& id);
std::string url_encoded(std::string_view text);

}  // namespace lapel::door
