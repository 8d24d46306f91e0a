// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/command_line.h"

#include <CLI/CLI.hpp>

#include "protocol/media.h"

namespace lapel::mediaworker {

class CommandLine::Declared {
 public:
  Declared() : app_("Lapel: looks into one file of footage, for the server, inside a sandbox", "lapel-media") {
    app_.add_flag("--self-test", is_self_test_, "Say as JSON whether this machine has what the sandbox needs");
    app_.add_flag("--rendition", is_rendition_,
                  "The server's request will be for a rendition, which may take longer and be larger");
  }

  const CLI::App& app() const { return app_; }

  Task parse(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? Task::kHelp : Task::kRefuse;
    }
    if (is_self_test_) return Task::kSelfTest;
    return is_rendition_ ? Task::kRender : Task::kWork;
  }

 private:
  CLI::App app_;
  bool is_self_test_ = false;
  bool is_rendition_ = false;
};

CommandLine::CommandLine() : declared_(std::make_unique<Declared>()) {}
CommandLine::~CommandLine() = default;

const CLI::App& CommandLine::app() const {
  return declared_->app();
}

Task CommandLine::parse(int argc, char** argv) {
  return declared_->parse(argc, argv);
}

ProgramNotes CommandLine::notes() {
  return {
      "looks into one file of footage, inside a sandbox",
      "Started by the server, one process a file, with the file, the request and the result as descriptors that it is "
      "born with. By hand only --self-test is of use: it enters the sandbox and says what it found.",
      {
          {static_cast<int>(protocol::MediaExit::kDone), "a result was written"},
          {static_cast<int>(protocol::MediaExit::kUsage), "the command line is not valid, or a descriptor is missing"},
          {static_cast<int>(protocol::MediaExit::kNoSandbox),
           "this machine lacks what the sandbox needs; nothing was read"},
          {static_cast<int>(protocol::MediaExit::kBadRequest), "the request is not valid"},
          {static_cast<int>(protocol::MediaExit::kNoOutput), "the picture, track or rendition could not be written"},
      },
      {},
      {"lapel"},
  };
}

}  // namespace lapel::mediaworker
