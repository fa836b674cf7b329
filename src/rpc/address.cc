#include "rpc/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <string_view>

#include "core/address_text.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

using std::string_view;

constexpr const char* kExample = "127.0.0.1:50051";
constexpr int kMostPort = 65535;
// DNS has no longer names.
constexpr size_t kMostHostBytes = 253;

[[noreturn]] void Refuse(const std::string& sentence) {
  throw Error(ErrorCode::kInvalidArgument, sentence, Setting::kServerAddress);
}

std::string Lower(string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::optional<in_addr> Ipv4(const std::string& host) {
  in_addr number{};
  if (inet_pton(AF_INET, host.c_str(), &number) != 1) return std::nullopt;
  return number;
}

// A zone, as in "fe80::1%eth0", is left out.
std::optional<in6_addr> Ipv6(const std::string& host) {
  in6_addr number{};
  if (inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &number) != 1) {
    return std::nullopt;
  }
  return number;
}

bool AllOf(string_view text, string_view characters) {
  return text.find_first_not_of(characters) == string_view::npos;
}

// As it may be shown: without control characters and passwords, and not too long.
std::string Shown(const std::string& text) {
  std::string shown = WithoutCredentials(text);
  constexpr size_t kMost = 200;
  if (shown.size() > kMost) shown = shown.substr(0, kMost) + "...";
  for (char& c : shown) {
    if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = '?';
  }
  return shown;
}

ServerAddress ParseUnix(const std::string& text) {
  ServerAddress address;
  address.abstract = text.starts_with("unix-abstract:");
  address.path = text.substr(text.find(':') + 1);
  if (!address.abstract && address.path.starts_with("//")) {
    if (!address.path.starts_with("///")) {
      Refuse(Shown(text) + " names a host before the path of its Unix socket; write unix:/path");
    }
    address.path.erase(0, 2);
  }
  if (address.path.empty()) {
    Refuse("the address " + text + " names no Unix socket; write unix:/path/of/the/socket");
  }
  constexpr size_t kMost = sizeof(sockaddr_un::sun_path) - 1;
  if (address.path.size() > kMost) {
    Refuse("the path of the Unix socket has " + std::to_string(address.path.size()) +
           " bytes; the system takes at most " + std::to_string(kMost));
  }
  return address;
}

// What is wrong with an address that has a scheme such as http:// in front.
[[noreturn]] void RefuseScheme(const std::string& text, size_t begin) {
  const std::string scheme = text.substr(0, begin);
  const size_t rest = std::min(text.find_first_not_of('/', begin), text.size());
  const std::string host = text.substr(rest, text.find_first_of("/?#", rest) - rest);
  // A password may be where the host should be.
  const bool plain = !host.empty() && text.find('@') == std::string::npos;
  Refuse("a server's address is host:port without " + Shown(scheme) + " in front" +
         (plain ? ": write " + Shown(host) : std::string(", such as ") + kExample));
}

void RefuseSchemes(const std::string& text) {
  if (const size_t colon = text.find("://"); colon != std::string::npos) {
    RefuseScheme(text, colon + 3);
  }
  const std::string lower = Lower(text);
  // gRPC's own spellings.
  for (const string_view scheme : {"dns:", "ipv4:", "ipv6:", "xds:", "vsock:"}) {
    if (!lower.starts_with(scheme)) continue;
    const bool port_follows = AllOf(string_view(text).substr(scheme.size()), "0123456789");
    if (!port_follows) RefuseScheme(text, scheme.size());
  }
}

void RefuseOddCharacters(const std::string& text) {
  if (text.empty()) {
    Refuse(std::string("the server's address is empty; it is host:port, such as ") + kExample);
  }
  if (text.find_first_of(" \t\r\n") != std::string::npos) {
    Refuse("the server's address \"" + Shown(text) + "\" has white space in it; leave it away");
  }
  if (text.find('@') != std::string::npos) {
    Refuse(std::string(
               "a server's address has no user name and no @ in it; it is host:port, such as ") +
           kExample);
  }
  if (const size_t path = text.find_first_of("/?#\\"); path != std::string::npos) {
    Refuse("a server's address ends with its port; leave away what follows " +
           Shown(text.substr(0, path)));
  }
}

int ParsePort(const std::string& text, string_view digits, AddressUse use) {
  const std::string least = use == AddressUse::kListen ? "0" : "1";
  const std::string ports = "ports are numbers from " + least + " to " + std::to_string(kMostPort) +
                            (use == AddressUse::kListen ? ", where 0 takes a free one" : "");
  if (digits.empty()) Refuse("there is no port after the colon of " + Shown(text) + "; " + ports);
  int port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (!AllOf(digits, "0123456789")) {
    Refuse("the port in " + Shown(text) + " is no number; " + ports);
  }
  if (error != std::errc() || end != digits.data() + digits.size() || port > kMostPort) {
    Refuse("there is no port " + std::string(digits.substr(0, 20)) + ", as in " + Shown(text) +
           "; " + ports);
  }
  if (port == 0 && use == AddressUse::kConnect) {
    Refuse("nobody can connect to port 0, as in " + Shown(text) +
           "; take the port that the server prints when it starts");
  }
  return port;
}

