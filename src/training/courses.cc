// SPDX-License-Identifier: Apache-2.0
#include "training/courses.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "http/answers.h"
#include "roster/assignments.h"
#include "training/attendance.h"
#include "training/policies.h"
#include "training/schema.h"
#include "training/version.h"

namespace lapel::training {
namespace {

constexpr std::int64_t kValidMax = 36'500;  // a hundred years of days
constexpr std::int64_t kAheadDaysMax = 3'660;

Json::Object course_json(const Course& course, const std::vector<Course>& all) {
  Json renews;
  if (course.renews) {
    const auto found = std::ranges::find(all, *course.renews, &Course::id);
    if (found != all.end()) renews = found->slug;
  }
  return {{"id", course.id.text()},
          {"slug", course.slug},
          {"title", course.title},
          {"valid_days", http::or_null(course.valid_days)},
          {"valid_months", http::or_null(course.valid_months)},
          {"renews", std::move(renews)},
          {"requirement", requirement_json(course.requirement)}};
}

Json::Object session_json(const Session& session, const std::vector<Course>& all, std::int64_t attended) {
  const auto course = std::ranges::find(all, session.course, &Course::id);
  return {{"id", session.id.text()},
          {"course", course == all.end() ? Json() : Json(course->slug)},
          {"title", course == all.end() ? Json() : Json(course->title)},
          {"on", day_text(session.on)},
          {"place", http::text_or_null(session.place)},
          {"trainer", http::text_or_null(session.trainer)},
          {"attended", attended},
          {"cancelled_at", http::time_or_null(session.cancelled_at)},
          {"reason", http::text_or_null(session.cancel_reason)}};
}

Result<RowId> session_id(const std::string& text) {
  const auto id = RowId::parse(text);
  if (!id) return fail(Code::kNotFound, "No such session", text);
  return *id;
}

Result<Session> find_session(db::Transaction& tx, const AgencyId& agency, const RowId& id) {
  std::map<RowId, Session> all = TRY(sessions(tx, agency));
  const auto found = all.find(id);
  if (found == all.end()) return fail(Code::kNotFound, "No such session", id.text());
  return std::move(found->second);
}

// Who stands on its roster.
Result<std::vector<Attendance>> attendances_of(db::Transaction& tx, const AgencyId& agency, const RowId& session) {
  std::vector<Attendance> out;
  for (Attendance& each : TRY(attendances(tx, agency, std::nullopt))) {
    if (each.session.id == session && !each.withdrawn_at) out.push_back(std::move(each));
  }
  return out;
}

Json::Object attendance_values(const RowId& session, std::string_view how) {
  return {{"session", session.text()}, {"how", how}};
}

Json::Object session_values(const Course& course, Day on, const std::string& place, const std::string& trainer) {
  Json::Object out = {{"course", course.id.text()}, {"on", day_text(on)}};
  if (!place.empty()) out.emplace("place", place);
  if (!trainer.empty()) out.emplace("trainer", trainer);
  return out;
}

}  // namespace

Result<Json::Array> Courses::list(const access::Actor& actor) {
  TRY(require(actor, access::Action::kReadPolicies));
  Json::Array out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    const std::vector<Course> all = TRY(courses(tx, actor.agency));
    for (const Course& course : all) out.emplace_back(course_json(course, all));
    return {};
  }));
  return out;
}

