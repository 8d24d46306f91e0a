// SPDX-License-Identifier: Apache-2.0
#include "lapel/fleets.h"

#include <cstdio>
#include <iostream>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lapel/remote_client.h"
#include "lapel/shown.h"
#include "os/disk.h"

namespace lapel::door {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;  // as the server takes it
constexpr std::size_t kCodeBytesMax = 1'024;

std::string range_of(const Json* strength) {
  if (!is_there(strength)) return "not entered";
  const std::string low = text_of(strength->find("low")), high = text_of(strength->find("high"));
  const Json* source = strength->find("source");
  return fmt::format("{:<10}  since {}{}", low == high ? low : low + " to " + high, text_of(strength->find("from")),
                     is_there(source) ? ", " + text_of(source) : "");
}

void print_staffing(const Json& report) {
  fmt::print("As of {}\n", text_of(report.find("as_of")));
  for (const char* kind : {"authorized", "sworn", "pipeline"}) {
    fmt::print("  {:<11} {}\n", kind, range_of(report.find(kind)));
  }
  fmt::print("  {:<11} {} in service\n", "cameras", text_of(report.find("cameras")));
  const Json* note = report.find("note");
  fmt::print("  {}\n", is_there(note) ? text_of(note) : "there is a camera for each sworn officer");
  fmt::print("  handed out: {}\n", text_of(report.find("mode")));
  for (const Json& facility : list_of(report, "facilities")) {
    std::string also;
    for (const Json& name : list_of(facility, "aliases")) also += (also.empty() ? "" : ", ") + text_of(&name);
    fmt::print("  facility    {}{}\n", text_of(facility.find("name")), also.empty() ? "" : "; also " + also);
  }
}

void print_rotation(const Json& rotation) {
  const Json window = rotation.find("window") ? *rotation.find("window") : Json();
  fmt::print("As of {}. A turn may be swapped after {} days and should be by day {}\n", text_of(rotation.find("as_of")),
             text_of(window.find("min_days")), text_of(window.find("max_days")));
  for (const Json& slot : list_of(rotation, "slots")) {
    fmt::print("{}  {}\n", text_of(slot.find("id")), text_of(slot.find("name")));
    for (const Json& seat : list_of(slot, "seating")) {
      const Json* turn = seat.find("turn");
      if (!is_there(turn)) {
        fmt::print("  {}  nobody\n", text_of(seat.find("seat")));
        continue;
      }
      fmt::print("  {}  {}  {}  since {}, day {}, {}: from {}, by {}\n", text_of(seat.find("seat")),
                 text_of(turn->find("id")), text_of(turn->find("officer")), text_of(turn->find("from")),
                 text_of(turn->find("day")), text_of(turn->find("state")), text_of(turn->find("opens_on")),
                 text_of(turn->find("due_by")));
    }
  }
  for (const Json& alert : list_of(rotation, "alerts")) {
    fmt::print("{:<9}  {}\n", text_of(alert.find("kind")), text_of(alert.find("sentence")));
  }
  const Json coverage = rotation.find("coverage") ? *rotation.find("coverage") : Json();
  fmt::print("{} take part; {} officers have had a turn, {} not yet\n", text_of(coverage.find("participants")),
             text_of(coverage.find("officers")), text_of(coverage.find("not_yet")));
}

void print_plan(const Json& plan) {
  fmt::print("For {}, by lot {}\n", text_of(plan.find("on")), text_of(plan.find("seed")));
  for (const Json& item : list_of(plan, "proposals")) {
    fmt::print("{}, seat {}: {} -> {}\n    {}\n", text_of(item.find("slot_name")), text_of(item.find("seat")),
               text_of(item.find("out")), text_of(item.find("in")), text_of(item.find("why")));
  }
  for (const Json& item : list_of(plan, "unfilled")) {
    fmt::print("{}, seat {}: nobody\n    {}\n", text_of(item.find("slot_name")), text_of(item.find("seat")),
               text_of(item.find("why")));
  }
  fmt::print("Officers who have had a turn: {} now, {} after\n", text_of(plan.find("officers_before")),
             text_of(plan.find("officers_after")));
}

}  // namespace

Result<void> run_staffing_show(const RemoteOptions& options, const std::string& as_of, bool as_json) {
  return show(options, dated("/api/v1/staffing", "as_of", as_of), as_json, print_staffing);
}

Result<void> run_staffing_import(const RemoteOptions& options, const std::string& file, const std::string& zone,
                                 bool as_json) {
  const Bytes bytes = TRY(os::read_file(*os::real_disk(), file, kFileBytesMax));
  Json::Object body = {{"csv", as_text(bytes)}};
  if (!zone.empty()) body.emplace("zone", zone);
  if (!is_utf8(as_text(bytes)))
    return fail(Code::kInvalid, "The file is not UTF-8: save it as \"CSV UTF-8\" in the spreadsheet", file);
  Remote remote = TRY(Remote::open(options));
  const Json done = TRY(remote.post_json("/api/v1/staffing/import", to_json(Json(std::move(body)))));
  if (as_json) {
    fmt::print("{}\n", to_json(done));
  } else {
    fmt::print("{} added, {} were there already\n", text_of(done.find("added")), text_of(done.find("already")));
  }
  return {};
}

