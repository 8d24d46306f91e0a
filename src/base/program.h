// SPDX-License-Identifier: Apache-2.0
#pragma once
// The face of a program: its commands and flags, declared once, of which parser, --help, manual page and completions are made;
// and what its manual says beyond them: how it ends, and what it heeds of its environment.
//
// Owns: the face and the two tables; each door has one, command_line() of its command_line.h.
// Promises: nothing is done unless the whole line was understood. src/manual makes pages of the tables, and tests hold the exit codes
//   to the code.
// Fails with: an exit code of notes().exits.
// Threads: one.

#include <string_view>
#include <vector>

namespace CLI {
class App;
}

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

class Program {
 public:
  Program() = default;
  virtual ~Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  virtual const CLI::App& app() const = 0;
  virtual int run(int argc, char** argv) = 0;
  virtual ProgramNotes notes() const = 0;
};

}  // namespace lapel
