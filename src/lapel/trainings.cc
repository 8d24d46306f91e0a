// SPDX-License-Identifier: Apache-2.0
#include "lapel/trainings.h"

#include <cstdio>
#include <iostream>

#include <fmt/format.h>

#include "base/text.h"
#include "lapel/remote_client.h"
#include "lapel/shown.h"
#include "os/disk.h"

namespace lapel::door {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;  // as the server takes it
constexpr std::size_t kCodeBytesMax = 1'024;

std::string policy_path(const std::string& policy) {
  return "/api/v1/policies/" + url_encoded(policy);
}

std::string version_path(const PolicyTerms& terms) {
  return terms.version ? fmt::format("{}/versions/{}", policy_path(terms.policy), *terms.version)
                       : policy_path(terms.policy) + "/in-force";
}

// Paragraphs, each line moved in.
void print_lines(const Json* value, std::string_view before) {
  const std::string* text = value ? value->string() : nullptr;
  if (!text) return;
  for (std::size_t begin = 0; begin <= text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    fmt::print("{}{}\n", before, printable(std::string_view(*text).substr(begin, end - begin)));
    begin = end + 1;
  }
}

void print_version(const Json& version) {
  const Json* in_force = version.find("in_force");
  const bool is_now = in_force && in_force->boolean() && *in_force->boolean();
  fmt::print("{}, version {}, {} {}\n", text_of(version.find("title")), text_of(version.find("number")),
             is_now ? "in force since" : "from", text_of(version.find("effective_at")));
  fmt::print("sha256 {}\n", text_of(version.find("sha256")));
  if (is_there(version.find("note"))) fmt::print("{}\n", text_of(version.find("note")));
  for (const Json& clause : list_of(version, "clauses")) {
    fmt::print("{}  {}\n", text_of(clause.find("key")), text_of(clause.find("heading")));
    print_lines(clause.find("text"), "    ");
    const Json* setting = clause.find("setting");
    if (is_there(setting)) fmt::print("    -> {}\n", text_of(setting->find("sentence")));
  }
  std::int64_t number = 0;
  for (const Json& question : list_of(version, "check")) {
    fmt::print("Question {}: {}\n", ++number, text_of(question.find("question")));
    std::int64_t choice = 0;
    for (const Json& each : list_of(question, "choices")) fmt::print("    {}  {}\n", ++choice, text_of(&each));
  }
  const Json* acknowledged = version.find("acknowledged_at");
  if (is_there(acknowledged)) fmt::print("You acknowledged it at {}\n", text_of(acknowledged));
}

// As wdiff writes it: [-before-] {+after+}.
std::string marked(const Json& item, std::string_view name) {
  std::string out;
  for (const Json& piece : list_of(item, name)) {
    const std::string* how = piece.find_string("how");
    const std::string* text = piece.find_string("text");
    if (!how || !text) continue;
    out += *how == "added" ? "{+" + *text + "+}" : *how == "removed" ? "[-" + *text + "-]" : *text;
  }
  return out;
}

void print_changes(const Json& changes) {
  const Json* since = changes.find("since");
  fmt::print("{}: version {}{}\n", text_of(changes.find("title")), text_of(changes.find("number")),
             is_there(since) ? ", since version " + text_of(since) : ", the first");
  for (const Json& clause : list_of(changes, "clauses")) {
    const std::string change = text_of(clause.find("change"));
    if (change == "same") continue;
    const Json heading(marked(clause, "heading")), text(marked(clause, "text"));
    fmt::print("{:<8} {}  {}\n", change, text_of(clause.find("key")), text_of(&heading));
    print_lines(&text, "    ");
    if (is_there(clause.find("mapping"))) fmt::print("    {}\n", text_of(clause.find("mapping")));
  }
  const Json* check = changes.find("check_changed");
  if (check && check->boolean() && *check->boolean()) fmt::print("The check has other questions\n");
}

void print_checklist(const Json& answer) {
  std::string area;
  for (const Json& item : list_of(answer, "items")) {
    if (text_of(item.find("area")) != area) fmt::print("{}\n", area = text_of(item.find("area")));
    std::string clauses;
    for (const Json& clause : list_of(item, "clauses")) {
      clauses += fmt::format("{}{}: {}", clauses.empty() ? "" : ", ", text_of(clause.find("policy")),
                             text_of(clause.find("clause")));
    }
    fmt::print("  {:<20} {}\n", text_of(item.find("key")), clauses.empty() ? "no clause" : clauses);
  }
  fmt::print("Settings\n");
  for (const Json& setting : list_of(answer, "settings")) {
    fmt::print("  {:<24} {}\n", text_of(setting.find("name")), text_of(setting.find("in_force")));
  }
}

void print_status(const Json& status) {
  fmt::print("As of {}\n", text_of(status.find("as_of")));
  for (const char* kind : {"policy", "training"}) {
    const Json* count = status.find(kind);
    const Json* required = count ? count->find("required") : nullptr;
    const bool is_required = required && required->boolean() && *required->boolean();
    if (is_required) {
      fmt::print("  {:<9} {} of {} ready\n", kind, text_of(count->find("ready")), text_of(count->find("concerned")));
    } else {
      fmt::print("  {:<9} nothing is required\n", kind);
    }
  }
  for (const Json& row : list_of(status, "people")) {
    for (const Json& sentence : list_of(row, "missing")) fmt::print("missing  {}\n", text_of(&sentence));
    for (const Json& ending : list_of(row, "ending")) {
      fmt::print("ending   {}: {} counts until {}\n", text_of(row.find("person")), text_of(ending.find("course")),
                 text_of(ending.find("on")));
    }
  }
}

void print_person(const Json& record) {
  fmt::print("{}\n", text_of(record.find("person")));
  for (const Json& sentence : list_of(record, "missing")) fmt::print("missing       {}\n", text_of(&sentence));
  for (const Json& each : list_of(record, "acknowledgements")) {
    fmt::print("acknowledged  {}  version {} of {}  {}  {}\n", text_of(each.find("at")), text_of(each.find("number")),
               text_of(each.find("title")), text_of(each.find("sha256")), text_of(each.find("proof")));
  }
  for (const Json& each : list_of(record, "attendances")) {
    const Json* withdrawn = each.find("withdrawn_at");
    fmt::print("{:<12}  {}  {}  {}\n", is_there(withdrawn) ? "taken back" : "attended", text_of(each.find("on")),
               text_of(each.find("title")), text_of(is_there(withdrawn) ? each.find("reason") : each.find("trainer")));
  }
}

void print_recording(const Json& bound) {
  fmt::print("Recorded {}, by {}\n", text_of(bound.find("recorded_at")), text_of(bound.find("officer")));
  for (const Json& each : list_of(bound, "policies")) {
    const Json* acknowledged = each.find("acknowledged");
    fmt::print("{}: version {} was in force since {}; acknowledged: {}\n", text_of(each.find("title")),
               text_of(each.find("number")), text_of(each.find("effective_at")),
               is_there(acknowledged)
                   ? fmt::format("version {} at {}", text_of(acknowledged), text_of(each.find("acknowledged_at")))
                   : "none");
  }
  for (const Json& each : list_of(bound, "courses")) {
    const Json* counts = each.find("counts");
    const bool is_so = counts && counts->boolean() && *counts->boolean();
    fmt::print("{}: {}\n", text_of(each.find("title")),
               is_so                             ? "attended " + text_of(each.find("attended"))
               : is_there(each.find("attended")) ? "counted no more since " + text_of(each.find("ends"))
                                                 : "not attended");
  }
}

Result<std::string> read_text(const std::string& file) {
  const Bytes bytes = TRY(os::read_file(*os::real_disk(), file, kFileBytesMax));
  if (!is_utf8(as_text(bytes))) return fail(Code::kInvalid, "The file is not UTF-8", file);
  return std::string(as_text(bytes));
}

Result<void> send(const RemoteOptions& options, const std::string& method, const std::string& path, Json::Object body,
                  bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json done = TRY(remote.send_json(method, path, to_json(Json(std::move(body)))));
  fmt::print(stderr, "On record.\n");
  if (as_json) fmt::print("{}\n", to_json(done));
  return {};
}

Json::Object said_members(const Said& said) {
  Json::Object out;
  for (const auto& [name, value] : said) {
    if (!value.empty()) out.emplace(name, value);
  }
  return out;
}

}  // namespace

