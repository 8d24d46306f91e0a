// SPDX-License-Identifier: Apache-2.0
#include "fleet/staffing.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/random.h"
#include "fleet/devices.h"
#include "fleet/import.h"
#include "fleet/schema.h"
#include "roster/roster.h"
#include "roster/staffing.h"

namespace lapel::fleet {
namespace {

using roster::AssignmentKind;
using roster::SealedRow;

// What the catalog has, and the ids behind its names.
struct Catalog {
  Known known;
  std::map<std::string, std::string> units, shifts, facilities;  // ids by name
  SubjectId console;
};

Result<Catalog> read_catalog(db::Transaction& tx, const AgencyId& agency) {
  Catalog out;
  out.console = TRY(console_of(tx, agency));
  std::map<std::string, std::string> names;  // by id
  for (const roster::Unit& unit : TRY(roster::units(tx, agency))) {
    out.known.units.insert(unit.name);
    out.units[unit.name] = unit.id.text();
    names[unit.id.text()] = unit.name;
  }
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, roster::kShifts, agency))) {
    out.known.shifts[row.text("name")] = {row.text("name"), row.text("begins"), row.text("ends")};
    out.shifts[row.text("name")] = row.id.text();
    names[row.id.text()] = row.text("name");
  }
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, roster::kFacilities, agency))) {
    out.known.facilities[row.text("name")] = row.text("name");
    out.facilities[row.text("name")] = row.id.text();
    names[row.id.text()] = row.text("name");
  }
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, roster::kFacilityNames, agency))) {
    out.known.facilities[row.text("name")] = names[row.text("facility")];
  }
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, roster::kStrengths, agency))) {
    const auto kind = roster::parse_strength_kind(row.text("kind"));
    const auto from = row.day("from");
    if (!kind || !from) return fail(Code::kCorrupt, "A strength in the catalog is damaged", row.id.text());
    out.known.strengths.push_back(
        {*kind, row.number("low").value_or(0), row.number("high").value_or(0), *from, row.text("source")});
  }
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, kSlots, agency))) {
    const auto from = row.day("from");
    if (!from || row.day("until")) continue;
    out.known.slots.push_back({names[row.text("unit")], row.text("shift").empty() ? "" : names[row.text("shift")],
                               row.number("seats").value_or(1), *from});
  }
  for (const Camera& each : TRY(cameras(tx, agency, Timestamp{0}))) out.known.cameras.insert(each.device.serial);
  for (const roster::Assignment& each : TRY(roster::assignments(tx, agency, {AssignmentKind::kBadge, {}, {}, {}}))) {
    out.known.badges.push_back({each.target, each.person, each.from, each.until});
  }
  for (const AssignmentKind kind : {AssignmentKind::kUnit, AssignmentKind::kShift, AssignmentKind::kFacility}) {
    for (const roster::Assignment& each : TRY(roster::assignments(tx, agency, {kind, {}, {}, {}}))) {
      out.known.members.push_back({each.person, kind, names[each.target], each.from, each.until});
    }
  }
  return out;
}

Json strength_json(const std::map<roster::StrengthKind, roster::Strength>& all, roster::StrengthKind kind) {
  const auto found = all.find(kind);
  if (found == all.end()) return Json();
  return Json(Json::Object{{"low", found->second.low},
                           {"high", found->second.high},
                           {"from", day_text(found->second.from)},
                           {"source", found->second.source.empty() ? Json() : Json(found->second.source)}});
}

std::string shown_range(const roster::Strength& strength) {
  return strength.low == strength.high ? std::to_string(strength.low)
                                       : fmt::format("{} to {}", strength.low, strength.high);
}

// Whether there is a camera for each sworn officer, in words; nullopt: there is.
std::optional<std::string> too_few(const std::map<roster::StrengthKind, roster::Strength>& all, std::int64_t cameras) {
  const auto sworn = all.find(roster::StrengthKind::kSworn);
  if (sworn == all.end()) return "The sworn strength has not been entered: enter it first";
  const std::int64_t more = sworn->second.high - cameras;
  if (more <= 0) return std::nullopt;
  return fmt::format("{} sworn and {} cameras in service: {} more officers than cameras. Assign from a pool",
                     shown_range(sworn->second), cameras, more);
}

}  // namespace

