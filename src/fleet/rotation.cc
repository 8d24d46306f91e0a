// SPDX-License-Identifier: Apache-2.0
#include "fleet/rotation.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"
#include "crypto/sha256.h"
#include "fleet/schema.h"
#include "roster/roster.h"
#include "roster/staffing.h"

namespace lapel::fleet {
namespace {

using roster::AssignmentKind;
using roster::ParticipationStatus;
using roster::SealedRow;
using roster::SealedRowId;

constexpr std::int64_t kWindowDaysMax = 366;

struct SlotRow {
  SealedRow row;
  std::string unit, unit_name, shift, shift_name;  // shift: empty on all
  std::int64_t seats = 1;
  Day from;
  std::optional<Day> until;

  std::string name() const { return shift.empty() ? unit_name : fmt::format("{}, {}", unit_name, shift_name); }
  bool stands(Day on) const { return from <= on && (!until || *until > on); }
};
struct TurnRow {
  SealedRowId id;
  PersonId person;
  std::string slot;
  std::int64_t seat = 1;
  std::string mode, device;  // no device: empty
  Day from;
  std::optional<Day> until;

  bool stands(Day on) const { return from <= on && (!until || *until > on); }
};

bool takes_part(const std::map<PersonId, roster::Participation>& all, const PersonId& person) {
  const auto found = all.find(person);
  return found != all.end() && found->second.status != ParticipationStatus::kWithdrawn;
}

Json::Object slot_json(const SlotRow& slot) {
  return {{"id", slot.row.id.text()},
          {"name", slot.name()},
          {"unit", Json::Object{{"id", slot.unit}, {"name", slot.unit_name}}},
          {"shift", slot.shift.empty() ? Json() : Json(Json::Object{{"id", slot.shift}, {"name", slot.shift_name}})},
          {"seats", slot.seats},
          {"from", day_text(slot.from)},
          {"until", slot.until ? Json(day_text(*slot.until)) : Json()}};
}

// A turn's last day is the day before it ended.
std::int64_t days_of(const TurnRow& turn, Day on) {
  const Day end = turn.until && *turn.until < on ? *turn.until : on;
  return end.number - turn.from.number;
}

std::string early_sentence(const Window& window, Day from, Day on) {
  return fmt::format("{} is day {} of this turn: it may be swapped from {} (day {}) and should be by {} (day {})",
                     day_text(on), on.number - from.number, day_text(opens_on(window, from)), window.min_days,
                     day_text(closes_on(window, from)), window.max_days);
}

}  // namespace

// All that a day's rotation follows from.
struct Rotation::State {
  Window window = kDefaultWindow;
  std::optional<Day> window_since;
  std::vector<SlotRow> slots;                                          // that stand on the day, by name
  std::vector<TurnRow> turns;                                          // all, or those asked for, in the ledger's order
  std::map<std::pair<std::string, std::int64_t>, std::size_t> seated;  // of those, who sits where on the day
  std::map<PersonId, roster::Participation> participations;
  std::map<PersonId, std::string> names;       // of whoever takes part or has had a turn
  std::map<std::string, std::string> serials;  // of cameras in turns, by id
  std::map<PersonId, std::set<std::string>> units, shifts;
  std::set<PersonId> active;