Result<Json::Object> Courses::add(const access::Actor& actor, const New& wanted) {
  TRY(require(actor, access::Action::kManageTraining));
  if (!is_key(wanted.slug))
    return fail(Code::kInvalid, "\"slug\" must be of a-z, 0-9 and '-', beginning with a letter");
  TRY(check_words("A title", wanted.title));
  if (wanted.valid_days && wanted.valid_months)
    return fail(Code::kInvalid, "A course counts for so many days or so many months, not both");
  for (const auto& valid : {wanted.valid_days, wanted.valid_months}) {
    if (valid && (*valid < 1 || *valid > kValidMax))
      return fail(Code::kInvalid, fmt::format("A course counts for 1 to {} days or months", kValidMax));
  }
  if (wanted.valid_months && *wanted.valid_months > kValidMax / 30)
    return fail(Code::kInvalid, fmt::format("A course counts for at most {} months", kValidMax / 30));
  SubjectId console;
  std::optional<UnitId> unit;
  std::optional<RowId> renews;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    unit = TRY(find_unit(tx, actor.agency, wanted.unit));
    if (!wanted.renews.empty()) renews = TRY(find_course(tx, actor.agency, wanted.renews)).id;
    const std::vector<Course> all = TRY(courses(tx, actor.agency));
    if (std::ranges::find(all, wanted.slug, &Course::slug) != all.end())
      return fail(Code::kConflict, "There is a course of that name", wanted.slug);
    return {};
  };
  TRY(parts_.database.read(look));
  Json::Object values = {{"slug", wanted.slug}, {"title", wanted.title}};
  if (wanted.valid_days) values.emplace("valid_days", *wanted.valid_days);
  if (wanted.valid_months) values.emplace("valid_months", *wanted.valid_months);
  if (renews) values.emplace("renews", renews->text());
  Act act(actor);
  act.guard(look);
  const RowId id = act.make(kCourses, console, std::move(values));
  Json::Object required = {{"course", id.text()}, {"required", wanted.is_required ? "yes" : "no"}};
  if (unit) required.emplace("unit", unit->text());
  act.make(kRequirements, console, std::move(required));
  TRY(act.commit(parts_.ledgers));
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const std::vector<Course> all = TRY(courses(tx, actor.agency));
    out = course_json(TRY(find_course(tx, actor.agency, id.text())), all);
    return {};
  }));
  return out;
}

Result<Json::Array> Courses::list_sessions(const access::Actor& actor) {
  TRY(require(actor, access::Action::kReadPolicies));
  Json::Array out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    const std::vector<Course> all = TRY(courses(tx, actor.agency));
    std::map<RowId, std::int64_t> counts;
    for (const Attendance& each : TRY(attendances(tx, actor.agency, std::nullopt))) {
      if (!each.withdrawn_at) ++counts[each.session.id];
    }
    std::vector<Session> known;
    for (auto& [id, session] : TRY(sessions(tx, actor.agency))) known.push_back(session);
    std::ranges::sort(known,
                      [](const Session& a, const Session& b) { return a.on != b.on ? a.on > b.on : a.id < b.id; });
    for (const Session& session : known) out.emplace_back(session_json(session, all, counts[session.id]));
    return {};
  }));
  return out;
}

Result<Json::Object> Courses::show_session(const access::Actor& actor, const std::string& text) {
  TRY(require(actor, access::Action::kManageTraining));
  const RowId id = TRY(session_id(text));
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const Session session = TRY(find_session(tx, actor.agency, id));
    const std::vector<Course> all = TRY(courses(tx, actor.agency));
    Json::Array roster;
    for (const Attendance& each : TRY(attendances_of(tx, actor.agency, id))) {
      Json person = TRY(named(tx, actor.agency, each.person));
      Json by = TRY(named(tx, actor.agency, each.entered_by));
      roster.push_back(Json::Object{{"id", each.id.text()},
                                    {"person", std::move(person)},
                                    {"how", each.how},
                                    {"by", std::move(by)},
                                    {"at", ledger_time(each.entered_at)}});
    }
    out = session_json(session, all, static_cast<std::int64_t>(roster.size()));
    out.emplace("roster", std::move(roster));
    return {};
  }));
  return out;
}

