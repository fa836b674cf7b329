#include "rpc/grpc_log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "core/mutex.h"
#include "rpc/refused_clients.h"

namespace shadowtutor::rpc {
namespace {

// gRPC's log function is one for the process and has no argument of ours.
struct Reports {
  Mutex mutex;
  std::function<void(const std::string& line)> log ST_GUARDED_BY(mutex);
  LineLimit limit ST_GUARDED_BY(mutex);
};

Reports& TheReports() {
  static auto* const reports = new Reports;  // never destroyed: gRPC's threads outlive main
  return *reports;
}

// gRPC makes a context of TLS files that have been read again (rpc/server_tls.h) at the beginning
// of the next handshake. When it cannot, it goes on with the one that it has, and only its log says
// so.
std::optional<std::string> RefusedFiles(const std::string& message) {
  if (!message.starts_with("Handshaker factory creation failed")) return std::nullopt;
  return "gRPC cannot use the TLS files that were read last; those from before, if any, stay in "
         "use";
}

void Report(gpr_log_func_args* said) {
  auto line = RefusedHandshake(said->message);
  if (!line) line = RefusedFiles(said->message);
  if (!line) return;
  Reports& reports = TheReports();
  const MutexLock lock(reports.mutex);
  const auto passed = reports.limit.Pass(*line, LineLimit::Clock::now());
  if (passed && reports.log) reports.log(*passed);
}

}  // namespace

void SilenceGrpcLog() {
  // It would write a line for every message that is not as it should be; our own says it, too.
  google::protobuf::SetLogHandler(nullptr);
  if (std::getenv("GRPC_VERBOSITY") != nullptr) return;
  gpr_set_log_function([](gpr_log_func_args*) {});
}

void ReportRefusedHandshakes(std::function<void(const std::string& line)> log) {
  if (std::getenv("GRPC_VERBOSITY") != nullptr) return;
  {
    Reports& reports = TheReports();
    const MutexLock lock(reports.mutex);
    reports.log = std::move(log);
    reports.limit = {};
  }
  gpr_set_log_function(Report);
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);  // gRPC mentions handshakes at this level only
}

}  // namespace shadowtutor::rpc
