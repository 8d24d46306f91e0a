// SPDX-License-Identifier: Apache-2.0
#include "manual/completion.h"

#include <fmt/format.h>

#include "base/check.h"

namespace lapel::manual {
namespace {

// The words of a table stand unquoted in the script.
std::string plain(const std::string& word) {
  for (const char c : word) {
    CHECK((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
          c == ' ');
  }
  return word;
}

// What the word after an option, or in the place of a positional, can be.
std::string kind_of(const Option& option) {
  if (!option.set.empty()) return option.takes_list ? "list" : "words";
  if (option.value == "DIR") return "directory";
  if (option.value == "FILE" || option.names[0] == "FILE") return "file";
  return "other";
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + plain(word);
  return out;
}

void add_rows(const Command& command, const std::string& path, std::string& commands, std::string& values) {
  std::vector<std::string> names, flags;
  for (const Command& sub : command.commands) names.push_back(sub.name);
  for (const auto* list : {&command.options, &command.group_options}) {
    for (const Option& option : *list) {
      for (const std::string& name : option.names) flags.push_back(name);
      if (option.value.empty()) continue;
      std::string patterns;
      for (const std::string& name : option.names)
        patterns += fmt::format("{}'{} {}'", patterns.empty() ? "" : " | ", plain(path), plain(name));
      values += fmt::format("    {}) kind={} values='{}' ;;\n", patterns, kind_of(option), joined(option.set));
    }
  }
  std::string positional = "other";
  for (const Option& option : command.positionals) {
    if (kind_of(option) != "other") positional = kind_of(option);
  }
  commands += fmt::format("    '{}') commands='{}' flags='{}' positional={} ;;\n", plain(path), joined(names),
                          joined(flags), positional);
  for (const Command& sub : command.commands) add_rows(sub, path + " " + sub.name, commands, values);
}

}  // namespace

std::string bash_completion(const Program& program) {
  const std::string& name = program.root.name;
  std::string function = "_" + plain(name);
  for (char& c : function) {
    if (c == '-') c = '_';
  }
  std::string commands, values;
  add_rows(program.root, name, commands, values);
  // Bash breaks words at = and :, so "--flag=value" is three words, and an address several.
  return fmt::format(
      R"sh(# bash completion for {0}, made from the command line that the program declares.

{1}_command() {{ # PATH: its commands and flags
  case $1 in
{2}    *) return 1 ;;
  esac
}}

{1}_value() {{ # PATH FLAG: what follows the flag, or false where nothing does
  case "$1 $2" in
{3}    *) return 1 ;;
  esac
}}

{1}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} path={0} flag='' kind='' values='' commands='' flags='' positional='' word i
  local only_paths=''
  COMPREPLY=()
  {1}_command "$path"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    if [[ -n $only_paths || $word == '=' ]]; then
      continue
    elif [[ -n $flag ]]; then
      flag=''
    elif [[ $word == -- ]]; then
      only_paths=yes
    elif [[ $word == -* ]]; then
      if {1}_value "$path" "$word"; then flag=$word; fi
    elif [[ " $commands " == *" $word "* ]]; then
      path+=" $word"
      {1}_command "$path"
    fi
  done
  kind=$positional
  if [[ -n $flag ]]; then
    {1}_value "$path" "$flag"
    [[ $current != '=' ]] || current=''
  elif [[ -z $only_paths && $current == -* ]]; then
    kind=words values=$flags
  elif [[ -n $commands ]]; then
    kind=words values=$commands
  fi
  local before=''
  case $kind in
    list)
      [[ $current != *,* ]] || before=${{current%,*}},
      mapfile -t COMPREPLY < <(compgen -P "$before" -W "$values" -- "${{current##*,}}")
      compopt -o nospace 2>/dev/null
      ;;
    words) mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current") ;;
    directory | file)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -A "$kind" -- "$current")
      ;;
  esac
  return 0
}}

complete -F {1} {0}
)sh",
      name, function, commands, values);
}

}  // namespace lapel::manual