Result<Json::Object> Courses::plan(const access::Actor& actor, const Plan& wanted) {
  TRY(require(actor, access::Action::kManageTraining));
  if (!wanted.place.empty()) TRY(check_words("A place", wanted.place));
  if (!wanted.trainer.empty()) TRY(check_words("A trainer", wanted.trainer));
  const Day today = day_of(parts_.clock.now());
  const Day on = wanted.on.value_or(today);
  if (on.number > today.number + kAheadDaysMax)
    return fail(Code::kInvalid, fmt::format("{} is too far ahead", day_text(on)));
  SubjectId console;
  Course course;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    course = TRY(find_course(tx, actor.agency, wanted.course));
    for (const auto& [id, each] : TRY(sessions(tx, actor.agency))) {
      if (each.course != course.id || each.on != on || each.place != wanted.place || each.cancelled_at) continue;
      return fail(Code::kConflict,
                  fmt::format("There is a session of {} on {} there already", course.title, day_text(on)));
    }
    return {};
  };
  TRY(parts_.database.read(look));
  Act act(actor);
  act.guard(look);
  const RowId id = act.make(kSessions, console, session_values(course, on, wanted.place, wanted.trainer));
  TRY(act.commit(parts_.ledgers));
  return show_session(actor, id.text());
}

Result<Json::Object> Courses::cancel(const access::Actor& actor, const std::string& text, const std::string& reason) {
  TRY(require(actor, access::Action::kManageTraining));
  TRY(check_words("A reason", reason));
  const RowId id = TRY(session_id(text));
  SubjectId console;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    TRY(find_session(tx, actor.agency, id));
    const std::size_t attended = TRY(attendances_of(tx, actor.agency, id)).size();
    if (attended == 0) return {};
    return fail(Code::kConflict, fmt::format("{} attended it: withdraw what was entered in error first", attended));
  };
  TRY(parts_.database.read(look));
  Act act(actor);
  act.guard(look);
  act.end(kSessions, console, id, {{"cancelled", ledger_time(parts_.clock.now())}, {"reason", reason}});
  TRY(act.commit(parts_.ledgers));
  return show_session(actor, id.text());
}

// What a code is, and what follows of it.
struct Courses::Scanned {
  std::string result;  // attended, duplicate, unknown, refused
  std::string sentence;
  std::optional<PersonId> person;
  std::string name;
};

Result<Courses::Scanned> Courses::look(db::Transaction& tx, const access::Actor& actor, const RowId& id,
                                       const std::string& code) {
  const Timestamp now = parts_.clock.now();
  const Session session = TRY(find_session(tx, actor.agency, id));
  Scanned out;
  if (session.cancelled_at) {
    out.result = "refused";
    out.sentence = fmt::format("This session was cancelled: {}", session.cancel_reason);
    return out;
  }
  if (session.on > day_of(now)) {
    out.result = "refused";
    out.sentence = fmt::format("This session is on {}: nobody has attended it yet", day_text(session.on));
    return out;
  }
  const auto person = find_person(tx, actor.agency, code, now);
  if (!person && person.error().code() != Code::kNotFound) return fail(person.error());
  if (!person) {
    out.result = "unknown";
    out.sentence = fmt::format("\"{}\" is nobody's badge or login", printable(code));
    return out;
  }
  out.person = *person;
  out.name = TRY(roster::name_of(tx, actor.agency, *person)).value_or(person->text());
  for (const Attendance& each : TRY(attendances_of(tx, actor.agency, id))) {
    if (each.person != *person) continue;
    out.result = "duplicate";
    out.sentence = fmt::format("{} was scanned already", out.name);
    return out;
  }
  out.result = "attended";
  out.sentence = fmt::format("{} attended", out.name);
  return out;
}

Result<Json::Object> Courses::scan(const access::Actor& actor, const std::string& text, const std::string& code) {
  TRY(require(actor, access::Action::kManageTraining));
  TRY(check_words("A code", code));
  const RowId id = TRY(session_id(text));
  Scanned scanned;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    scanned = TRY(look(tx, actor, id, code));
    return {};
  }));
  if (scanned.result == "attended") {
    TRY(require(actor, access::Action::kManageTraining, scanned.person));
    Act act(actor);
    act.guard([&](db::Transaction& tx) -> Result<void> {
      const Scanned again = TRY(look(tx, actor, id, code));
      if (again.result == "attended") return {};
      return fail(Code::kConflict, "It was scanned by somebody else meanwhile: " + again.sentence);
    });
    act.make(kAttendances, *scanned.person, attendance_values(id, "scan"));
    TRY(act.commit(parts_.ledgers));
  }
  Json person;
  if (scanned.person) person = Json::Object{{"id", scanned.person->text()}, {"name", scanned.name}};
  return Json::Object{{"result", scanned.result}, {"sentence", scanned.sentence}, {"person", std::move(person)}};
}

