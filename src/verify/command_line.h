// SPDX-License-Identifier: Apache-2.0
#pragma once
// The flags of lapel-verify, declared once: parser, --help, manual page and completions are made of this.
//
// Owns: what was parsed.
// Promises: reads the files that are named and nothing else; opens no socket.
// Fails with: an exit code of notes().exits.
// Threads: one.

#include <memory>

#include "base/program.h"

namespace CLI {
class App;
}

namespace lapel::verify {

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

}  // namespace lapel::verify
