#include "rpc/client/connection_check.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

#include "rpc/openssl.h"
#include "rpc/testing/certificates.h"

namespace shadowtutor::rpc {
namespace {

namespace fs = std::filesystem;
using testing::CertificateFiles;
using testing::CertificateSpec;
using testing::MakeCertificate;

constexpr std::chrono::seconds kLong{30};
constexpr const char* kClosed = "failed to connect to all addresses; last error: Socket closed";

// Answers one connection on a free port, on a thread of its own.
class Answerer {
 public:
  template <typename Answer>
  explicit Answerer(Answer answer) : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof local;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&local), sizeof local), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&local), &length), 0);
    port_ = ntohs(local.sin_port);
    thread_ = std::thread([this, answer] {
      const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      answer(connection);
      close(connection);
    });
  }
  ~Answerer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string port() const { return std::to_string(port_); }

 private:
  const int listener_;
  int port_ = 0;
  std::thread thread_;
};

// Reads what the client says first, and answers with `text`.
auto Saying(const std::string& text) {
  return [text](int connection) {
    char bytes[4096];
    if (recv(connection, bytes, sizeof bytes, 0) > 0) {
      send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    }
  };
}

struct TlsServerOptions {
  CertificateFiles certificate;
  fs::path
      clients;  // authority of the certificates that clients must have; empty: none is asked for
  bool http2 = true;
};

int ChooseHttp2(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char*,
                unsigned, void*) {
  *chosen = reinterpret_cast<const unsigned char*>("h2");
  *length = 2;
  return SSL_TLSEXT_ERR_OK;
}

auto TlsServer(const TlsServerOptions& options) {
  return [options](int connection) {
    const OpenSslContext context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate_chain_file(context.get(), options.certificate.certificate.c_str());
    SSL_CTX_use_PrivateKey_file(context.get(), options.certificate.key.c_str(), SSL_FILETYPE_PEM);
    if (options.http2) SSL_CTX_set_alpn_select_cb(context.get(), ChooseHttp2, nullptr);
    if (!options.clients.empty()) {
      SSL_CTX_load_verify_locations(context.get(), options.clients.c_str(), nullptr);
      SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(options.clients.c_str()));
      SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    const OpenSslConnection ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), connection);
    if (SSL_accept(ssl.get()) != 1) return;
    SSL_write(ssl.get(), "settings", 8);
    char byte = 0;
    SSL_read(ssl.get(), &byte, 1);  // until the client goes
  };
}

Endpoint At(const std::string& address, bool tls = false) {
  Endpoint endpoint;
  endpoint.address = address;
  endpoint.use_tls = tls;
  return endpoint;
}

void ExpectPart(const ConnectionProblem& problem, const std::string& part) {
  EXPECT_NE(problem.sentence.find(part), std::string::npos) << problem.sentence;
}

class ConnectionCheckTest : public ::testing::Test {
 protected:
  ConnectionCheckTest() : folder_(fs::path(::testing::TempDir()) / "connection_check_test") {
    signal(SIGPIPE, SIG_IGN);  // for the server's side
    fs::create_directories(folder_);
    authority_ = MakeCertificate(folder_, "authority", {.name = "Authority", .authority = true});
    other_ = MakeCertificate(folder_, "other", {.name = "Other", .authority = true});
  }
  ~ConnectionCheckTest() override { fs::remove_all(folder_); }

  CertificateFiles Make(const std::string& file, const CertificateSpec& spec) {
    return MakeCertificate(folder_, file, spec, &authority_);
  }

  static ConnectionProblem Find(const Endpoint& endpoint, const std::string& message = kClosed) {
    return FindConnectionProblem(endpoint, message, kLong, {}).value_or(ConnectionProblem{});
  }
  // What a client that trusts `authority` finds at a TLS server.
  ConnectionProblem FindAt(const TlsServerOptions& server, const fs::path& authority,
                           const CertificateFiles& ours = {},
                           const std::string& host = "127.0.0.1") {
    const Answerer answerer(TlsServer(server));
    Endpoint endpoint = At(host + ":" + answerer.port());
    endpoint.tls = {ours.certificate, ours.key, authority};
    return Find(endpoint,
                std::string(kClosed) + ": ipv4:127.0.0.1:" + answerer.port() + ": closed");
  }

  const fs::path folder_;
  CertificateFiles authority_, other_;
};

TEST_F(ConnectionCheckTest, FindsNothingWhereAllIsWell) {
  const CertificateFiles good = Make("good", {});
  EXPECT_EQ(FindAt({good, {}}, authority_.certificate).sentence, "");
  EXPECT_EQ(FindAt({good, {}}, authority_.certificate, {}, "localhost").sentence, "");
  EXPECT_EQ(
      FindAt({good, authority_.certificate}, authority_.certificate, Make("client", {})).sentence,
      "");
}

TEST_F(ConnectionCheckTest, TellsCertificatesThatAreOutOfDate) {
  ExpectPart(FindAt({Make("old", {.from_days = -20, .to_days = -10}), {}}, authority_.certificate),
             "expired on");
  ExpectPart(FindAt({Make("early", {.from_days = 10, .to_days = 20}), {}}, authority_.certificate),
             "is not valid before");
  const CertificateFiles old_authority =
      MakeCertificate(folder_, "old_authority",
                      {.name = "Old", .from_days = -20, .to_days = -10, .authority = true});
  const CertificateFiles of_old = MakeCertificate(folder_, "of_old", {}, &old_authority);
  ExpectPart(FindAt({of_old, {}}, old_authority.certificate),
             "the certificate of the authority Old");
}

