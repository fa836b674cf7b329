#include "rpc/client/tls_probe.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using End = TlsFindings::End;

constexpr size_t kMostHeard = 16;
constexpr int kMostNames = 5;

std::string Printable(std::string text) {
  constexpr size_t kMost = 100;
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, '?');
  return text;
}

std::string AddressText(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int length = ASN1_STRING_length(bytes);
  if (length == 4 || length == 16) {
    inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text, sizeof text);
  }
  return text;
}

// Whom a certificate is made out for: its alternative names, else its common name.
std::vector<std::string> NamesOf(X509* certificate) {
  std::vector<std::string> names;
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list) && i < kMostNames; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type == GEN_DNS) {
      const ASN1_IA5STRING* text = name->d.dNSName;
      names.push_back(
          Printable(std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                static_cast<size_t>(ASN1_STRING_length(text)))));
    } else if (name->type == GEN_IPADD) {
      names.push_back(AddressText(name->d.iPAddress));
    }
  }
  GENERAL_NAMES_free(list);
  if (names.empty()) names.push_back(NameText(X509_get_subject_name(certificate)));
  return names;
}

// OpenSSL calls this for each certificate of the chain. Notes the first problem; the handshake then
// fails, and OpenSSL tells the other side why.
int OnVerified(int ok, X509_STORE_CTX* store) {
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& findings = *static_cast<TlsFindings*>(SSL_get_app_data(ssl));
  CertificateProblem& problem = findings.certificate;
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  if (ok == 1 || problem.error != X509_V_OK || certificate == nullptr) return ok;
  problem.error = X509_STORE_CTX_get_error(store);
  problem.depth = X509_STORE_CTX_get_error_depth(store);
  problem.subject = NameText(X509_get_subject_name(certificate));
  problem.issuer = NameText(X509_get_issuer_name(certificate));
  problem.from = TimeText(X509_get0_notBefore(certificate));
  problem.to = TimeText(X509_get0_notAfter(certificate));
  if (X509* own = X509_STORE_CTX_get0_cert(store)) problem.names = NamesOf(own);
  return ok;
}

// OpenSSL calls this when the other side asks for our certificate.
int OnCertificateAsked(SSL*, void* findings) {
  static_cast<TlsFindings*>(findings)->asked_for_certificate = true;
  return 1;
}

