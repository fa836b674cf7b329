// The token that a call shows to an inference server.
#ifndef SHADOWTUTOR_TEACHER_OIP_TOKEN_H_
#define SHADOWTUTOR_TEACHER_OIP_TOKEN_H_

#include <filesystem>
#include <string>

namespace shadowtutor::teacher::oip {

/// Reads a file that has a token alone, with or without an end of line. Throws Error: as ReadFile;
/// kInvalidArgument when it holds anything but 1 to kMaxTokenBytes visible ASCII characters. The
/// sentence does not show the token. Thread safety: any thread.
std::string ReadBearerToken(const std::filesystem::path& file);

}  // namespace shadowtutor::teacher::oip

#endif  // SHADOWTUTOR_TEACHER_OIP_TOKEN_H_