  const SlotRow* slot(std::string_view id) const {
    const auto found = std::ranges::find(slots, id, [](const SlotRow& each) { return each.row.id.text(); });
    return found == slots.end() ? nullptr : &*found;
  }
  const TurnRow* in_seat(const std::string& slot, std::int64_t seat) const {
    const auto found = seated.find({slot, seat});
    return found == seated.end() ? nullptr : &turns[found->second];
  }
  std::string name(const PersonId& person) const {
    const auto found = names.find(person);
    return found == names.end() ? person.text() : found->second;
  }
  // Why somebody may not sit there; nullopt: they may.
  std::optional<std::string> barred(const SlotRow& slot, const PersonId& person) const {
    if (!takes_part(participations, person)) return fmt::format("{} does not take part", name(person));
    if (!active.contains(person)) return fmt::format("{} has been deactivated", name(person));
    const auto of = units.find(person);
    if (of == units.end() || !of->second.contains(slot.unit))
      return fmt::format("{} is not in {}", name(person), slot.unit_name);
    // Who is on no shift by the roster may work any.
    const auto on = shifts.find(person);
    if (!slot.shift.empty() && on != shifts.end() && !on->second.contains(slot.shift))
      return fmt::format("{} does not work {}", name(person), slot.shift_name);
    return std::nullopt;
  }
};

Result<Rotation::State> Rotation::state(db::Transaction& tx, const AgencyId& agency, Day on,
                                        const std::optional<PersonId>& whose, const std::string& slot_id) {
  State out;
  const auto damaged = [](const SealedRow& row) {
    return fail(Code::kCorrupt, "A row of the rotation in the catalog is damaged", row.id.text());
  };
  const WindowSet set = TRY(window_on(tx, agency, on));
  out.window = set.window;
  out.window_since = set.since;
  std::map<std::string, std::string> units, shifts;
  for (const roster::Unit& unit : TRY(roster::units(tx, agency))) units[unit.id.text()] = unit.name;
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, roster::kShifts, agency))) {
    shifts[row.id.text()] = row.text("name");
  }
  for (SealedRow& row : TRY(roster::sealed_rows(tx, kSlots, agency))) {
    const auto from = row.day("from");
    if (!from) return damaged(row);
    SlotRow slot{
        row,   row.text("unit"), units[row.text("unit")], row.text("shift"), {}, row.number("seats").value_or(1),
        *from, row.day("until")};
    if (!slot.shift.empty()) slot.shift_name = shifts[slot.shift];
    if (slot.stands(on)) out.slots.push_back(std::move(slot));
  }
  std::ranges::sort(out.slots, {}, [](const SlotRow& each) { return std::pair(each.name(), each.row.id); });
  out.participations = TRY(roster::participations(tx, agency, on, whose));
  // As it lies there: a state has tens of thousands, and each page reads them.
  db::Params params = {{"agency", agency.text()}, {"limit", roster::kSealedRowsMax}};
  if (whose) {
    params.emplace_back("person", whose->text());
    params.emplace_back("slot", slot_id);
  }
  for (const db::Row& row : TRY(tx.query(
           fmt::format("SELECT id, person, slot, seat, mode, device, from_day, until_day FROM rotation_turns WHERE "
                       "agency = :agency{} ORDER BY leaf_index, id LIMIT :limit",
                       whose ? " AND (person = :person OR slot = :slot)" : ""),
           params))) {
    const auto id = SealedRowId::parse(row.text("id"));
    const auto person = PersonId::parse(row.text("person"));
    if (!id || !person || !is_day(row.integer("from_day")))
      return fail(Code::kCorrupt, "A row of the rotation in the catalog is damaged", row.text("id"));
    TurnRow turn{*id,
                 *person,
                 row.text("slot"),
                 row.integer("seat"),
                 row.text("mode"),
                 row.maybe_text("device").value_or(""),
                 {row.integer("from_day")},
                 std::nullopt};
    if (const auto until = row.maybe_integer("until_day")) turn.until = Day{*until};
    if (const auto device = DeviceId::parse(turn.device); device && !out.serials.contains(turn.device)) {
      out.serials[turn.device] = TRY(camera(tx, agency, *device, Timestamp{on.number * kDayUs})).device.serial;
    }
    if (turn.stands(on)) out.seated.emplace(std::pair(turn.slot, turn.seat), out.turns.size());
    out.turns.push_back(std::move(turn));
  }
  if (whose) {
    TRY(add_name(tx, *whose, out));
  } else {
    for (const roster::Person& person : TRY(roster::people(tx, agency))) {
      out.names[person.id] = roster::shown_name(person);
      if (person.is_active) out.active.insert(person.id);
    }
  }
  // Who belonged where at noon of that day.
  const Timestamp noon{on.number * kDayUs + kDayUs / 2};
  for (const auto& [kind, of] :
       {std::pair(AssignmentKind::kUnit, &out.units), std::pair(AssignmentKind::kShift, &out.shifts)}) {
    for (const roster::Assignment& each : TRY(roster::assignments(tx, agency, {kind, whose, {}, noon}))) {
      (*of)[each.person].insert(each.target);
    }
  }
  return out;
}

Result<void> Rotation::add_name(db::Transaction& tx, const PersonId& person, State& out) {
  const roster::Person known = TRY(roster::person(tx, person));
  out.names[person] = roster::shown_name(known);
  if (known.is_active) out.active.insert(person);
  return {};
}

