// For tests: makes small videos and pictures with FFmpeg's command line.
#ifndef SHADOWTUTOR_VIDEO_TESTING_MAKE_MEDIA_H_
#define SHADOWTUTOR_VIDEO_TESTING_MAKE_MEDIA_H_

#include <stdio.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace shadowtutor::testing {

/// Whether the command `ffmpeg` is there. Tests that need it skip otherwise:
/// `if (!HaveFfmpeg()) GTEST_SKIP() << "no ffmpeg";`
inline bool HaveFfmpeg() {
  static const bool have = std::system("command -v ffmpeg >/dev/null 2>&1") == 0;
  return have;
}

/// `path` as one word of a shell command, whatever characters it has.
inline std::string Quoted(const std::filesystem::path& path) {
  std::string word = "'";
  for (const char c : path.string()) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

/// Runs a shell command for up to a minute. Returns what it prints on standard output and standard
/// error; throws std::runtime_error with that text when it fails.
inline std::string RunCommand(const std::string& command) {
  const std::string whole = "exec 2>&1 </dev/null; timeout 60 " + command;
  FILE* pipe = popen(whole.c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot run " + command);
  std::string output;
  char piece[4096];
  for (size_t count; (count = fread(piece, 1, sizeof piece, pipe)) > 0;) {
    output.append(piece, count);
  }
  const int status = pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(command + " failed: " + output);
  }
  return output;
}

/// Runs `ffmpeg -v error -y ARGUMENTS`. The arguments are words of a shell command: names of files
/// go through Quoted(). Throws std::runtime_error with ffmpeg's own output when it fails.
inline void Ffmpeg(const std::string& arguments) {
  RunCommand("ffmpeg -v error -nostdin -y " + arguments);
}

}  // namespace shadowtutor::testing

#endif  // SHADOWTUTOR_VIDEO_TESTING_MAKE_MEDIA_H_
