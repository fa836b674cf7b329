#include "core/address_text.h"

#include <algorithm>

namespace shadowtutor {

std::string WithoutCredentials(const std::string& address) {
  const size_t scheme = address.find("://");
  if (scheme == std::string::npos) return address;
  const size_t host = scheme + 3;
  const size_t path = std::min(address.find('/', host), address.size());
  const size_t at = address.rfind('@', path);
  if (at == std::string::npos || at < host) return address;
  return address.substr(0, host) + address.substr(at + 1);
}

}  // namespace shadowtutor
