// SPDX-License-Identifier: Apache-2.0
#include "lapel/file_requests.h"

#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "lapel/remote_client.h"

namespace lapel::door {
namespace {

std::string path_of(const std::string& id, std::string_view rest = {}) {
  return fmt::format("/api/v1/file-requests/{}{}", url_encoded(id), rest);
}

std::string text_of(const Json& body, std::string_view name) {
  const std::string* text = body.find_string(name);
  return text ? printable(*text) : "-";
}
std::int64_t number_of(const Json& body, std::string_view name) {
  const std::int64_t* number = body.find_integer(name);
  return number ? *number : 0;
}

void print_files(const Json& shown) {
  const Json* files = shown.find("files");
  if (!files || !files->array()) return;
  for (const Json& file : *files->array()) {
    fmt::print("{}  {}  {} bytes  {}  {}\n", text_of(file, "recording"), text_of(file, "state"),
               number_of(file, "bytes"), text_of(file, "verdict"), text_of(file, "filename"));
  }
}

Result<void> print_shown(const Json& shown, bool as_json) {
  if (as_json) {
    fmt::print("{}\n", to_json(shown));
    return {};
  }
  for (const char* member : {"id", "name", "incident", "words", "made_by", "made_at", "ends_at", "opened_at",
                             "revoked_at", "revoke_reason"}) {
    fmt::print("{}  {}\n", member, text_of(shown, member));
  }
  fmt::print("used  {} of {} files, {} of {} bytes\n", number_of(shown, "files_used"), number_of(shown, "files_max"),
             number_of(shown, "bytes_used"), number_of(shown, "bytes_max"));
  print_files(shown);
  return {};
}

}  // namespace

Result<void> run_file_request_create(const RemoteOptions& options, const FileRequestOptions& request, bool as_json) {
  Json::Object body = {{"name", request.name}, {"incident", request.incident}, {"words", request.words}};
  if (!request.contact.empty()) body.emplace("contact", request.contact);
  if (!request.ends_at.empty()) body.emplace("ends_at", request.ends_at);
  if (request.files_max != 0) body.emplace("files_max", request.files_max);
  if (request.bytes_max != 0) body.emplace("bytes_max", request.bytes_max);
  if (request.wants_code) body.emplace("code", true);
  Remote remote = TRY(Remote::open(options));
  const Json made = TRY(remote.post_json("/api/v1/file-requests", to_json(Json(std::move(body)))));
  if (as_json) {
    fmt::print("{}\n", to_json(made));
    return {};
  }
  const Json* told = made.find("file_request");
  const std::string* link = made.find_string("link");
  if (!told || !link) return fail(Code::kUnavailable, "The server's answer has no link");
  fmt::print("file request  {}\nlink  {}\n", text_of(*told, "id"), printable(*link));
  if (made.find_string("code")) fmt::print("code  {}\n", text_of(made, "code"));
  fmt::print(stderr, "On record. The link is shown once, and ends at {}.{}\n", text_of(*told, "ends_at"),
             made.find_string("code") ? " Tell the code by another way than the link." : "");
  return {};
}

Result<void> run_file_request_code(const RemoteOptions& options, const std::string& id, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json code = TRY(remote.post_json(path_of(id, "/codes"), "{}"));
  if (as_json) {
    fmt::print("{}\n", to_json(code));
  } else {
    fmt::print("code  {}\n", text_of(code, "code"));
  }
  return {};
}

Result<void> run_file_request_show(const RemoteOptions& options, const std::string& id, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  return print_shown(TRY(remote.get_json(path_of(id))), as_json);
}

Result<void> run_file_request_revoke(const RemoteOptions& options, const std::string& id, const std::string& reason,
                                     bool as_json) {
  Remote remote = TRY(Remote::open(options));
  return print_shown(TRY(remote.post_json(path_of(id, "/revoke"), to_json(Json(Json::Object{{"reason", reason}})))),
                     as_json);
}

}  // namespace lapel::door
