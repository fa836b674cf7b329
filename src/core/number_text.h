// Numbers as short texts and back, whatever the locale is.
#ifndef SHADOWTUTOR_CORE_NUMBER_TEXT_H_
#define SHADOWTUTOR_CORE_NUMBER_TEXT_H_

#include <optional>
#include <string>

namespace shadowtutor {

/// The shortest text that reads back as the same number, as std::to_chars writes it: "0.1",
/// "1e-05". Thread safety of both: any thread.
std::string ShortestText(double value);

/// The number that the whole text is, as std::from_chars reads it: without spaces, plus sign and
/// hexadecimal digits. None if it is no number, or one that is too large or too small.
std::optional<double> NumberOf(const std::string& text);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_NUMBER_TEXT_H_