Result<Json::Object> Staffing::report(const access::Actor& actor, std::optional<Day> as_of) {
  TRY(require(actor, access::Action::kSeeFleet));
  const Day today = day_of(parts_.clock.now());
  const Day day = as_of.value_or(today);
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const auto all = TRY(roster::strength(tx, actor.agency, day));
    const std::int64_t cameras = TRY(cameras_in_service(tx, actor.agency, day));
    const auto few = too_few(all, cameras);
    const auto sworn = all.find(roster::StrengthKind::kSworn);
    const auto more = [&](std::int64_t people) { return std::max<std::int64_t>(0, people - cameras); };
    Json apart;
    if (sworn != all.end()) apart = Json::Object{{"low", more(sworn->second.low)}, {"high", more(sworn->second.high)}};
    Json::Array units, shifts, facilities;
    for (const roster::Unit& unit : TRY(roster::units(tx, actor.agency))) {
      units.push_back(Json::Object{{"id", unit.id.text()}, {"name", unit.name}});
    }
    for (const SealedRow& row : TRY(roster::sealed_rows(tx, roster::kShifts, actor.agency))) {
      shifts.push_back(Json::Object{{"id", row.id.text()},
                                    {"name", row.text("name")},
                                    {"begins", row.text("begins").empty() ? Json() : Json(row.text("begins"))},
                                    {"ends", row.text("ends").empty() ? Json() : Json(row.text("ends"))}});
    }
    const auto also = TRY(roster::sealed_rows(tx, roster::kFacilityNames, actor.agency));
    for (const SealedRow& row : TRY(roster::sealed_rows(tx, roster::kFacilities, actor.agency))) {
      Json::Array names;
      for (const SealedRow& other : also) {
        if (other.text("facility") == row.id.text()) names.push_back(other.text("name"));
      }
      facilities.push_back(
          Json::Object{{"id", row.id.text()}, {"name", row.text("name")}, {"aliases", std::move(names)}});
    }
    const std::optional<std::string> mode = TRY(issue_mode(tx, actor.agency));
    out = {{"as_of", day_text(day)},
           {"authorized", strength_json(all, roster::StrengthKind::kAuthorized)},
           {"sworn", strength_json(all, roster::StrengthKind::kSworn)},
           {"pipeline", strength_json(all, roster::StrengthKind::kPipeline)},
           {"cameras", cameras},
           {"officers_without_camera", std::move(apart)},
           {"one_each", !few.has_value()},
           {"note", few ? Json(*few) : Json()},
           {"mode", mode ? Json(*mode) : Json()},
           {"units", std::move(units)},
           {"shifts", std::move(shifts)},
           {"facilities", std::move(facilities)}};
    return {};
  }));
  return out;
}

