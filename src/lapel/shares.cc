// SPDX-License-Identifier: Apache-2.0
#include "lapel/shares.h"

#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "http/tus_client.h"
#include "lapel/remote_client.h"
#include "os/disk.h"

namespace lapel::door {
namespace {

constexpr std::size_t kOrderFileBytesMax = 64 * 1024;  // the server's own limit is lower, and tells it

Result<void> print_made(const Json& made, const Json* code, bool as_json) {
  if (as_json) {
    fmt::print("{}\n", to_json(made));
    return {};
  }
  const std::string* text = code ? code->find_string("code") : nullptr;
  const std::string* ends_at = code ? code->find_string("ends_at") : nullptr;
  if (!text || !ends_at) return fail(Code::kUnavailable, "The server's answer has no code");
  if (const std::string* link = made.find_string("link")) fmt::print("link  {}\n", printable(*link));
  fmt::print("code  {}\n", printable(*text));
  fmt::print(stderr, "On record. The code works once, until {}: tell it by another way than the link.\n",
             printable(*ends_at));
  return {};
}

}  // namespace

Result<void> run_share_make(const RemoteOptions& options, const std::vector<std::string>& recordings,
                            const ShareOptions& share, bool as_json) {
  Json::Object body = {{"kind", share.kind},
                       {"recipient", share.recipient},
                       {"purpose", share.purpose},
                       {"recordings", Json::Array(recordings.begin(), recordings.end())}};
  const auto put = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) body.emplace(name, value);
  };
  put("organization", share.organization);
  put("case", share.case_number);
  put("warrant", share.warrant);
  put("ends_at", share.ends_at);
  if (share.views_max != 0) body.emplace("views_max", share.views_max);
  if (!share.order_file.empty()) {
    const Bytes order = TRY(os::read_file(*os::real_disk(), share.order_file, kOrderFileBytesMax));
    if (!is_utf8(as_text(order))) return fail(Code::kInvalid, "The protective order is no UTF-8", share.order_file);
    put("order", std::string(as_text(order)));
  }
  Remote remote = TRY(Remote::open(options));
  const Json made = TRY(remote.send_json("POST", "/api/v1/shares", to_json(Json(std::move(body)))));
  if (const Json* told = made.find("share"); told && !as_json) {
    if (const std::string* id = told->find_string("id")) fmt::print("share {}\n", printable(*id));
  }
  return print_made(made, made.find("code"), as_json);
}

Result<void> run_share_code(const RemoteOptions& options, const std::string& share, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json code = TRY(remote.send_json("POST", fmt::format("/api/v1/shares/{}/codes", url_encoded(share)),
                                         to_json(Json(Json::Object{}))));
  return print_made(code, &code, as_json);
}

}  // namespace lapel::door
