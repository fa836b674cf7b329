// What this process uses of the machine.
#ifndef SHADOWTUTOR_WEB_PROCESS_FIGURES_H_
#define SHADOWTUTOR_WEB_PROCESS_FIGURES_H_

#include <optional>

namespace shadowtutor::web {

/// What the system does not tell is absent.
struct ProcessFigures {
  std::optional<double> resident_bytes, virtual_bytes;
  std::optional<double> open_files, most_open_files;
  std::optional<double> cpu_s;         // of all threads, user and system
  std::optional<double> started_at_s;  // since 1970
  std::optional<double> threads;
};

/// Reads /proc: some 0.1 ms. Thread safety: any thread.
ProcessFigures ReadProcessFigures();

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_PROCESS_FIGURES_H_
