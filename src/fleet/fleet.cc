// SPDX-License-Identifier: Apache-2.0
#include "fleet/fleet.h"

#include <cstdlib>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "fleet/schema.h"

namespace lapel::fleet {
namespace {

using roster::RowFilter;
using roster::RowQuery;
using roster::SealedRow;

constexpr std::int64_t kShownMax = 200;                       // of a camera's history
constexpr std::int64_t kDriftMaxMs = 366LL * 86'400 * 1'000;  // a clock that was never set

RowQuery newest_of(const DeviceId& device) {
  return {.filter = RowFilter{"device", device.text()}, .order = RowQuery::Order::kNewestFirst, .limit = kShownMax};
}

Json text_of(const SealedRow& row, std::string_view member) {
  const std::string text = row.text(member);
  return text.empty() ? Json() : Json(text);
}

Json number_of(const SealedRow& row, std::string_view member) {
  const auto number = row.number(member);
  return number ? Json(*number) : Json();
}

Json drift_of(const SealedRow& row) {
  const auto drift = row.number("drift_ms");
  if (!drift) return Json();
  return Json(row.text("drift_way") == "slow" ? -*drift : *drift);
}

std::optional<PersonId> person_in(const SealedRow& row) {
  return PersonId::parse(row.text("person"));
}

Result<Json::Object> camera_json(db::Transaction& tx, const AgencyId& agency, const Camera& each) {
  Json::Object out = {{"id", each.device.id.text()},
                      {"serial", each.device.serial},
                      {"added_at", ledger_time(each.added_at)},
                      {"state", each.state},
                      {"state_reason", each.state_reason.empty() ? Json() : Json(each.state_reason)},
                      {"use", each.use},
                      {"officer", Json()},
                      {"out_since", Json()},
                      {"place", Json()},
                      {"seen_at", Json()},
                      {"firmware", Json()},
                      {"clock_drift_ms", Json()},
                      {"battery_percent", Json()},
                      {"measured_at", Json()},
                      {"open_faults", static_cast<std::int64_t>(each.open_faults.size())}};
  if (each.worn) {
    out["officer"] = TRY(named(tx, agency, each.worn->person));
    out["out_since"] = ledger_time(each.worn->from);
  }
  if (each.move) {
    out["place"] = text_of(*each.move, "place");
    out["seen_at"] = text_of(*each.move, "moved");
  }
  if (each.report) {
    out["firmware"] = text_of(*each.report, "firmware");
    out["clock_drift_ms"] = drift_of(*each.report);
    out["battery_percent"] = number_of(*each.report, "battery");
    out["measured_at"] = text_of(*each.report, "measured");
  }
  return out;
}

Json::Object fault_json(const SealedRow& row) {
  return {{"id", row.id.text()},
          {"what", row.text("what")},
          {"found_at", row.text("found")},
          {"fixed_at", text_of(row, "fixed")},
          {"fix", text_of(row, "fix")}};
}

}  // namespace

Result<Json::Array> Fleet::list(const access::Actor& actor) {
  TRY(require(actor, access::Action::kSeeFleet));
  Json::Array out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (const Camera& each : TRY(cameras(tx, actor.agency, parts_.clock.now()))) {
      out.emplace_back(TRY(camera_json(tx, actor.agency, each)));
    }
    return {};
  }));
  return out;
}

Result<DeviceId> Fleet::device(const access::Actor& actor, const std::string& camera) {
  DeviceId out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(find_device(tx, actor.agency, camera));
    return {};
  }));
  return out;
}

