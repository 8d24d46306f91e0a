// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a grantor is handed of one grant: where its money goes, to the cent, its terms, what was corrected, and the data.
//
// Owns: the files of a pack (docs/formats/program.md).
// Promises: made of the Program alone; the list of sums in it covers every other file. The same evidence gives the same bytes.
// Fails with: kNotFound for a grant that is not in the Program; what the writers fail with.
// Threads: pure functions.

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "program/council.h"
#include "program/fold.h"

namespace lapel::program {

// `wanted`: "eopss-fy23" or "grant/eopss-fy23".
Result<Json::Object> grant_evidence(const Program& program, const std::string& wanted);

// A ZIP: cover.pdf, cover.html, evidence.json, evidence.csv, payments.csv, SHA256SUMS.
Result<std::string> grant_pack(const Json& evidence, Cover cover);

}  // namespace lapel::program