Result<void> Courses::withdraw(const access::Actor& actor, const std::string& text, const std::string& reason) {
  TRY(require(actor, access::Action::kManageTraining));
  TRY(check_words("A reason", reason));
  const auto id = RowId::parse(text);
  if (!id) return fail(Code::kNotFound, "No such attendance", text);
  roster::SealedRow row;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    row = TRY(roster::sealed_row(tx, kAttendances, actor.agency, *id, "attendance"));
    return {};
  }));
  TRY(require(actor, access::Action::kManageTraining, PersonId(row.subject.bytes())));
  Act act(actor);
  act.end(kAttendances, row.subject, *id, {{"withdrawn", ledger_time(parts_.clock.now())}, {"reason", reason}});
  return act.commit(parts_.ledgers);
}

Result<Courses::Imported> Courses::import(const access::Actor& actor, const std::string& csv) {
  TRY(require(actor, access::Action::kManageTraining));
  const Timestamp now = parts_.clock.now();
  AttendanceFile file;
  SubjectId console;
  std::map<std::string, Course> by_slug;
  std::map<SessionName, RowId> planned;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    KnownAttendance known;
    known.today = day_of(now);
    by_slug.clear();
    planned.clear();
    std::map<RowId, std::string> slugs;
    for (Course& each : TRY(courses(tx, actor.agency))) {
      known.courses.insert(each.slug);
      slugs[each.id] = each.slug;
      by_slug.emplace(each.slug, std::move(each));
    }
    for (const roster::Person& each : TRY(roster::people(tx, actor.agency))) known.people[each.login] = each.id;
    for (const roster::Assignment& each :
         TRY(roster::assignments(tx, actor.agency, {roster::AssignmentKind::kBadge, {}, {}, now}))) {
      known.people[each.target] = each.person;
    }
    std::map<RowId, SessionName> names;
    for (const auto& [id, each] : TRY(sessions(tx, actor.agency))) {
      const SessionName name{slugs[each.course], each.on, each.place};
      names[id] = name;
      if (each.cancelled_at) {
        known.cancelled.insert(name);
      } else {
        planned[name] = id;
      }
    }
    // One that was cancelled and planned again is held.
    for (const auto& [name, id] : planned) known.cancelled.erase(name);
    for (const Attendance& each : TRY(attendances(tx, actor.agency, std::nullopt))) {
      if (!each.withdrawn_at) known.attended.insert({names[each.session.id], each.person});
    }
    file = TRY(read_attendance(csv, known));
    return {};
  };
  TRY(parts_.database.read(look));
  std::set<PersonId> people;
  for (const AttendanceEntry& entry : file.entries) people.insert(entry.person);
  for (const PersonId& person : people) TRY(require(actor, access::Action::kManageTraining, person));
  Imported out{file.entries.size(), file.already, 0};
  if (file.entries.empty()) return out;
  Act act(actor);
  const std::size_t wanted = file.entries.size();
  act.guard([&](db::Transaction& tx) -> Result<void> {
    TRY(look(tx));
    if (file.entries.size() == wanted) return {};
    return fail(Code::kConflict, "Attendance was entered by somebody else meanwhile: send the file again");
  });
  std::map<SessionName, RowId> made = planned;
  const std::vector<AttendanceEntry> entries = file.entries;
  for (const AttendanceEntry& entry : entries) {
    auto found = made.find(entry.session);
    if (found == made.end()) {
      const RowId id = act.make(kSessions, console,
                                session_values(by_slug.at(entry.session.course), entry.session.on, entry.session.place,
                                               file.trainers[entry.session]));
      found = made.emplace(entry.session, id).first;
      ++out.sessions;
    }
    act.make(kAttendances, entry.person, attendance_values(found->second, "file"));
  }
  TRY(act.commit(parts_.ledgers));
  return out;
}

}  // namespace lapel::training
