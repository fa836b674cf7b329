#include "watch/http_get.h"

#include <openssl/err.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <charconv>
#include <string_view>
#include <system_error>

#include "core/atomic_file.h"
#include "core/text.h"
#include "rpc/address.h"
#include "shadowtutor/types.h"

namespace shadowtutor::watch {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Failure = boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr size_t kMostAuthorityBytes = size_t{1} << 20;

[[noreturn]] void Refuse(const std::string& text, const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument,
              "'" + text + "' is no address of a web server: " + what +
                  "; it should look like http://127.0.0.1:8080 or https://example.org:8443",
              Setting::kServerAddress);
}

net::ssl::context MakeContext(const HttpOptions& options) {
  net::ssl::context context(net::ssl::context::tls_client);
  context.set_verify_mode(net::ssl::verify_peer);
  if (options.authority.empty()) {
    context.set_default_verify_paths();
    return context;
  }
  const std::vector<uint8_t> pem = ReadFile(options.authority, kMostAuthorityBytes);
  Failure failure;
  context.add_certificate_authority(net::buffer(pem), failure);
  if (failure) {
    throw Error(
        ErrorCode::kInvalidArgument,
        options.authority.string() + " holds no certificate as PEM (" + failure.message() + ")",
        Setting::kAuthority);
  }
  return context;
}

/// One request: each step has until the deadline, and what fails is told in a sentence.
class Exchange {
 public:
  Exchange(const WebAddress& address, const HttpOptions& options)
      : address_(address), options_(options), deadline_(Clock::now() + options.timeout) {}

  HttpAnswer Get(const std::string& path) {
    net::ip::tcp::resolver resolver(io_);
    Failure failure;
    const auto found = resolver.resolve(address_.host, std::to_string(address_.port), failure);
    if (failure) {
      Fail("the host name " + address_.host + " is not known (" + failure.message() +
           "); check its spelling");
    }
    beast::tcp_stream stream(io_);
    if (!address_.tls) {
      Connect(stream, found);
      return Talk(stream, stream, path);
    }
    net::ssl::context context = MakeContext(options_);
    beast::ssl_stream<beast::tcp_stream> encrypted(std::move(stream), context);
    SSL_set_tlsext_host_name(encrypted.native_handle(), address_.host.c_str());
    encrypted.set_verify_callback(net::ssl::host_name_verification(address_.host));
    Connect(beast::get_lowest_layer(encrypted), found);
    const Failure refused = Await(beast::get_lowest_layer(encrypted), [&](auto done) {
      encrypted.async_handshake(net::ssl::stream_base::client, std::move(done));
    });
    if (refused) FailTls(refused, encrypted.native_handle());
    return Talk(encrypted, beast::get_lowest_layer(encrypted), path);
  }

 private:
  // Runs one operation to its end, or to the deadline.
  template <typename Begin>
  Failure Await(beast::tcp_stream& socket, const Begin& begin) {
    Failure result;
    socket.expires_at(deadline_);
    begin([&result](Failure failure, auto...) { result = failure; });
    io_.restart();
    io_.run();
    if (result == beast::error::timeout) {
      throw Error(ErrorCode::kDeadlineExceeded,
                  address_.text() + " did not answer within " + SecondsText(options_.timeout));
    }
    return result;
  }

  void Connect(beast::tcp_stream& socket, const net::ip::tcp::resolver::results_type& found) {
    const Failure failure =
        Await(socket, [&](auto done) { socket.async_connect(found, std::move(done)); });
    if (failure) {
      Fail("there is no web server at " + address_.text() + " (" + failure.message() +
           "); check the address, and that the server was started with --web");
    }
  }

  template <typename Stream>
  HttpAnswer Talk(Stream& stream, beast::tcp_stream& socket, const std::string& path) {
    http::request<http::empty_body> request(http::verb::get, path, 11);
    const bool six = address_.host.find(':') != std::string::npos;
    request.set(http::field::host, (six ? "[" + address_.host + "]" : address_.host) + ":" +
                                       std::to_string(address_.port));
    request.set(http::field::user_agent, "shadowtutor");
    request.set(http::field::accept, "application/json");
    if (!options_.token.empty()) {
      request.set(http::field::authorization, "Bearer " + options_.token);
    }
    request.keep_alive(false);
    Failure failure =
        Await(socket, [&](auto done) { http::async_write(stream, request, std::move(done)); });
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMostAnswerBytes);
    beast::flat_buffer buffer;
    if (!failure) {
      failure = Await(
          socket, [&](auto done) { http::async_read(stream, buffer, parser, std::move(done)); });
    }
    if (failure == http::error::body_limit) {
      throw Error(ErrorCode::kResourceExhausted, address_.text() + " answers with more than " +
                                                     std::to_string(kMostAnswerBytes) +
                                                     " bytes; is it a ShadowTutor server?");
    }
    if (failure && !parser.is_done()) {
      Fail("the connection to " + address_.text() + " was lost (" + failure.message() +
           "); is it a web server" + (address_.tls ? "?" : ", or does it speak https?"));
    }
    return {static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
  }

  [[noreturn]] void FailTls(const Failure& failure, SSL* ssl) {
    const long verified = SSL_get_verify_result(ssl);
    if (verified == X509_V_OK) {
      Fail("TLS with " + address_.text() + " did not come about (" + failure.message() +
           "); does it speak http?");
    }
    throw Error(ErrorCode::kUnavailable,
                "the certificate of " + address_.text() + " is not accepted (" +
                    X509_verify_cert_error_string(verified) +
                    "); name the authority that it is from, and the server as the certificate does",
                Setting::kAuthority);
  }

  [[noreturn]] static void Fail(const std::string& sentence) {
    throw Error(ErrorCode::kUnavailable, sentence);
  }

  const WebAddress& address_;
  const HttpOptions& options_;
  const Clock::time_point deadline_;
  net::io_context io_;
};

}  // namespace

std::string WebAddress::text() const {
  const bool six = host.find(':') != std::string::npos;
  return std::string(tls ? "https://" : "http://") + (six ? "[" + host + "]" : host) + ":" +
         std::to_string(port);
}

WebAddress ParseWebAddress(const std::string& text) {
  WebAddress address;
  std::string rest = text;
  if (rest.starts_with("https://")) {
    address.tls = true;
    rest.erase(0, 8);
  } else if (rest.starts_with("http://")) {
    rest.erase(0, 7);
  } else {
    Refuse(text, "it does not begin with http:// or https://");
  }
  if (rest.ends_with('/')) rest.pop_back();
  if (rest.find_first_of("/?#@") != std::string::npos) {
    Refuse(text, "it has more than a host and a port");
  }
  const bool bracketed = rest.ends_with(']');
  if (bracketed || rest.find(':') == std::string::npos) rest += address.tls ? ":443" : ":80";
  rpc::ServerAddress parsed;
  try {
    parsed = rpc::ParseServerAddress(rest, rpc::AddressUse::kConnect);
  } catch (const Error& error) {
    Refuse(text, error.what());
  }
  if (parsed.is_unix()) Refuse(text, "it is a Unix socket");
  address.host = parsed.host;
  address.port = parsed.port;
  address.loopback = rpc::IsLoopback(rest);
  return address;
}

HttpAnswer HttpGet(const WebAddress& address, const std::string& path, const HttpOptions& options) {
  return Exchange(address, options).Get(path);
}

}  // namespace shadowtutor::watch
