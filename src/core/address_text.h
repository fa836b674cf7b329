// Addresses of videos and servers as messages, logs and files may show them.
#ifndef SHADOWTUTOR_CORE_ADDRESS_TEXT_H_
#define SHADOWTUTOR_CORE_ADDRESS_TEXT_H_

#include <string>

namespace shadowtutor {

/// The address without user name and password, for messages: "rtsp://host/x" for
/// "rtsp://user:secret@host/x". Thread safety: any thread.
std::string WithoutCredentials(const std::string& address);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_ADDRESS_TEXT_H_
