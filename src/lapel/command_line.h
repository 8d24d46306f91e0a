// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands and flags of lapel, declared once: parser, --help, manual pages and completions are made of this.
//
// Owns: what was parsed.
// Promises: a command runs only when the whole line was understood.
// Fails with: an exit code of notes().exits.
// Threads: one.

#include <memory>

#include "base/program.h"

namespace CLI {
class App;
}

namespace lapel::door {

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  const CLI::App& app() const;
  int run(int argc, char** argv);
  static ProgramNotes notes();

 private:
  class Declared;
  std::unique_ptr<Declared> declared_;
};

}  // namespace lapel::door
