// SPDX-License-Identifier: Apache-2.0
#include "manual/program.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

namespace lapel::manual {
namespace {

// CLI11 writes a type and what checks it as one text: "HOST:PORT", "ROLE:{officer,supervisor}", "COUNT:INT in [1 - 8]".
void read_type(const std::string& text, Option& option) {
  const std::size_t open = text.find(":{");
  option.value = text.substr(0, open != std::string::npos ? open : text.find(":INT in ["));
  if (open == std::string::npos) {
    if (option.value.size() < text.size())
      option.range = text.substr(option.value.size() + std::string(":INT in ").size());
    return;
  }
  std::string_view set = std::string_view(text).substr(open + 2);
  set = set.substr(0, set.find('}'));
  while (!set.empty()) {
    const std::size_t end = std::min(set.find(','), set.size());
    option.set.emplace_back(set.substr(0, end));
    set.remove_prefix(std::min(end + 1, set.size()));
  }
}

Option read_option(const CLI::Option& option) {
  Option out;
  for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
  if (option.get_positional()) out.names.push_back(option.get_name(true));
  if (option.get_items_expected_max() > 0) read_type(option.get_type_name(), out);
  out.help = option.get_description();
  out.initial = option.get_default_str();
  out.variable = option.get_envname();
  for (const CLI::Option* needed : option.get_needs()) out.needs.push_back(needed->get_name());
  std::sort(out.needs.begin(), out.needs.end());
  out.is_required = option.get_required();
  out.repeats = option.get_items_expected_max() > 1;
  out.takes_list = option.get_delimiter() != '\0';
  return out;
}

Command read_command(const CLI::App& app, std::vector<Option> group_options) {
  Command out;
  out.name = app.get_name();
  out.help = app.get_description();
  out.footer = app.get_footer();
  out.group_options = std::move(group_options);
  for (const CLI::Option* option : app.get_options()) {
    (option->get_positional() ? out.positionals : out.options).push_back(read_option(*option));
  }
  std::vector<Option> inherited = out.group_options;
  for (const Option& option : out.options) {
    if (!option.names.back().starts_with("--help")) inherited.push_back(option);
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    out.commands.push_back(read_command(*sub, sub->get_fallthrough() ? inherited : std::vector<Option>()));
  }
  return out;
}

}  // namespace

Program read_program(const CLI::App& app, ProgramNotes notes, int section) {
  return {std::move(notes), read_command(app, {}), section};
}

}  // namespace lapel::manual