void CheckHost(const std::string& text, const std::string& host) {
  if (AllOf(host, "0123456789.")) {
    if (Ipv4(host)) return;
    Refuse(host + " is no IPv4 address, as in " + Shown(text) +
           "; it has four numbers from 0 to 255 with dots between them");
  }
  const auto allowed = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
  };
  if (host.size() > kMostHostBytes || !std::all_of(host.begin(), host.end(), allowed) ||
      host.starts_with('.') || host.find("..") != std::string::npos) {
    Refuse("\"" + Shown(host) +
           "\" is no host name; names have letters, digits, hyphens and dots (names with other "
           "letters begin with xn--)");
  }
}

void RefuseMissingPort(const std::string& text) {
  if (AllOf(text, "0123456789")) {
    Refuse(text + " is a port without a host; write host:port, such as 127.0.0.1:" + text);
  }
  if (Ipv6(text)) {
    Refuse("an IPv6 address stands in brackets before its port; write [" + text + "]:50051");
  }
  if (text.find(':') != std::string::npos) return;
  Refuse("the address " + Shown(text) + " has no port; write host:port, such as " + Shown(text) +
         ":50051");
}

ServerAddress ParseBracketed(const std::string& text, AddressUse use) {
  const size_t end = text.find(']');
  if (end == std::string::npos) Refuse("the bracket [ in " + Shown(text) + " is not closed");
  ServerAddress address;
  address.host = text.substr(1, end - 1);
  if (!Ipv6(address.host)) {
    Refuse("in the brackets of " + Shown(text) + " stands no IPv6 address; " +
           "other hosts are written without brackets");
  }
  if (end + 1 == text.size()) {
    Refuse("the address " + text + " has no port; write " + text + ":50051");
  }
  if (text[end + 1] != ':') Refuse("after the bracket ] in " + Shown(text) + " belongs :port");
  address.port = ParsePort(text, string_view(text).substr(end + 2), use);
  return address;
}

}  // namespace

ServerAddress ParseServerAddress(const std::string& text, AddressUse use) {
  if (text.starts_with("unix:") || text.starts_with("unix-abstract:")) return ParseUnix(text);
  RefuseSchemes(text);
  RefuseOddCharacters(text);
  if (text.starts_with('[')) return ParseBracketed(text, use);
  const size_t colon = text.rfind(':');
  if (text.find(':') != colon) {
    // "::1:7330" is an IPv6 address, too, but whoever writes it means a port.
    const std::string host = text.substr(0, colon);
    if (Ipv6(host) && AllOf(string_view(text).substr(colon + 1), "0123456789")) {
      Refuse("an IPv6 address stands in brackets before its port; write [" + host + "]" +
             text.substr(colon));
    }
    RefuseMissingPort(text);
    Refuse("the address " + Shown(text) + " has more than one colon; write host:port, such as " +
           kExample);
  }
  RefuseMissingPort(text);
  ServerAddress address;
  address.host = text.substr(0, colon);
  if (address.host.empty()) {
    const std::string port = Shown(text.substr(1));
    Refuse("the address " + Shown(text) + " has no host; write " +
           (use == AddressUse::kListen
                ? "127.0.0.1:" + port + " for this machine alone, or 0.0.0.0:" + port +
                      " for all its networks"
                : "the server's name or number before the colon"));
  }
  CheckHost(text, address.host);
  address.port = ParsePort(text, string_view(text).substr(colon + 1), use);
  return address;
}

bool IsLoopback(const std::string& text) {
  try {
    const ServerAddress address = ParseServerAddress(text, AddressUse::kListen);
    if (address.is_unix()) return true;
    if (const auto number = Ipv4(address.host)) return (ntohl(number->s_addr) >> 24) == 127;
    if (const auto number = Ipv6(address.host)) {
      return IN6_IS_ADDR_LOOPBACK(&*number) ||
             (IN6_IS_ADDR_V4MAPPED(&*number) && number->s6_addr[12] == 127);
    }
    const std::string name = Lower(address.host);
    return name == "localhost" || name == "ip6-localhost" || name == "ip6-loopback";
  } catch (const Error&) {
    return false;
  }
}

bool IsInPrivateNetwork(const std::string& host) {
  if (const auto number = Ipv4(host)) {
    const uint32_t value = ntohl(number->s_addr);
    return (value >> 24) == 10 || (value >> 20) == 0xac1 || (value >> 16) == 0xc0a8 ||
           (value >> 16) == 0xa9fe;
  }
  if (const auto number = Ipv6(host)) {
    return (number->s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(&*number);
  }
  const std::string name = Lower(host);
  if (name.find('.') == std::string::npos) return true;
  constexpr std::array<string_view, 5> kLocal = {".local", ".lan", ".internal", ".home.arpa",
                                                 ".localdomain"};
  return std::any_of(kLocal.begin(), kLocal.end(),
                     [&](string_view end) { return name.ends_with(end); });
}

}  // namespace shadowtutor::rpc