Result<Day> Rotation::day(std::optional<Day> asked) const {
  const Day today = day_of(parts_.clock.now());
  // Somewhere east of Greenwich it is tomorrow already.
  if (asked && asked->number > today.number + 1)
    return fail(Code::kInvalid, fmt::format("{} is a day to come: write the day on which it was", day_text(*asked)));
  return asked.value_or(today);
}

Result<Timestamp> Rotation::moment(const Giving& giving, Day on) const {
  const Timestamp now = parts_.clock.now();
  if (!giving.at) {
    if (std::abs(on.number - day_of(now).number) <= 1) return ledger_moment(now);
    return fail(Code::kInvalid,
                fmt::format("A camera changes hands at a time: say when on {} it did, with \"at\"", day_text(on)));
  }
  if (*giving.at > now) return fail(Code::kInvalid, "\"at\" is a time to come");
  if (std::abs(day_of(*giving.at).number - on.number) > 1)
    return fail(Code::kInvalid, fmt::format("\"at\" is not on {}", day_text(on)));
  return ledger_moment(*giving.at);
}

Result<Json::Object> Rotation::status(const access::Actor& actor, std::optional<Day> as_of) {
  TRY(require(actor, access::Action::kSeeFleet));
  const Day on = as_of.value_or(day_of(parts_.clock.now()));
  State all;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    all = TRY(state(tx, actor.agency, on));
    return {};
  }));
  const auto person = [&](const PersonId& id) { return Json::Object{{"id", id.text()}, {"name", all.name(id)}}; };
  Json::Array slots, alerts;
  for (const SlotRow& slot : all.slots) {
    Json::Array seats;
    for (std::int64_t seat = 1; seat <= slot.seats; ++seat) {
      const std::string where = fmt::format("{}, seat {}", slot.name(), seat);
      const auto alert = [&](std::string_view kind, std::string sentence) {
        alerts.push_back(Json::Object{
            {"kind", kind}, {"slot", slot.row.id.text()}, {"seat", seat}, {"sentence", std::move(sentence)}});
      };
      const TurnRow* turn = all.in_seat(slot.row.id.text(), seat);
      if (!turn) {
        alert("empty", fmt::format("{}: nobody has its camera", where));
        seats.push_back(Json::Object{{"seat", seat}, {"turn", Json()}});
        continue;
      }
      const TurnState is = turn_state(all.window, turn->from, on);
      if (is == TurnState::kOverdue) {
        alert("overdue", fmt::format("{}: {} is on day {}; the swap was due by {} (day {})", where,
                                     all.name(turn->person), on.number - turn->from.number,
                                     day_text(closes_on(all.window, turn->from)), all.window.max_days));
      }
      if (!takes_part(all.participations, turn->person)) {
        alert("withdrawn", fmt::format("{}: {} does not take part any more", where, all.name(turn->person)));
      }
      const std::string& device = turn->device;
      seats.push_back(
          Json::Object{{"seat", seat},
                       {"turn", Json::Object{{"id", turn->id.text()},
                                             {"officer", person(turn->person)},
                                             {"mode", turn->mode},
                                             {"camera", device.empty() ? Json() : Json(all.serials[device])},
                                             {"from", day_text(turn->from)},
                                             {"day", on.number - turn->from.number},
                                             {"state", turn_state_name(is)},
                                             {"opens_on", day_text(opens_on(all.window, turn->from))},
                                             {"due_by", day_text(closes_on(all.window, turn->from))}}}});
    }
    Json::Object shown = slot_json(slot);
    shown.emplace("seating", std::move(seats));
    slots.emplace_back(std::move(shown));
  }
  std::map<PersonId, std::int64_t> days;
  for (const TurnRow& turn : all.turns) {
    if (turn.from <= on) days[turn.person] += days_of(turn, on);
  }
  std::int64_t participants = 0, never = 0;
  for (const auto& [id, participation] : all.participations) {
    if (participation.status == ParticipationStatus::kWithdrawn) continue;
    ++participants;
    if (!days.contains(id)) ++never;
  }
  Json least, most;
  for (const auto& [id, count] : days) {
    if (least.is_null() || count < *least.integer()) least = count;
    if (most.is_null() || count > *most.integer()) most = count;
  }
  return Json::Object{{"as_of", day_text(on)},
                      {"window", Json::Object{{"min_days", all.window.min_days},
                                              {"max_days", all.window.max_days},
                                              {"from", all.window_since ? Json(day_text(*all.window_since)) : Json()}}},
                      {"slots", std::move(slots)},
                      {"alerts", std::move(alerts)},
                      {"coverage", Json::Object{{"participants", participants},
                                                {"officers", static_cast<std::int64_t>(days.size())},
                                                {"not_yet", never},
                                                {"days_least", std::move(least)},
                                                {"days_most", std::move(most)}}}};
}