TEST_F(ConnectionCheckTest, TellsOtherAuthorities) {
  const CertificateFiles good = Make("good", {});
  const ConnectionProblem problem = FindAt({good, {}}, other_.certificate);
  ExpectPart(problem, "was issued by Authority, which is not the authority in");
  EXPECT_EQ(problem.about, Setting::kAuthority);
  ExpectPart(FindAt({MakeCertificate(folder_, "self", {}), {}}, other_.certificate),
             "is signed by itself");
}

TEST_F(ConnectionCheckTest, TellsOtherNames) {
  const CertificateFiles named = Make("named", {.names = "DNS:tutor.example.org,IP:10.0.0.1"});
  ExpectPart(FindAt({named, {}}, authority_.certificate),
             "is made out for tutor.example.org, 10.0.0.1, not for 127.0.0.1");
  ExpectPart(FindAt({named, {}}, authority_.certificate, {}, "localhost"), "not for localhost");
}

TEST_F(ConnectionCheckTest, TellsWhatIsWrongWithOurCertificate) {
  const CertificateFiles good = Make("good", {});
  const TlsServerOptions asking{good, authority_.certificate};
  const ConnectionProblem none = FindAt(asking, authority_.certificate);
  ExpectPart(none, "takes only clients with a certificate");
  EXPECT_EQ(none.about, Setting::kCertificate);
  const CertificateFiles of_other = MakeCertificate(folder_, "of_other", {}, &other_);
  ExpectPart(FindAt(asking, authority_.certificate, of_other),
             "it takes those issued by Authority");
  ExpectPart(
      FindAt(asking, authority_.certificate, Make("old", {.from_days = -20, .to_days = -10})),
      "expired on");
}

TEST_F(ConnectionCheckTest, TellsWhoSpeaksTlsAndWhoDoesNot) {
  {
    const Answerer tls(TlsServer({Make("good", {}), {}}));
    ExpectPart(Find(At("127.0.0.1:" + tls.port())), "speaks TLS, but this client");
  }
  const std::string settings("\0\0\x12\x04\0\0\0\0\0", 9);
  {
    const Answerer plain(Saying(settings));
    ExpectPart(Find(At("127.0.0.1:" + plain.port(), true)), "speaks plain text, but this client");
  }
  const Answerer plain(Saying(settings));
  EXPECT_EQ(Find(At("127.0.0.1:" + plain.port())).sentence, "");
}

TEST_F(ConnectionCheckTest, TellsOtherPrograms) {
  for (const bool tls : {false, true}) {
    const Answerer web(Saying("HTTP/1.1 400 Bad Request\r\n\r\n"));
    ExpectPart(Find(At("127.0.0.1:" + web.port(), tls)), "answers a web server");
    const Answerer shell(Saying("SSH-2.0-OpenSSH_9.2\r\n"));
    ExpectPart(Find(At("127.0.0.1:" + shell.port(), tls)), "answers another program");
  }
  TlsServerOptions https{Make("good", {}), {}};
  https.http2 = false;
  ExpectPart(FindAt(https, authority_.certificate), "answers another program");
}

TEST_F(ConnectionCheckTest, TellsThatConnectionsAreClosed) {
  const Answerer closing([](int connection) {
    char bytes[4096];
    EXPECT_GT(recv(connection, bytes, sizeof bytes, 0), 0);
  });
  ExpectPart(Find(At("127.0.0.1:" + closing.port())), "closes connections at once");
}

TEST_F(ConnectionCheckTest, TellsThatNobodyListens) {
  std::string port;
  {
    port = Answerer([](int) {}).port();
  }
  const ConnectionProblem problem = Find(At("127.0.0.1:" + port));
  EXPECT_EQ(problem.sentence, "nothing listens on that port");
  EXPECT_FALSE(problem.complete);
  EXPECT_EQ(Find(At("unix:" + (folder_ / "none.sock").string())).sentence,
            "there is no such socket");
}

TEST_F(ConnectionCheckTest, ReadsWhatGrpcSaysOfNames) {
  ExpectPart(Find(At("nohost.invalid:1"),
                  "DNS resolution failed for nohost.invalid:1: C-ares status is not ARES_SUCCESS "
                  "qtype=A name=nohost.invalid is_balancer=0: Domain name not found"),
             "the host name nohost.invalid is not known");
  ExpectPart(Find(At("tutor.lan:1"),
                  "DNS resolution failed for tutor.lan:1: Could not contact DNS servers"),
             "no name server answers");
}

TEST_F(ConnectionCheckTest, LeavesOtherMessagesAlone) {
  EXPECT_EQ(Find(At("127.0.0.1:1"), "the server is full").sentence, "");
}

TEST_F(ConnectionCheckTest, NamesTheProxyWithoutItsPassword) {
  setenv("grpc_proxy", "http://me:geheim@proxy:3128", 1);
  const ConnectionProblem problem =
      Find(At("192.0.2.7:1"),
           "failed to connect to all addresses; last error: http://me:geheim@proxy:3128 said 403");
  unsetenv("grpc_proxy");
  ExpectPart(problem, "through the proxy http://proxy:3128, which grpc_proxy names");
  EXPECT_EQ(problem.sentence.find("geheim"), std::string::npos) << problem.sentence;
}

TEST_F(ConnectionCheckTest, GivesUpWhenItIsStopped) {
  const Answerer silent([](int connection) {
    char bytes[4096];
    while (recv(connection, bytes, sizeof bytes, 0) > 0) {
    }
  });
  const Endpoint endpoint = At("127.0.0.1:" + silent.port(), true);
  const auto problem =
      FindConnectionProblem(endpoint, kClosed, std::chrono::hours(1), [] { return true; });
  ASSERT_TRUE(problem);
}

}  // namespace
}  // namespace shadowtutor::rpc