Result<void> run_required_add(const RemoteOptions& options, const std::string& path, const Said& said,
                              const PolicyTerms& terms, bool as_json) {
  Json::Object body = said_members(said);
  body.emplace("required", terms.is_required);
  if (terms.days) body.emplace("valid_days", *terms.days);
  if (terms.months) body.emplace("valid_months", *terms.months);
  return send(options, "POST", path, std::move(body), as_json);
}

Result<void> run_requirement(const RemoteOptions& options, const Said& said, const std::string& required,
                             bool as_json) {
  Json::Object body = said_members(said);
  body.emplace("required", required == "yes");
  return send(options, "PUT", "/api/v1/training/requirements", std::move(body), as_json);
}

Result<void> run_policy_issue(const RemoteOptions& options, const PolicyTerms& terms, bool as_json) {
  Json file = TRY(parse_json(TRY(read_text(terms.file))));
  if (!file.object()) return fail(Code::kInvalid, "The file must be a JSON object with \"clauses\"", terms.file);
  // The server ignores members that it does not know, as HTTP has it: a misspelled one would be left out without a word.
  for (const auto& [name, value] : *file.object()) {
    if (name != "clauses" && name != "check")
      return fail(Code::kInvalid, "The file has \"clauses\" and \"check\", and nothing else", name);
  }
  Json::Object body = *std::move(file.object());
  if (!terms.effective.empty()) body.emplace("effective", terms.effective);
  if (!terms.note.empty()) body.emplace("note", terms.note);
  Remote remote = TRY(Remote::open(options));
  const Json done = TRY(remote.post_json(policy_path(terms.policy) + "/versions", to_json(Json(std::move(body)))));
  if (as_json) {
    fmt::print("{}\n", to_json(done));
  } else {
    fmt::print("{}, version {}, from {}\n", text_of(done.find("title")), text_of(done.find("number")),
               text_of(done.find("effective_at")));
  }
  return {};
}

