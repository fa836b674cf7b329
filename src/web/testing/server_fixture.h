// What the tests of the web server share. Includes Beast's headers.
#ifndef SHADOWTUTOR_WEB_TESTING_SERVER_FIXTURE_H_
#define SHADOWTUTOR_WEB_TESTING_SERVER_FIXTURE_H_

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <memory>
#include <string>

#include "server/backend.h"
#include "server/testing/fakes.h"
#include "web/server.h"

namespace shadowtutor::web {

/// A small server with a web server before it, and clients of it.
class WebServer : public ::testing::Test {
 protected:
  void Start() {
    server::BackendOptions options;
    backend_ = std::make_shared<server::Backend>(std::make_shared<server::FakeTeacher>(),
                                                 server::SmallStudent(1), options, "1");
    options_.listen = "127.0.0.1:0";
    server_ = std::make_unique<Server>(backend_, options_);
    server_->Start();
    backend_->Start();
    const std::string url = server_->url();
    host_ = url.substr(url.find("//") + 2);
  }

  boost::asio::ip::tcp::socket Connect() {
    boost::asio::ip::tcp::socket socket(io_);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"),
                    static_cast<uint16_t>(std::stoi(host_.substr(host_.find(':') + 1)))});
    return socket;
  }

  // What this request, headers and all, is answered with on a connection of its own.
  boost::beast::http::response<boost::beast::http::string_body> Ask(const std::string& request) {
    boost::asio::ip::tcp::socket socket = Connect();
    boost::asio::write(socket, boost::asio::buffer(request));
    return Answer(socket, request.starts_with("HEAD"));
  }
  static boost::beast::http::response<boost::beast::http::string_body> Answer(
      boost::asio::ip::tcp::socket& socket, bool head = false) {
    boost::beast::http::response_parser<boost::beast::http::string_body> parser;
    parser.skip(head);
    boost::beast::flat_buffer buffer;
    boost::beast::http::read(socket, buffer, parser);
    return parser.release();
  }
  // Whether the server closes the connection without another byte.
  static bool IsClosed(boost::asio::ip::tcp::socket& socket) {
    char byte = 0;
    boost::system::error_code failure;
    socket.read_some(boost::asio::buffer(&byte, 1), failure);
    return failure == boost::asio::error::eof || failure == boost::asio::error::connection_reset;
  }

  ServerOptions options_;
  boost::asio::io_context io_;
  std::string host_;
  std::shared_ptr<server::Backend> backend_;
  std::unique_ptr<Server> server_;
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_TESTING_SERVER_FIXTURE_H_