Result<Json::Object> Rotation::plan(const access::Actor& actor, std::optional<Day> asked, const std::string& given) {
  TRY(require(actor, access::Action::kSeeFleet));
  const Day on = asked.value_or(day_of(parts_.clock.now()));
  const std::string seed = given.empty() ? day_text(on) : given;
  TRY(check_words("A seed", seed));
  State all;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    all = TRY(state(tx, actor.agency, on));
    return {};
  }));
  std::vector<Seat> seats;
  for (const SlotRow& slot : all.slots) {
    for (std::int64_t seat = 1; seat <= slot.seats; ++seat) {
      const TurnRow* turn = all.in_seat(slot.row.id.text(), seat);
      seats.push_back({slot.row.id.text(), seat, turn ? std::optional(Turn{turn->person, turn->from}) : std::nullopt});
    }
  }
  std::map<PersonId, std::vector<const TurnRow*>> turns;
  for (const TurnRow& turn : all.turns) turns[turn.person].push_back(&turn);
  std::vector<Candidate> candidates;
  for (const auto& [person, participation] : all.participations) {
    Candidate each{person, {}, 0, std::nullopt};
    for (const SlotRow& slot : all.slots) {
      if (!all.barred(slot, person)) each.slots.insert(slot.row.id.text());
    }
    if (each.slots.empty()) continue;
    for (const TurnRow* turn : turns[person]) {
      if (turn->from > on) continue;
      each.days_worn += days_of(*turn, on);
      const Day last = turn->until && *turn->until <= on ? *turn->until : on;
      if (!each.last_day || *each.last_day < last) each.last_day = last;
    }
    candidates.push_back(std::move(each));
  }
  const Plan made = fleet::plan(seats, candidates, all.window, on, seed);

  // What it follows from, so that whoever has the same can make it again.
  Json::Array known_seats, known_people;
  for (const Seat& each : seats) {
    Json::Object seat = {{"slot", each.slot}, {"seat", each.seat}};
    if (each.turn) {
      seat.emplace("person", each.turn->person.text());
      seat.emplace("from", day_text(each.turn->from));
    }
    known_seats.emplace_back(std::move(seat));
  }
  for (const Candidate& each : candidates) {
    Json::Object person = {{"person", each.person.text()}, {"days", each.days_worn}};
    if (each.last_day) person.emplace("last", day_text(*each.last_day));
    person.emplace("slots", Json::Array(each.slots.begin(), each.slots.end()));
    known_people.emplace_back(std::move(person));
  }
  const Json follows_from(Json::Object{{"on", day_text(on)},
                                       {"seed", seed},
                                       {"min_days", all.window.min_days},
                                       {"max_days", all.window.max_days},
                                       {"seats", std::move(known_seats)},
                                       {"people", std::move(known_people)}});
  const auto person = [&](const PersonId& id) { return Json::Object{{"id", id.text()}, {"name", all.name(id)}}; };
  const auto seat_json = [&](const Seat& seat) {
    const SlotRow* slot = all.slot(seat.slot);
    const TurnRow* turn = all.in_seat(seat.slot, seat.seat);
    return Json::Object{{"slot", seat.slot},
                        {"slot_name", slot ? slot->name() : seat.slot},
                        {"seat", seat.seat},
                        {"turn", turn ? Json(turn->id.text()) : Json()},
                        {"out", seat.turn ? Json(person(seat.turn->person)) : Json()}};
  };
  Json::Array proposals, unfilled;
  std::set<PersonId> worn, after;
  for (const TurnRow& turn : all.turns) {
    if (turn.from <= on) worn.insert(turn.person);
  }
  after = worn;
  for (const Proposal& each : made.proposals) {
    const Seat& seat = seats[each.seat];
    Json::Object item = seat_json(seat);
    item.emplace("in", person(each.person));
    std::string why =
        each.is_first_turn
            ? fmt::format("{} has not worn one yet", all.name(each.person))
            : fmt::format("{} has worn one for {} days: number {} of the {} who may, by days and time since",
                          all.name(each.person), each.days_worn, each.place, each.of);
    if (seat.turn) {
      why += fmt::format("; {} is on day {} of {} to {}", all.name(seat.turn->person),
                         on.number - seat.turn->from.number, all.window.min_days, all.window.max_days);
    } else {
      why += "; the seat is empty";
    }
    item.emplace("why", std::move(why));
    proposals.emplace_back(std::move(item));
    after.insert(each.person);
  }
  for (const Plan::Left& each : made.unfilled) {
    Json::Object item = seat_json(seats[each.seat]);
    item.emplace("why", each.has_candidates ? "everybody who may sit here is needed for a more urgent seat"
                                            : "nobody who takes part, belongs there and is free is left");
    unfilled.emplace_back(std::move(item));
  }
  return Json::Object{{"on", day_text(on)},
                      {"seed", seed},
                      {"follows_from_sha256", hex(crypto::sha256(as_bytes(canonical(follows_from))))},
                      {"proposals", std::move(proposals)},
                      {"unfilled", std::move(unfilled)},
                      {"officers_before", static_cast<std::int64_t>(worn.size())},
                      {"officers_after", static_cast<std::int64_t>(after.size())}};
}

