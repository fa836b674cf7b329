#include "rpc/client/connection_check.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "core/address_text.h"
#include "core/file_descriptor.h"
#include "rpc/address.h"
#include "rpc/client/proxy.h"
#include "rpc/client/tls_probe.h"

namespace shadowtutor::rpc {
namespace {

using std::string_view;
using End = TlsFindings::End;

bool Has(string_view text, string_view part) { return text.find(part) != string_view::npos; }

struct Target {
  sockaddr_storage address{};
  socklen_t length = 0;
};

std::optional<Target> Numeric(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;  // so that nothing is looked up
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  Target target;
  std::memcpy(&target.address, found->ai_addr, found->ai_addrlen);
  target.length = found->ai_addrlen;
  return target;
}

Target UnixTarget(const ServerAddress& server) {
  Target target;
  auto& local = reinterpret_cast<sockaddr_un&>(target.address);
  local.sun_family = AF_UNIX;
  const size_t begin = server.abstract ? 1 : 0;  // after a zero byte
  std::copy(server.path.begin(), server.path.end(), local.sun_path + begin);
  target.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + server.path.size() + 1);
  return target;
}

// The address that gRPC tried last, out of its message: "ipv4:192.0.2.7:1234: Socket closed", or
// "ipv6:%5B::1%5D:1234: ...". So a name need not be looked up again, which has no deadline.
std::optional<Target> TargetIn(const std::string& message, const std::string& port) {
  size_t begin = message.rfind("ipv4:");
  std::string end = ":" + port;
  if (begin == std::string::npos) {
    begin = message.rfind("ipv6:%5B");
    if (begin == std::string::npos) return std::nullopt;
    begin += 3;
    end = "%5D" + end;
  }
  begin += 5;
  const size_t host_end = message.find(end, begin);
  if (host_end == std::string::npos) return std::nullopt;
  std::string host = message.substr(begin, host_end - begin);
  if (const size_t zone = host.find("%25"); zone != std::string::npos) host.erase(zone + 1, 2);
  return Numeric(host, port);
}

// Returns 0, or the error number.
int Connect(const FileDescriptor& socket, const Target& target, const Limits& limits) {
  if (socket.get() < 0) return errno;
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&target.address), target.length) ==
      0) {
    return 0;
  }
  if (errno != EINPROGRESS) return errno;
  if (!WaitFor(socket.get(), POLLOUT, limits)) return ETIMEDOUT;
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

ConnectionProblem Unreached(int error) {
  switch (error) {
    case ECONNREFUSED:
      return {.sentence = "nothing listens on that port"};
    case ENOENT:
      return {.sentence = "there is no such socket"};
    case ETIMEDOUT:
      return {.sentence =
                  "nobody answers: the machine is off or has another address, or a firewall drops "
                  "the connection"};
    case EACCES:
    case EPERM:
      return {.sentence =
                  "this user may not connect there, or a firewall of this machine forbids it"};
    default:
      return {.sentence = std::strerror(error)};
  }
}

