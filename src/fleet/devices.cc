// SPDX-License-Identifier: Apache-2.0
#include "fleet/devices.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/random.h"
#include "fleet/schema.h"

namespace lapel::fleet {
namespace {

using roster::AssignmentKind;
using roster::RowFilter;
using roster::RowQuery;
using roster::SealedRow;

std::optional<RowFilter> of(const std::optional<DeviceId>& device) {
  return device ? std::optional(RowFilter{"device", device->text()}) : std::nullopt;
}

// The state that began last by that day. A camera whose every state begins later is not there yet.
Result<void> add_states(db::Transaction& tx, const AgencyId& agency, const std::optional<DeviceId>& device, Day on,
                        std::map<DeviceId, Camera>& out) {
  struct Last {
    Day from;
    const SealedRow* row = nullptr;
  };
  std::map<DeviceId, Last> last;
  const std::vector<SealedRow> rows = TRY(roster::sealed_rows(tx, kCameraStates, agency, {.filter = of(device)}));
  for (const SealedRow& row : rows) {
    Last& known = last[DeviceId(row.subject.bytes())];
    const auto from = row.day("from");
    if (!from) return fail(Code::kCorrupt, "A camera's state in the catalog is damaged", row.id.text());
    if (*from > on || (known.row && known.from > *from)) continue;
    known = {*from, &row};
  }
  for (const auto& [id, known] : last) {
    const auto found = out.find(id);
    if (found == out.end()) continue;
    found->second.state = known.row ? known.row->text("state") : "not_there_yet";
    if (known.row) {
      found->second.state_reason = known.row->text("reason");
      if (const std::string use = known.row->text("use"); !use.empty()) found->second.use = use;
    }
  }
  return {};
}

Result<std::map<DeviceId, Camera>> read_cameras(db::Transaction& tx, const AgencyId& agency,
                                                const std::optional<DeviceId>& device, Timestamp at) {
  std::map<DeviceId, Camera> out;
  db::Params params = {{"agency", agency.text()}, {"limit", roster::kAssignmentsMax}};
  if (device) params.emplace_back("device", device->text());
  for (const db::Row& row :
       TRY(tx.query(fmt::format("SELECT id, serial, added_us FROM devices WHERE agency = :agency{} ORDER BY serial, id "
                                "LIMIT :limit",
                                device ? " AND id = :device" : ""),
                    params))) {
    const auto id = DeviceId::parse(row.text("id"));
    if (!id) return fail(Code::kCorrupt, "A device in the catalog is damaged", row.text("id"));
    Camera each;
    each.device = {*id, agency, row.text("serial")};
    each.added_at = {row.integer("added_us")};
    out.emplace(*id, std::move(each));
  }
  TRY(add_states(tx, agency, device, day_of(at), out));
  roster::AssignmentQuery worn{AssignmentKind::kDevice, std::nullopt, std::nullopt, at};
  if (device) worn.target = device->text();
  for (roster::Assignment& assignment : TRY(roster::assignments(tx, agency, worn))) {
    const auto id = DeviceId::parse(assignment.target);
    if (const auto found = id ? out.find(*id) : out.end(); found != out.end()) found->second.worn = assignment;
  }
  const RowQuery last{.filter = of(device), .which = RowQuery::Which::kLastOfSubject};
  for (SealedRow& row : TRY(roster::sealed_rows(tx, kReports, agency, last))) {
    if (const auto found = out.find(DeviceId(row.subject.bytes())); found != out.end())
      found->second.report = std::move(row);
  }
  for (SealedRow& row : TRY(roster::sealed_rows(tx, kMoves, agency, last))) {
    if (const auto found = out.find(DeviceId(row.subject.bytes())); found != out.end())
      found->second.move = std::move(row);
  }
  for (SealedRow& row : TRY(roster::sealed_rows(tx, kFaults, agency, {.filter = of(device)}))) {
    const auto found = out.find(DeviceId(row.subject.bytes()));
    if (found != out.end() && !row.time("fixed")) found->second.open_faults.push_back(std::move(row));
  }
  return out;
}

}  // namespace

Result<std::vector<Camera>> cameras(db::Transaction& tx, const AgencyId& agency, Timestamp at) {
  std::vector<Camera> out;
  for (auto& [id, each] : TRY(read_cameras(tx, agency, std::nullopt, at))) out.push_back(std::move(each));
  std::ranges::sort(out, {}, [](const Camera& each) { return std::tie(each.device.serial, each.device.id); });
  return out;
}

Result<Camera> camera(db::Transaction& tx, const AgencyId& agency, const DeviceId& device, Timestamp at) {
  std::map<DeviceId, Camera> found = TRY(read_cameras(tx, agency, device, at));
  if (found.empty()) return fail(Code::kNotFound, "No such camera", device.text());
  return std::move(found.begin()->second);
}

Result<std::int64_t> cameras_in_service(db::Transaction& tx, const AgencyId& agency, Day on) {
  std::int64_t out = 0;
  for (const Camera& each : TRY(cameras(tx, agency, Timestamp{(on.number + 1) * 86'400'000'000 - 1}))) {
    // One that a dock has brought without anybody entering it is there since then.
    const bool is_there = each.state != "not_there_yet" && (day_of(each.added_at) <= on || !each.state_reason.empty());
    if (is_there && each.state == "in_service") ++out;
  }
  return out;
}

Result<DeviceId> find_device(db::Transaction& tx, const AgencyId& agency, const std::string& text) {
  if (const auto found = TRY(roster::device_by_serial(tx, agency, text))) return found->id;
  const auto id = DeviceId::parse(text);
  const db::Rows rows = TRY(tx.query("SELECT id FROM devices WHERE agency = :agency AND id = :id LIMIT 1",
                                     {{"agency", agency.text()}, {"id", text}}));
  if (!id || rows.empty()) return fail(Code::kNotFound, "No such camera", text);
  return *id;
}

Result<std::optional<roster::Assignment>> camera_of(db::Transaction& tx, const AgencyId& agency, const PersonId& person,
                                                    Timestamp at) {
  for (roster::Assignment& each : TRY(roster::assignments(tx, agency, {AssignmentKind::kDevice, person, {}, at})))
    return std::optional(std::move(each));
  return std::optional<roster::Assignment>();
}

Result<void> check_issue(db::Transaction& tx, const AgencyId& agency, const HandOver& to) {
  const Camera now = TRY(camera(tx, agency, to.device, to.at));
  const auto name = [&](const PersonId& person) -> Result<std::string> {
    return TRY(roster::name_of(tx, agency, person)).value_or("somebody");
  };
  if (now.state != "in_service") {
    return fail(Code::kConflict, fmt::format("{} is {}: put it in service first", to.serial,
                                             now.state == "not_there_yet"    ? "not in service yet"
                                             : now.state == "out_of_service" ? "out of service"
                                                                             : now.state));
  }
  if (now.worn) {
    const std::string who = TRY(name(now.worn->person));
    return fail(Code::kConflict, fmt::format("{} is out with {} since {}: check it in first", to.serial, who,
                                             ledger_time(now.worn->from)));
  }
  const roster::Person person = TRY(roster::person(tx, to.person));
  if (!person.is_active) return fail(Code::kConflict, fmt::format("{} has been deactivated", TRY(name(to.person))));
  if (const auto other = TRY(camera_of(tx, agency, to.person, to.at))) {
    const auto id = DeviceId::parse(other->target);
    CHECK(id.has_value());
    const std::string serial = TRY(camera(tx, agency, *id, to.at)).device.serial;
    return fail(Code::kConflict, fmt::format("{} has {} since {}: check that in first", TRY(name(to.person)), serial,
                                             ledger_time(other->from)));
  }
  return {};
}

void add_issue(Act& act, const AgencyId& agency, const HandOver& to) {
  const roster::Assignment worn{crypto::new_id<AssignmentId>(),
                                agency,
                                to.person,
                                AssignmentKind::kDevice,
                                to.device.text(),
                                to.at,
                                std::nullopt};
  act.begin(worn);
  Json::Object moved = {
      {"kind", "out"}, {"person", to.person.text()}, {"assignment", worn.id.text()}, {"moved", ledger_time(to.at)}};
  if (!to.run.empty()) moved.emplace("run", to.run);
  if (!to.place.empty()) moved.emplace("place", to.place);
  act.make(kMoves, to.device, std::move(moved));
}

void add_return(Act& act, const roster::Assignment& worn, const HandOver& from, const std::string& reason) {
  // Handed out and back within what the ledger tells apart: an assignment has a length, if only that.
  const Timestamp at = from.at == ledger_moment(worn.from) ? from.at + kHundredthUs : from.at;
  act.end(worn, at, reason);
  Json::Object moved = {
      {"kind", "in"}, {"person", worn.person.text()}, {"assignment", worn.id.text()}, {"moved", ledger_time(at)}};
  if (!from.run.empty()) moved.emplace("run", from.run);
  if (!from.place.empty()) moved.emplace("place", from.place);
  act.make(kMoves, from.device, std::move(moved));
}

Result<void> check_bar(const Bar& bar, db::Transaction& tx, const AgencyId& agency, const PersonId& person) {
  const std::optional<std::string> why = bar ? TRY(bar(tx, agency, person)) : std::nullopt;
  return why ? Result<void>(fail(Code::kConflict, *why)) : Result<void>();
}

Timestamp ledger_moment(Timestamp time) {
  const auto out = parse_ledger_time(ledger_time(time));
  CHECK(out.has_value());
  return *out;
}

}  // namespace lapel::fleet
