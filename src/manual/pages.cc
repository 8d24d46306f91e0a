// SPDX-License-Identifier: Apache-2.0
#include "manual/pages.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace lapel::manual {
namespace {

constexpr std::string_view kGroup = "Lapel";

std::string page_name(const std::string& path) {
  std::string out = path;
  for (char& c : out) {
    if (c == ' ') c = '-';
  }
  return out;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

// A line that starts with a dot or an apostrophe would be a request of the typesetter.
std::string line(const std::string& text) {
  std::string out = escape(text);
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out + "\n";
}

std::string sentence(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  if (!text.empty() && text.back() != '.' && text.back() != '?') text += '.';
  return text;
}

std::string heading(const std::string& path, int section, std::string_view summary) {
  return fmt::format(
      ".\\\" Made from the command line that the program declares.\n.TH {} {} \"\" \"{}\" \"{}\"\n"
      ".SH NAME\n{} \\- {}\n",
      escape(upper(page_name(path))), section, fmt::format("{} {}", kGroup, LAPEL_VERSION),
      section == 8 ? "System Administration" : "User Commands", escape(page_name(path)), escape(std::string(summary)));
}

// As people write it: the last, longest name.
std::string usage_of(const Option& option) {
  std::string out = fmt::format("\\fB{}\\fR", escape(option.names.back()));
  if (!option.value.empty()) out += fmt::format(" \\fI{}\\fR", escape(option.value));
  if (!option.is_required) out = "[" + out + "]";
  return option.repeats ? out + "..." : out;
}

std::string usage(const std::string& path, const Command& command) {
  std::string out = fmt::format("\\fB{}\\fR", escape(path));
  const auto add = [&out](const std::string& word) { out += "\n" + word; };
  for (const auto* list : {&command.group_options, &command.options}) {
    for (const Option& option : *list) {
      if (!option.names.back().starts_with("--help")) add(usage_of(option));
    }
  }
  if (!command.commands.empty()) add("\\fICOMMAND\\fR ...");
  for (const Option& option : command.positionals) {
    const std::string name = fmt::format("\\fI{}\\fR{}", escape(option.names[0]), option.repeats ? "..." : "");
    add(option.is_required ? name : "[" + name + "]");
  }
  return out + "\n";
}

std::string synopsis(const std::string& path, const Command& command) {
  return ".SH SYNOPSIS\n" + usage(path, command);
}

std::string item(const Option& option) {
  std::string out = ".TP\n";
  for (const std::string& name : option.names) {
    if (&name != &option.names.front()) out += ", ";
    out += fmt::format("\\f{}{}\\fR", name.starts_with('-') ? 'B' : 'I', escape(name));
  }
  if (!option.value.empty() && option.names[0].starts_with('-'))
    out += fmt::format(" \\fI{}\\fR", escape(option.value));
  out += "\n" + line(sentence(option.help));
  const auto names = [](const std::vector<std::string>& list) {
    std::string text;
    for (const std::string& name : list) text += fmt::format("{}\\fB{}\\fR", text.empty() ? "" : ", ", escape(name));
    return text;
  };
  if (!option.set.empty()) out += fmt::format("One of {}.\n", names(option.set));
  if (!option.range.empty()) out += fmt::format("In {}.\n", escape(option.range));
  if (option.is_required && option.names[0].starts_with('-')) out += "Required.\n";
  if (option.takes_list) {
    out += "Several with commas between them, or given again.\n";
  } else if (option.repeats && option.names[0].starts_with('-')) {
    out += "May be given again.\n";
  }
  if (!option.needs.empty()) out += fmt::format("Needs {}.\n", names(option.needs));
  if (!option.initial.empty()) out += fmt::format("The default is \\fB{}\\fR.\n", escape(option.initial));
  if (!option.variable.empty()) out += fmt::format("The variable \\fB{}\\fR stands for it.\n", escape(option.variable));
  return out;
}

std::string items(const std::vector<Option>& options) {
  std::string out;
  for (const Option& option : options) out += item(option);
  return out;
}

std::string section_of(std::string_view title, const std::vector<Option>& options) {
  return options.empty() ? "" : fmt::format(".SH {}\n", title) + items(options);
}

// A footer keeps its lines: lists and examples.
std::string footer_of(const Command& command) {
  if (command.footer.empty()) return "";
  std::string out = ".PP\n.nf\n";
  std::string_view rest = command.footer;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    out += end == 0 ? ".sp\n" : line(std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out + ".fi\n";
}

std::string variables_of(const Command& command) {
  std::string out;
  for (const auto* list : {&command.group_options, &command.options}) {
    for (const Option& option : *list) {
      if (option.variable.empty()) continue;
      out += fmt::format(".TP\n\\fB{}\\fR\nThe value of \\fB{}\\fR where that is not given.\n", escape(option.variable),
                         escape(option.names.back()));
    }
  }
  return out;
}

std::string paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    out += (out.empty() ? "" : ".PP\n") + line(std::string(text.substr(0, end)));
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return out;
}

std::string exits_of(const Program& program) {
  std::string out = ".SH EXIT STATUS\n";
  for (const ExitStatus& exit : program.notes.exits)
    out += fmt::format(".TP\n\\fB{}\\fR\n{}", exit.status, line(sentence(std::string(exit.meaning))));
  return out;
}

// Of a command in a group, or of the program when there is no group.
std::string environment_of(const Program& program, std::string_view group, std::string variables) {
  for (const Variable& variable : program.notes.variables) {
    if (!group.empty() && !variable.group.empty() && group != variable.group) continue;
    variables +=
        fmt::format(".TP\n\\fB{}\\fR\n{}", escape(std::string(variable.name)), line(std::string(variable.meaning)));
  }
  return variables.empty() ? "" : ".SH ENVIRONMENT\n" + variables;
}

std::string see_also(const std::vector<std::string>& pages) {
  std::string out = ".SH SEE ALSO\n";
  for (const std::string& page : pages) {
    const std::size_t open = page.find('(');
    out += fmt::format("\\fB{}\\fR{}{}\n", escape(page.substr(0, open)), page.substr(open),
                       &page == &pages.back() ? "" : ",");
  }
  return out;
}

// Every command that does something, with the words that lead to it.
struct Leaf {
  const Command* command;
  std::string path;
  std::string group;  // the words before the last
  std::string group_name;
};
void add_leaves(const Command& command, const std::string& path, std::vector<Leaf>& out) {
  for (const Command& sub : command.commands) {
    if (sub.commands.empty()) out.push_back({&sub, path + " " + sub.name, path, command.name});
    add_leaves(sub, path + " " + sub.name, out);
  }
}

bool has_groups(const Program& program) {
  const auto& commands = program.root.commands;
  return std::any_of(commands.begin(), commands.end(), [](const Command& sub) { return !sub.commands.empty(); });
}

// The program's own page. One with groups only lists its commands, which have pages; the others are told here.
File program_page(const Program& program, const std::vector<Leaf>& leaves) {
  const Command& root = program.root;
  const bool is_list = has_groups(program);
  std::string text = heading(root.name, program.section, program.notes.summary);
  if (leaves.empty() || is_list) {
    text += synopsis(root.name, root);
  } else {
    text += ".SH SYNOPSIS\n";
    for (const Leaf& leaf : leaves) text += usage(leaf.path, *leaf.command) + (&leaf == &leaves.back() ? "" : ".br\n");
  }
  text += ".SH DESCRIPTION\n" + paragraphs(program.notes.description) + footer_of(root);
  if (!leaves.empty()) text += ".SH COMMANDS\n";
  std::string variables = variables_of(root);
  for (const Leaf& leaf : leaves) {
    text += is_list ? fmt::format(".TP\n\\fB{}\\fR({})\n", escape(page_name(leaf.path)), program.section)
                    : fmt::format(".SS {}\n", escape(leaf.path));
    text += line(sentence(leaf.command->help));
    if (!is_list) text += footer_of(*leaf.command) + items(leaf.command->positionals) + items(leaf.command->options);
    const std::string more = variables_of(*leaf.command);
    if (variables.find(more) == std::string::npos) variables += more;
  }
  text += section_of("ARGUMENTS", root.positionals) + section_of("OPTIONS", root.options);
  text += exits_of(program) + environment_of(program, "", std::move(variables));
  std::vector<std::string> others;
  for (const std::string_view name : program.notes.see_also) others.push_back(fmt::format("{}(1)", name));
  text += see_also(others);
  return {fmt::format("{}.{}", root.name, program.section), std::move(text)};
}

File command_page(const Program& program, const Leaf& leaf, const std::vector<Leaf>& leaves) {
  const Command& command = *leaf.command;
  std::string text = heading(leaf.path, program.section, command.help) + synopsis(leaf.path, command);
  text += ".SH DESCRIPTION\n" + line(sentence(command.help)) + footer_of(command);
  text += section_of("ARGUMENTS", command.positionals) + section_of("OPTIONS", command.options) +
          section_of("OPTIONS OF THE GROUP", command.group_options);
  text += exits_of(program) + environment_of(program, leaf.group_name, variables_of(command));
  std::vector<std::string> others = {fmt::format("{}({})", program.root.name, program.section)};
  for (const Leaf& other : leaves) {
    if (other.group == leaf.group && other.group != program.root.name && other.path != leaf.path)
      others.push_back(fmt::format("{}({})", page_name(other.path), program.section));
  }
  // `lapel dock enroll` stands beside a program lapel-dock.
  for (const std::string_view name : program.notes.see_also) {
    if (page_name(leaf.group) == name) others.push_back(fmt::format("{}(1)", name));
  }
  return {fmt::format("{}.{}", page_name(leaf.path), program.section), text + see_also(others)};
}

}  // namespace

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";  // a hyphen that can be copied
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<File> man_pages(const Program& program) {
  std::vector<File> out;
  std::vector<Leaf> leaves;
  add_leaves(program.root, program.root.name, leaves);
  out.push_back(program_page(program, leaves));
  if (has_groups(program)) {
    for (const Leaf& leaf : leaves) out.push_back(command_page(program, leaf, leaves));
  }
  return out;
}

}  // namespace lapel::manual
