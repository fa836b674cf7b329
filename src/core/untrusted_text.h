// Text that comes from outside or goes there: from the other side of a connection into logs and
// onto terminals, from this machine's error messages to clients.
#ifndef SHADOWTUTOR_CORE_UNTRUSTED_TEXT_H_
#define SHADOWTUTOR_CORE_UNTRUSTED_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace shadowtutor {

/// The text as one line that does nothing to a terminal and cannot be taken for another line:
/// control characters, characters that change the direction of writing, and bytes that are not
/// UTF-8 appear as "\n", "\x1b", "\u202e" and so on. What has more than `max_bytes` (at least 16)
/// is cut and ends with "...". Applying it twice changes nothing. Thread safety of all: any thread.
std::string Showable(std::string_view text, size_t max_bytes);

/// The sentence without the folders of absolute paths in it: "cannot read 7.png" for "cannot read
/// /home/anna/labels/7.png". As a path may contain spaces, other words that stand between two
/// slashes may be lost with it.
std::string WithoutFolders(std::string_view sentence);

/// Whether the text is UTF-8: whole characters, none of them longer than necessary, half of a
/// surrogate pair or over U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_UNTRUSTED_TEXT_H_