Result<Json::Object> Fleet::show(const access::Actor& actor, const std::string& text) {
  TRY(require(actor, access::Action::kSeeFleet));
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const DeviceId id = TRY(find_device(tx, actor.agency, text));
    out = TRY(camera_json(tx, actor.agency, TRY(camera(tx, actor.agency, id, parts_.clock.now()))));
    Json::Array moves, reports, faults, worn;
    for (const SealedRow& row : TRY(roster::sealed_rows(tx, kMoves, actor.agency, newest_of(id)))) {
      Json person = TRY(named(tx, actor.agency, person_in(row)));
      Json by = TRY(named(tx, actor.agency, row.entered_by));
      moves.push_back(Json::Object{{"id", row.id.text()},
                                   {"kind", row.text("kind")},
                                   {"at", row.text("moved")},
                                   {"officer", std::move(person)},
                                   {"place", text_of(row, "place")},
                                   {"by", std::move(by)}});
    }
    for (const SealedRow& row : TRY(roster::sealed_rows(tx, kReports, actor.agency, newest_of(id)))) {
      reports.push_back(Json::Object{{"at", row.text("measured")},
                                     {"firmware", text_of(row, "firmware")},
                                     {"clock_drift_ms", drift_of(row)},
                                     {"battery_percent", number_of(row, "battery")}});
    }
    for (const SealedRow& row : TRY(roster::sealed_rows(tx, kFaults, actor.agency, newest_of(id)))) {
      faults.push_back(fault_json(row));
    }
    for (const roster::Assignment& each :
         TRY(roster::assignments(tx, actor.agency, {roster::AssignmentKind::kDevice, {}, id.text(), {}}))) {
      Json person = TRY(named(tx, actor.agency, each.person));
      worn.push_back(Json::Object{{"officer", std::move(person)},
                                  {"from", ledger_time(each.from)},
                                  {"until", each.until ? Json(ledger_time(*each.until)) : Json()}});
    }
    out.emplace("moves", std::move(moves));
    out.emplace("reports", std::move(reports));
    out.emplace("faults", std::move(faults));
    out.emplace("worn", std::move(worn));
    return {};
  }));
  return out;
}

Result<Json::Array> Fleet::docks(const access::Actor& actor) {
  TRY(require(actor, access::Action::kSeeFleet));
  Json::Array out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (const db::Row& row : TRY(tx.query(
             "SELECT d.id AS id, d.name AS name, d.added_us AS added_us, d.revoked_us AS revoked_us, (SELECT "
             "max(r.received_us) FROM recordings r WHERE r.agency = d.agency AND r.uploader = d.id) AS last_us "
             "FROM docks d WHERE d.agency = :agency ORDER BY d.name, d.id LIMIT 10000",
             {{"agency", actor.agency.text()}}))) {
      const auto time = [&](std::string_view column) {
        const auto us = row.maybe_integer(column);
        return us ? Json(ledger_time({*us})) : Json();
      };
      out.push_back(Json::Object{{"id", row.text("id")},
                                 {"name", row.text("name")},
                                 {"enrolled_at", time("added_us")},
                                 {"revoked_at", time("revoked_us")},
                                 {"last_delivery_at", time("last_us")}});
    }
    return {};
  }));
  return out;
}

Result<Json::Object> Fleet::report(const access::Actor& actor, const std::string& camera, const Report& report) {
  TRY(require(actor, access::Action::kManageFleet));
  if (report.firmware.empty() && !report.drift_ms && !report.battery)
    return fail(Code::kInvalid, "A report says at least one of firmware, clock drift and battery");
  if (!report.firmware.empty()) TRY(check_words("The firmware", report.firmware));
  if (report.battery && (*report.battery < 0 || *report.battery > 100))
    return fail(Code::kInvalid, "\"battery_percent\" must be 0 to 100");
  if (report.drift_ms && (*report.drift_ms > kDriftMaxMs || *report.drift_ms < -kDriftMaxMs))
    return fail(Code::kInvalid, "\"clock_drift_ms\" is more than a year: look at the unit");
  const Timestamp now = parts_.clock.now();
  const Timestamp measured = report.measured_at.value_or(now);
  if (measured > now) return fail(Code::kInvalid, "\"measured_at\" is a time to come");
  const DeviceId id = TRY(device(actor, camera));
  Json::Object values = {{"measured", ledger_time(measured)}};
  if (!report.firmware.empty()) values.emplace("firmware", report.firmware);
  if (report.battery) values.emplace("battery", *report.battery);
  if (report.drift_ms) {
    values.emplace("drift_ms", std::abs(*report.drift_ms));
    values.emplace("drift_way", *report.drift_ms < 0 ? "slow" : "fast");
  }
  Act act(actor);
  act.make(kReports, id, std::move(values));
  TRY(act.commit(parts_.ledgers));
  return show(actor, id.text());
}

