// For tests: a web server with a single file.
#ifndef SHADOWTUTOR_VIDEO_TESTING_FILE_SERVER_H_
#define SHADOWTUTOR_VIDEO_TESTING_FILE_SERVER_H_

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "video/testing/stream_server.h"

namespace shadowtutor::testing {

/// Answers every request with the same bytes.
class FileServer {
 public:
  enum class Length {
    kStated,   // Content-Length
    kUnknown,  // the answer ends when the connection does
    kChunked,  // each chunk's length, and a last one of 0 unless the answer breaks off
  };

  /// Only the first `part` of the bytes comes before the connection is closed.
  explicit FileServer(std::string file, Length length = Length::kStated, double part = 1)
      : file_(std::move(file)),
        length_(length),
        sent_(static_cast<size_t>(static_cast<double>(file_.size()) * part)),
        server_([this](StreamPeer& peer, int) { Serve(peer); }) {}

  std::string Address(const std::string& path) const { return "http://" + server_.host() + path; }

 private:
  void Serve(StreamPeer& peer) const {
    while (peer.received().find("\r\n\r\n") == std::string::npos) {
      if (!peer.Receive()) return;
    }
    std::string head = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    if (length_ == Length::kStated) {
      head += "Content-Length: " + std::to_string(file_.size()) + "\r\n";
    }
    if (length_ == Length::kChunked) head += "Transfer-Encoding: chunked\r\n";
    if (!peer.Send(head + "\r\n")) return;
    if (length_ != Length::kChunked) {
      peer.Send(std::string_view(file_).substr(0, sent_));
      return;
    }
    constexpr size_t kChunk = 1000;
    for (size_t at = 0; at < sent_; at += kChunk) {
      const std::string chunk = file_.substr(at, std::min(kChunk, sent_ - at));
      char size[16];
      std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
      if (!peer.Send(size + chunk + "\r\n")) return;
    }
    if (sent_ == file_.size()) peer.Send("0\r\n\r\n");
  }

  const std::string file_;
  const Length length_;
  const size_t sent_;
  StreamServer server_;  // the last: its thread uses the others
};

}  // namespace shadowtutor::testing

#endif  // SHADOWTUTOR_VIDEO_TESTING_FILE_SERVER_H_
