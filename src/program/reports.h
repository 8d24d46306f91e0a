// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is told of the program: its status, its costs, and everything with its sources.
//
// Owns: the words of these answers (api/openapi.yaml, tag program).
// Promises: pure functions of a Program: what was dropped from it is in none of them, nor how much was. Each figure says whether it is
//   approximate or an assumption; claims that contradict it, and those that it corrects, stand beside it.
// Fails with: kInvalid when it has to be said which contract, kNotFound for one that is not there.
// Threads: pure functions.

#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "program/costs.h"
#include "program/fold.h"

namespace lapel::program {

// "axon" or "contract/axon"; empty: the only one, or none where there is none.
Result<std::optional<SubjectName>> find_contract(const Program& program, const std::string& wanted);

Json::Object status_report(const Program& program);
Json::Object costs_report(const Program& program, const std::optional<SubjectName>& contract);
// `kinds`: whose subjects are told, all where it is empty. Costs and rounds are told in either case.
Json::Object full_report(const Program& program, const KindNames& kinds = {});

}  // namespace lapel::program