Result<Json::Object> Fleet::set_state(const access::Actor& actor, const std::string& camera, const std::string& state,
                                      const std::string& use, const std::string& reason) {
  TRY(require(actor, access::Action::kManageFleet));
  if (state != "in_service" && state != "out_of_service" && state != "lost" && state != "retired")
    return fail(Code::kInvalid, "\"state\" must be one of in_service, out_of_service, lost, retired");
  if (!use.empty() && use != "pool" && use != "personal")
    return fail(Code::kInvalid, "\"use\" must be pool or personal");
  TRY(check_words("A reason", reason));
  const DeviceId id = TRY(device(actor, camera));
  const Timestamp now = parts_.clock.now();
  std::string kept = use;
  const auto check = [&](db::Transaction& tx) -> Result<void> {
    const Camera known = TRY(fleet::camera(tx, actor.agency, id, now));
    if (use.empty()) kept = known.use;
    // What is lost has to be found to be with somebody; what is retired, nobody may still have.
    if (state == "retired" && known.worn)
      return fail(Code::kConflict, fmt::format("{} is out with somebody: check it in first", known.device.serial));
    return {};
  };
  TRY(parts_.database.read(check));
  Act act(actor);
  act.guard(check);
  act.make(kCameraStates, id, {{"state", state}, {"use", kept}, {"from", day_text(day_of(now))}, {"reason", reason}});
  TRY(act.commit(parts_.ledgers));
  return show(actor, id.text());
}

Result<Json::Object> Fleet::found_fault(const access::Actor& actor, const std::string& camera,
                                        const std::string& what) {
  TRY(require(actor, access::Action::kManageFleet));
  TRY(check_words("What is wrong", what));
  const DeviceId id = TRY(device(actor, camera));
  Act act(actor);
  const std::string found = ledger_time(parts_.clock.now());
  const auto fault = act.make(kFaults, id, {{"what", what}, {"found", found}});
  TRY(act.commit(parts_.ledgers));
  return Json::Object{{"id", fault.text()}, {"what", what}, {"found_at", found}, {"fixed_at", Json()}, {"fix", Json()}};
}

Result<Json::Object> Fleet::fixed_fault(const access::Actor& actor, const std::string& text, const std::string& fix) {
  TRY(require(actor, access::Action::kManageFleet));
  TRY(check_words("What was done", fix));
  const auto id = roster::SealedRowId::parse(text);
  if (!id) return fail(Code::kNotFound, "No such fault", text);
  SealedRow fault;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    fault = TRY(roster::sealed_row(tx, kFaults, actor.agency, *id, "fault"));
    return {};
  }));
  const std::string fixed = ledger_time(parts_.clock.now());
  Act act(actor);
  act.end(kFaults, fault.subject, *id, {{"fixed", fixed}, {"fix", fix}});
  TRY(act.commit(parts_.ledgers));
  fault.values.insert_or_assign("fixed", fixed);
  fault.values.insert_or_assign("fix", fix);
  return fault_json(fault);
}

// ---- the scan box ----

Result<Json::Object> Fleet::begin_run(const access::Actor& actor, const std::string& mode) {
  TRY(require(actor, access::Action::kAssignDevice));
  if (mode != "out" && mode != "in" && mode != "audit")
    return fail(Code::kInvalid, "\"mode\" must be one of out, in, audit");
  SubjectId console;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    return {};
  }));
  Act act(actor);
  const auto run = act.make(kRuns, console, {{"mode", mode}});
  TRY(act.commit(parts_.ledgers));
  return Json::Object{{"id", run.text()}, {"mode", mode}};
}

