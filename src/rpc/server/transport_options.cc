#include "rpc/server/transport_options.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "rpc/address.h"
#include "rpc/host_lookup.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

// File descriptors that connections must leave to the rest of the process: files of the teacher,
// and what libraries open.
constexpr long kReservedDescriptors = 16;

}  // namespace

void Check(const TransportOptions& options) {
  CheckCouldListen(ParseServerAddress(options.listen, AddressUse::kListen));
  if (options.max_connections < 1 || options.max_connections_per_address < 1) {
    throw Error(ErrorCode::kInvalidArgument, "the number of connections must be at least 1");
  }
  if (!options.tls.any() && !options.insecure && !IsLoopback(options.listen)) {
    throw Error(ErrorCode::kInvalidArgument,
                "others can reach " + options.listen +
                    ", and video would travel there in plain text; give a certificate and its key, "
                    "or allow plain text if the network is yours alone",
                Setting::kPlainText);
  }
}

int MostConnections(const TransportOptions& options) {
  rlimit limit{};
  std::error_code failed;
  const std::filesystem::directory_iterator open_files("/proc/self/fd", failed);
  if (failed || getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return options.max_connections;
  }
  const long used = std::distance(begin(open_files), end(open_files));
  const long free = static_cast<long>(limit.rlim_cur) - used - kReservedDescriptors;
  if (free < 1) {
    throw Error(ErrorCode::kUnavailable,
                "the limit of " + std::to_string(limit.rlim_cur) +
                    " open files leaves no room for connections; raise it (ulimit -n)");
  }
  return static_cast<int>(std::min<long>(options.max_connections, free));
}

}  // namespace shadowtutor::rpc
