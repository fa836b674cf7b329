#include "web/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace shadowtutor::web {
namespace {

// Of proc(5), counted from the state, which is the third and follows the name's closing bracket.
constexpr size_t kUserTicks = 11, kSystemTicks = 12, kThreads = 17, kStartTicks = 19, kVirtual = 20,
                 kResidentPages = 21;

std::vector<double> ReadStat() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const size_t bracket = text.rfind(')');  // the name may have brackets and blanks
  if (bracket == std::string::npos) return {};
  std::istringstream fields(text.substr(bracket + 1));
  std::vector<double> values;
  std::string field;
  fields >> field;  // a letter
  values.push_back(0);
  for (double value = 0; fields >> value;) values.push_back(value);
  return values;
}

// When the system was started, in seconds since 1970.
std::optional<double> BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return std::nullopt;
}

std::optional<double> OpenFiles() {
  std::error_code failed;
  const std::filesystem::directory_iterator files("/proc/self/fd", failed);
  if (failed) return std::nullopt;
  return static_cast<double>(std::distance(begin(files), end(files)) - 1);  // but for this look
}

}  // namespace

ProcessFigures ReadProcessFigures() {
  ProcessFigures figures;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const std::vector<double> stat = ReadStat();
  if (stat.size() > kResidentPages && ticks > 0) {
    figures.cpu_s = (stat[kUserTicks] + stat[kSystemTicks]) / ticks;
    figures.threads = stat[kThreads];
    figures.virtual_bytes = stat[kVirtual];
    figures.resident_bytes = stat[kResidentPages] * static_cast<double>(sysconf(_SC_PAGESIZE));
    if (const auto boot = BootTime()) figures.started_at_s = *boot + stat[kStartTicks] / ticks;
  }
  figures.open_files = OpenFiles();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    figures.most_open_files = static_cast<double>(limit.rlim_cur);
  }
  return figures;
}

}  // namespace shadowtutor::web
