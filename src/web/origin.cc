#include "web/origin.h"

#include <algorithm>

#include "rpc/address.h"
#include "shadowtutor/types.h"

namespace shadowtutor::web {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return lower;
}

std::string WithoutUsualPort(std::string origin) {
  for (const std::string_view usual : {"http://:80", "https://:443"}) {
    const std::string_view scheme = usual.substr(0, usual.rfind(':'));
    const std::string_view port = usual.substr(usual.rfind(':'));
    if (origin.starts_with(scheme) && origin.ends_with(port)) {
      origin.resize(origin.size() - port.size());
      break;
    }
  }
  return origin;
}

bool MayBeInHost(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
         c == ':' || c == '[' || c == ']';
}

}  // namespace

std::string ParseOrigin(std::string_view text) {
  const std::string origin = Lower(text);
  const bool has_scheme = origin.starts_with("http://") || origin.starts_with("https://");
  const size_t begin = has_scheme ? origin.find("//") + 2 : 0;
  const std::string host = origin.substr(begin);
  if (!has_scheme || host.empty() || !std::all_of(host.begin(), host.end(), MayBeInHost)) {
    throw Error(ErrorCode::kInvalidArgument,
                "'" + std::string(text) +
                    "' is no origin; write scheme, host and port alone, as in "
                    "https://example.org:8443");
  }
  return WithoutUsualPort(origin);
}

bool MayConnect(std::string_view origin, std::string_view host, bool tls, bool loopback,
                std::span<const std::string> allowed) {
  if (origin.empty()) return true;
  const std::string from = WithoutUsualPort(Lower(origin));
  if (std::find(allowed.begin(), allowed.end(), from) != allowed.end()) return true;
  if (loopback && !IsLoopbackHost(host)) return false;
  return from == WithoutUsualPort((tls ? "https://" : "http://") + Lower(host));
}

bool IsLoopbackHost(std::string_view host) {
  // Without a port, but an IPv6 number ends in a bracket.
  const size_t colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && host.find(']', colon) == host.npos;
  const std::string name(host.substr(0, has_port ? colon : host.size()));
  return name.find('/') == std::string::npos && rpc::IsLoopback(name + ":1") &&
         !Lower(name).starts_with("unix");
}

bool IsHostOf(std::span<const std::string> origins, std::string_view host) {
  return std::any_of(origins.begin(), origins.end(), [&](const std::string& origin) {
    const std::string scheme = origin.substr(0, origin.find("//") + 2);
    return origin == WithoutUsualPort(scheme + Lower(host));
  });
}

}  // namespace shadowtutor::web
