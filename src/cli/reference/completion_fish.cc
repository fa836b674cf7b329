#include "cli/reference/completion.h"

namespace shadowtutor::cli::reference {
namespace {

using Kind = OptionText::Kind;

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

// What comes after an option or in the place of an argument.
std::string Value(const OptionText& option) {
  switch (option.kind) {
    case Kind::kFlag:
      return "";
    case Kind::kChoice:
      return " -x -a " + Quoted(Words(option.choices));
    case Kind::kFolder:
      return " -x -a '(__fish_complete_directories)'";
    case Kind::kFile:
    case Kind::kPath:
      // With -r the value must come; --json may have none.
      return option.value_may_be_left_away ? " -F" : " -r -F";
    case Kind::kText:
      break;
  }
  return " -x";
}

std::string Lines(const CommandText& command) {
  const std::string here =
      "complete -c shadowtutor -n '__shadowtutor_is " + command.full_name + "'";
  std::string text;
  for (const CommandText& other : command.commands) {
    text += here + " -a " + Quoted(other.name) + " -d " + Quoted(Brief(other.description)) + "\n";
  }
  for (const OptionText& option : command.options) {
    if (option.positional) {
      if (option.kind == Kind::kText || option.kind == Kind::kFlag) continue;
      text += here +
              (option.kind == Kind::kFolder ? " -a '(__fish_complete_directories)'" : " -F") + "\n";
      continue;
    }
    text += here;
    for (const std::string& name : option.names) {
      text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    text += Value(option) + " -d " + Quoted(Brief(option.description)) + "\n";
  }
  for (const CommandText& other : command.commands) text += Lines(other);
  return text;
}

std::string Paths(const CommandText& command) {
  std::string text;
  for (const CommandText& other : command.commands) {
    text += " " + Quoted(other.full_name) + Paths(other);
  }
  return text;
}

}  // namespace

std::string FishCompletion(const CommandText& program) {
  return R"(# fish completion for shadowtutor. Made from the program's own options; not to be edited.

# Whether the words before the cursor call just this command.
function __shadowtutor_is
    set -l paths)" +
         Paths(program) + R"(
    set -l path shadowtutor
    for word in (commandline -opc)[2..-1]
        if contains -- "$path $word" $paths
            set path "$path $word"
        end
    end
    test "$path" = "$argv"
end

complete -c shadowtutor -f
)" + Lines(program);
}

}  // namespace shadowtutor::cli::reference