// What a code is, and what follows of it.
struct Fleet::Scanned {
  std::string result;    // officer, out, in, seen, duplicate, unknown, refused
  std::string sentence;  // for the screen
  std::optional<DeviceId> device;
  std::string serial;
  std::optional<PersonId> officer;
  std::string officer_name;
  std::optional<roster::Assignment> worn;
};

Result<Fleet::Scanned> Fleet::look(db::Transaction& tx, const access::Actor& actor, const roster::SealedRowId& run,
                                   const std::string& code, const std::string& officer, Timestamp now) {
  const SealedRow known = TRY(roster::sealed_row(tx, kRuns, actor.agency, run, "run of scans"));
  if (known.time("ended")) return fail(Code::kConflict, "This run of scans has ended: begin another", run.text());
  const std::string mode = known.text("mode");
  Scanned out;
  const auto name = [&](const PersonId& person) -> Result<std::string> {
    return TRY(roster::name_of(tx, actor.agency, person)).value_or(person.text());
  };
  const auto refused = [&](std::string sentence) {
    out.result = "refused";
    out.sentence = std::move(sentence);
    return out;
  };
  const auto found = TRY(roster::device_by_serial(tx, actor.agency, code));
  const auto badge = TRY(roster::holder(tx, actor.agency, roster::AssignmentKind::kBadge, code, now));
  if (!found && badge && mode == "out") {
    out.result = "officer";
    out.officer = *badge;
    out.officer_name = TRY(name(*badge));
    out.sentence = fmt::format("Cameras scanned next go to {}", out.officer_name);
    return out;
  }
  if (!found) {
    out.result = "unknown";
    out.sentence = fmt::format("\"{}\" is no camera of this agency{}", printable(code),
                               mode == "out" ? ", and nobody's badge" : "");
    return out;
  }
  if (badge && mode == "out")
    return refused(fmt::format("\"{}\" is a camera and a badge: check it out on the camera's page", printable(code)));
  out.device = found->id;
  out.serial = found->serial;
  const db::Rows moved = TRY(tx.query("SELECT id FROM device_moves WHERE run = :run AND device = :device LIMIT 1",
                                      {{"run", run.text()}, {"device", found->id.text()}}));
  if (!moved.empty()) {
    out.result = "duplicate";
    out.sentence = fmt::format("{} was scanned already", found->serial);
    return out;
  }
  const Camera each = TRY(camera(tx, actor.agency, found->id, now));
  out.worn = each.worn;
  if (mode == "audit") {
    out.result = "seen";
    out.sentence = each.worn
                       ? fmt::format("{} is here, and out with {}", each.device.serial, TRY(name(each.worn->person)))
                       : fmt::format("{} is here", each.device.serial);
    return out;
  }
  if (mode == "in") {
    if (!each.worn) return refused(fmt::format("{} is in already: nobody has it", each.device.serial));
    out.result = "in";
    out.officer = each.worn->person;
    out.officer_name = TRY(name(each.worn->person));
    out.sentence = fmt::format("{} is in, from {}", each.device.serial, out.officer_name);
    return out;
  }
  if (officer.empty()) return refused("Scan the badge of whoever gets it first");
  out.officer = TRY(find_person(tx, actor.agency, officer, now));
  out.officer_name = TRY(name(*out.officer));
  const auto allowed = check_issue(tx, actor.agency, {found->id, found->serial, *out.officer, now, {}, {}});
  if (!allowed && allowed.error().code() != Code::kConflict) return fail(allowed.error());
  if (!allowed) return refused(allowed.error().message);
  if (bar_) {
    if (const auto why = TRY(bar_(tx, actor.agency, *out.officer))) return refused(*why);
  }
  out.result = "out";
  out.sentence = fmt::format("{} is out with {}", each.device.serial, out.officer_name);
  return out;
}

