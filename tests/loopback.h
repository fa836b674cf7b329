// What the integration tests share: a server, clients and a second process. They use loopback and
// are small enough for the thread sanitizer.
#ifndef SHADOWTUTOR_TESTS_LOOPBACK_H_
#define SHADOWTUTOR_TESTS_LOOPBACK_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/client.h"
#include "core/mutex.h"
#include "rpc/client/grpc_link.h"
#include "rpc/server/server.h"
#include "server/testing/fakes.h"

namespace shadowtutor::tests {

/// How long a test waits for anything before it fails; far more than anything should take.
inline constexpr std::chrono::seconds kPatience{60};

/// Returns false if `condition` does not hold within kPatience.
template <typename Condition>
bool WaitUntil(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// A frame with a bright square that moves with the index.
Image SquareAt(uint64_t index, int width = 64, int height = 48);

/// Collects lines from any thread. A test can wait for one.
class Log {
 public:
  void Add(const std::string& line);
  /// Whether a line with `part` in it came within kPatience.
  bool WaitFor(const std::string& part);
  std::function<void(const std::string&)> Sink() {
    return [this](const std::string& line) { Add(line); };
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ ST_GUARDED_BY(mutex_);
};

/// Options for frequent key frames: threshold 0.99, strides 4 to 8, a free port of 127.0.0.1.
rpc::ServerOptions FastServerOptions();
std::unique_ptr<rpc::Server> StartServer(rpc::ServerOptions options = FastServerOptions(),
                                         uint64_t student_seed = 1);

/// Options that connect to `address` and, after a loss, connect again soon.
rpc::GrpcLinkOptions FastLinkOptions(const std::string& address);

struct Tutored {
  std::unique_ptr<client::Client> client;
  rpc::GrpcLink* link = nullptr;  // the client's
  uint64_t frame = 0;

  /// Predicts frames until `done` returns true for a report. Returns false if it does not within
  /// kPatience.
  bool ProcessUntil(const std::function<bool(const client::FrameReport&)>& done);
  client::FrameReport Process(int width = 64, int height = 48);
};

/// Wraps the client's link, for tests that change what passes through it.
using WrapLink = std::function<std::unique_ptr<client::ServerLink>(std::unique_ptr<rpc::GrpcLink>)>;
/// Connects and waits for the welcome.
Tutored Connect(rpc::GrpcLinkOptions options,
                client::Staleness staleness = client::Staleness::kWait, const WrapLink& wrap = {});

/// An address of 127.0.0.1 with a port on which nobody listens.
std::string FreeAddress();

/// Runs this test program a second time, as a process that can be killed. It ends by itself when
/// its parent does.
class ChildProcess {
 public:
  /// `role`: "server" (listens on `address`) or "client" (connects to it).
  ChildProcess(const std::string& role, const std::string& address);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// The line that the child prints when it is ready: a server's address, a client's "ready".
  std::string ReadLine();
  /// Sends SIGKILL and waits for the child's end.
  void Kill();

 private:
  int pid_ = -1;
  int to_child_ = -1;
  int from_child_ = -1;
};

/// main() of the child.
int ChildMain(const std::string& role, const std::string& address);

}  // namespace shadowtutor::tests

#endif  // SHADOWTUTOR_TESTS_LOOPBACK_H_
