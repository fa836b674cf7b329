#include "resident.h"

#include <cstdio>
#include <cstring>
#include <memory>

namespace shadowtutor::bench {

double Resident(const char* which) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/status", "r"),
                                                             std::fclose);
  char line[200];
  while (file && std::fgets(line, sizeof line, file.get())) {
    double kilobytes = 0;
    if (std::strncmp(line, which, std::strlen(which)) == 0 &&
        std::sscanf(line + std::strlen(which), ": %lf", &kilobytes) == 1) {
      return kilobytes / 1024;
    }
  }
  return 0;
}

void ForgetPeak() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen("/proc/self/clear_refs", "w"), std::fclose);
  if (file) std::fputs("5", file.get());
}

}  // namespace shadowtutor::bench