Result<Json::Array> Rotation::participants(const access::Actor& actor) {
  TRY(require(actor, access::Action::kSeeFleet));
  Json::Array out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (const SealedRow& row : TRY(roster::sealed_rows(tx, roster::kParticipations, actor.agency))) {
      Json person = TRY(named(tx, actor.agency, PersonId(row.subject.bytes())));
      Json by = TRY(named(tx, actor.agency, row.entered_by));
      out.push_back(Json::Object{{"id", row.id.text()},
                                 {"person", std::move(person)},
                                 {"status", row.text("status")},
                                 {"on", row.text("on")},
                                 {"reason", row.text("reason").empty() ? Json() : Json(row.text("reason"))},
                                 {"entered_by", std::move(by)},
                                 {"entered_at", ledger_time(row.entered_at)}});
    }
    return {};
  }));
  return out;
}

Result<Json::Object> Rotation::set_window(const access::Actor& actor, const Window& window, std::optional<Day> asked,
                                          const std::string& reason) {
  TRY(require(actor, access::Action::kManageRotation));
  TRY(check_words("A reason", reason));
  if (window.min_days < 1 || window.max_days < window.min_days || window.max_days > kWindowDaysMax)
    return fail(Code::kInvalid,
                fmt::format("A window has 1 to {} days, and its end is not before its beginning", kWindowDaysMax));
  const Day from = asked.value_or(day_of(parts_.clock.now()));
  SubjectId console;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    return {};
  }));
  Act act(actor);
  act.make(
      kRotationWindows, console,
      {{"min_days", window.min_days}, {"max_days", window.max_days}, {"from", day_text(from)}, {"reason", reason}});
  TRY(act.commit(parts_.ledgers));
  return Json::Object{{"min_days", window.min_days}, {"max_days", window.max_days}, {"from", day_text(from)}};
}

