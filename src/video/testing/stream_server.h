// For tests: what servers of streams on this machine have in common.
#ifndef SHADOWTUTOR_VIDEO_TESTING_STREAM_SERVER_H_
#define SHADOWTUTOR_VIDEO_TESTING_STREAM_SERVER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::testing {

/// What a server does with one connection.
struct StreamPlan {
  /// Not empty: the answer instead of a stream, for example "503 Service Unavailable".
  std::string refusal = {};
  int frames = std::numeric_limits<int>::max();
  std::chrono::milliseconds apart{0};
  FrameSize size{64, 48};
  /// After the last frame: close the connection, or keep it and send nothing.
  enum { kClose, kHang } then = kClose;
};
/// By the number of the connection, from 0.
using StreamPlans = std::function<StreamPlan(int connection)>;

/// The client's end of a connection. Waiting ends when the client or the server goes.
class StreamPeer {
 public:
  StreamPeer(int socket, int wake) : socket_(socket), wake_(wake) {}

  /// The bytes that have come and that nobody has taken yet.
  std::string& received() { return received_; }

  // The following return false when the client has gone or the server shall stop.

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!Wait(POLLOUT, std::chrono::hours(1))) return false;
      const ssize_t n = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) return false;
      if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  /// Appends what comes next to received().
  bool Receive() { return Wait(POLLIN, std::chrono::hours(1)) && Take(); }
  /// The same with whatever comes during `time`.
  bool Idle(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      pollfd readable[2] = {{socket_, POLLIN, 0}, {wake_, POLLIN, 0}};
      poll(readable, 2, static_cast<int>(std::max<int64_t>(left.count(), 0)));
      if (readable[1].revents) return false;
      if (readable[0].revents && !Take()) return false;
      if (left.count() <= 0) return true;
    }
  }

 private:
  bool Wait(short event, std::chrono::milliseconds time) const {
    pollfd ready[2] = {{socket_, event, 0}, {wake_, POLLIN, 0}};
    poll(ready, 2, static_cast<int>(time.count()));
    return !ready[1].revents && (ready[0].revents & event);
  }
  bool Take() {
    char bytes[4096];
    const ssize_t n = recv(socket_, bytes, sizeof bytes, 0);
    if (n > 0) received_.append(bytes, static_cast<size_t>(n));
    return n > 0;
  }

  const int socket_;
  const int wake_;
  std::string received_;
};

/// Listens on 127.0.0.1 and serves one connection at a time, on a thread of its own.
class StreamServer {
 public:
  using Serve = std::function<void(StreamPeer& peer, int connection)>;

  /// Chooses a free port.
  explicit StreamServer(Serve serve) : serve_(std::move(serve)) { Start(); }
  ~StreamServer() { Stop(); }
  StreamServer(const StreamServer&) = delete;
  StreamServer& operator=(const StreamServer&) = delete;

  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  /// How many there were so far.
  int connections() const { return connections_; }

  /// Cuts the connection; new ones are refused.
  void Stop() {
    if (!thread_.joinable()) return;
    const uint64_t one = 1;
    if (write(wake_, &one, sizeof one) != sizeof one) throw std::runtime_error("cannot wake");
    thread_.join();
    close(listener_);
    close(wake_);
  }
  /// After Stop: again on the same port.
  void Start() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    socklen_t length = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        listen(listener_, 8) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
      throw std::runtime_error("cannot listen on 127.0.0.1");
    }
    port_ = ntohs(address.sin_port);
    wake_ = eventfd(0, EFD_CLOEXEC);
    thread_ = std::thread([this] { Work(); });
  }

 private:
  void Work() {
    for (;;) {
      pollfd ready[2] = {{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
      poll(ready, 2, -1);
      if (ready[1].revents) return;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      StreamPeer peer(client, wake_);
      serve_(peer, connections_++);
      close(client);
    }
  }

  const Serve serve_;
  std::atomic<int> connections_ = 0;
  uint16_t port_ = 0;
  int listener_ = -1, wake_ = -1;
  std::thread thread_;
};

/// A baseline JPEG (4:2:0) of a single grey.
inline std::string GreyJpeg(FrameSize size, int grey) {
  std::vector<uchar> bytes;
  cv::imencode(".jpg", cv::Mat(size.height, size.width, CV_8UC3, cv::Scalar(grey, grey, grey)),
               bytes);
  return {bytes.begin(), bytes.end()};
}

}  // namespace shadowtutor::testing

#endif  // SHADOWTUTOR_VIDEO_TESTING_STREAM_SERVER_H_