Result<void> run_policy_show(const RemoteOptions& options, const PolicyTerms& terms, bool as_json) {
  return show(options, version_path(terms), as_json, print_version);
}

Result<void> run_policy_changes(const RemoteOptions& options, const PolicyTerms& terms, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  PolicyTerms wanted = terms;
  if (!wanted.version) {
    const Json current = TRY(remote.get_json(version_path(terms)));
    const std::int64_t* number = current.find_integer("number");
    if (!number) return fail(Code::kUnavailable, "The server's answer has no \"number\"");
    wanted.version = *number;
  }
  const std::string path = version_path(wanted) + "/changes";
  const Json changes = TRY(remote.get_json(terms.since ? fmt::format("{}?since={}", path, *terms.since) : path));
  if (as_json) {
    fmt::print("{}\n", to_json(changes));
  } else {
    print_changes(changes);
  }
  return {};
}

Result<void> run_policy_checklist(const RemoteOptions& options, bool as_json) {
  return show(options, "/api/v1/training/checklist", as_json, print_checklist);
}

Result<void> run_policy_acknowledge(const RemoteOptions& options, const SignInTerms& signer, const PolicyTerms& terms,
                                    bool as_json) {
  Remote remote = TRY(Remote::sign_in(options, signer));
  const Json version = TRY(remote.get_json(version_path(terms)));
  const std::int64_t* number = version.find_integer("number");
  if (!number) return fail(Code::kUnavailable, "The server's answer has no \"number\"");
  const Json::Object body = {{"answers", Json::Array(terms.answers.begin(), terms.answers.end())},
                             {"proof", "second_factor"}};
  const Json done = TRY(remote.post_json(
      fmt::format("{}/versions/{}/acknowledgements", policy_path(terms.policy), *number), to_json(Json(body))));
  const Json::Array& wrong = list_of(done, "wrong");
  if (as_json) fmt::print("{}\n", to_json(done));
  if (!wrong.empty()) {
    std::string questions;
    for (const Json& each : wrong) questions += (questions.empty() ? "" : ", ") + text_of(&each);
    return fail(Code::kConflict, fmt::format("Not on record. Answered wrong: question {}. Read it again and answer "
                                             "every question with --answer",
                                             questions));
  }
  if (!as_json) {
    fmt::print("Version {} of {}, acknowledged at {}\n", *number, text_of(version.find("title")),
               text_of(done.find("acknowledged_at")));
  }
  return {};
}

Result<void> run_training_status(const RemoteOptions& options, const std::string& as_of, bool as_json) {
  return show(options, dated("/api/v1/training", "as_of", as_of), as_json, print_status);
}

Result<void> run_training_person(const RemoteOptions& options, const std::string& person, bool as_json) {
  return show(options, "/api/v1/training/people/" + url_encoded(person), as_json, print_person);
}

Result<void> run_training_recording(const RemoteOptions& options, const std::string& id, bool as_json) {
  return show(options, "/api/v1/training/recordings/" + url_encoded(id), as_json, print_recording);
}

Result<void> run_training_import(const RemoteOptions& options, const std::string& file, bool as_json) {
  const std::string csv = TRY(read_text(file));
  const Json::Object body = {{"csv", csv}};
  Remote remote = TRY(Remote::open(options));
  const Json done = TRY(remote.post_json("/api/v1/training/import", to_json(Json(body))));
  if (as_json) {
    fmt::print("{}\n", to_json(done));
  } else {
    fmt::print("{} added, {} were there already\n", text_of(done.find("added")), text_of(done.find("already")));
  }
  return {};
}

Result<void> run_training_scan(const RemoteOptions& options, const std::string& session, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  std::string code;
  while (std::getline(std::cin, code)) {
    while (!code.empty() && (code.back() == '\r' || code.back() == ' ')) code.pop_back();
    if (code.empty()) continue;
    if (code.size() > kCodeBytesMax) return fail(Code::kInvalid, "A code is too long");
    const Json answer =
        TRY(remote.post_json(fmt::format("/api/v1/training/sessions/{}/attendances", url_encoded(session)),
                             to_json(Json(Json::Object{{"code", code}}))));
    if (as_json) {
      fmt::print("{}\n", to_json(answer));
    } else {
      fmt::print("{:<9}  {}\n", text_of(answer.find("result")), text_of(answer.find("sentence")));
    }
    std::fflush(stdout);
  }
  return {};
}

}  // namespace lapel::door
