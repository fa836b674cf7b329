// The dashboard over real loopback connections. Who may see it is tested in
// dashboard_access_test.cc, the page itself in tests/dashboard.
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/atomic_file.h"
#include "messages/convert.h"
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
using Json = nlohmann::json;
using shadowtutor::testing::TemporaryFolder;

// A client that is taught.
class Taught {
 public:
  Taught(net::ip::tcp::socket socket, const std::string& host) : socket_(std::move(socket)) {
    socket_.handshake(host, "/tutor");
    socket_.binary(true);
    wire::Hello hello;
    hello.client_version = "9.8.7";
    hello.frame_size = {64, 48};
    Say(hello);
    const v1::ServerMessage welcome = Hear();
    id = welcome.welcome().session_id();
    version_ = welcome.welcome().student_version();
  }
  // Has a key frame answered.
  void Learn(uint64_t frame_index) {
    Say(server::SquareFrame(frame_index, version_));
    version_ = Hear().update().new_version();
  }
  void Close() { socket_.next_layer().close(); }

  std::string id;

 private:
  void Say(wire::ClientMessage message) {
    socket_.write(net::buffer(messages::ToProto(std::move(message)).SerializeAsString()));
  }
  v1::ServerMessage Hear() {
    beast::flat_buffer buffer;
    socket_.read(buffer);
    v1::ServerMessage message;
    message.ParseFromArray(buffer.data().data(), static_cast<int>(buffer.size()));
    return message;
  }
  websocket::stream<net::ip::tcp::socket> socket_;
  uint64_t version_ = 0;
};

class Dashboard : public WebServer {
 protected:
  http::response<http::string_body> Get(const std::string& path, const std::string& headers = "") {
    return Ask("GET " + path + " HTTP/1.1\r\nHost: " + host_ + "\r\n" + headers + "\r\n");
  }
  Json GetJson(const std::string& path) {
    const auto answer = Get(path);
    EXPECT_EQ(answer.result_int(), 200u) << answer.body();
    return Json::parse(answer.body());
  }
  void UseToken(const std::string& token) {
    options_.token_file = folder_ / "token";
    WriteFileAtomically(options_.token_file, std::string_view(token), false);
  }

  const TemporaryFolder folder_;
};

