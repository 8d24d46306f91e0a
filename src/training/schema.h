// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tables of this room, each row of which is one event (roster/sealed_rows.h); docs/formats/training.md has them in words.
//
// Owns: policies, policy_versions, policy_texts, policy_acknowledgements, training_courses, training_requirements,
//   training_sessions, training_attendances. A version's text is kept by its SHA-256, which its event has.
// Promises: as sealed_rows.h. Of one policy there is one version of each number; one acknowledgement of a version by a person.
// Fails with: nothing.
// Threads: constants.

#include <span>

#include "db/db.h"
#include "roster/sealed_rows.h"

namespace lapel::training {

extern const roster::SealedTable kPolicies;          // policy.added
extern const roster::SealedTable kVersions;          // policy.issued
extern const roster::SealedTable kAcknowledgements;  // policy.acknowledged
extern const roster::SealedTable kCourses;           // training.course_added
extern const roster::SealedTable kRequirements;      // training.required
extern const roster::SealedTable kSessions;          // training.planned, training.cancelled
extern const roster::SealedTable kAttendances;       // training.attended, training.attendance_withdrawn

std::span<const db::Migration> schema();

}  // namespace lapel::training
