// SPDX-License-Identifier: Apache-2.0
#include "training/attendance.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/csv.h"
#include "base/text.h"

namespace lapel::training {
namespace {

const std::vector<std::string_view> kColumns = {"course", "on", "badge", "login", "place", "trainer"};

tl::unexpected<Error> wrong(const CsvRow& row, std::string_view column, std::string_view sentence) {
  return fail(Code::kInvalid, fmt::format("Row {}, column {}: {}", row.number, column, sentence));
}

std::string cell(const CsvRow& row, std::string_view column) {
  const auto found = row.cells.find(column);
  return found == row.cells.end() ? std::string() : found->second;
}

}  // namespace

Result<AttendanceFile> read_attendance(std::string_view text, const KnownAttendance& known) {
  AttendanceFile out;
  std::set<std::pair<SessionName, PersonId>> seen;
  for (const CsvRow& row : TRY(parse_csv(text, kColumns))) {
    SessionName session{cell(row, "course"), {}, cell(row, "place")};
    if (session.course.empty()) return wrong(row, "course", "it is empty: write the course's short name");
    if (!known.courses.contains(session.course)) {
      return wrong(
          row, "course",
          fmt::format("there is no course \"{}\": add it first, or look at its short name", printable(session.course)));
    }
    const auto on = parse_day(cell(row, "on"));
    if (!on) return wrong(row, "on", "it must be a day such as 2022-11-30");
    if (*on > known.today) return wrong(row, "on", fmt::format("{} is still to come", day_text(*on)));
    session.on = *on;
    const std::string badge = cell(row, "badge"), login = cell(row, "login");
    if (badge.empty() == login.empty()) return wrong(row, "badge", "a row has a badge or a login, one of the two");
    const std::string_view column = badge.empty() ? "login" : "badge";
    const std::string& who = badge.empty() ? login : badge;
    const auto person = known.people.find(who);
    if (person == known.people.end()) {
      return wrong(row, column,
                   fmt::format("nobody of this agency has \"{}\": add the person first, or look at the {}",
                               printable(who), column));
    }
    if (known.cancelled.contains(session)) {
      return wrong(row, "on",
                   fmt::format("the session of {} on {} was cancelled: plan another", session.course, day_text(*on)));
    }
    std::string& trainer = out.trainers[session];
    if (const std::string said = cell(row, "trainer"); !said.empty()) {
      if (!trainer.empty() && trainer != said)
        return wrong(row, "trainer", fmt::format("another row of this session says \"{}\"", printable(trainer)));
      trainer = said;
    }
    if (!seen.insert({session, person->second}).second || known.attended.contains({session, person->second})) {
      ++out.already;
      continue;
    }
    out.entries.push_back({std::move(session), person->second});
  }
  return out;
}

}  // namespace lapel::training
