// What a connection is over: TCP, or TLS on it. The only header of this room that includes Beast's.
// Internal to web/.
#ifndef SHADOWTUTOR_WEB_TRANSPORT_H_
#define SHADOWTUTOR_WEB_TRANSPORT_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

namespace shadowtutor::web {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using Failure = boost::system::error_code;
using Plain = beast::tcp_stream;
using Encrypted = beast::ssl_stream<beast::tcp_stream>;
using Request = http::request<http::empty_body>;

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_TRANSPORT_H_
