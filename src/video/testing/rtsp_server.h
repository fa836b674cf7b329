// For tests: an RTSP camera that sends JPEGs as RTP (RFC 2435) within the RTSP connection.
#ifndef SHADOWTUTOR_VIDEO_TESTING_RTSP_SERVER_H_
#define SHADOWTUTOR_VIDEO_TESTING_RTSP_SERVER_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "video/testing/stream_server.h"

namespace shadowtutor::testing {

/// Frame i is grey with the value i modulo 256. Frames are counted over all connections. Sides are
/// multiples of 16.
class RtspServer {
 public:
  explicit RtspServer(StreamPlans plans)
      : plans_(std::move(plans)), server_([this](StreamPeer& peer, int connection) {
          Conversation(*this, peer, plans_(connection)).Run();
        }) {}

  std::string address() const { return "rtsp://" + server_.host() + "/camera"; }
  StreamServer& server() { return server_; }
  /// How many were sent so far.
  int frames() const { return frames_; }
  /// How many clients have asked for UDP, which is refused.
  int asked_for_udp() const { return asked_for_udp_; }

 private:
  // The parts of a JPEG that RTP carries.
  struct Scan {
    explicit Scan(std::string_view jpeg) {
      size_t at = 2;
      for (;;) {
        const auto marker = static_cast<uint8_t>(jpeg.at(at + 1));
        const size_t length = Number(jpeg, at + 2);
        std::string_view segment = jpeg.substr(at + 4, length - 2);
        at += 2 + length;
        if (marker == 0xDB) {  // 8-bit tables of 64 values, each after its number
          for (; !segment.empty(); segment.remove_prefix(65)) tables += segment.substr(1, 64);
        } else if (marker == 0xC0) {
          if (segment.at(7) != 0x22) throw std::logic_error("the JPEG is not 4:2:0");
        } else if (marker == 0xDA) {
          data = jpeg.substr(at, jpeg.size() - 2 - at);
          return;
        }
      }
    }
    static size_t Number(std::string_view bytes, size_t at) {
      return static_cast<uint8_t>(bytes.at(at)) * 256u + static_cast<uint8_t>(bytes.at(at + 1));
    }
    std::string tables;
    std::string data;
  };

  // One connection.
  class Conversation {
   public:
    Conversation(RtspServer& server, StreamPeer& peer, StreamPlan plan)
        : server_(server), peer_(peer), plan_(std::move(plan)) {}

    void Run() {
      while (!playing_) {
        if (!peer_.Receive() || !AnswerRequests()) return;
      }
      for (int i = 0; i < plan_.frames; ++i) {
        if (!SendFrame()) return;
        ++server_.frames_;
        if (!peer_.Idle(plan_.apart) || !AnswerRequests()) return;
      }
      // When it hangs it answers nothing, either.
      while (plan_.then == StreamPlan::kHang && peer_.Receive()) {
      }
    }

   private:
    // Returns false at the end of the conversation.
    bool AnswerRequests() {
      std::string& received = peer_.received();
      for (;;) {
        if (received.starts_with('$')) {  // the client's reports about what it has received
          const size_t size = received.size() < 4 ? 4 : 4 + Scan::Number(received, 2);
          if (received.size() < size) return true;
          received.erase(0, size);
          continue;
        }
        const size_t end = received.find("\r\n\r\n");
        if (end == std::string::npos) return true;
        const std::string request = received.substr(0, end + 2);
        received.erase(0, end + 4);
        if (!Answer(request)) return false;
      }
    }

    bool Answer(const std::string& request) {
      const std::string method = request.substr(0, request.find(' '));
      const std::string transport = Header(request, "Transport");
      if (!plan_.refusal.empty()) {
        Reply(request, plan_.refusal, "");
        return false;
      }
      if (method == "OPTIONS") {
        return Reply(request, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n");
      }
      if (method == "DESCRIBE") {
        const std::string sdp =
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
            "m=video 0 RTP/AVP 26\r\na=framerate:25\r\na=control:track1\r\n";
        return Reply(request, "200 OK", "Content-Type: application/sdp\r\n", sdp);
      }
      if (method == "SETUP" && transport.find("TCP") == std::string::npos) {
        ++server_.asked_for_udp_;
        return Reply(request, "461 Unsupported Transport", "");
      }
      if (method == "SETUP") {
        return Reply(request, "200 OK",
                     "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n");
      }
      if (method == "PLAY") playing_ = true;
      return Reply(request, "200 OK", "Session: 1\r\n") && method != "TEARDOWN";
    }

    static std::string Header(const std::string& request, const std::string& name) {
      const size_t at = request.find("\r\n" + name + ": ");
      if (at == std::string::npos) return "";
      const size_t begin = at + name.size() + 4;
      return request.substr(begin, request.find("\r\n", begin) - begin);
    }

    bool Reply(const std::string& request, const std::string& status, const std::string& headers,
               const std::string& body = "") {
      std::string reply = "RTSP/1.0 " + status + "\r\nCSeq: " + Header(request, "CSeq") + "\r\n";
      reply += headers;
      if (!body.empty()) reply += "Content-Length: " + std::to_string(body.size()) + "\r\n";
      return peer_.Send(reply + "\r\n" + body);
    }

    bool SendFrame() {
      const std::string jpeg = GreyJpeg(plan_.size, server_.frames_ % 256);
      const Scan scan(jpeg);
      constexpr size_t kMost = 1200;  // bytes of a packet's data
      for (size_t at = 0; at < scan.data.size(); at += kMost) {
        const bool last = at + kMost >= scan.data.size();
        std::string packet;
        packet += static_cast<char>(0x80);  // RTP 2
        packet += static_cast<char>((last ? 0x80 : 0) | 26);
        Append(packet, sequence_++, 2);
        Append(packet, timestamp_, 4);
        Append(packet, 0x5157, 4);         // the sender
        Append(packet, at, 4);             // no special type, then the offset in the frame
        packet += static_cast<char>(1);    // 4:2:0
        packet += static_cast<char>(255);  // its own tables, with every frame
        packet += static_cast<char>(plan_.size.width / 8);
        packet += static_cast<char>(plan_.size.height / 8);
        if (at == 0) {
          Append(packet, scan.tables.size(), 4);
          packet += scan.tables;
        }
        packet += scan.data.substr(at, kMost);
        std::string framed = "$";
        framed += '\0';  // the channel
        Append(framed, packet.size(), 2);
        if (!peer_.Send(framed + packet)) return false;
      }
      timestamp_ += 90'000 / 25;
      return true;
    }

    static void Append(std::string& bytes, uint64_t number, int size) {
      for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(number >> (8 * i));
    }

    RtspServer& server_;
    StreamPeer& peer_;
    const StreamPlan plan_;
    bool playing_ = false;
    uint16_t sequence_ = 1;
    uint32_t timestamp_ = 12'345;
  };

  const StreamPlans plans_;
  std::atomic<int> frames_ = 0, asked_for_udp_ = 0;
  StreamServer server_;  // the last: its thread uses the others
};

}  // namespace shadowtutor::testing

#endif  // SHADOWTUTOR_VIDEO_TESTING_RTSP_SERVER_H_