std::optional<ConnectionProblem> NotFound(const std::string& host, const std::string& message) {
  if (!Has(message, "DNS resolution failed") && !Has(message, "C-ares status")) return std::nullopt;
  if (Has(message, "Could not contact DNS servers") || Has(message, "Timeout while contacting")) {
    return ConnectionProblem{.complete = true,
                             .sentence = "no name server answers, so that the host name " + host +
                                         " cannot be looked up; check this machine's network, or "
                                         "give the server's number instead",
                             .about = Setting::kServerAddress};
  }
  return ConnectionProblem{.complete = true,
                           .sentence = "the host name " + host +
                                       " is not known; check its spelling, or give the server's "
                                       "number instead",
                           .about = Setting::kServerAddress};
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

struct Verdict {
  const Endpoint& endpoint;
  const std::string& host;
  const TlsFindings& findings;

  ConnectionProblem Say(const std::string& sentence, Setting about = Setting::kNone) const {
    return {.complete = true, .sentence = sentence, .about = about};
  }
  std::string Server() const { return "the server at " + endpoint.address; }

  ConnectionProblem Certificate() const;
  std::optional<ConnectionProblem> OurCertificate() const;
  ConnectionProblem OtherProgram() const;
  std::optional<ConnectionProblem> WithTls() const;
  std::optional<ConnectionProblem> WithPlainText(const std::string& message) const;
};

ConnectionProblem Verdict::Certificate() const {
  const CertificateProblem& problem = findings.certificate;
  const std::string whose = problem.depth == 0
                                ? "the certificate of " + Server()
                                : "the certificate of the authority " + problem.subject +
                                      ", which stands behind that of " + Server() + ",";
  const std::string clock = " (this machine's clock says " + NowText() + ")";
  switch (problem.error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Say(whose + " expired on " + problem.to + clock +
                 "; renew it, or set the clock if it is wrong");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Say(whose + " is not valid before " + problem.from + clock +
                 "; set the clock if it is wrong, or wait until then");
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Say(whose + " is made out for " + Joined(problem.names) + ", not for " + host +
                 "; connect by a name that it has, or give the server a certificate for " + host);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return Say(whose +
                     " is signed by itself and not by an authority that this client trusts; "
                     "name that very certificate as the authority if it is the server's",
                 Setting::kAuthority);
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      if (endpoint.tls.authority.empty()) {
        return Say(whose + " was issued by " + problem.issuer +
                       ", which is none of this system's authorities; name the authority's "
                       "certificate",
                   Setting::kAuthority);
      }
      return Say(whose + " was issued by " + problem.issuer + ", which is not the authority in " +
                     endpoint.tls.authority.string() +
                     "; name the one that issued it, or give the server all "
                     "certificates between the two",
                 Setting::kAuthority);
    case X509_V_ERR_INVALID_PURPOSE:
      return Say(whose + " is not made for a server; give the server one that is");
    default:
      return Say(whose + " is not accepted: " + X509_verify_cert_error_string(problem.error));
  }
}

std::optional<ConnectionProblem> Verdict::OurCertificate() const {
  if (!findings.asked_for_certificate) return std::nullopt;
  if (endpoint.tls.certificate.empty()) {
    return Say(Server() + " takes only clients with a certificate; give one and its key",
               Setting::kCertificate);
  }
  TlsFiles ours = endpoint.tls;
  ours.authority.clear();
  if (const auto out_of_date = OutOfDate(ours); !out_of_date.empty()) {
    return Say(Server() + " does not accept our certificate: " + out_of_date.front(),
               Setting::kCertificate);
  }
  const std::string accepted = findings.accepted_authorities.empty()
                                   ? "of its own authority"
                                   : "issued by " + Joined(findings.accepted_authorities);
  return Say(Server() + " does not accept our certificate in " + ours.certificate.string() +
                 "; it takes those " + accepted + ", that are valid by its clock",
             Setting::kCertificate);
}

ConnectionProblem Verdict::OtherProgram() const {
  const bool web = findings.heard.starts_with("HTTP/") || findings.heard.starts_with("<");
  const std::string what = web ? "a web server" : "another program";
  return Say("at " + endpoint.address + " answers " + what + ", which is no " + endpoint.expected +
                 "; check the address and the port",
             Setting::kServerAddress);
}

// A frame of HTTP/2 with the sender's settings, which comes first on every connection.
bool IsHttp2(const std::string& heard) {
  return heard.size() >= 5 && heard[0] == 0 && heard[1] == 0 && heard[3] == 4;
}
// TLS records: an alert, or a handshake.
bool IsTls(const std::string& heard) {
  return heard.size() >= 2 && (heard[0] == 0x15 || heard[0] == 0x16) && heard[1] == 3;
}

std::optional<ConnectionProblem> Verdict::WithTls() const {
  if (findings.certificate.error != X509_V_OK) return Certificate();
  if (IsHttp2(findings.heard)) {
    return Say(Server() +
               " speaks plain text, but this client was told to use TLS; give the server a "
               "certificate and its key, or connect without TLS");
  }
  if (!findings.heard.empty() && !IsTls(findings.heard)) return OtherProgram();
  if (findings.handshake_done && !findings.speaks_http2) return OtherProgram();
  if (findings.end == End::kReady) return std::nullopt;
  if (auto ours = OurCertificate()) return ours;
  if (findings.end == End::kLate) {
    return Say("whoever is at " + endpoint.address +
                   " takes connections but does not answer a TLS handshake; check the address and "
                   "the port",
               Setting::kServerAddress);
  }
  if (findings.heard.empty()) {
    return Say("the connection to " + endpoint.address +
               " was closed before the TLS handshake; the server may speak plain text or be full, "
               "or it is another program");
  }
  return Say(Server() + " ended the TLS handshake; its log says why");
}

std::optional<ConnectionProblem> Verdict::WithPlainText(const std::string& message) const {
  if (IsTls(findings.heard)) {
    return Say(Server() +
                   " speaks TLS, but this client was not told so; name the authority of its "
                   "certificate",
               Setting::kAuthority);
  }
  if (!findings.heard.empty() && !IsHttp2(findings.heard)) return OtherProgram();
  if (!findings.heard.empty()) return std::nullopt;
  if (Has(message, "Failed parsing HTTP/2")) return OtherProgram();
  if (findings.end == End::kClosed &&
      (Has(message, "Socket closed") || Has(message, "reset by peer") ||
       Has(message, "Broken pipe"))) {
    return Say("whoever listens at " + endpoint.address +
               " closes connections at once; the server may have as many as it takes, so try again "
               "later, or it "
               "is another program");
  }
  return std::nullopt;
}

}  // namespace

