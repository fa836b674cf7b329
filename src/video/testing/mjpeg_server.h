// For tests: a camera that sends JPEGs over HTTP (multipart/x-mixed-replace).
#ifndef SHADOWTUTOR_VIDEO_TESTING_MJPEG_SERVER_H_
#define SHADOWTUTOR_VIDEO_TESTING_MJPEG_SERVER_H_

#include <atomic>
#include <string>
#include <utility>

#include "video/testing/stream_server.h"

namespace shadowtutor::testing {

/// Frame i is grey with the value i modulo 256. Frames are counted over all connections.
class MjpegServer {
 public:
  explicit MjpegServer(StreamPlans plans)
      : plans_(std::move(plans)),
        server_([this](StreamPeer& peer, int connection) { Serve(peer, plans_(connection)); }) {}

  std::string address() const { return "http://" + server_.host() + "/video"; }
  StreamServer& server() { return server_; }
  /// How many were sent so far.
  int frames() const { return frames_; }

 private:
  void Serve(StreamPeer& peer, const StreamPlan& plan) {
    while (peer.received().find("\r\n\r\n") == std::string::npos) {
      if (!peer.Receive()) return;
    }
    if (!plan.refusal.empty()) {
      peer.Send("HTTP/1.1 " + plan.refusal + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    peer.Send(
        "HTTP/1.1 200 OK\r\nConnection: close\r\n"
        "Content-Type: multipart/x-mixed-replace; boundary=next\r\n\r\n");
    for (int i = 0; i < plan.frames; ++i) {
      const std::string jpeg = GreyJpeg(plan.size, frames_ % 256);
      if (!peer.Send("--next\r\nContent-Type: image/jpeg\r\nContent-Length: " +
                     std::to_string(jpeg.size()) + "\r\n\r\n" + jpeg + "\r\n")) {
        return;
      }
      ++frames_;
      if (!peer.Idle(plan.apart)) return;
    }
    while (plan.then == StreamPlan::kHang && peer.Receive()) {
    }
  }

  const StreamPlans plans_;
  std::atomic<int> frames_ = 0;
  StreamServer server_;  // the last: its thread uses the others
};

}  // namespace shadowtutor::testing

#endif  // SHADOWTUTOR_VIDEO_TESTING_MJPEG_SERVER_H_
