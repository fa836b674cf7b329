#include "cli/reference/completion.h"

namespace shadowtutor::cli::reference {
namespace {

using Kind = OptionText::Kind;

// Sets what _shadowtutor knows of one command.
std::string Known(const CommandText& command) {
  std::vector<std::string> commands, options, with_value;
  for (const CommandText& other : command.commands) commands.push_back(other.name);
  for (const OptionText& option : command.options) {
    if (option.positional) continue;
    options.insert(options.end(), option.names.begin(), option.names.end());
    if (option.kind != Kind::kFlag && !option.value_may_be_left_away) {
      with_value.insert(with_value.end(), option.names.begin(), option.names.end());
    }
  }
  std::string text = "    '" + command.full_name + "')\n";
  text += "      commands='" + Words(commands) + "'\n";
  text += "      options='" + Words(options) + "'\n";
  text += "      with_value='" + Words(with_value) + "' ;;\n";
  for (const CommandText& other : command.commands) text += Known(other);
  return text;
}

std::string Action(const OptionText& option) {
  switch (option.kind) {
    case Kind::kChoice:
      return "_shadowtutor_words '" + Words(option.choices) + "'";
    case Kind::kFolder:
      return "_shadowtutor_files -d";
    case Kind::kFile:
    case Kind::kPath:
      return "_shadowtutor_files -f";
    case Kind::kFlag:
    case Kind::kText:
      break;
  }
  return ":";
}

// What comes after an option, or in the place of an argument, which has its number for a name.
std::string Values(const CommandText& command) {
  std::string text;
  int position = 0;
  for (const OptionText& option : command.options) {
    std::string patterns;
    if (option.positional) {
      const std::string number = option.many ? "*" : std::to_string(position);
      ++position;
      patterns = "'" + command.full_name + "'@" + number;
    } else if (option.kind != Kind::kFlag) {
      for (const std::string& name : option.names) {
        patterns += (patterns.empty() ? "" : "|") + ("'" + command.full_name + "'" + name);
      }
    }
    if (!patterns.empty()) text += "    " + patterns + ") " + Action(option) + " ;;\n";
  }
  for (const CommandText& other : command.commands) text += Values(other);
  return text;
}

}  // namespace

std::string BashCompletion(const CommandText& program) {
  return R"(# bash completion for shadowtutor. Made from the program's own options; not to be edited.

_shadowtutor_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_shadowtutor_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
}

# Sets what the command $1 knows; false if there is none.
_shadowtutor_known() {
  case $1 in
)" + Known(program) +
         R"(    *) return 1 ;;
  esac
}

# Completes the value after the option $2 of the command $1, or its argument number N if $2 is @N.
_shadowtutor_value() {
  case $1$2 in
)" + Values(program) +
         R"(    *) return 1 ;;
  esac
}

_shadowtutor() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local command=shadowtutor commands options with_value word i arguments=0
  COMPREPLY=()
  # bash takes --name=value for three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = && COMP_CWORD -ge 2 ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  _shadowtutor_known "$command"
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ $word == -?* ]]; then
      if [[ ${COMP_WORDS[i + 1]} == = ]]; then
        ((i += 2))
      elif [[ " $with_value " == *" $word "* ]]; then
        ((i += 1))
      fi
    elif [[ " $commands " == *" $word "* ]]; then
      command+=" $word"
      _shadowtutor_known "$command"
    else
      ((++arguments))
    fi
  done
  if [[ $before == -?* && " $options " == *" $before "* ]]; then
    if [[ " $with_value " == *" $before "* || ${COMP_WORDS[COMP_CWORD - 1]} == = ||
      $current != -* ]] && _shadowtutor_value "$command" "$before"; then
      return
    fi
  fi
  if [[ $current == -* ]]; then
    _shadowtutor_words "$options"
  elif [[ -n $commands ]]; then
    _shadowtutor_words "$commands"
  else
    _shadowtutor_value "$command" "@$arguments"
  fi
  return 0
}

complete -F _shadowtutor shadowtutor
)";
}

}  // namespace shadowtutor::cli::reference
