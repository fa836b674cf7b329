#include "eval/study/machine.h"

#include <sys/utsname.h>

#include <ctime>
#include <fstream>
#include <iterator>

#include "core/address_text.h"
#include "core/parallel.h"
#include "nn/kernels/isa.h"

namespace shadowtutor::eval {
namespace {

std::string CpuName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    // A Raspberry Pi has a line "Model" instead.
    if (!line.starts_with("model name") && !line.starts_with("Model")) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string System() {
  utsname names{};
  if (uname(&names) != 0) return "unknown";
  const std::string release = names.release;
  // The version and its patch level, without what distributions append, which says nothing about
  // speed.
  const size_t end = release.find_first_not_of("0123456789.");
  return std::string(names.sysname) + " " + release.substr(0, end) + " " + names.machine;
}

std::string Quoted(const std::string& word) {
  const bool plain =
      !word.empty() && word.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                           "-_./=,:+@%") == std::string::npos;
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

Machine ThisMachine() {
  nn::SelectInstructionSet();
  return {CpuName(), nn::InstructionSetName(), MaxThreads(), System()};
}

std::string CommandLine() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string words{std::istreambuf_iterator<char>(file), {}};
  std::string line;
  for (size_t at = 0; at < words.size();) {
    const std::string given = words.c_str() + at;
    at += given.size() + 1;
    const std::string word = WithoutCredentials(given);
    if (line.empty()) {
      line = Quoted(word.substr(word.rfind('/') + 1));  // npos + 1 is 0: the whole word
    } else {
      line.append(" ").append(Quoted(word));
    }
  }
  return line;
}

std::string Timestamp() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace shadowtutor::eval
