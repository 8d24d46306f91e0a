// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands and flags of lapel-camera, declared once: parser, --help, manual page and completions are made of this.
//
// Owns: what was parsed.
// Promises: nothing is done unless the whole line was understood.
// Fails with: an exit code of notes().exits.
// Threads: one.

#include <memory>

#include "base/program.h"

namespace CLI {
class App;
}

namespace lapel::camera {

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

}  // namespace lapel::camera
