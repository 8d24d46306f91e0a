// SPDX-License-Identifier: Apache-2.0
#include "lapel/facts.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/tus_client.h"
#include "lapel/remote_client.h"
#include "lapel/shown.h"

namespace lapel::door {
namespace {

Result<void> send_fact(Remote& remote, const std::string& method, const std::string& path, Json::Object body,
                       bool as_json) {
  const http::ClientAnswer answer =
      TRY(remote.ask({method, path, {{"Content-Type", "application/json"}}, to_json(Json(std::move(body))), {}}));
  if (answer.status >= 300) return fail(http::error_of(answer));
  fmt::print(stderr, "On record.\n");
  if (answer.body.empty()) return {};
  const Json made = TRY(http::json_of(answer, 1 << 20));
  if (as_json) {
    fmt::print("{}\n", to_json(made));
  } else if (const std::string* id = made.find_string("id")) {
    fmt::print("{}\n", printable(*id));
  }
  return {};
}

Result<void> send_fact(const RemoteOptions& options, const std::string& method, const std::string& path,
                       Json::Object body, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  return send_fact(remote, method, path, std::move(body), as_json);
}

std::string person_path(const std::string& person, std::string_view what) {
  return fmt::format("/api/v1/people/{}/{}", url_encoded(person), what);
}

}  // namespace

Result<void> run_fact_list(const RemoteOptions& options, const std::string& path, const Said& said,
                           const std::vector<std::string>& columns, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  std::string target = path;
  for (const auto& [name, value] : said) {
    if (!value.empty()) target += fmt::format("{}{}={}", target == path ? "?" : "&", name, url_encoded(value));
  }
  Json page = TRY(remote.get_json(target));
  const auto items_of = [](const Json& answer) -> Result<Json::Array> {
    const Json* items = answer.find("items");
    if (!items || !items->array()) return fail(Code::kUnavailable, "The server's answer has no \"items\"");
    return *items->array();
  };
  Json::Array items = TRY(items_of(page));
  // At a terminal a list is the whole of it.
  const std::string joint = target.find('?') == target.npos ? "?" : "&";
  for (Json last = page; last.find_string("next");) {
    last = TRY(remote.get_json(fmt::format("{}{}cursor={}", target, joint, url_encoded(*last.find_string("next")))));
    for (Json& item : TRY(items_of(last))) items.push_back(std::move(item));
  }
  if (as_json) {
    page.object()->insert_or_assign("items", Json(std::move(items)));
    page.object()->insert_or_assign("next", Json());
    fmt::print("{}\n", to_json(page));
    return {};
  }
  for (const Json& item : items) {
    std::string line;
    for (const std::string& column : columns) line += (line.empty() ? "" : "  ") + text_of(item.find(column));
    fmt::print("{}\n", line);
  }
  return {};
}

Result<void> run_fact_change(const RemoteOptions& options, const std::string& method, const std::string& path,
                             const Said& said, bool as_json) {
  return run_fact_change(options, SignInTerms{}, method, path, said, as_json);
}

Result<void> run_fact_change(const RemoteOptions& options, const SignInTerms& terms, const std::string& method,
                             const std::string& path, const Said& said, bool as_json) {
  Json::Object body;
  for (const auto& [name, value] : said) {
    if (!value.empty()) body.emplace(name, value);
  }
  if (terms.login.empty()) return send_fact(options, method, path, std::move(body), as_json);
  Remote remote = TRY(Remote::sign_in(options, terms));
  return send_fact(remote, method, path, std::move(body), as_json);
}

Result<void> run_signed_act(const RemoteOptions& options, const SignInTerms& terms, const std::string& path,
                            const std::string& reason, bool as_json) {
  Remote remote = TRY(Remote::sign_in(options, terms));
  return send_fact(remote, "POST", path, {{"reason", reason}}, as_json);
}

Result<void> run_fact_show(const RemoteOptions& options, const std::string& path, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json shown_json = TRY(remote.get_json(path));
  if (as_json) {
    fmt::print("{}\n", to_json(shown_json));
    return {};
  }
  if (!shown_json.object()) return fail(Code::kUnavailable, "The server's answer is not an object");
  for (const auto& [name, value] : *shown_json.object()) {
    if (!value.is_null()) fmt::print("{:<18} {}\n", name, text_of(&value));
  }
  return {};
}

Result<void> run_person_roles(const RemoteOptions& options, const SignInTerms& terms, const std::string& person,
                              const std::vector<std::string>& roles, const std::string& reason, bool as_json) {
  Remote remote = TRY(Remote::sign_in(options, terms));
  return send_fact(remote, "POST", person_path(person, "roles"),
                   {{"roles", Json::Array(roles.begin(), roles.end())}, {"reason", reason}}, as_json);
}

Result<void> run_person_activity(const RemoteOptions& options, const std::string& person, Activity activity,
                                 const std::string& reason, bool as_json) {
  return send_fact(options, "POST", person_path(person, "active"),
                   {{"active", activity == Activity::kActive}, {"reason", reason}}, as_json);
}

Result<void> run_person_rights(const RemoteOptions& options, const std::string& person, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json rights = TRY(remote.get_json(person_path(person, "rights")));
  if (as_json) {
    fmt::print("{}\n", to_json(rights));
    return {};
  }
  const Json* active = rights.find("active");
  const bool is_inactive = active && active->boolean() && !*active->boolean();
  fmt::print("{}, badge {}, {}{}\n", text_of(rights.find("name")), text_of(rights.find("badge")),
             text_of(rights.find("roles")), is_inactive ? ", deactivated" : "");
  const Json* assignments = rights.find("assignments");
  if (assignments && assignments->array()) {
    for (const Json& item : *assignments->array()) {
      fmt::print("  {} {} since {}\n", text_of(item.find("kind")), text_of(item.find("target")),
                 text_of(item.find("from")));
    }
  }
  const Json* items = rights.find("rights");
  if (!items || !items->array()) return fail(Code::kUnavailable, "The server's answer has no \"rights\"");
  for (const Json& item : *items->array()) {
    fmt::print("{:<7} {:<16} {:<16} {:<11} {}\n", text_of(item.find("answer")), text_of(item.find("action")),
               text_of(item.find("purpose")), text_of(item.find("recording")), text_of(item.find("rule")));
  }
  return {};
}

Result<void> run_person_review(const RemoteOptions& options, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json review = TRY(remote.get_json("/api/v1/access-review"));
  if (as_json) {
    fmt::print("{}\n", to_json(review));
    return {};
  }
  const Json* items = review.find("items");
  if (!items || !items->array()) return fail(Code::kUnavailable, "The server's answer has no \"items\"");
  const auto is = [](const Json& item, std::string_view name) {
    const Json* value = item.find(name);
    return value && value->boolean() && *value->boolean();
  };
  for (const Json& item : *items->array()) {
    const Json* tokens = item.find("tokens");
    const std::string last = text_of(item.find("last_day"));
    const std::string_view flag = !is(item, "active")      ? "deactivated"
                                  : is(item, "never_here") ? "never signed in"
                                  : is(item, "idle")       ? "idle"
                                                           : "";
    fmt::print("{:<16} {}  since {} by {}  last here {}  factors {}  {} tokens  {}\n", text_of(item.find("login")),
               text_of(item.find("roles")), text_of(item.find("roles_since")), text_of(item.find("roles_by")),
               last.substr(0, 10), text_of(item.find("factors")),
               tokens && tokens->array() ? tokens->array()->size() : 0, flag);
  }
  const Json* signed_last = review.find("last_signed");
  if (signed_last && signed_last->object()) {
    fmt::print(stderr, "Last signed {} by {}.\n", text_of(signed_last->find("at")), text_of(signed_last->find("by")));
  } else {
    fmt::print(stderr, "Nobody has signed a review yet.\n");
  }
  return {};
}

Result<void> run_recording_change(const RemoteOptions& options, const std::string& id, const RecordingChange& change,
                                  bool as_json) {
  Json::Object body = {{"reason", change.reason}};
  const auto put = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) body.emplace(name, value == "none" ? Json() : Json(value));
  };
  put("category", change.category);
  put("incident", change.incident);
  put("assigned_officer", change.officer);
  put("restriction", change.restriction);
  if (!change.inside_home.empty()) body.emplace("inside_home", change.inside_home == "yes");
  if (!change.victim_sensitive.empty()) body.emplace("victim_sensitive", change.victim_sensitive == "yes");
  Remote remote = TRY(Remote::open(options));
  const Json changed = TRY(remote.send_json("PATCH", TRY(recording_path(id)), to_json(Json(std::move(body)))));
  if (as_json) fmt::print("{}\n", to_json(changed));
  fmt::print(stderr, "On record.\n");
  return {};
}

}  // namespace lapel::door