Result<Staffing::Imported> Staffing::import(const access::Actor& actor, const std::string& csv,
                                            const std::string& zone_name) {
  TRY(require(actor, access::Action::kManageStaffing));
  std::optional<Zone> zone;
  if (!zone_name.empty() && !(zone = parse_zone(zone_name)))
    return fail(Code::kInvalid, "The zone must be one of " + all_zone_names());
  Catalog catalog;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    catalog = TRY(read_catalog(tx, actor.agency));
    return {};
  }));
  const Batch batch = TRY(read_file(csv, zone, catalog.known));
  // Units, and who belongs to what, decide who supervises whom.
  if (!batch.units.empty()) TRY(require(actor, access::Action::kManagePeople));
  for (const MemberEntry& each : batch.members) TRY(require(actor, access::Action::kManagePeople, each.person));
  const Imported done{batch.added(), batch.already};
  if (done.added == 0) return done;

  Act act(actor);
  const Timestamp now = ledger_moment(parts_.clock.now());
  const SubjectId& console = catalog.console;
  const auto text_or_absent = [](Json::Object values, std::string_view name, const std::string& text) {
    if (!text.empty()) values.emplace(name, text);
    return values;
  };
  for (const StrengthEntry& each : batch.strengths) {
    act.make(roster::kStrengths, console,
             text_or_absent({{"kind", roster::strength_kind_name(each.kind)},
                             {"low", each.low},
                             {"high", each.high},
                             {"from", day_text(each.from)}},
                            "source", each.source));
  }
  for (const std::string& name : batch.units) {
    const roster::Unit unit{crypto::new_id<UnitId>(), actor.agency, name};
    catalog.units[name] = unit.id.text();
    act.say({console, "unit.added", {{"unit", unit.id.text()}, {"name", name}}, false},
            [unit, now](db::Transaction& tx) { return roster::add_unit(tx, unit, now); });
  }
  for (const ShiftEntry& each : batch.shifts) {
    catalog.shifts[each.name] =
        act.make(roster::kShifts, console,
                 text_or_absent(text_or_absent({{"name", each.name}}, "begins", each.begins), "ends", each.ends))
            .text();
  }
  for (const std::string& name : batch.facilities) {
    catalog.facilities[name] = act.make(roster::kFacilities, console, {{"name", name}}).text();
  }
  for (const NameEntry& each : batch.names) {
    act.make(
        roster::kFacilityNames, console,
        text_or_absent({{"facility", catalog.facilities[each.facility]}, {"name", each.name}}, "source", each.source));
  }
  for (const CameraEntry& each : batch.cameras) {
    const roster::Device device{crypto::new_id<DeviceId>(), actor.agency, each.serial};
    act.say({device.id, "identity.bound", {{"serial", each.serial}, {"from", ledger_time(now)}}, true},
            [device, now](db::Transaction& tx) { return roster::add_device(tx, device, now); });
    act.make(
        kCameraStates, device.id,
        {{"state", "in_service"}, {"use", each.use}, {"from", day_text(each.from)}, {"reason", "entered by file"}});
  }
  for (const MemberEntry& each : batch.members) {
    const auto& ids = each.kind == AssignmentKind::kUnit    ? catalog.units
                      : each.kind == AssignmentKind::kShift ? catalog.shifts
                                                            : catalog.facilities;
    const auto target = ids.find(each.target);
    CHECK(target != ids.end());
    act.begin(
        {crypto::new_id<AssignmentId>(), actor.agency, each.person, each.kind, target->second, each.from, each.until});
  }
  for (const SlotEntry& each : batch.slots) {
    act.make(kSlots, console,
             text_or_absent({{"unit", catalog.units[each.unit]}, {"seats", each.seats}, {"from", day_text(each.from)}},
                            "shift", each.shift.empty() ? "" : catalog.shifts[each.shift]));
  }
  auto sealed = act.commit(parts_.ledgers);
  if (!sealed && sealed.error().code() == Code::kConflict) {
    return fail(Code::kConflict,
                "Something of this file was entered by somebody else meanwhile, and nothing of it was taken: import it "
                "again",
                sealed.error().context);
  }
  if (!sealed) return fail(std::move(sealed).error());
  return done;
}

Result<Json::Object> Staffing::set_mode(const access::Actor& actor, const std::string& mode,
                                        const std::string& reason) {
  TRY(require(actor, access::Action::kManageFleet));
  if (mode != "individual" && mode != "pool") return fail(Code::kInvalid, "\"mode\" must be individual or pool");
  TRY(check_words("A reason", reason));
  const Day today = day_of(parts_.clock.now());
  SubjectId console;
  const auto check = [&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    if (mode != "individual") return {};
    const auto all = TRY(roster::strength(tx, actor.agency, today));
    const auto few = too_few(all, TRY(cameras_in_service(tx, actor.agency, today)));
    if (few) return fail(Code::kConflict, *few);
    return {};
  };
  TRY(parts_.database.read(check));
  Act act(actor);
  act.guard(check);
  act.make(kIssueModes, console, {{"mode", mode}, {"reason", reason}});
  TRY(act.commit(parts_.ledgers));
  return Json::Object{{"mode", mode}};
}

Result<std::optional<std::string>> issue_mode(db::Transaction& tx, const AgencyId& agency) {
  const auto rows =
      TRY(roster::sealed_rows(tx, kIssueModes, agency, {.order = roster::RowQuery::Order::kNewestFirst, .limit = 1}));
  return rows.empty() ? std::nullopt : std::optional(rows[0].text("mode"));
}

}  // namespace lapel::fleet
