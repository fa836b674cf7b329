// Writing tables as comma-separated values.
#ifndef SHADOWTUTOR_EVAL_STUDY_CSV_H_
#define SHADOWTUTOR_EVAL_STUDY_CSV_H_

#include <string>
#include <string_view>

namespace shadowtutor::eval {

/// One field as RFC 4180 writes it: a text with a comma, a quote or a line end is put in quotes,
/// and quotes inside it are doubled. A text that a spreadsheet would run as a formula (it begins
/// with =, +, - or @, a tab or a carriage return) gets an apostrophe in front.
inline std::string CsvText(std::string_view text) {
  std::string field;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) {
    field = "'";
  }
  field += text;
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_CSV_H_
