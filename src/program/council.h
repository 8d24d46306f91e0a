// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reports for people who read paper: what a council, a state and a grantor are handed.
//
// Owns: the order and the words of these documents.
// Promises: a document is made of the JSON that it is a form of, and of nothing else: what was left out of that is in no document. What is
//   not known says so. What was said as "about" has ~ before it.
// Fails with: nothing: a member that is missing is not known.
// Threads: pure functions.

#include <string>
#include <vector>

#include "base/day.h"
#include "base/json.h"
#include "paper/document.h"

namespace lapel::program {

struct Cover {
  std::string agency, title, made_by;
  Day made_on;
  std::vector<std::string> marks;
  std::vector<std::string> notes;  // below the title: who reviewed it, what supersedes it
};

// Of the JSON of a report (api/openapi.yaml, ProgramReport).
paper::Document council_document(const Json& report, Cover cover);

// Of a report by a profile (ProfileReport).
paper::Document profile_document(const Json& report, Cover cover);

// Of what a grantor is told of one grant (GrantEvidence).
paper::Document grant_document(const Json& evidence, Cover cover);

}  // namespace lapel::program
