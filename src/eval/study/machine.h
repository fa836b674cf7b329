// Describes the machine and the command that a result was made with, for its readers.
#ifndef SHADOWTUTOR_EVAL_STUDY_MACHINE_H_
#define SHADOWTUTOR_EVAL_STUDY_MACHINE_H_

#include <string>

namespace shadowtutor::eval {

struct Machine {
  std::string cpu;     // the processor's name; "unknown" where the system does not say
  std::string isa;     // the instruction set that the engine runs on
  int threads = 0;     // that this process may use
  std::string system;  // "Linux 6.1 x86_64"
};
Machine ThisMachine();

/// The command that this process was started with, quoted for a shell, without the passwords of
/// addresses; empty where the system does not say.
std::string CommandLine();

/// Now, in UTC: "2026-11-22T03:10:00Z".
std::string Timestamp();

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_MACHINE_H_
