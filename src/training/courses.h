// SPDX-License-Identifier: Apache-2.0
#pragma once
// Courses, their sessions, and who attended: by scan, or by file.
//
// Owns: the events and rows of training.course_added, training.planned and _cancelled, training.attended and
//   _attendance_withdrawn.
// Promises: each scan is sealed before it is answered; whoever is scanned twice attended once. Attendance is of a session that was
//   held: not of one that was cancelled, or is still to come. A file is taken whole or not at all, and the same file again adds
//   nothing. Nobody enters their own attendance.
// Fails with: problems::kRule, kNotFound, kInvalid, kConflict. A scan that cannot be done is an answer and no failure.
// Threads: any; calls block.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "training/act.h"
#include "training/facts.h"

namespace lapel::training {

class Courses {
 public:
  explicit Courses(Parts parts) : parts_(parts) {}

  Result<Json::Array> list(const access::Actor& actor);
  struct New {
    std::string slug, title;
    std::optional<std::int64_t> valid_days, valid_months;
    std::string renews;  // slug or id of the course that it is a refresher of
    bool is_required = false;
    std::string unit;
  };
  Result<Json::Object> add(const access::Actor& actor, const New& wanted);

  // The newest day first.
  Result<Json::Array> list_sessions(const access::Actor& actor);
  // With who attended.
  Result<Json::Object> show_session(const access::Actor& actor, const std::string& session);
  struct Plan {
    std::string course;
    std::optional<Day> on;  // today
    std::string place, trainer;
  };
  Result<Json::Object> plan(const access::Actor& actor, const Plan& wanted);
  Result<Json::Object> cancel(const access::Actor& actor, const std::string& session, const std::string& reason);

  // `code`: a badge, a login or an id.
  Result<Json::Object> scan(const access::Actor& actor, const std::string& session, const std::string& code);
  // One that was entered in error.
  Result<void> withdraw(const access::Actor& actor, const std::string& attendance, const std::string& reason);
  struct Imported {
    std::size_t added = 0, already = 0, sessions = 0;
  };
  Result<Imported> import(const access::Actor& actor, const std::string& csv);

 private:
  struct Scanned;
  Result<Scanned> look(db::Transaction& tx, const access::Actor& actor, const RowId& session, const std::string& code);

  const Parts parts_;
};

}  // namespace lapel::training
