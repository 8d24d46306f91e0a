// SPDX-License-Identifier: Apache-2.0
#include "cameras/dock_states.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "acts/act.h"
#include "base/limits.h"
#include "base/text.h"
#include "roster/roster.h"

namespace lapel::cameras {
namespace {

constexpr os::PaceOptions kPace = {.per_second = 1, .at_once = 10};
constexpr std::string_view kBayStates[] = {"empty", "looking", "copying", "sending", "safe", "attention"};
constexpr std::string_view kNumbers[] = {"files_waiting", "bytes_waiting", "spool_bytes", "spool_bytes_max"};

Result<Json> number(const Json& json, std::string_view member) {
  const std::int64_t* value = json.find_integer(member);
  if (!value || *value < 0 || *value > kCanonicalIntegerMax)
    return fail(Code::kInvalid, fmt::format("\"{}\" must be a number of at least 0", member));
  return Json(*value);
}

Result<Json> words(const Json& json, std::string_view member) {
  const std::string* value = json.find_string(member);
  if (!value || value->empty() || value->size() > limits::kFieldBytesMax || has_control_characters(*value))
    return fail(Code::kInvalid,
                fmt::format("\"{}\" must be a line of at most {} bytes", member, limits::kFieldBytesMax));
  return Json(*value);
}

Result<Json> read_bay(const Json& told) {
  Json::Object bay;
  bay.emplace("name", TRY(words(told, "name")));
  const Json* serial = told.find("serial");
  bay.emplace("serial", serial && !serial->is_null() ? TRY(words(told, "serial")) : Json());
  const std::string* state = told.find_string("state");
  if (!state || std::ranges::find(kBayStates, *state) == std::end(kBayStates))
    return fail(Code::kInvalid, "A bay's \"state\" must be empty, looking, copying, sending, safe or attention");
  bay.emplace("state", *state);
  for (const std::string_view member : {"files", "bytes"}) bay.emplace(member, TRY(number(told, member)));
  return Json(std::move(bay));
}

// The members that this page knows, and no others.
Result<Json> read_state(const Json& told) {
  Json::Object out;
  const Json* bays = told.find("bays");
  if (!bays || !bays->array() || bays->array()->size() > kDockBaysMax)
    return fail(Code::kInvalid, fmt::format("\"bays\" must be a list of at most {}", kDockBaysMax));
  Json::Array list;
  for (const Json& bay : *bays->array()) list.push_back(TRY(read_bay(bay)));
  out.emplace("bays", std::move(list));
  for (const std::string_view member : kNumbers) out.emplace(member, TRY(number(told, member)));
  return Json(std::move(out));
}

}  // namespace

DockStates::DockStates(const Parts& parts) : parts_(parts), pace_(parts.clock, kPace) {}

Result<std::vector<std::string>> DockStates::tell(const access::Actor& actor, const Json& told) {
  TRY(acts::require(actor, access::Action::kRegisterDevice));
  if (!actor.dock) return fail(Code::kInvalid, "Only a dock tells how it stands");
  TRY(pace_.take(actor.subject().text()));
  const Json state = TRY(read_state(told));
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(
        tx.run("INSERT INTO dock_states (dock, seen_us, state) VALUES (:dock, :now, :state) ON CONFLICT (dock) DO "
               "UPDATE SET seen_us = :now, state = :state",
               {{"dock", actor.dock->text()}, {"now", parts_.clock.now().us}, {"state", to_json(state)}}));
    return {};
  }));
  std::vector<std::string> out;
  for (const Json& bay : *state.find("bays")->array()) {
    const std::string* serial = bay.find_string("serial");
    if (serial && *bay.find_string("state") == "safe") out.push_back(*serial);
  }
  return out;
}

Result<std::vector<DockShown>> DockStates::list(const access::Actor& actor) {
  TRY(acts::require(actor, access::Action::kSeeFleet));
  std::vector<DockShown> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    const Timestamp now = parts_.clock.now();
    for (const roster::Dock& dock : TRY(roster::docks(tx, actor.agency))) {
      DockShown shown{dock.id, dock.name, dock.is_revoked, std::nullopt, true, {}};
      for (const db::Row& row : TRY(tx.query("SELECT seen_us, state FROM dock_states WHERE dock = :dock LIMIT 1",
                                             {{"dock", dock.id.text()}}))) {
        shown.seen_at = Timestamp{row.integer("seen_us")};
        shown.is_offline = dock.is_revoked || now - *shown.seen_at > kDockSilentUs;
        shown.state = TRY(parse_json(row.text("state"), {kDockStateBytesMax, 8}));
      }
      out.push_back(std::move(shown));
    }
    return {};
  }));
  return out;
}

}  // namespace lapel::cameras
