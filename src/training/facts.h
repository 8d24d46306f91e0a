// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an agency asks of whoever wears a camera, and what somebody lacks of it.
//
// Owns: the reading of policies, courses, acknowledgements and attendance, and the sentences for what is missing.
// Promises: which version is in force follows from the time alone; whether somebody has acknowledged or attended in time, from
//   rows that are never changed. What is not required of somebody is never missing.
// Fails with: kCorrupt, and what the database fails with.
// Threads: any; each call runs in the caller's transaction.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/day.h"
#include "roster/roster.h"
#include "roster/sealed_rows.h"

namespace lapel::training {

using RowId = roster::SealedRowId;

// Before a camera is handed out.
struct Requirement {
  bool is_required = false;
  std::optional<UnitId> unit;  // of its members alone
  std::string unit_name;
};

struct Version {
  RowId id;
  std::int64_t number = 1;
  Timestamp effective;
  std::string sha256, note;
  std::vector<std::int64_t> right;  // of each question of its check
  PersonId issued_by;
  Timestamp issued_at;
};
struct Policy {
  RowId id;
  std::string slug, title;
  std::vector<Version> versions;  // by number, each in force from later on than the one before
  Requirement requirement;

  const Version* in_force(Timestamp at) const;
  const Version* version(std::int64_t number) const;
};
Result<std::vector<Policy>> policies(db::Transaction& tx, const AgencyId& agency);  // by title
// By slug or id.
Result<Policy> find_policy(db::Transaction& tx, const AgencyId& agency, const std::string& text);

struct Acknowledgement {
  RowId id;
  PersonId person;
  RowId policy, version;
  std::int64_t number = 1;
  std::string sha256;
  Timestamp at;
  roster::SealedRow row;  // with its proof
};
// Of these policies, in the ledger's order; of one person, or of everybody.
Result<std::vector<Acknowledgement>> acknowledgements(db::Transaction& tx, const AgencyId& agency,
                                                      const std::vector<Policy>& policies,
                                                      const std::optional<PersonId>& person);

struct Course {
  RowId id;
  std::string slug, title;
  std::optional<std::int64_t> valid_days, valid_months;  // at most one of them; neither: without end
  std::optional<RowId> renews;                           // whoever has attended that one, renews it by this
  Requirement requirement;

  // The first day on which it counts no more; nullopt: there is none.
  std::optional<Day> ends(Day attended) const;
};
Result<std::vector<Course>> courses(db::Transaction& tx, const AgencyId& agency);  // by title
Result<Course> find_course(db::Transaction& tx, const AgencyId& agency, const std::string& text);

struct Session {
  RowId id;
  RowId course;
  Day on;
  std::string place, trainer;
  std::optional<Timestamp> cancelled_at;
  std::string cancel_reason;
};
Result<std::map<RowId, Session>> sessions(db::Transaction& tx, const AgencyId& agency);

struct Attendance {
  RowId id;
  PersonId person;
  Session session;
  std::string how;
  PersonId entered_by;
  Timestamp entered_at;
  std::optional<Timestamp> withdrawn_at;
  std::string withdraw_reason;
};
Result<std::vector<Attendance>> attendances(db::Transaction& tx, const AgencyId& agency,
                                            const std::optional<PersonId>& person);

// Everything that one question needs, read once.
struct Known {
  std::vector<Policy> policies;
  std::vector<Course> courses;
  std::map<PersonId, std::map<RowId, std::vector<Acknowledgement>>> acknowledged;  // by policy
  std::map<PersonId, std::vector<Attendance>> attended;                            // that count
  std::map<UnitId, std::set<PersonId>> members;                                    // of units that are named
};
// As of that time; of one person where one is named.
Result<Known> read_known(db::Transaction& tx, const AgencyId& agency, const std::optional<PersonId>& person,
                         Timestamp at);

// Whether this binds that person.
bool concerns(const Known& known, const Requirement& requirement, const PersonId& person);

// The version that somebody had acknowledged last by then; nullptr: none.
const Acknowledgement* acknowledged(const Known& known, const Policy& policy, const PersonId& person, Timestamp at);

// How somebody stands to a course on a day: when they attended last, and until when that counts.
struct Taken {
  std::optional<Day> attended;  // nullopt: never
  std::optional<Day> ends;
  bool counts(Day on) const { return attended && (!ends || on < *ends); }
};
Taken taken(const Known& known, const Course& course, const PersonId& person, Day on);

enum class Of { kPolicy, kTraining };
// What is required of that person and missing, a sentence each.
std::vector<std::string> lacks(const Known& known, Of of, const PersonId& person, const std::string& name,
                               Timestamp at);

}  // namespace lapel::training
