#include "rpc/refused_clients.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace shadowtutor::rpc {
namespace {

using std::string_view;

struct Reason {
  string_view part;      // of OpenSSL's or gRPC's text
  string_view sentence;  // follows "a client" and its address
};

constexpr std::array kReasons = {
    Reason{"peer did not return a certificate",
           "was refused: it showed no certificate, which this server asks for"},
    Reason{"certificate verify failed",
           "was refused: its certificate is not of the authority that this server accepts, or is "
           "out of date by this machine's clock"},
    Reason{"alert unknown ca",
           "went away: it does not know the authority that issued this server's certificate"},
    Reason{"alert certificate expired",
           "went away: to its clock this server's certificate is out of date"},
    Reason{"alert bad certificate",
           "went away: it does not accept this server's certificate, which may be made out for "
           "another name or not be valid yet"},
    Reason{"alert certificate unknown", "went away: it does not accept this server's certificate"},
    Reason{"alert unsupported certificate",
           "went away: this server's certificate is not made for servers"},
    Reason{"wrong version number", "was refused: it does not speak TLS, as this server does"},
    Reason{"http request", "was refused: it does not speak TLS, as this server does"},
    Reason{"packet length too long", "was refused: it does not speak TLS, as this server does"},
    Reason{"unknown protocol", "was refused: it does not speak TLS, as this server does"},
    Reason{"unsupported protocol", "was refused: it speaks only old versions of TLS"},
    Reason{"no shared cipher", "was refused: it knows none of this server's ciphers"},
    Reason{"missing selected ALPN property",
           "was refused: it speaks TLS, but not HTTP/2; it may be no ShadowTutor client"},
    Reason{"andshake timed out", "was refused: it did not finish the TLS handshake in time"},
    Reason{"Socket closed",
           "went away during the TLS handshake: it does not accept this server's certificate, or "
           "has only looked whether somebody listens"},
    Reason{"Connection reset",
           "went away during the TLS handshake: it does not accept this server's certificate, or "
           "has only looked whether somebody listens"},
};

// " from 192.0.2.7", out of gRPC's "ipv4:192.0.2.7:1234" or "ipv6:%5B::1%5D:1234".
std::string From(string_view message) {
  constexpr string_view kBefore = "target_address:\"ip";
  const size_t begin = message.find(kBefore);
  if (begin == string_view::npos) return {};
  string_view peer = message.substr(begin + kBefore.size());
  peer = peer.substr(0, peer.find('"'));
  const size_t port = peer.rfind(':');
  if (peer.size() < 3 || port == string_view::npos || port < 3) return {};
  std::string host(peer.substr(3, port - 3));
  for (const string_view bracket : {"%5B", "%5D"}) {
    if (const size_t at = host.find(bracket); at != std::string::npos) host.erase(at, 3);
  }
  const bool number = host.find_first_not_of("0123456789abcdefABCDEF.:[]") == std::string::npos;
  return number && host.size() < 64 ? " from " + host : "";
}

}  // namespace

std::optional<std::string> RefusedHandshake(const std::string& message) {
  constexpr string_view kBegin = "Handshaking failed: ";
  if (!message.starts_with(kBegin)) return std::nullopt;
  // A server that shuts down gives up handshakes, too.
  if (message.find("Handshaker shutdown") != std::string::npos) return std::nullopt;
  const std::string client = "a client" + From(message) + " ";
  for (const Reason& reason : kReasons) {
    if (message.find(reason.part) != std::string::npos)
      return client + std::string(reason.sentence);
  }
  constexpr size_t kMost = 200;
  const size_t end = std::min({message.find(" {"), message.size(), kBegin.size() + kMost});
  std::string detail = message.substr(kBegin.size(), end - kBegin.size());
  for (char& c : detail) {
    if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = '?';
  }
  return client + "was refused during the TLS handshake (" + detail + ")";
}

std::optional<std::string> WrongGreeting(std::span<const uint8_t> first) {
  // TLS begins with a handshake record of version 3.x, HTTP/2 with "PRI * HTTP/2.0".
  constexpr std::array<uint8_t, 3> kHttp2 = {'P', 'R', 'I'};
  if (first.size() < kHttp2.size()) return std::nullopt;
  if (std::equal(kHttp2.begin(), kHttp2.end(), first.begin())) return std::nullopt;
  if (first[0] == 0x16 && first[1] == 3) {
    return "was refused: it speaks TLS, but this server has no certificate and speaks plain text";
  }
  return "was refused: it is no ShadowTutor client";
}

std::optional<std::string> LineLimit::Pass(const std::string& line, Clock::time_point now) {
  if (!begin_ || now - *begin_ >= kPeriod) {
    begin_ = now;
    lines_ = 0;
  }
  if (lines_ >= kLines) {
    ++left_out_;
    return std::nullopt;
  }
  ++lines_;
  if (left_out_ == 0) return line;
  const std::string more = " (and " + std::to_string(left_out_) + " more such lines before)";
  left_out_ = 0;
  return line + more;
}

}  // namespace shadowtutor::rpc
