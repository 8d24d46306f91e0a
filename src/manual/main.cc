// SPDX-License-Identifier: Apache-2.0
// Run while building: writes the manual pages and completions of every program under a folder like /usr/share.
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "camera/command_line.h"
#include "dock/command_line.h"
#include "lapel/command_line.h"
#include "manual/completion.h"
#include "manual/pages.h"
#include "manual/program.h"
#include "mediaworker/command_line.h"
#include "sim/command_line.h"
#include "verify/command_line.h"

namespace {

using namespace lapel;

// Two pages of one name would be one, and nobody would miss the other.
bool write(const std::filesystem::path& path, const std::string& text) {
  static std::set<std::filesystem::path> written;
  if (!written.insert(path).second) {
    fmt::print(stderr, "manual: there are two of {}\n", path.string());
    return false;
  }
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) fmt::print(stderr, "manual: {} cannot be written\n", path.string());
  return bool(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: manual SHARE\n");
    return 2;
  }
  const std::filesystem::path share = argv[1];
  const auto lapel_line = door::command_line();
  const auto dock_line = dock::command_line();
  const auto camera_line = camera::command_line();
  const auto sim_line = sim::command_line();
  const auto verify_line = verify::command_line();
  const mediaworker::CommandLine media_line;
  const std::vector<manual::Program> programs = {
      manual::read_program(lapel_line->app(), lapel_line->notes(), 1),
      manual::read_program(dock_line->app(), dock_line->notes(), 1),
      manual::read_program(camera_line->app(), camera_line->notes(), 1),
      manual::read_program(sim_line->app(), sim_line->notes(), 1),
      manual::read_program(verify_line->app(), verify_line->notes(), 1),
      manual::read_program(media_line.app(), mediaworker::CommandLine::notes(), 8),
  };
  // A page of a command that is gone must not stay.
  for (const char* folder : {"man", "bash-completion"}) std::filesystem::remove_all(share / folder);
  bool is_written = true;
  for (const manual::Program& program : programs) {
    const std::string& name = program.root.name;
    for (const manual::File& page : manual::man_pages(program)) {
      is_written &= write(share / "man" / fmt::format("man{}", program.section) / page.name, page.text);
    }
    is_written &= write(share / "bash-completion/completions" / name, manual::bash_completion(program));
  }
  return is_written ? 0 : 1;
}