// Reads server-sent events.
class Events {
 public:
  Events(net::ip::tcp::socket socket, const std::string& host, const std::string& query = "")
      : socket_(std::move(socket)) {
    net::write(socket_,
               net::buffer("GET /api/events" + query + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"));
  }
  std::string Head() {
    Read("\r\n\r\n");
    return Take("\r\n\r\n");
  }
  // The data of the next event of that name; empty at the end of the stream.
  std::string Next(const std::string& name) {
    while (Read("\n\n")) {
      const std::string event = Take("\n\n");
      const std::string begin = "event: " + name + "\ndata: ";
      if (event.starts_with(begin)) return event.substr(begin.size());
    }
    return "";
  }

 private:
  bool Read(const std::string& until) {
    boost::system::error_code failure;
    net::read_until(socket_, net::dynamic_buffer(heard_), until, failure);
    return !failure;
  }
  std::string Take(const std::string& until) {
    const size_t end = std::min(heard_.find(until), heard_.size());
    std::string taken = heard_.substr(0, end);
    heard_.erase(0, end + until.size());
    return taken;
  }
  net::ip::tcp::socket socket_;
  std::string heard_;
};

TEST_F(Dashboard, ThePageNeedsNothingFromElsewhere) {
  Start();
  for (const char* path : {"/dashboard", "/dashboard/", "/dashboard/dashboard.css",
                           "/dashboard/dashboard.js", "/dashboard/icon.svg"}) {
    const auto answer = Get(path);
    EXPECT_EQ(answer.result_int(), 200u) << path;
    EXPECT_NE(answer["Content-Security-Policy"].find("default-src 'none'"),
              beast::string_view::npos);
    EXPECT_EQ(answer["X-Content-Type-Options"], "nosniff");
    std::string body = answer.body();
    EXPECT_FALSE(body.empty()) << path;
    const std::string svg = "http://www.w3.org/2000/svg";  // a name, which nobody asks for
    const size_t name = body.find(svg);
    if (name != std::string::npos) body.erase(name, svg.size());
    EXPECT_EQ(body.find("://"), std::string::npos) << path;
  }
  EXPECT_EQ(Get("/dashboard/else").result_int(), 404u);
  EXPECT_EQ(Get("/dashboards").result_int(), 404u);
  EXPECT_EQ(Get("/api/else").result_int(), 404u);
  EXPECT_EQ(Ask("POST /dashboard HTTP/1.1\r\nHost: " + host_ + "\r\n\r\n")[http::field::allow],
            "GET, HEAD");
  EXPECT_EQ(Get("/api/login")[http::field::allow], "POST");
}

TEST_F(Dashboard, ShowsSessionsAndTheirHistory) {
  Start();
  EXPECT_TRUE(GetJson("/api/sessions")["sessions"].empty());
  Taught client(Connect(), host_);
  client.Learn(3);
  const Json state = GetJson("/api/sessions");
  ASSERT_EQ(state["sessions"].size(), 1u);
  const Json& session = state["sessions"][0];
  EXPECT_EQ(session["id"], client.id);
  EXPECT_EQ(session["client_version"], "9.8.7");
  EXPECT_EQ(session["width"], 64);
  EXPECT_EQ(session["key_frames"], 1);
  EXPECT_GE(session["stride"], 1);
  EXPECT_EQ(session["bytes_up"], 64 * 48 * 3);
  EXPECT_EQ(state["server"]["teacher"], "a fake teacher");
  EXPECT_EQ(state["load"]["teacher"]["threads"], 1);

  const std::string path = "/api/sessions/" + client.id;
  EXPECT_TRUE(GetJson(path)["pictures"].is_null());
  EXPECT_EQ(Get(path + "/label.png").result_int(), 404u);
  client.Learn(9);
  Json seen;
  do {  // the pictures come right after the answer
    seen = GetJson(path);
  } while (seen["pictures"].is_null());
  EXPECT_EQ(seen["pictures"]["frame"], 9);
  EXPECT_EQ(seen["pictures"]["predictions"], true);
  EXPECT_EQ(seen["classes"][0]["color"], "#ff0000");
  EXPECT_EQ(seen["background"], 1);
  ASSERT_EQ(seen["history"].size(), 2u);
  EXPECT_EQ(seen["history"][1]["frame"], 9);
  EXPECT_EQ(seen["history"][1]["bytes_up"], 64 * 48 * 3);
  EXPECT_TRUE(Get(path + "/frame.jpg").body().starts_with("\xff\xd8"));
  for (const char* name : {"/label.png", "/before.png", "/after.png?v=7"}) {
    const auto answer = Get(path + name);
    EXPECT_EQ(answer[http::field::content_type], "image/png") << name;
    EXPECT_TRUE(answer.body().starts_with("\x89PNG")) << name;
    EXPECT_EQ(answer["Cross-Origin-Resource-Policy"], "same-origin");
  }
  EXPECT_EQ(Get(path + "/../label.png").result_int(), 404u);
  EXPECT_EQ(Get("/api/sessions/").result_int(), 404u);
  EXPECT_EQ(Get("/api/sessions/unknown").result_int(), 404u);
}

TEST_F(Dashboard, OtherNamesForThisMachineSeeNothing) {
  Start();
  const auto status = [this](const std::string& path, const std::string& host) {
    return Ask("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n").result_int();
  };
  const std::string port = host_.substr(host_.find(':'));
  for (const char* path : {"/dashboard", "/api/sessions", "/api/events", "/api/access"}) {
    EXPECT_EQ(status(path, "evil.example" + port), 403u) << path;
  }
  EXPECT_EQ(status("/dashboard", "localhost" + port), 200u);
  EXPECT_EQ(status("/metrics", "evil.example" + port), 200u) << "which is for machines";
  EXPECT_EQ(Get("/api/sessions", "X-Forwarded-For: 192.0.2.1\r\n").result_int(), 403u);
  EXPECT_EQ(Get("/api/sessions", "Sec-Fetch-Site: cross-site\r\n").result_int(), 403u);

  const auto upgraded = [&](const std::string& host) {
    return Ask("GET /tutor HTTP/1.1\r\nHost: " + host + "\r\nOrigin: http://" + host +
               "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        .result_int();
  };
  EXPECT_EQ(upgraded("evil.example" + port), 403u);
  EXPECT_EQ(upgraded("localhost" + port), 101u);
}

TEST_F(Dashboard, ATokenOpensIt) {
  UseToken("correct-horse-battery");
  Start();
  EXPECT_EQ(Get("/dashboard").result_int(), 200u);
  EXPECT_EQ(Get("/api/sessions").result_int(), 401u);
  EXPECT_EQ(Get("/api/events").result_int(), 401u);
  EXPECT_EQ(Get("/metrics").result_int(), 200u);
  const std::string bearer = "Authorization: Bearer correct-horse-battery\r\n";
  EXPECT_EQ(Get("/api/sessions", bearer).result_int(), 200u);
  const auto login = [&](const std::string& header) {
    return Ask("POST /api/login HTTP/1.1\r\nHost: " + host_ + "\r\nContent-Length: 0\r\n" + header +
               "\r\n");
  };
  EXPECT_EQ(login("").result_int(), 401u);
  const auto answer = login(bearer);
  ASSERT_EQ(answer.result_int(), 200u);
  const std::string set(answer[http::field::set_cookie]);
  const std::string cookie = "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
  EXPECT_EQ(Get("/api/sessions", cookie).result_int(), 200u);
  UseToken("quite-another-token");
  EXPECT_TRUE(server_->ReloadToken());
  EXPECT_EQ(Get("/api/sessions", cookie).result_int(), 401u);
}

TEST_F(Dashboard, TellsWhatHappens) {
  options_.dashboard_every = 20ms;
  Start();
  Taught client(Connect(), host_);
  Events events(Connect(), host_, "?session=" + client.id);
  const std::string head = events.Head();
  EXPECT_NE(head.find("text/event-stream"), std::string::npos) << head;
  EXPECT_EQ(Json::parse(events.Next("state"))["sessions"][0]["key_frames"], 0);
  EXPECT_EQ(Json::parse(events.Next("session"))["answered"], 0);
  client.Learn(0);
  EXPECT_EQ(Json::parse(events.Next("state"))["sessions"].size(), 1u);
  Json session;
  do {
    session = Json::parse(events.Next("session"));
  } while (session["pictures"].is_null());
  EXPECT_EQ(session["answered"], 1);
  client.Close();
  do {
    session = Json::parse(events.Next("session"));
  } while (!session.contains("ended"));
  EXPECT_EQ(session["id"], client.id);
  backend_->EndStreams(Error(ErrorCode::kUnavailable, "the end"));
  EXPECT_EQ(events.Next("end"), "{}");
  EXPECT_EQ(events.Next("state"), "") << "nothing follows";
}

TEST_F(Dashboard, AnotherTokenEndsTheStream) {
  UseToken("correct-horse-battery");
  options_.dashboard_every = 20ms;
  Start();
  Events events(Connect(), host_ + "\r\nAuthorization: Bearer correct-horse-battery");
  EXPECT_NE(events.Next("state"), "");
  UseToken("quite-another-token");
  server_->ReloadToken();
  EXPECT_EQ(events.Next("end"), "{}");
}

TEST_F(Dashboard, ListenersAreFewAndSlowOnesAreDropped) {
  options_.dashboard_every = 5ms;
  options_.connection_timeout = 200ms;
  Start();
  std::vector<net::ip::tcp::socket> slow;
  for (int i = 0; i < 16; ++i) {
    net::ip::tcp::socket socket(io_, net::ip::tcp::v4());
    socket.set_option(net::socket_base::receive_buffer_size(4096));
    socket.connect({net::ip::make_address("127.0.0.1"),
                    static_cast<uint16_t>(std::stoi(host_.substr(host_.find(':') + 1)))});
    net::write(socket, net::buffer("GET /api/events HTTP/1.1\r\nHost: " + host_ + "\r\n\r\n"));
    char first = 0;
    net::read(socket, net::buffer(&first, 1));  // it is a listener by now
    slow.push_back(std::move(socket));
  }
  EXPECT_EQ(Get("/api/events").result_int(), 503u);
  const auto listeners = [this] {
    net::ip::tcp::socket socket = Connect();
    net::write(socket, net::buffer("GET /api/events HTTP/1.1\r\nHost: " + host_ + "\r\n\r\n"));
    std::string head;
    net::read_until(socket, net::dynamic_buffer(head), "\r\n\r\n");
    return head.starts_with("HTTP/1.1 200");
  };
  // There is always something new, which they do not take.
  for (int i = 0; !listeners(); ++i) {
    backend_->resources()->observatory.Note(
        {.client = std::to_string(i), .sentence = std::to_string(i) + std::string(400, 'x')});
  }
}

TEST_F(Dashboard, StopsWhileSomebodyListens) {
  Start();
  Events events(Connect(), host_);
  EXPECT_NE(events.Next("state"), "");
  server_->Stop();
  EXPECT_EQ(events.Next("state"), "");
}

TEST_F(Dashboard, IsThereOverTls) {
  const TemporaryFolder folder;
  const rpc::testing::CertificateFiles files =
      rpc::testing::MakeCertificate(folder.path(), "server", {});
  options_.tls.certificate = files.certificate;
  options_.tls.key = files.key;
  UseToken("correct-horse-battery");
  options_.dashboard_every = 20ms;
  Start();
  net::ssl::context context(net::ssl::context::tls_client);
  context.load_verify_file(files.certificate);
  beast::ssl_stream<net::ip::tcp::socket> socket(Connect(), context);
  socket.handshake(net::ssl::stream_base::client);
  const std::string headers =
      " HTTP/1.1\r\nHost: " + host_ + "\r\nAuthorization: Bearer correct-horse-battery\r\n\r\n";
  net::write(socket, net::buffer("POST /api/login" + headers));
  beast::flat_buffer buffer;
  http::response<http::string_body> answer;
  http::read(socket, buffer, answer);
  EXPECT_NE(answer[http::field::set_cookie].find("; Secure"), beast::string_view::npos);
  net::write(socket, net::buffer("GET /api/events" + headers));
  std::string heard;
  net::read_until(socket, net::dynamic_buffer(heard), "event: state");
}

}  // namespace
}  // namespace shadowtutor::web
