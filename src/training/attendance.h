// SPDX-License-Identifier: Apache-2.0
#pragma once
// A file of attendance, read and judged as a whole (docs/formats/training.md has its columns).
//
// Owns: the sentences for what is wrong with one.
// Promises: pure: what is new in a file follows from the file and what is known. Nothing is given of a file that has anything wrong
//   in it. The sentence names the row and the column, and what to do about it. What is there already is counted.
// Fails with: kInvalid, kTooLarge.
// Threads: values and pure functions.

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/day.h"
#include "base/ids.h"
#include "base/result.h"

namespace lapel::training {

// A session by what people call it. Two of one course on one day are told apart by their places.
struct SessionName {
  std::string course;  // its slug
  Day on;
  std::string place;
  friend auto operator<=>(const SessionName&, const SessionName&) = default;
};
struct AttendanceEntry {
  SessionName session;
  PersonId person;
};

struct KnownAttendance {
  Day today;
  std::set<std::string> courses;           // slugs
  std::map<std::string, PersonId> people;  // by login and by badge
  std::set<SessionName> cancelled;
  std::set<std::pair<SessionName, PersonId>> attended;
};

struct AttendanceFile {
  std::vector<AttendanceEntry> entries;         // that are new
  std::map<SessionName, std::string> trainers;  // of the sessions that the file names; may be empty texts
  std::size_t already = 0;
};
Result<AttendanceFile> read_attendance(std::string_view text, const KnownAttendance& known);

}  // namespace lapel::training
