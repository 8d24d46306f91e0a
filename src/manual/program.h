// SPDX-License-Identifier: Apache-2.0
#pragma once
// The command line of a program as plain data, read off the parser that the program itself uses.
//
// Owns: Program, its commands and their options.
// Promises: every flag that the parser takes is here, and nothing else.
// Fails with: nothing.
// Threads: values and pure functions.

#include <string>
#include <vector>

#include "base/program.h"

namespace CLI {
class App;
}

namespace lapel::manual {

struct Option {
  std::vector<std::string> names;  // "--purpose", in the order of declaration; a positional has one, in capitals
  std::string value;               // what it takes: "DIR"; empty for a flag
  std::vector<std::string> set;    // the only values, where there is a closed set
  std::string range;               // of a number: "[1 - 8]"
  std::string help, initial, variable;
  std::vector<std::string> needs;  // other options it must come with
  bool is_required = false;
  bool repeats = false;
  bool takes_list = false;  // several values with commas
};

struct Command {
  std::string name;  // its last word
  std::string help;
  std::string footer;                 // further text of its help
  std::vector<Option> options;        // its own
  std::vector<Option> group_options;  // of the groups above it, which it takes too
  std::vector<Option> positionals;
  std::vector<Command> commands;
};

struct Program {
  ProgramNotes notes;
  Command root;  // named as the program
  int section;   // of the manual: 1 for people's programs, 8 for what the system starts
};

Program read_program(const CLI::App& app, ProgramNotes notes, int section);

}  // namespace lapel::manual
