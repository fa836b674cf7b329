#include "cli/reference/man_page.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/text.h"

namespace shadowtutor::cli::reference {
namespace {

std::string Bold(std::string_view text) { return "\\fB" + Roff(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Roff(text) + "\\fR"; }

std::string Joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

// "shadowtutor-student-init"
std::string PageName(const CommandText& command) {
  std::string name = command.full_name;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string ValueOf(const OptionText& option) {
  if (option.kind == OptionText::Kind::kFlag) return "";
  const std::string value =
      Italic(option.value) + (option.many ? (option.separator != 0 ? ",..." : " ...") : "");
  return option.value_may_be_left_away ? "[" + value + "]" : value;
}

std::string Bolds(const std::vector<std::string>& names) {
  std::vector<std::string> bold;
  bold.reserve(names.size());
  for (const std::string& name : names) bold.push_back(Bold(name));
  return Joined(bold, ", ");
}

// "Default: 1, from 1 to 3. Not together with --student."
std::string NotesOf(const OptionText& option) {
  std::vector<std::string> notes;
  if (option.required && !option.positional) notes.emplace_back("Required.");
  if (!option.range.empty()) notes.push_back("Takes " + Roff(option.range) + ".");
  if (!option.default_value.empty()) {
    notes.push_back("Default: " + Bold(option.default_value) + ".");
  }
  if (!option.needs.empty()) notes.push_back("Only with " + Bolds(option.needs) + ".");
  if (!option.excludes.empty()) notes.push_back("Not with " + Bolds(option.excludes) + ".");
  return Joined(notes, " ");
}

std::string Entry(const OptionText& option) {
  std::string text = ".TP\n";
  if (option.positional) {
    text += Italic(option.names.front()) +
            (option.kind == OptionText::Kind::kText ? "" : " (" + Italic(option.value) + ")");
  } else {
    text += Bolds(option.names);
    const std::string value = ValueOf(option);
    if (!value.empty()) text += " " + value;
  }
  text += "\n" + Roff(option.description) + "\n";
  const std::string notes = NotesOf(option);
  if (!notes.empty()) text += ".br\n" + notes + "\n";
  return text;
}

std::string Entries(const CommandText& command, bool positional) {
  std::string text, group;
  for (const OptionText& option : command.options) {
    if (option.positional != positional) continue;
    if (option.group != group) {
      group = option.group;
      text += ".SS " + Roff(group.empty() ? "General" : group) + "\n";
    }
    text += Entry(option);
  }
  return text;
}

std::string Synopsis(const CommandText& command) {
  std::string text = Bold(command.full_name);
  const bool has_options = std::any_of(command.options.begin(), command.options.end(),
                                       [](const OptionText& option) { return !option.positional; });
  if (has_options) text += " [" + Italic("options") + "]";
  for (const OptionText& option : command.options) {
    if (!option.positional) continue;
    const std::string name = Italic(option.names.front());
    text += " " + (option.required ? name : "[" + name + "]");
  }
  if (!command.commands.empty()) text += " " + Italic("command") + " ...";
  return text + "\n";
}

std::string Environment(const CommandText& command) {
  std::string text;
  for (const OptionText& option : command.options) {
    if (option.variable.empty()) continue;
    text += ".TP\n" + Bold(option.variable) + "\nFor " + Bold(option.names.front()) + ".\n";
  }
  return text;
}

std::string Page(const CommandText& command, const std::string& version,
                 const CommandText* parent) {
  const std::string page = PageName(command);
  std::string text = ".\\\" Made from the program's own options; not to be edited.\n";
  std::string capitals = page;
  std::transform(capitals.begin(), capitals.end(), capitals.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  text += ".TH " + Roff(capitals) + " 1 \"\" \"" + Roff(version) + "\" \"ShadowTutor\"\n";
  text += ".nh\n.ad l\n";
  text += ".SH NAME\n" + Roff(page) + " \\- " + Roff(command.description) + "\n";
  text += ".SH SYNOPSIS\n" + Synopsis(command);
  const auto section = [&](const char* title, const std::string& body) {
    if (!body.empty()) text += std::string(".SH ") + title + "\n" + body;
  };
  std::string commands;
  for (const CommandText& other : command.commands) {
    commands += ".TP\n" + Bold(other.name) + "\n" + Roff(other.description) + "\n";
  }
  section("COMMANDS", commands);
  section("ARGUMENTS", Entries(command, /*positional=*/true));
  section("OPTIONS", Entries(command, /*positional=*/false));
  section("NOTES", command.footer.empty() ? "" : Roff(command.footer) + "\n");
  section("ENVIRONMENT", Environment(command));
  section("EXIT STATUS", ".TP\n" + Bold("0") + "\nEverything went well.\n.TP\n" + Bold("2") +
                             "\nThe command line, or a file named on it, is wrong.\n.TP\n" +
                             Bold("130") + "\nA signal stopped the command.\n.TP\n" + Bold("1") +
                             "\nAnything else failed.\n");
  std::vector<std::string> others;
  if (parent != nullptr) others.push_back(Bold(PageName(*parent)) + "(1)");
  for (const CommandText& other : command.commands) {
    others.push_back(Bold(PageName(other)) + "(1)");
  }
  section("SEE ALSO", Joined(others, ",\n") + "\n");
  return text;
}

void AddPages(const CommandText& command, const std::string& version, const CommandText* parent,
              std::vector<ManPage>& pages) {
  pages.push_back({PageName(command) + ".1", Page(command, version, parent)});
  for (const CommandText& other : command.commands) AddPages(other, version, &command, pages);
}

// The code point that begins `text`, which is taken away; a byte that begins none stands for
// itself.
uint32_t NextCodePoint(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  uint32_t code = size == 1 ? first : first & (0x7fu >> size);
  const size_t used = std::min(size, text.size());
  for (size_t i = 1; i < used; ++i) {
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  }
  text.remove_prefix(used);
  return code;
}

}  // namespace

std::string Roff(std::string_view text) {
  std::string roff;
  bool begins_line = true;
  while (!text.empty()) {
    const uint32_t code = NextCodePoint(text);
    if (begins_line && (code == '.' || code == '\'')) roff += "\\&";
    begins_line = code == '\n';
    switch (code) {
      case '\\':
        roff += "\\e";
        break;
      case '-':
        roff += "\\-";
        break;
      case '\'':
        roff += "\\(aq";
        break;
      case '"':
        roff += "\\(dq";
        break;
      case '`':
        roff += "\\(ga";
        break;
      case '^':
        roff += "\\(ha";
        break;
      case '~':
        roff += "\\(ti";
        break;
      case '\n':
        roff += "\n.br\n";
        break;
      default:
        roff += code < 0x80 ? std::string(1, static_cast<char>(code)) : Format("\\[u%04X]", code);
    }
  }
  return roff;
}

std::vector<ManPage> ManPages(const CommandText& program) {
  std::vector<ManPage> pages;
  AddPages(program, program.version, nullptr, pages);
  return pages;
}

}  // namespace shadowtutor::cli::reference