Result<Json::Object> Fleet::scan(const access::Actor& actor, const std::string& run_text, const std::string& code,
                                 const std::string& officer, const std::string& place) {
  TRY(require(actor, access::Action::kAssignDevice));
  TRY(check_words("A code", code));
  if (!place.empty()) TRY(check_words("A place", place));
  const auto run = roster::SealedRowId::parse(run_text);
  if (!run) return fail(Code::kNotFound, "No such run of scans", run_text);
  const Timestamp now = parts_.clock.now();
  Scanned scanned;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    scanned = TRY(look(tx, actor, *run, code, officer, now));
    return {};
  }));
  Act act(actor);
  if (scanned.result == "out" || scanned.result == "in") {
    TRY(require(actor, access::Action::kAssignDevice, scanned.officer));
    const HandOver over{*scanned.device, scanned.serial, *scanned.officer, ledger_moment(now), run->text(), place};
    if (scanned.result == "out") {
      add_issue(act, actor.agency, over);
    } else {
      add_return(act, *scanned.worn, over, "checked in");
    }
  } else if (scanned.result == "seen") {
    Json::Object moved = {{"kind", "seen"}, {"moved", ledger_time(now)}, {"run", run->text()}};
    if (!place.empty()) moved.emplace("place", place);
    act.make(kMoves, *scanned.device, std::move(moved));
  }
  if (act.events() > 0) {
    const std::string wanted = scanned.result;
    act.guard([&, wanted](db::Transaction& tx) -> Result<void> {
      const Scanned again = TRY(look(tx, actor, *run, code, officer, now));
      if (again.result != wanted)
        return fail(Code::kConflict, "It was scanned by somebody else meanwhile: " + again.sentence);
      return {};
    });
    TRY(act.commit(parts_.ledgers));
  }
  Json camera, person;
  if (scanned.device) camera = Json::Object{{"id", scanned.device->text()}, {"serial", scanned.serial}};
  if (scanned.officer) person = Json::Object{{"id", scanned.officer->text()}, {"name", scanned.officer_name}};
  return Json::Object{{"result", scanned.result},
                      {"sentence", scanned.sentence},
                      {"camera", std::move(camera)},
                      {"officer", std::move(person)}};
}

Result<Json::Object> Fleet::end_run(const access::Actor& actor, const std::string& run_text) {
  TRY(require(actor, access::Action::kAssignDevice));
  const auto run = roster::SealedRowId::parse(run_text);
  if (!run) return fail(Code::kNotFound, "No such run of scans", run_text);
  const Timestamp now = ledger_moment(parts_.clock.now());
  Json::Array missing;
  std::int64_t expected = 0, seen = 0;
  SubjectId console;
  std::string mode;
  const auto count = [&](db::Transaction& tx) -> Result<void> {
    missing.clear();
    expected = seen = 0;
    console = TRY(console_of(tx, actor.agency));
    mode = TRY(roster::sealed_row(tx, kRuns, actor.agency, *run, "run of scans")).text("mode");
    std::set<SubjectId> scanned;
    for (const SealedRow& row :
         TRY(roster::sealed_rows(tx, kMoves, actor.agency, {.filter = RowFilter{"run", run->text()}}))) {
      scanned.insert(row.subject);
    }
    seen = static_cast<std::int64_t>(scanned.size());
    if (mode != "audit") return {};
    // Whatever nobody has out should be on the shelf.
    for (const Camera& each : TRY(cameras(tx, actor.agency, now))) {
      if (each.state != "in_service" || each.worn) continue;
      ++expected;
      if (!scanned.contains(each.device.id)) {
        missing.push_back(Json::Object{{"id", each.device.id.text()}, {"serial", each.device.serial}});
      }
    }
    return {};
  };
  TRY(parts_.database.read(count));
  Act act(actor);
  Json::Object values = {{"ended", ledger_time(now)}, {"seen", seen}};
  if (mode == "audit") values.emplace("expected", expected);
  act.end(kRuns, console, *run, std::move(values));
  TRY(act.commit(parts_.ledgers));
  return Json::Object{{"id", run->text()},
                      {"mode", mode},
                      {"scanned", seen},
                      {"expected", mode == "audit" ? Json(expected) : Json()},
                      {"missing", std::move(missing)}};
}

}  // namespace lapel::fleet
