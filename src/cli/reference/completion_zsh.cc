#include <algorithm>

#include "cli/reference/completion.h"

namespace shadowtutor::cli::reference {
namespace {

using Kind = OptionText::Kind;

// Within '...', with a \ before each of `special`.
std::string Escaped(const std::string& text, const char* special) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\'') {
      escaped += "'\\''";
    } else {
      if (std::string_view(special).find(c) != std::string_view::npos) escaped += '\\';
      escaped += c;
    }
  }
  return escaped;
}

std::string FunctionName(const CommandText& command) {
  std::string name = "_" + command.full_name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
  return name;
}

// ":FILE:_files"
std::string Value(const OptionText& option) {
  const auto message = [&](const std::string& text) { return ":" + Escaped(text, ":\\") + ":"; };
  switch (option.kind) {
    case Kind::kFlag:
      return "";
    case Kind::kChoice:
      return message("value") + "(" + Words(option.choices) + ")";
    case Kind::kFolder:
      return message(option.value) + "_files -/";
    case Kind::kFile:
    case Kind::kPath:
      return message(option.value) + "_files";
    case Kind::kText:
      break;
  }
  return message(option.value) + " ";
}

std::string Arguments(const CommandText& command) {
  std::string lines;
  const auto add = [&](const std::string& spec) { lines += " \\\n    '" + spec + "'"; };
  for (const OptionText& option : command.options) {
    if (option.positional) {
      add((option.many ? "*" : "") + std::string(option.required || option.many ? "" : ":") +
          Value(option));
      continue;
    }
    const std::string text = "[" + Escaped(Brief(option.description), "[]\\:") + "]";
    for (const std::string& name : option.names) {
      if (option.kind == Kind::kFlag) {
        add(name + text);
      } else {
        std::string spec = option.many ? "*" : "";
        spec.append(name).append("=").append(text);
        if (option.value_may_be_left_away) spec += ":";
        add(spec + Value(option));
      }
    }
  }
  return lines;
}

std::string Function(const CommandText& command) {
  std::string text = FunctionName(command) + "() {\n";
  if (command.commands.empty()) {
    text += "  _arguments -S" + Arguments(command) + "\n}\n\n";
    return text;
  }
  text += "  local context state state_descr line\n  typeset -A opt_args\n  local -a commands\n";
  text += "  _arguments -C -S" + Arguments(command) +
          " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n";
  text += "  case $state in\n    command)\n      commands=(\n";
  for (const CommandText& other : command.commands) {
    text += "        '" + other.name + ":" + Escaped(Brief(other.description), ":\\") + "'\n";
  }
  text += "      )\n      _describe command commands ;;\n    argument)\n      case $line[1] in\n";
  for (const CommandText& other : command.commands) {
    text += "        " + other.name + ") " + FunctionName(other) + " ;;\n";
  }
  text += "      esac ;;\n  esac\n}\n\n";
  for (const CommandText& other : command.commands) text += Function(other);
  return text;
}

}  // namespace

std::string ZshCompletion(const CommandText& program) {
  return "#compdef shadowtutor\n# Made from the program's own options; not to be edited.\n\n" +
         Function(program) + FunctionName(program) + " \"$@\"\n";
}

}  // namespace shadowtutor::cli::reference