Result<Json::Object> Rotation::take_part(const access::Actor& actor, const std::string& who,
                                         const std::string& status_name, std::optional<Day> asked,
                                         const std::string& reason) {
  TRY(require(actor, access::Action::kManageRotation));
  const auto status = roster::parse_participation_status(status_name);
  if (!status) return fail(Code::kInvalid, "\"status\" must be one of " + roster::all_participation_status_names());
  const Day on = TRY(day(asked));
  if (!reason.empty()) TRY(check_words("A reason", reason));
  if (reason.empty() && (*status == ParticipationStatus::kOrdered || *status == ParticipationStatus::kWithdrawn))
    return fail(Code::kInvalid, "Why somebody is ordered, or withdraws, goes on record: give a reason");
  PersonId person;
  Json shown;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    person = TRY(find_person(tx, actor.agency, who, parts_.clock.now()));
    shown = TRY(named(tx, actor.agency, person));
    return {};
  }));
  TRY(require(actor, access::Action::kManageRotation, person));
  const auto check = [&](db::Transaction& tx) -> Result<void> {
    const auto all = TRY(roster::participations(tx, actor.agency, on));
    const auto known = all.find(person);
    const bool is_so = known != all.end() && known->second.status == *status;
    if (is_so) return fail(Code::kConflict, fmt::format("That stands already, since {}", day_text(known->second.on)));
    const bool took_part = takes_part(all, person);
    if (*status == ParticipationStatus::kWithdrawn && !took_part)
      return fail(Code::kConflict, "Who does not take part has nothing to withdraw from");
    if (*status == ParticipationStatus::kSelected && !took_part)
      return fail(Code::kConflict, "Nobody is selected who has not volunteered, or been ordered: enter that first");
    return {};
  };
  TRY(parts_.database.read(check));
  Act act(actor);
  act.guard(check);
  Json::Object values = {{"status", status_name}, {"on", day_text(on)}};
  if (!reason.empty()) values.emplace("reason", reason);
  const SealedRowId made = act.make(roster::kParticipations, person, std::move(values));
  TRY(act.commit(parts_.ledgers));
  return Json::Object{{"id", made.text()},
                      {"person", std::move(shown)},
                      {"status", status_name},
                      {"on", day_text(on)},
                      {"reason", reason.empty() ? Json() : Json(reason)}};
}

Result<Json::Object> Rotation::turn_json(const AgencyId& agency, const SealedRowId& turn) {
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const SealedRow row = TRY(roster::sealed_row(tx, kTurns, agency, turn, "turn"));
    Json officer = TRY(named(tx, agency, PersonId(row.subject.bytes())));
    const auto device = DeviceId::parse(row.text("device"));
    Json serial;
    if (device) serial = TRY(camera(tx, agency, *device, parts_.clock.now())).device.serial;
    const auto maybe = [&](std::string_view member) {
      return row.text(member).empty() ? Json() : Json(row.text(member));
    };
    out = {{"id", row.id.text()},           {"slot", row.text("slot")}, {"seat", row.number("seat").value_or(1)},
           {"officer", std::move(officer)}, {"mode", row.text("mode")}, {"camera", std::move(serial)},
           {"from", row.text("from")},      {"until", maybe("until")},  {"how", maybe("how")}};
    return {};
  }));
  return out;
}

namespace {

Json::Object turn_values(const std::string& slot, std::int64_t seat, ParticipationStatus status, Day on,
                         const std::string& device, const std::string& reason) {
  Json::Object out = {{"slot", slot},
                      {"seat", seat},
                      {"mode", status == ParticipationStatus::kOrdered ? "ordered" : "volunteer"},
                      {"from", day_text(on)}};
  if (!device.empty()) out.emplace("device", device);
  if (!reason.empty()) out.emplace("reason", reason);
  return out;
}

}  // namespace

Result<Json::Object> Rotation::issue(const access::Actor& actor, const std::string& slot_id, const Giving& giving) {
  TRY(require(actor, access::Action::kManageRotation));
  if (!giving.reason.empty()) TRY(check_words("A reason", giving.reason));
  const Day on = TRY(day(giving.on));
  const Timestamp now = parts_.clock.now();
  PersonId person;
  ParticipationStatus status = ParticipationStatus::kVolunteered;
  std::int64_t seat = 0;
  std::optional<HandOver> over;
  if (!giving.camera.empty()) over.emplace().at = TRY(moment(giving, on));
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    person = TRY(find_person(tx, actor.agency, giving.person, now));
    State all = TRY(state(tx, actor.agency, on, person, slot_id));
    const SlotRow* slot = all.slot(slot_id);
    if (!slot) return fail(Code::kNotFound, fmt::format("No such slot on {}", day_text(on)), slot_id);
    if (const auto why = all.barred(*slot, person)) return fail(Code::kConflict, *why);
    status = all.participations.at(person).status;
    for (const TurnRow& turn : all.turns) {
      if (turn.person != person || (turn.until && *turn.until <= on)) continue;
      return fail(Code::kConflict, fmt::format("{} has a turn since {}", all.name(person), day_text(turn.from)));
    }
    for (seat = 1; seat <= slot->seats; ++seat) {
      const bool is_taken = std::ranges::any_of(all.turns, [&](const TurnRow& turn) {
        return turn.slot == slot_id && turn.seat == seat && (!turn.until || *turn.until > on);
      });
      if (!is_taken) break;
    }
    if (seat > slot->seats)
      return fail(Code::kConflict,
                  fmt::format("All {} seats of {} are taken on {}: swap one", slot->seats, slot->name(), day_text(on)));
    if (over) {
      over->device = TRY(find_device(tx, actor.agency, giving.camera));
      over->serial = giving.camera;
      over->person = person;
      TRY(check_issue(tx, actor.agency, *over));
      TRY(check_bar(bar_, tx, actor.agency, person));
    }
    return {};
  };
  TRY(parts_.database.read(look));
  TRY(require(actor, access::Action::kManageRotation, person));
  if (over) TRY(require(actor, access::Action::kAssignDevice, person));
  Act act(actor);
  const std::int64_t found = seat;
  act.guard([&](db::Transaction& tx) -> Result<void> {
    TRY(look(tx));
    return seat == found ? Result<void>() : Result<void>(fail(Code::kConflict, "That seat was taken meanwhile"));
  });
  const SealedRowId turn =
      act.make(kTurns, person, turn_values(slot_id, seat, status, on, over ? over->device.text() : "", giving.reason));
  if (over) add_issue(act, actor.agency, *over);
  TRY(act.commit(parts_.ledgers));
  return turn_json(actor.agency, turn);
}

