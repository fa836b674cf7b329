#include "web/socket_token.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "rpc/server/device_tokens.h"
#include "rpc/token.h"

namespace shadowtutor::web {
namespace {

constexpr std::string_view kPrefix = "shadowtutor.token.";

std::optional<uint32_t> SixBits(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  if (c == '_') return 63;
  return std::nullopt;
}

// Empty for what is no base64url, or too long for a token.
std::string Decode(std::string_view text) {
  if (text.size() > rpc::kMostTokenBytes * 4 / 3 + 2) return {};
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::optional<uint32_t> six = SixBits(c);
    if (!six) return {};
    bits = bits << 6 | *six;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

}  // namespace

SocketToken SocketTokenOf(std::string_view authorization, std::string_view protocols) {
  SocketToken found{std::string(rpc::BearerToken(authorization)), false};
  while (!protocols.empty()) {
    const size_t end = std::min(protocols.find(','), protocols.size());
    std::string_view protocol = protocols.substr(0, end);
    protocols.remove_prefix(std::min(end + 1, protocols.size()));
    while (protocol.starts_with(' ')) protocol.remove_prefix(1);
    while (protocol.ends_with(' ')) protocol.remove_suffix(1);
    if (protocol == kSocketProtocol) found.protocol_offered = true;
    if (found.token.empty() && protocol.starts_with(kPrefix)) {
      found.token = Decode(protocol.substr(kPrefix.size()));
    }
  }
  return found;
}

}  // namespace shadowtutor::web