std::optional<ConnectionProblem> FindConnectionProblem(const Endpoint& endpoint,
                                                       const std::string& message,
                                                       std::chrono::milliseconds timeout,
                                                       const std::function<bool()>& stop) {
  const ServerAddress server = ParseServerAddress(endpoint.address, AddressUse::kConnect);
  // The second is what gRPC says where calls take turns among several addresses.
  const bool of_connecting = Has(message, "failed to connect to all addresses") ||
                             Has(message, "connections to all backends failing");
  if (const auto proxy = ProxyFor(endpoint.address); proxy && endpoint.via.empty()) {
    if (Has(message, "handshake failed") || Has(message, "Peer name")) return std::nullopt;
    if (!of_connecting && !Has(message, "DNS resolution failed")) return std::nullopt;
    return ConnectionProblem{
        .complete = true,
        .sentence = "the server at " + endpoint.address + " cannot be reached through the proxy " +
                    proxy->address + ", which " + proxy->variable + " names (" +
                    WithoutCredentialsIn(message) +
                    "); list the server in no_proxy if it can be reached without",
        .about = Setting::kNone};
  }
  if (auto not_found = NotFound(server.host, message)) return not_found;
  if (!of_connecting) return std::nullopt;
  const std::string port = std::to_string(server.port);
  std::optional<Target> target = server.is_unix() ? UnixTarget(server) : Numeric(server.host, port);
  if (!target && !endpoint.via.empty()) {
    const ServerAddress via = ParseServerAddress(endpoint.via, AddressUse::kConnect);
    target = Numeric(via.host, std::to_string(via.port));
  }
  if (!target) target = TargetIn(message, port);
  if (!target) return std::nullopt;

  const Limits limits{std::chrono::steady_clock::now() + timeout, stop};
  const FileDescriptor socket(
      ::socket(target->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (const int error = Connect(socket, *target, limits); error != 0) return Unreached(error);
  const bool tls = endpoint.use_tls || endpoint.tls.any();
  const std::string host = server.is_unix() ? "localhost" : server.host;
  TlsProbeOptions options{.host = host, .files = endpoint.tls, .verify = tls};
  const TlsFindings findings = ProbeTls(socket.get(), options, limits);
  const Verdict verdict{endpoint, host, findings};
  return tls ? verdict.WithTls() : verdict.WithPlainText(message);
}

}  // namespace shadowtutor::rpc
