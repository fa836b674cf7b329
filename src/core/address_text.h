// Addresses of videos and servers as messages, logs and files may show them: without user names,
// passwords and tokens. Thread safety of all: any thread.
#ifndef SHADOWTUTOR_CORE_ADDRESS_TEXT_H_
#define SHADOWTUTOR_CORE_ADDRESS_TEXT_H_

#include <string>

namespace shadowtutor {

/// The address without what may be secret in it: "rtsp://host/x?..." for
/// "rtsp://user:secret@host/x?token=1". Host, port and path are kept; user name and password are
/// left out; "..." stands for the query, the fragment, and for a path with "name=value" in it,
/// where some cameras take the password. A password may have / ? # or @ in it: where it cannot be
/// told from the host, "..." stands for all that follows the scheme. A text that is no address,
/// such as a file's name, is returned as it is.
std::string WithoutCredentials(const std::string& address);

/// The same for every address within a text, for example a library's error message. An address
/// ends at white space or a quotation mark.
std::string WithoutCredentialsIn(const std::string& text);

/// The same where the address that the text is about is known. Its password and the values of its
/// query are also found by themselves, in whatever form a library has repeated them.
std::string WithoutCredentialsIn(const std::string& text, const std::string& address);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_ADDRESS_TEXT_H_
