// SPDX-License-Identifier: Apache-2.0
#pragma once
// The flags of lapel-media, declared once: parser, --help, manual page and completions are made of this.
//
// Owns: what was parsed.
// Promises: touches no file; the server starts this program without any flag.
// Fails with: Task::kRefuse, after saying why on stderr.
// Threads: one.

#include <memory>

#include "base/program.h"

namespace CLI {
class App;
}

namespace lapel::mediaworker {

enum class Task { kWork, kRender, kSelfTest, kHelp, kRefuse };

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  const CLI::App& app() const;
  Task parse(int argc, char** argv);  // help is printed
  static ProgramNotes notes();

 private:
  class Declared;
  std::unique_ptr<Declared> declared_;
};

}  // namespace lapel::mediaworker