class Probe {
 public:
  Probe(int socket, const TlsProbeOptions& options, const Limits& limits)
      : socket_(socket), limits_(limits), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    if (options.verify) TrustAuthorities(options.files);
    SSL_CTX_set_cert_cb(context_.get(), OnCertificateAsked, &findings_);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_app_data(ssl_.get(), &findings_);
    SSL_set_verify(ssl_.get(), options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, OnVerified);
    ShowCertificate(options.files);
    Expect(options.host);
    // As gRPC does.
    constexpr std::array<unsigned char, 3> kHttp2 = {2, 'h', '2'};
    SSL_set_alpn_protos(ssl_.get(), kHttp2.data(), kHttp2.size());
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);  // takes both
  }

  TlsFindings Run() {
    findings_.end = Until([this] { return SSL_connect(ssl_.get()); });
    if (findings_.end == End::kReady) {
      findings_.handshake_done = true;
      const unsigned char* protocol = nullptr;
      unsigned length = 0;
      SSL_get0_alpn_selected(ssl_.get(), &protocol, &length);
      findings_.speaks_http2 = length == 2;
      // From TLS 1.3 on, the other side looks at our certificate after the handshake is done for
      // us.
      char byte = 0;
      if (findings_.speaks_http2) {
        findings_.end = Until([&] { return SSL_peek(ssl_.get(), &byte, 1); });
      }
    }
    if (findings_.certificate.error == X509_V_OK) {
      findings_.certificate.error = static_cast<int>(SSL_get_verify_result(ssl_.get()));
    }
    NoteAuthorities();
    return std::move(findings_);
  }

 private:
  void TrustAuthorities(const TlsFiles& files) {
    SSL_CTX* context = context_.get();
    const char* of_grpc = std::getenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH");
    if (!files.authority.empty()) {
      SSL_CTX_load_verify_locations(context, files.authority.c_str(), nullptr);
    } else if (of_grpc != nullptr) {
      SSL_CTX_load_verify_locations(context, of_grpc, nullptr);
    } else {
      SSL_CTX_set_default_verify_paths(context);
    }
  }

  void ShowCertificate(const TlsFiles& files) {
    if (files.certificate.empty()) return;
    SSL_use_certificate_chain_file(ssl_.get(), files.certificate.c_str());
    SSL_use_PrivateKey_file(ssl_.get(), files.key.c_str(), SSL_FILETYPE_PEM);
  }

  void Expect(const std::string& host) {
    X509_VERIFY_PARAM* expected = SSL_get0_param(ssl_.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1) return;
    X509_VERIFY_PARAM_set1_host(expected, host.c_str(), 0);
    SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
  }

  template <typename Step>
  End Until(Step step) {
    while (true) {
      ERR_clear_error();
      const int done = step();
      const int error = SSL_get_error(ssl_.get(), done);
      ERR_clear_error();
      const bool sent = Send();
      if (done > 0) return End::kReady;
      if (error != SSL_ERROR_WANT_READ) {
        return error == SSL_ERROR_ZERO_RETURN ? End::kClosed : End::kRefused;
      }
      if (!sent) return limits_.Reached() ? End::kLate : End::kClosed;
      const End received = Receive();
      if (received != End::kReady) return received;
    }
  }

  // Sends what OpenSSL has written. By ourselves, because OpenSSL would raise SIGPIPE where the
  // other side has gone.
  bool Send() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out_, &bytes);
    for (long at = 0; at < size;) {
      const ssize_t sent = send(socket_, bytes + at, static_cast<size_t>(size - at), MSG_NOSIGNAL);
      if (sent > 0) {
        at += sent;
      } else if (sent == 0 || (errno != EAGAIN && errno != EINTR) ||
                 !WaitFor(socket_, POLLOUT, limits_)) {
        return false;
      }
    }
    BIO_reset(out_);
    return true;
  }

  End Receive() {
    while (true) {
      if (!WaitFor(socket_, POLLIN, limits_)) return End::kLate;
      std::array<char, 16384> bytes;
      const ssize_t got = recv(socket_, bytes.data(), bytes.size(), 0);
      if (got > 0) {
        const std::string_view heard(bytes.data(), static_cast<size_t>(got));
        findings_.heard += heard.substr(0, kMostHeard - findings_.heard.size());
        BIO_write(in_, bytes.data(), static_cast<int>(got));
        return End::kReady;
      }
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      return End::kClosed;
    }
  }

  void NoteAuthorities() {
    const STACK_OF(X509_NAME)* names = SSL_get0_peer_CA_list(ssl_.get());
    for (int i = 0; i < sk_X509_NAME_num(names) && i < kMostNames; ++i) {
      findings_.accepted_authorities.push_back(NameText(sk_X509_NAME_value(names, i)));
    }
  }

  const int socket_;
  const Limits& limits_;
  const OpenSslContext context_;
  TlsFindings findings_;
  OpenSslConnection ssl_;
  BIO* in_ = nullptr;   // what was received
  BIO* out_ = nullptr;  // what is to be sent
};

}  // namespace

bool Limits::Reached() const { return Clock::now() >= deadline || (stop && stop()); }

bool WaitFor(int socket, short events, const Limits& limits) {
  while (!limits.Reached()) {
    constexpr milliseconds kLook{100};  // for `stop`
    const auto left = std::chrono::ceil<milliseconds>(limits.deadline - Clock::now());
    pollfd polled{socket, events, 0};
    if (poll(&polled, 1, static_cast<int>(std::clamp(left, milliseconds::zero(), kLook).count())) >
        0)
      return true;
  }
  return false;
}

TlsFindings ProbeTls(int socket, const TlsProbeOptions& options, const Limits& limits) {
  ReadTlsFiles(options.files);  // throws now what OpenSSL would ask for a passphrase, for example
  return Probe(socket, options, limits).Run();
}

}  // namespace shadowtutor::rpc