Result<void> run_camera_report(const RemoteOptions& options, const std::string& camera, const CameraTerms& terms,
                               bool as_json) {
  Json::Object body;
  if (!terms.firmware.empty()) body.emplace("firmware", terms.firmware);
  if (!terms.measured_at.empty()) body.emplace("measured_at", terms.measured_at);
  if (terms.drift_ms) body.emplace("clock_drift_ms", *terms.drift_ms);
  if (terms.battery) body.emplace("battery_percent", *terms.battery);
  Remote remote = TRY(Remote::open(options));
  const Json done = TRY(remote.post_json(fmt::format("/api/v1/fleet/cameras/{}/reports", url_encoded(camera)),
                                         to_json(Json(std::move(body)))));
  if (as_json) fmt::print("{}\n", to_json(done));
  fmt::print(stderr, "On record.\n");
  return {};
}

Result<void> run_scans(const RemoteOptions& options, const std::string& mode, const std::string& place, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json run = TRY(remote.post_json("/api/v1/fleet/runs", to_json(Json(Json::Object{{"mode", mode}}))));
  const std::string* id = run.find_string("id");
  if (!id) return fail(Code::kUnavailable, "The server's answer has no \"id\"");
  std::string officer, code;
  std::set<std::string> told;  // of codes that came again
  while (std::getline(std::cin, code)) {
    while (!code.empty() && (code.back() == '\r' || code.back() == ' ')) code.pop_back();
    if (code.empty()) continue;
    if (code.size() > kCodeBytesMax) return fail(Code::kInvalid, "A code is too long");
    Json::Object body = {{"code", code}};
    if (!officer.empty()) body.emplace("officer", officer);
    if (!place.empty()) body.emplace("place", place);
    const Json answer = TRY(
        remote.post_json(fmt::format("/api/v1/fleet/runs/{}/scans", url_encoded(*id)), to_json(Json(std::move(body)))));
    const std::string* result = answer.find_string("result");
    if (!result) return fail(Code::kUnavailable, "The server's answer has no \"result\"");
    if (*result == "officer") {
      const Json* person = answer.find("officer");
      const std::string* who = person ? person->find_string("id") : nullptr;
      if (who) officer = *who;
    }
    if (*result == "duplicate" && !told.insert(code).second) continue;
    if (as_json) {
      fmt::print("{}\n", to_json(answer));
    } else {
      fmt::print("{:<9}  {}\n", *result, text_of(answer.find("sentence")));
    }
    std::fflush(stdout);
  }
  const Json ended = TRY(remote.post_json(fmt::format("/api/v1/fleet/runs/{}/end", url_encoded(*id)), "{}"));
  if (as_json) {
    fmt::print("{}\n", to_json(ended));
    return {};
  }
  const Json* expected = ended.find("expected");
  fmt::print("{} scanned{}\n", text_of(ended.find("scanned")),
             is_there(expected) ? fmt::format(", {} should be here", text_of(expected)) : "");
  for (const Json& camera : list_of(ended, "missing")) fmt::print("missing    {}\n", text_of(camera.find("serial")));
  return {};
}

Result<void> run_rotation_status(const RemoteOptions& options, const std::string& as_of, bool as_json) {
  return show(options, dated("/api/v1/rotation", "as_of", as_of), as_json, print_rotation);
}

Result<void> run_rotation_plan(const RemoteOptions& options, const std::string& on, const std::string& seed,
                               bool as_json) {
  return show(options, fmt::format("/api/v1/rotation/plan?on={}&seed={}", url_encoded(on), url_encoded(seed)), as_json,
              print_plan);
}

Result<void> run_rotation_window(const RemoteOptions& options, std::int64_t min_days, std::int64_t max_days,
                                 const Said& said, bool as_json) {
  Json::Object body = {{"min_days", min_days}, {"max_days", max_days}};
  for (const auto& [name, value] : said) {
    if (!value.empty()) body.emplace(name, value);
  }
  Remote remote = TRY(Remote::open(options));
  const Json done = TRY(remote.send_json("PUT", "/api/v1/rotation/window", to_json(Json(std::move(body)))));
  if (as_json) fmt::print("{}\n", to_json(done));
  fmt::print(stderr, "On record.\n");
  return {};
}

Result<void> run_turn_begin(const RemoteOptions& options, const std::string& slot, const Said& said, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  std::string on;
  for (const auto& [name, value] : said) {
    if (name == "on") on = value;
  }
  const Json rotation = TRY(remote.get_json(dated("/api/v1/rotation", "as_of", on)));
  std::string id;
  for (const Json& each : list_of(rotation, "slots")) {
    if (text_of(each.find("name")) == slot || text_of(each.find("id")) == slot) id = text_of(each.find("id"));
  }
  if (id.empty()) return fail(Code::kNotFound, "No slot on that day has that name or id", slot);
  return run_fact_change(options, "POST", fmt::format("/api/v1/rotation/slots/{}/turns", url_encoded(id)), said,
                         as_json);
}

}  // namespace lapel::door
