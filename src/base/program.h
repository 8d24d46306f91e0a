// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a program's manual says beyond its flags: how it ends, and what it heeds of its environment.
//
// Owns: the two tables; each program fills them beside the declaration of its flags.
// Promises: nothing; src/manual makes pages of them, and tests hold the exit codes to the code.
// Fails with: nothing.
// Threads: values.

#include <string_view>
#include <vector>

namespace lapel {

struct ExitStatus {
  int status;
  std::string_view meaning;  // a part of a sentence, without its stop
};

// A variable that no flag names; those that stand for a flag are declared with it.
struct Variable {
  std::string_view name;
  std::string_view meaning;  // a sentence
  std::string_view group;    // the only commands that heed it; empty: all of them
};

struct ProgramNotes {
  std::string_view summary;      // "lapel - SUMMARY"
  std::string_view description;  // paragraphs, an empty line between two
  std::vector<ExitStatus> exits;
  std::vector<Variable> variables;
  std::vector<std::string_view> see_also;  // other programs of ours
};

}  // namespace lapel