Result<Json::Object> Rotation::swap(const access::Actor& actor, const std::string& turn_id, const Giving& giving) {
  TRY(require(actor, access::Action::kManageRotation));
  if (!giving.reason.empty()) TRY(check_words("A reason", giving.reason));
  const auto id = SealedRowId::parse(turn_id);
  if (!id) return fail(Code::kNotFound, "No such turn", turn_id);
  const Day on = TRY(day(giving.on));
  const Timestamp now = parts_.clock.now();
  PersonId in, out;
  ParticipationStatus status = ParticipationStatus::kVolunteered;
  SealedRow row;
  std::string device;
  std::optional<roster::Assignment> worn;
  HandOver over;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    in = TRY(find_person(tx, actor.agency, giving.person, now));
    State all = TRY(state(tx, actor.agency, on, in));
    row = TRY(roster::sealed_row(tx, kTurns, actor.agency, *id, "turn"));
    out = PersonId(row.subject.bytes());
    const auto from = row.day("from");
    CHECK(from.has_value());
    if (row.day("until")) return fail(Code::kConflict, fmt::format("This turn ended on {}", row.text("until")));
    if (on < opens_on(all.window, *from)) return fail(Code::kConflict, early_sentence(all.window, *from, on));
    const SlotRow* slot = all.slot(row.text("slot"));
    if (!slot) return fail(Code::kConflict, fmt::format("Its slot has ended by {}", day_text(on)));
    if (const auto why = all.barred(*slot, in)) return fail(Code::kConflict, *why);
    status = all.participations.at(in).status;
    for (const TurnRow& turn : all.turns) {
      if (turn.person != in || (turn.until && *turn.until <= on)) continue;
      return fail(Code::kConflict, fmt::format("{} has a turn since {}", all.name(in), day_text(turn.from)));
    }
    device = row.text("device");
    worn.reset();
    if (const auto camera_id = DeviceId::parse(device)) {
      over.at = TRY(moment(giving, on));
      over.device = *camera_id;
      over.person = in;
      const Camera known = TRY(camera(tx, actor.agency, *camera_id, over.at));
      over.serial = known.device.serial;
      worn = known.worn;
      if (worn && worn->person != out)
        return fail(Code::kConflict, fmt::format("{} is out with somebody else: check it in first", over.serial));
      if (!worn) {
        TRY(check_issue(tx, actor.agency, over));
      } else if (known.state != "in_service") {
        return fail(Code::kConflict, fmt::format("{} is not in service: vacate the turn", over.serial));
      } else if (TRY(camera_of(tx, actor.agency, in, over.at))) {
        return fail(Code::kConflict, fmt::format("{} has another camera: check that in first", all.name(in)));
      }
      TRY(check_bar(bar_, tx, actor.agency, in));
    }
    return {};
  };
  TRY(parts_.database.read(look));
  const bool hands_over = !device.empty();
  for (const PersonId& each : {in, out}) {
    TRY(require(actor, access::Action::kManageRotation, each));
    if (hands_over) TRY(require(actor, access::Action::kAssignDevice, each));
  }
  Act act(actor);
  act.guard(look);
  Json::Object ended = {{"until", day_text(on)}, {"how", "swapped"}};
  if (!giving.reason.empty()) ended.emplace("end_reason", giving.reason);
  act.end(kTurns, out, *id, std::move(ended));
  const SealedRowId next = act.make(
      kTurns, in, turn_values(row.text("slot"), row.number("seat").value_or(1), status, on, device, giving.reason));
  if (hands_over) {
    if (worn) add_return(act, *worn, over, "swapped");
    add_issue(act, actor.agency, over);
  }
  TRY(act.commit(parts_.ledgers));
  return turn_json(actor.agency, next);
}

