// The web server over real loopback connections. That the protocol is the same as over gRPC is
// tested in tests/protocol_test.cc.
#include "web/server.h"

#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "rpc/testing/certificates.h"
#include "shadowtutor/v1/shadowtutor.pb.h"
#include "video/testing/test_files.h"
#include "web/testing/server_fixture.h"

namespace shadowtutor::web {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using namespace std::chrono_literals;
using rpc::testing::CertificateFiles;
using rpc::testing::MakeCertificate;
using testing::TemporaryFolder;

TEST_F(WebServer, AnswersRequests) {
  Start();
  const auto healthy = Ask("GET /healthz HTTP/1.1\r\n\r\n");
  EXPECT_EQ(healthy.result_int(), 200u);
  EXPECT_EQ(healthy.body(), "ok\n");
  EXPECT_EQ(Ask("GET /readyz?a=b HTTP/1.1\r\n\r\n").result_int(), 200u);
  EXPECT_NE(
      Ask("GET /metrics HTTP/1.1\r\n\r\n").body().find("shadowtutor_sessions{kind=\"tutor\"} 0"),
      std::string::npos);
  const auto head = Ask("HEAD /healthz HTTP/1.1\r\n\r\n");
  EXPECT_EQ(head[http::field::content_length], "3");
  EXPECT_EQ(head.body(), "");
  EXPECT_EQ(Ask("GET /../etc/passwd HTTP/1.1\r\n\r\n").result_int(), 404u);
  EXPECT_EQ(Ask("POST /metrics HTTP/1.1\r\n\r\n").result_int(), 405u);
  EXPECT_EQ(Ask("GET /tutor HTTP/1.1\r\n\r\n").result_int(), 426u);
  backend_->EndStreams(Error(ErrorCode::kUnavailable, "the end"));
  EXPECT_EQ(Ask("GET /readyz HTTP/1.1\r\n\r\n").result_int(), 503u);
  EXPECT_EQ(Ask("GET /healthz HTTP/1.1\r\n\r\n").result_int(), 200u);
}

TEST_F(WebServer, KeepsAConnectionForSeveralRequests) {
  Start();
  net::ip::tcp::socket socket = Connect();
  for (int i = 0; i < 3; ++i) {
    net::write(socket, net::buffer(std::string("GET /healthz HTTP/1.1\r\n\r\n")));
    EXPECT_EQ(Answer(socket).result_int(), 200u);
  }
  net::write(socket,
             net::buffer(std::string("GET /nowhere HTTP/1.1\r\nConnection: close\r\n\r\n")));
  EXPECT_EQ(Answer(socket).result_int(), 404u);
  EXPECT_TRUE(IsClosed(socket));
}

TEST_F(WebServer, RequestsAreBoundedAndHaveADeadline) {
  options_.connection_timeout = 200ms;
  Start();
  EXPECT_EQ(Ask("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n").result_int(),
            413u);
  EXPECT_EQ(Ask("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").result_int(), 413u);
  net::ip::tcp::socket slow = Connect();
  net::write(slow, net::buffer(std::string("GET / HT")));
  EXPECT_TRUE(IsClosed(slow));
  net::ip::tcp::socket idle = Connect();
  net::write(idle, net::buffer(std::string("GET /healthz HTTP/1.1\r\n\r\n")));
  EXPECT_EQ(Answer(idle).result_int(), 200u);
  EXPECT_TRUE(IsClosed(idle));
  net::ip::tcp::socket garbage = Connect();
  net::write(garbage, net::buffer(std::string("\x16\x03\x01 what?\r\n\r\n")));
  EXPECT_TRUE(IsClosed(garbage));
}

TEST_F(WebServer, PagesOfOtherSitesOpenNoWebSocket) {
  options_.origins = {"https://shop.example"};
  Start();
  const auto status = [this](const std::string& origin, const std::string& path) {
    return Ask("GET " + path + " HTTP/1.1\r\nHost: " + host_ +
               "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
               (origin.empty() ? "" : "Origin: " + origin + "\r\n") + "\r\n")
        .result_int();
  };
  EXPECT_EQ(status("", "/tutor"), 101u);
  EXPECT_EQ(status("http://" + host_, "/tutor"), 101u);
  EXPECT_EQ(status("https://shop.example", "/segment"), 101u);
  EXPECT_EQ(status("https://other.example", "/tutor"), 403u);
  EXPECT_EQ(status("null", "/tutor"), 403u);
  EXPECT_EQ(status("", "/elsewhere"), 404u);
}

TEST_F(WebServer, WhatIsNoMessageEndsTheStreamWithASentence) {
  Start();
  for (const char* path : {"/tutor", "/segment"}) {
    for (const bool text : {false, true}) {
      websocket::stream<net::ip::tcp::socket> socket(Connect());
      socket.handshake(host_, path);
      socket.text(text);
      socket.write(net::buffer(std::string("\x7f\x7f\x7f\x7f")));
      beast::flat_buffer buffer;
      socket.read(buffer);
      v1::SegmentReply reply;  // whose error has the number of ServerMessage's, but not its place
      v1::ServerMessage message;
      const bool tutor = std::string(path) == "/tutor";
      const auto size = static_cast<int>(buffer.size());
      ASSERT_TRUE(tutor ? message.ParseFromArray(buffer.data().data(), size)
                        : reply.ParseFromArray(buffer.data().data(), size));
      const v1::ErrorMessage& error = tutor ? message.error() : reply.error();
      EXPECT_EQ(error.code(), v1::ERROR_CODE_INVALID_ARGUMENT);
      EXPECT_TRUE(error.fatal());
      EXPECT_NE(error.sentence().find(text ? "binary" : "no message of this protocol"),
                std::string::npos)
          << error.sentence();
      boost::system::error_code failure;
      buffer.clear();
      socket.read(buffer, failure);
      EXPECT_EQ(socket.reason().code, websocket::close_code::policy_error);
    }
  }
}

TEST_F(WebServer, SpeaksTlsAndTakesAnotherCertificate) {
  const TemporaryFolder folder;
  const CertificateFiles first = MakeCertificate(folder.path(), "first", {});
  const CertificateFiles second = MakeCertificate(folder.path(), "second", {});
  const auto serve_by = [&](const CertificateFiles& files) {
    for (const auto& [from, to] : {std::pair(files.certificate, options_.tls.certificate),
                                   std::pair(files.key, options_.tls.key)}) {
      std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
    }
  };
  options_.tls.certificate = folder / "server.pem";
  options_.tls.key = folder / "server.key";
  serve_by(first);
  Start();
  EXPECT_TRUE(server_->url().starts_with("https://"));
  const auto reaches = [&](const CertificateFiles& trusted) {
    net::ssl::context context(net::ssl::context::tls_client);
    context.load_verify_file(trusted.certificate);
    context.set_verify_mode(net::ssl::verify_peer);
    websocket::stream<beast::ssl_stream<net::ip::tcp::socket>> socket(Connect(), context);
    boost::system::error_code failure;
    socket.next_layer().handshake(net::ssl::stream_base::client, failure);
    if (failure) return false;
    socket.handshake(host_, "/tutor");
    return true;
  };
  EXPECT_TRUE(reaches(first));
  EXPECT_FALSE(reaches(second));
  serve_by(second);
  server_->ReloadTls();
  EXPECT_TRUE(reaches(second));
  EXPECT_FALSE(reaches(first));
  std::filesystem::remove(options_.tls.key);
  EXPECT_THROW(server_->ReloadTls(), Error);
  EXPECT_TRUE(reaches(second));
  net::ip::tcp::socket plain = Connect();
  net::write(plain, net::buffer(std::string("GET /healthz HTTP/1.1\r\n\r\n")));
  std::string heard;  // an alert of TLS at most
  boost::system::error_code failure;
  net::read(plain, net::dynamic_buffer(heard), failure);
  EXPECT_TRUE(failure == net::error::eof || failure == net::error::connection_reset) << failure;
  EXPECT_EQ(heard.find("HTTP"), std::string::npos) << heard;
}

TEST_F(WebServer, TakesNothingFromAClientThatIsRefused) {
  Start();
  backend_->EndStreams(Error(ErrorCode::kUnavailable, "the end"));
  websocket::stream<net::ip::tcp::socket> socket(Connect());
  socket.handshake(host_, "/tutor");
  beast::flat_buffer buffer;
  socket.read(buffer);
  v1::ServerMessage message;
  ASSERT_TRUE(message.ParseFromArray(buffer.data().data(), static_cast<int>(buffer.size())));
  EXPECT_EQ(message.error().code(), v1::ERROR_CODE_UNAVAILABLE);
  EXPECT_EQ(message.error().sentence(), "the end");
  buffer.clear();
  boost::system::error_code failure;
  socket.read(buffer, failure);
  EXPECT_EQ(socket.reason().code, websocket::close_code::try_again_later);
}

// Reading what is no frame while the closing is being written: Boost 1.74 has both wait for each
// other. Which client meets that is chance, but one of so many does.
TEST_F(WebServer, ClientsThatSpoilTheClosingAreCutOff) {
  options_.connection_timeout = 200ms;
  Start();
  std::vector<std::unique_ptr<websocket::stream<net::ip::tcp::socket>>> clients;
  for (int round = 0; round < 25; ++round) {
    for (int i = 0; i < 4; ++i) {
      clients.push_back(std::make_unique<websocket::stream<net::ip::tcp::socket>>(Connect()));
      auto& socket = *clients.back();
      socket.next_layer().set_option(net::ip::tcp::no_delay(true));
      socket.handshake(host_, "/tutor");
      socket.binary(true);
      boost::system::error_code ignored;
      socket.write(net::buffer(std::string("no message")), ignored);
      // Not an answer to the error and the closing, but a frame whose reserved bits are set.
      net::write(socket.next_layer(), net::buffer(std::string("\xf2\x80\0\0\0\0", 6)), ignored);
    }
    ASSERT_TRUE(backend_->streams()->WaitUntilEmpty(std::chrono::steady_clock::now() + 20s));
  }
  server_->Stop();  // waits for none of them
}

TEST_F(WebServer, AClientThatIsGoneIsPingedAndGivenUp) {
  options_.keep_alive_time = 50ms;
  options_.keep_alive_timeout = 100ms;
  Start();
  websocket::stream<net::ip::tcp::socket> socket(Connect());
  socket.handshake(host_, "/tutor");
  std::string heard;
  boost::system::error_code failure;
  net::read(socket.next_layer(), net::dynamic_buffer(heard), failure);
  EXPECT_TRUE(failure == net::error::eof || failure == net::error::connection_reset) << failure;
  EXPECT_EQ(heard.substr(0, 1), "\x89");  // a ping, which nobody has answered
}

TEST_F(WebServer, StopsWithConnectionsOpen) {
  Start();
  net::ip::tcp::socket silent = Connect();
  net::ip::tcp::socket idle = Connect();
  net::write(idle, net::buffer(std::string("GET /healthz HTTP/1.1\r\n\r\n")));
  EXPECT_EQ(Answer(idle).result_int(), 200u);
  websocket::stream<net::ip::tcp::socket> socket(Connect());
  socket.handshake(host_, "/tutor");
  server_->Stop();
  EXPECT_TRUE(IsClosed(silent));
  EXPECT_TRUE(IsClosed(idle));
  EXPECT_TRUE(IsClosed(socket.next_layer()));
}

TEST_F(WebServer, RefusesWhatCannotWork) {
  Start();
  const auto code_with = [this](auto change) {
    ServerOptions options;
    change(options);
    try {
      Server server(backend_, options);
      server.Start();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_with([](ServerOptions& o) { o.listen = "0.0.0.0:0"; }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_with([](ServerOptions& o) { o.listen = "unix:/tmp/x"; }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_with([](ServerOptions& o) { o.origins = {"example.org"}; }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_with([this](ServerOptions& o) { o.listen = host_; }), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace shadowtutor::web
