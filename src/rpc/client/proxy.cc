#include "rpc/client/proxy.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "core/address_text.h"
#include "rpc/address.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// gRPC compares the ends of names.
bool IsListed(const std::string& list, const std::string& host) {
  for (size_t begin = 0; begin < list.size();) {
    const size_t comma = std::min(list.find(',', begin), list.size());
    std::string_view entry = std::string_view(list).substr(begin, comma - begin);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (!entry.empty() && host.ends_with(entry)) return true;
    begin = comma + 1;
  }
  return false;
}

}  // namespace

std::optional<Proxy> ProxyFor(const std::string& address) {
  std::string host;
  try {
    host = ParseServerAddress(address, AddressUse::kConnect).host;
  } catch (const Error&) {
    return std::nullopt;
  }
  if (host.empty() || IsLoopback(address)) return std::nullopt;
  std::string direct = Variable("no_grpc_proxy");
  if (direct.empty()) direct = Variable("no_proxy");
  if (IsListed(direct, host)) return std::nullopt;
  for (const char* name : {"grpc_proxy", "https_proxy", "http_proxy"}) {
    const std::string value = Variable(name);
    if (value.empty()) continue;
    if (std::string_view(name) != "grpc_proxy" && IsInPrivateNetwork(host)) return std::nullopt;
    return Proxy{name, WithoutCredentials(value)};
  }
  return std::nullopt;
}

}  // namespace shadowtutor::rpc