Result<Json::Object> Rotation::vacate(const access::Actor& actor, const std::string& turn_id, const Giving& giving) {
  TRY(require(actor, access::Action::kManageRotation));
  TRY(check_words("A reason", giving.reason));
  const auto id = SealedRowId::parse(turn_id);
  if (!id) return fail(Code::kNotFound, "No such turn", turn_id);
  const Day on = TRY(day(giving.on));
  SealedRow row;
  std::optional<roster::Assignment> worn;
  HandOver over;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    row = TRY(roster::sealed_row(tx, kTurns, actor.agency, *id, "turn"));
    const auto from = row.day("from");
    CHECK(from.has_value());
    if (row.day("until")) return fail(Code::kConflict, fmt::format("This turn ended on {}", row.text("until")));
    if (on < *from) return fail(Code::kConflict, fmt::format("This turn begins on {}", day_text(*from)));
    worn.reset();
    if (const auto camera_id = DeviceId::parse(row.text("device"))) {
      over.at = TRY(moment(giving, on));
      over.device = *camera_id;
      const Camera known = TRY(camera(tx, actor.agency, *camera_id, over.at));
      over.serial = known.device.serial;
      if (known.worn && known.worn->person == PersonId(row.subject.bytes())) worn = known.worn;
    }
    return {};
  };
  TRY(parts_.database.read(look));
  const PersonId out(row.subject.bytes());
  TRY(require(actor, access::Action::kManageRotation, out));
  if (worn) TRY(require(actor, access::Action::kAssignDevice, out));
  Act act(actor);
  act.guard(look);
  act.end(kTurns, out, *id, {{"until", day_text(on)}, {"how", "vacated"}, {"end_reason", giving.reason}});
  if (worn) add_return(act, *worn, over, giving.reason);
  TRY(act.commit(parts_.ledgers));
  return turn_json(actor.agency, *id);
}

Result<Json::Object> Rotation::end_slot(const access::Actor& actor, const std::string& slot_id,
                                        std::optional<Day> asked, const std::string& reason) {
  TRY(require(actor, access::Action::kManageRotation));
  TRY(check_words("A reason", reason));
  const auto id = SealedRowId::parse(slot_id);
  if (!id) return fail(Code::kNotFound, "No such slot", slot_id);
  const Day on = TRY(day(asked));
  SubjectId console;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    const SealedRow row = TRY(roster::sealed_row(tx, kSlots, actor.agency, *id, "slot"));
    for (const SealedRow& turn :
         TRY(roster::sealed_rows(tx, kTurns, actor.agency, {.filter = roster::RowFilter{"slot", id->text()}}))) {
      if (!turn.day("until") || *turn.day("until") > on)
        return fail(Code::kConflict, "Somebody has a turn in this slot: vacate it first");
    }
    if (row.day("from") > std::optional(on)) return fail(Code::kConflict, "This slot begins on " + row.text("from"));
    return {};
  };
  TRY(parts_.database.read(look));
  Act act(actor);
  act.guard(look);
  act.end(kSlots, console, *id, {{"until", day_text(on)}, {"reason", reason}});
  TRY(act.commit(parts_.ledgers));
  return Json::Object{{"id", id->text()}, {"until", day_text(on)}};
}

Result<WindowSet> window_on(db::Transaction& tx, const AgencyId& agency, Day on) {
  WindowSet out;
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, kRotationWindows, agency))) {
    const auto from = row.day("from");
    if (!from) return fail(Code::kCorrupt, "A row of the rotation in the catalog is damaged", row.id.text());
    if (*from > on || (out.since && *out.since > *from)) continue;
    out = {{row.number("min_days").value_or(28), row.number("max_days").value_or(42)}, from};
  }
  return out;
}

}  // namespace lapel::fleet
