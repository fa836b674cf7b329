#include "core/address_text.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>
#include <vector>

namespace shadowtutor {
namespace {

using std::string_view;
constexpr size_t kNone = string_view::npos;
constexpr const char* kHidden = "...";
// What ends an address within a text.
constexpr string_view kEnds = " \t\r\n\"'`<>";

bool IsSchemeCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
}

struct Scheme {
  size_t begin = kNone;  // of its name; kNone: there is none
  size_t rest = kNone;   // what follows its slashes
};

// The first "name:/" from `from` on, with any number of slashes: one too few is a common slip.
// Names of one letter are drives.
Scheme FindScheme(string_view text, size_t from) {
  for (size_t colon = text.find(":/", from); colon != kNone; colon = text.find(":/", colon + 1)) {
    size_t begin = colon;
    while (begin > from && IsSchemeCharacter(text[begin - 1])) --begin;
    while (begin < colon && std::isalpha(static_cast<unsigned char>(text[begin])) == 0) ++begin;
    if (colon - begin < 2) continue;
    return {begin, std::min(text.find_first_not_of('/', colon + 1), text.size())};
  }
  return {};
}

bool AllDigits(string_view text) { return text.find_first_not_of("0123456789") == kNone; }

// Divides "host:port" or "[::1]:port". The port may be empty.
std::pair<string_view, string_view> HostAndPort(string_view text) {
  const size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  const size_t colon = bracket == kNone ? kNone : text.find(':', bracket);
  if (colon == kNone) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

bool HasPort(string_view authority) {
  const string_view port = HostAndPort(authority).second;
  return !port.empty() && AllDigits(port);
}

bool HasNoPortButAColon(string_view authority) { return !AllDigits(HostAndPort(authority).second); }

// Whether it is no user name with the beginning of a password.
bool IsSurelyHost(string_view authority, bool after_at) {
  if (HasNoPortButAColon(authority)) return false;
  const string_view host = HostAndPort(authority).first;
  const bool ipv4 = std::count(host.begin(), host.end(), '.') == 3 &&
                    host.find_first_not_of("0123456789.") == kNone;
  return ipv4 || host.starts_with('[') || host == "localhost" || (after_at && HasPort(authority));
}

std::string ShownPath(string_view path) {
  const size_t end = path.find_first_of("?#");
  std::string shown(path.substr(0, end));
  if (const size_t value = shown.find('='); value != kNone) {
    const size_t slash = shown.rfind('/', value);
    return shown.substr(0, slash == kNone ? 0 : slash + 1) + kHidden;
  }
  if (end == kNone) return shown;
  shown += path[end];
  if (end + 1 < path.size()) shown += kHidden;
  return shown;
}

// What follows the scheme of an address.
std::string ShownRest(string_view rest) {
  const size_t end = std::min(rest.find_first_of("/?#\\"), rest.size());
  const string_view authority = rest.substr(0, end);
  const size_t at = authority.rfind('@');
  const string_view host = at == kNone ? authority : authority.substr(at + 1);
  const size_t later = rest.find('@', end);
  const std::string shown = std::string(host) + ShownPath(rest.substr(end));
  if (later == kNone) {
    // "user:password" without a host, or with its @ written as %40.
    return at == kNone && HasNoPortButAColon(host) ? kHidden : shown;
  }
  // The @ after the host's end may belong to the path, or end a password with a slash in it.
  if (authority.find(':') == kNone || IsSurelyHost(host, at != kNone)) return shown;
  const bool only_one = at == kNone && rest.find('@', later + 1) == kNone;
  if (only_one && HasNoPortButAColon(host)) return ShownRest(rest.substr(later + 1));
  return kHidden;
}

// Of a text without a scheme, which may be a file's name.
std::string ShownWithoutScheme(string_view text) {
  const size_t begin = text.starts_with("//") ? 2 : 0;
  const bool path = begin == 0 && (text.starts_with('/') || text.starts_with('.'));
  const size_t colon = text.find(':'), at = text.rfind('@');
  if (!path && colon != kNone && at != kNone && colon < at) {
    return std::string(text.substr(0, begin)) + ShownRest(text.substr(begin));
  }
  const size_t query = text.find('?');
  if (query != kNone && text.find('=', query) != kNone) {
    return std::string(text.substr(0, query + 1)) + kHidden;
  }
  return std::string(text);
}

void ReplaceAll(std::string& text, const std::string& what, const std::string& by) {
  if (what.empty() || what == by) return;
  for (size_t at = text.find(what); at != kNone; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// The pieces of an address that a library might repeat by themselves.
std::vector<std::string> Secrets(string_view address) {
  // Shorter ones would be found in words that have nothing to do with them.
  constexpr size_t kLeast = 4;
  std::vector<std::string> secrets;
  const auto add = [&](string_view piece) {
    if (piece.size() >= kLeast) secrets.emplace_back(piece);
  };
  const Scheme scheme = FindScheme(address, 0);
  const string_view rest = address.substr(scheme.begin == kNone ? 0 : scheme.rest);
  const size_t at = rest.rfind('@'), colon = rest.find(':');
  if (at != kNone && colon != kNone && colon < at) {
    add(rest.substr(0, at));
    add(rest.substr(colon + 1, at - colon - 1));
  }
  size_t value = rest.find('=', std::min(rest.find_first_of("/?#"), rest.size()));
  while (value != kNone) {
    const size_t end = std::min(rest.find_first_of("&;#", value), rest.size());
    add(rest.substr(value + 1, end - value - 1));
    value = rest.find('=', end);
  }
  std::sort(secrets.begin(), secrets.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return secrets;
}

}  // namespace

std::string WithoutCredentials(const std::string& address) {
  const Scheme scheme = FindScheme(address, 0);
  if (scheme.begin == kNone) return ShownWithoutScheme(address);
  return address.substr(0, scheme.rest) + ShownRest(string_view(address).substr(scheme.rest));
}

std::string WithoutCredentialsIn(const std::string& text) {
  std::string shown;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = std::min(text.find_first_not_of(kEnds, at), text.size());
    shown.append(text, at, begin - at);
    size_t end = std::min(text.find_first_of(kEnds, begin), text.size());
    at = end;
    // A sentence's own punctuation.
    while (end > begin && string_view(".,;:)]}").find(text[end - 1]) != kNone) --end;
    const std::string word = text.substr(begin, end - begin);
    const size_t user = word.find_first_not_of("([{");
    const bool address = FindScheme(word, 0).begin != kNone ||
                         (word.find(':') < word.rfind('@') && word.rfind('@') != kNone);
    if (address) {
      shown.append(word, 0, user);
      shown += WithoutCredentials(word.substr(user));
    } else {
      shown += word;
    }
    shown.append(text, end, at - end);
  }
  return shown;
}

std::string WithoutCredentialsIn(const std::string& text, const std::string& address) {
  std::string shown = text;
  ReplaceAll(shown, address, WithoutCredentials(address));
  shown = WithoutCredentialsIn(shown);
  for (const std::string& secret : Secrets(address)) ReplaceAll(shown, secret, kHidden);
  return shown;
}

}  // namespace shadowtutor
