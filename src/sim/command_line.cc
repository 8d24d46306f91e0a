// SPDX-License-Identifier: Apache-2.0
#include "sim/command_line.h"

#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "sim/axis.h"

namespace lapel::sim {
namespace {

constexpr int kExitUsage = 2;

class CommandLine final : public Program {
 public:
  CommandLine() : app_("Lapel: what stands in for cameras of other makers", "lapel-sim") {
    app_.require_subcommand(1);
    app_.set_help_all_flag("--help-all", "Help of every command");
    CLI::App* axis = app_.add_subcommand("axis", "A body-worn system that sends by the Axis content destination API");
    axis->add_option("--connection", axis_.connection_file, "The connection file, of lapel camera-system add")
        ->required()
        ->type_name("FILE");
    const auto number = [&](const char* name, std::int64_t& value, const char* help, std::int64_t low,
                            std::int64_t high) {
      axis->add_option(name, value, help)->capture_default_str()->check(CLI::Range(low, high))->type_name("COUNT");
    };
    number("--recordings", axis_.recordings, "How many recordings", 1, 1'000'000);
    number("--clips", axis_.clips, "Clips of each recording", 1, 100);
    number("--clip-bytes", axis_.clip_bytes, "Bytes of each clip of noise", 1, std::int64_t{1} << 31);
    axis->add_option("--clip-file", axis_.clip_file,
                     "A video that is sent as every clip, each with an ending of its own")
        ->type_name("FILE");
    number("--cameras", axis_.cameras, "Cameras, and as many users", 1, 1'000);
    number("--cut", axis_.cut_percent, "Of a hundred objects, how many are cut off midway first", 0, 90);
    number("--repeat", axis_.repeat_percent, "Of a hundred calls, how many are made again once they were answered", 0,
           90);
    number("--senders", axis_.senders, "Recordings under way at once", 1, 64);
    axis->add_option("--seed", axis_.seed, "What everything that is sent follows from")
        ->capture_default_str()
        ->type_name("NUMBER");
  }

  const CLI::App& app() const override { return app_; }

  int run(int argc, char** argv) override {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? 0 : kExitUsage;
    }
    std::signal(SIGPIPE, SIG_IGN);  // a connection that ends is an answer
    const auto done = run_axis(axis_, [](const Json& line) { fmt::print("{}\n", to_json(line)); });
    std::fflush(stdout);
    if (done) return 0;
    fmt::print(stderr, "lapel-sim: {}\n", printable(done.error().text()));
    return exit_code(done.error().code());
  }

  ProgramNotes notes() const override;

 private:
  CLI::App app_;
  AxisOptions axis_;
};

ProgramNotes CommandLine::notes() const {
  return {
      "stands in for cameras of other makers, for trials and tests",
      "Sends what cameras would send, by the calls that their makers publish, to a Lapel server: to try an "
      "installation before the "
      "cameras are there, and to measure what it takes. What it sends is made up, and so are its officers. Standard "
      "output has a line of "
      "JSON for each object that the server has answered for.",
      {
          {0, "everything was delivered"},
          {1, "a failure, or an answer that the API does not have"},
          {2, "the command line or what was given is not valid"},
          {3, "a file is not there"},
          {4, "the server gives no token"},
          {7, "the network or the server is not available"},
      },
      {},
      {"lapel"},
  };
}

}  // namespace

std::unique_ptr<Program> command_line() {
  return std::make_unique<CommandLine>();
}

}  // namespace lapel::sim
