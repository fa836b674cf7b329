// Which pages may open a WebSocket here. Browsers let every page connect to every address, and say
// only from which site the page is (RFC 6455, section 10.2).
#ifndef SHADOWTUTOR_WEB_ORIGIN_H_
#define SHADOWTUTOR_WEB_ORIGIN_H_

#include <span>
#include <string>
#include <string_view>

namespace shadowtutor::web {

/// An origin as browsers write it: "https://example.org:8443", in lower case and without the
/// scheme's usual port. Throws Error kInvalidArgument for what is none, such as an address with a
/// path.
std::string ParseOrigin(std::string_view text);

/// `origin` and `host` are the request's headers; `tls`: it came over TLS. True for pages of this
/// server, those of `allowed` (as ParseOrigin returns them), and for what is no page at all, which
/// sends no origin. `loopback`: the server listens on a loopback address; then pages of this server
/// are only those that were asked for by such an address, because any site can have its own name
/// lead there (DNS rebinding).
bool MayConnect(std::string_view origin, std::string_view host, bool tls, bool loopback,
                std::span<const std::string> allowed);

/// Whether a Host header, with a port or without, has a name or a number of this machine alone.
bool IsLoopbackHost(std::string_view host);
/// Whether it is that of one of these origins, as ParseOrigin returns them.
bool IsHostOf(std::span<const std::string> origins, std::string_view host);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_ORIGIN_H_
