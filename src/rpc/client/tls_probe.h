// One TLS handshake by ourselves, to see what the other side says and shows. Nothing but the
// handshake is exchanged. Internal to rpc/client/.
#ifndef SHADOWTUTOR_RPC_CLIENT_TLS_PROBE_H_
#define SHADOWTUTOR_RPC_CLIENT_TLS_PROBE_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "rpc/openssl.h"
#include "rpc/tls_files.h"

namespace shadowtutor::rpc {

/// When to give up waiting.
struct Limits {
  std::chrono::steady_clock::time_point deadline;
  std::function<bool()> stop;  // may be empty

  bool Reached() const;
};

/// Waits for `events` (of poll) on a socket. Returns false when the limits are reached.
bool WaitFor(int socket, short events, const Limits& limits);

/// What was wrong with the certificate that the other side showed.
struct CertificateProblem {
  int error = X509_V_OK;  // X509_V_ERR_...
  int depth = 0;          // 0: the server's own; more: that of an authority
  std::string subject, issuer, from, to;
  std::vector<std::string> names;  // whom the server's own is made out for
};

/// What a probe found.
struct TlsFindings {
  enum class End {
    kReady,    // the handshake succeeded, and the other side went on
    kRefused,  // it failed
    kClosed,   // the other side closed the connection
    kLate,     // the limits were reached
  };
  End end = End::kLate;
  bool handshake_done = false;
  std::string heard;  // the first bytes of the other side, 16 at most
  CertificateProblem certificate;
  bool asked_for_certificate = false;
  std::vector<std::string> accepted_authorities;  // names, as the other side gave them
  bool speaks_http2 = false;                      // as agreed upon in the handshake
};

/// How to probe. Without `verify` any certificate is accepted.
struct TlsProbeOptions {
  std::string host;  // a name or a number; the certificate must be made out for it
  TlsFiles files;    // an empty authority: those of the system
  bool verify = true;
};

/// Probes over a connected, non-blocking socket. Throws Error as ReadTlsFiles.
TlsFindings ProbeTls(int socket, const TlsProbeOptions& options, const Limits& limits);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_TLS_PROBE_H_
