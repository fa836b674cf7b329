// What `top` asks of a real web server, and what it says where there is none.
#include "watch/http_get.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <filesystem>
#include <optional>
#include <string>

#include "core/atomic_file.h"
#include "rpc/testing/certificates.h"
#include "server/backend.h"
#include "server/testing/fakes.h"
#include "video/testing/test_files.h"
#include "watch/server_state.h"
#include "web/server.h"

namespace shadowtutor::watch {
namespace {

using shadowtutor::testing::TemporaryFolder;

constexpr char kToken[] = "0123456789abcdef";

class HttpGetTest : public ::testing::Test {
 protected:
  void Start() {
    backend_ = std::make_shared<server::Backend>(std::make_shared<server::FakeTeacher>(),
                                                 server::SmallStudent(1), server::BackendOptions(),
                                                 "0.2.0");
    web_.listen = "127.0.0.1:0";
    server_.emplace(backend_, web_);
    server_->Start();
  }
  std::string Fetch() const { return FetchServerState(ParseWebAddress(server_->url()), options_); }
  // The sentence with which fetching fails, and its code.
  std::string WhyNot(const std::string& url, ErrorCode code) const {
    try {
      FetchServerState(ParseWebAddress(url), options_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    ADD_FAILURE() << url << " answered";
    return "";
  }

  const TemporaryFolder folder_;
  web::ServerOptions web_;
  HttpOptions options_;
  std::shared_ptr<server::Backend> backend_;
  std::optional<web::Server> server_;
};

TEST_F(HttpGetTest, GetsTheServersState) {
  Start();
  const ServerState state = ParseServerState(Fetch());
  EXPECT_EQ(state.version, "0.2.0");
  EXPECT_TRUE(state.ready);
  EXPECT_TRUE(state.sessions.empty());
}

TEST_F(HttpGetTest, OverTlsItChecksTheCertificate) {
  const auto files = rpc::testing::MakeCertificate(folder_.path(), "server", {});
  web_.tls = {files.certificate, files.key, {}};
  Start();
  EXPECT_NE(WhyNot(server_->url(), ErrorCode::kUnavailable).find("certificate"), std::string::npos);
  options_.authority = files.certificate;
  EXPECT_TRUE(ParseServerState(Fetch()).ready);
  const std::string plain = "http" + server_->url().substr(5);
  EXPECT_NE(WhyNot(plain, ErrorCode::kUnavailable).find("https"), std::string::npos);
}

TEST_F(HttpGetTest, OverTlsItChecksTheName) {
  const auto files = rpc::testing::MakeCertificate(folder_.path(), "server",
                                                   {.name = "tutor", .names = "DNS:elsewhere"});
  web_.tls = {files.certificate, files.key, {}};
  Start();
  options_.authority = files.certificate;
  EXPECT_NE(
      WhyNot(server_->url(), ErrorCode::kUnavailable).find("the server as the certificate does"),
      std::string::npos);
}

TEST_F(HttpGetTest, SaysThatATokenIsNeeded) {
  WriteFileAtomically(folder_ / "token", std::string_view(kToken), false);
  web_.token_file = folder_ / "token";
  Start();
  EXPECT_NE(WhyNot(server_->url(), ErrorCode::kUnauthenticated).find("wants the token"),
            std::string::npos);
  options_.token = "another-token-of-16";
  EXPECT_NE(WhyNot(server_->url(), ErrorCode::kUnauthenticated).find("does not know this token"),
            std::string::npos);
  options_.token = kToken;
  EXPECT_TRUE(ParseServerState(Fetch()).ready);
}

TEST_F(HttpGetTest, SaysThatNobodyListens) {
  Start();
  const std::string url = server_->url();
  server_->Stop();
  EXPECT_NE(WhyNot(url, ErrorCode::kUnavailable).find("there is no web server at " + url),
            std::string::npos);
}

TEST_F(HttpGetTest, DoesNotWaitForEverForWhoSaysNothing) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor silent(io, {boost::asio::ip::make_address("127.0.0.1"), 0});
  options_.timeout = std::chrono::milliseconds(100);
  const std::string url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port());
  EXPECT_NE(WhyNot(url, ErrorCode::kDeadlineExceeded).find("within 0.1 s"), std::string::npos);
}

TEST_F(HttpGetTest, OtherPagesAreNoServers) {
  Start();
  EXPECT_EQ(HttpGet(ParseWebAddress(server_->url()), "/nothing", options_).status, 404);
  EXPECT_EQ(HttpGet(ParseWebAddress(server_->url()), "/healthz", options_).body, "ok\n");
}

TEST_F(HttpGetTest, AnAuthorityThatIsNoneIsTold) {
  testing::WriteText(folder_ / "ca", "nothing");
  options_.authority = folder_ / "ca";
  EXPECT_NE(WhyNot("https://127.0.0.1:1", ErrorCode::kInvalidArgument).find("holds no certificate"),
            std::string::npos);
}

}  // namespace
}  // namespace shadowtutor::watch
