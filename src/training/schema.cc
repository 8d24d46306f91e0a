// SPDX-License-Identifier: Apache-2.0
#include "training/schema.h"

namespace lapel::training {
namespace {

using roster::SealedColumn;
constexpr auto kNumber = roster::ColumnKind::kNumber;
constexpr auto kDay = roster::ColumnKind::kDay;
constexpr auto kTime = roster::ColumnKind::kTime;
constexpr auto kSubject = roster::ColumnKind::kSubject;

constexpr SealedColumn kPolicyColumns[] = {{"slug", "slug"}, {"title", "title"}};
constexpr SealedColumn kVersionColumns[] = {
    {"policy", "policy"}, {"number", "number", kNumber}, {"effective_us", "effective", kTime},
    {"sha256", "sha256"}, {"right_choices", "right"},    {"note", "note"}};
constexpr SealedColumn kAcknowledgementColumns[] = {{"person", "person", kSubject},
                                                    {"policy", "policy"},
                                                    {"version", "version"},
                                                    {"sha256", "sha256"},
                                                    {"proof", "proof"},
                                                    {"credential", "credential"},
                                                    {"algorithm", "algorithm"},
                                                    {"public_key", "public_key"},
                                                    {"rp_id", "rp_id"},
                                                    {"authenticator_data", "authenticator_data"},
                                                    {"client_data", "client_data"},
                                                    {"signature", "signature"}};
constexpr SealedColumn kCourseColumns[] = {{"slug", "slug"},
                                           {"title", "title"},
                                           {"valid_days", "valid_days", kNumber},
                                           {"valid_months", "valid_months", kNumber},
                                           {"renews", "renews"}};
constexpr SealedColumn kRequirementColumns[] = {
    {"policy", "policy"}, {"course", "course"}, {"required", "required"}, {"unit", "unit"}, {"reason", "reason"}};
constexpr SealedColumn kSessionColumns[] = {
    {"course", "course"}, {"on_day", "on", kDay}, {"place", "place"}, {"trainer", "trainer"}};
constexpr SealedColumn kSessionEndColumns[] = {{"cancelled_us", "cancelled", kTime}, {"end_reason", "reason"}};
constexpr SealedColumn kAttendanceColumns[] = {{"person", "person", kSubject}, {"session", "session"}, {"how", "how"}};
constexpr SealedColumn kAttendanceEndColumns[] = {{"withdrawn_us", "withdrawn", kTime}, {"end_reason", "reason"}};

constexpr db::Migration kSteps[] = {
    {1, "policies and training", R"sql(
CREATE TABLE policies (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  slug TEXT NOT NULL,
  title TEXT NOT NULL
);
CREATE UNIQUE INDEX policies_by_slug ON policies (agency, slug);
CREATE TABLE policy_texts (
  agency TEXT NOT NULL REFERENCES agencies (id),
  sha256 TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (agency, sha256)
);
CREATE TABLE policy_versions (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  policy TEXT NOT NULL REFERENCES policies (id),
  number BIGINT NOT NULL CHECK (number >= 1),
  effective_us BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  right_choices TEXT NOT NULL,
  note TEXT
);
CREATE UNIQUE INDEX policy_versions_by_number ON policy_versions (policy, number);
CREATE INDEX policy_versions_by_leaf ON policy_versions (agency, leaf_index, id);
CREATE TABLE policy_acknowledgements (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  person TEXT NOT NULL REFERENCES people (id),
  policy TEXT NOT NULL REFERENCES policies (id),
  version TEXT NOT NULL REFERENCES policy_versions (id),
  sha256 TEXT NOT NULL,
  proof TEXT NOT NULL CHECK (proof IN ('passkey', 'second_factor')),
  credential TEXT,
  algorithm TEXT,
  public_key TEXT,
  rp_id TEXT,
  authenticator_data TEXT,
  client_data TEXT,
  signature TEXT
);
CREATE UNIQUE INDEX policy_acknowledgements_once ON policy_acknowledgements (version, person);
CREATE INDEX policy_acknowledgements_by_person ON policy_acknowledgements (agency, person, leaf_index);
CREATE TABLE training_courses (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  slug TEXT NOT NULL,
  title TEXT NOT NULL,
  valid_days BIGINT,
  valid_months BIGINT,
  renews TEXT REFERENCES training_courses (id)
);
CREATE UNIQUE INDEX training_courses_by_slug ON training_courses (agency, slug);
CREATE TABLE training_requirements (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  policy TEXT REFERENCES policies (id),
  course TEXT REFERENCES training_courses (id),
  required TEXT NOT NULL CHECK (required IN ('yes', 'no')),
  unit TEXT REFERENCES units (id),
  reason TEXT
);
CREATE INDEX training_requirements_by_leaf ON training_requirements (agency, leaf_index, id);
CREATE TABLE training_sessions (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  course TEXT NOT NULL REFERENCES training_courses (id),
  on_day BIGINT NOT NULL,
  place TEXT,
  trainer TEXT,
  cancelled_us BIGINT,
  end_reason TEXT
);
CREATE INDEX training_sessions_by_leaf ON training_sessions (agency, leaf_index, id);
CREATE TABLE training_attendances (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  person TEXT NOT NULL REFERENCES people (id),
  session TEXT NOT NULL REFERENCES training_sessions (id),
  how TEXT NOT NULL CHECK (how IN ('scan', 'file')),
  withdrawn_us BIGINT,
  end_reason TEXT
);
CREATE UNIQUE INDEX training_attendances_once ON training_attendances (session, person) WHERE withdrawn_us IS NULL;
CREATE INDEX training_attendances_by_person ON training_attendances (agency, person, leaf_index);
CREATE INDEX training_attendances_by_leaf ON training_attendances (agency, leaf_index, id);
)sql"},
};

}  // namespace

constexpr roster::SealedTable kPolicies = {"policies", "policy", "policy.added", kPolicyColumns};
constexpr roster::SealedTable kVersions = {"policy_versions", "version", "policy.issued", kVersionColumns};
constexpr roster::SealedTable kAcknowledgements = {"policy_acknowledgements", "acknowledgement", "policy.acknowledged",
                                                   kAcknowledgementColumns};
constexpr roster::SealedTable kCourses = {"training_courses", "course", "training.course_added", kCourseColumns};
constexpr roster::SealedTable kRequirements = {"training_requirements", "requirement", "training.required",
                                               kRequirementColumns};
constexpr roster::SealedTable kSessions = {"training_sessions",  "session",         "training.planned", kSessionColumns,
                                           "training.cancelled", kSessionEndColumns};
constexpr roster::SealedTable kAttendances = {
    "training_attendances",          "attendance",         "training.attended", kAttendanceColumns,
    "training.attendance_withdrawn", kAttendanceEndColumns};

std::span<const db::Migration> schema() {
  return kSteps;
}

}  // namespace lapel::training
