// The client of a page and a real web server: what a browser's worker does with them, over real
// WebSockets.
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "messages/convert.h"
#include "page/page_client.h"
#include "page/testing/replay.h"
#include "server/backend.h"
#include "server/testing/fakes.h"
#include "shadowtutor/v1/shadowtutor.pb.h"
#include "web/server.h"
#include "wire/jpeg.h"
#include "wire/update_codec.h"

namespace shadowtutor {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};

// A server for pages.
class PageServer {
 public:
  PageServer() {
    server::BackendOptions options;
    options.policy.trainer.threshold = 0.99;
    options.policy.trainer.max_updates = 16;
    options.policy.trainer.adam.learning_rate = 0.003;
    options.policy.schedule.stride.min_stride = 4;
    options.policy.schedule.stride.max_stride = 8;
    backend_ = std::make_shared<server::Backend>(std::make_shared<server::FakeTeacher>(),
                                                 server::SmallStudent(1), options, "1");
    web::ServerOptions listening;
    listening.listen = "127.0.0.1:0";
    server_ = std::make_unique<web::Server>(backend_, listening);
    server_->Start();
    backend_->Start();
  }
  ~PageServer() {
    backend_->EndStreams(Error(ErrorCode::kUnavailable, "the server is shutting down"));
    server_->Stop();
    backend_->Shutdown(kPatience);
  }

  int port() const {
    const std::string url = server_->url();
    return std::stoi(url.substr(url.rfind(':') + 1));
  }
  bool Drain() { return backend_->Drain(kPatience); }
  server::ServerStats stats() const { return backend_->stats(); }

 private:
  std::shared_ptr<server::Backend> backend_;
  std::unique_ptr<web::Server> server_;
};

// A browser's WebSocket, as far as the worker uses it.
class Socket {
 public:
  // Throws if nobody listens.
  explicit Socket(int port) : stream_(io_) {
    stream_.next_layer().connect({net::ip::make_address("127.0.0.1"), static_cast<uint16_t>(port)});
    stream_.handshake("127.0.0.1:" + std::to_string(port), "/tutor");
    stream_.binary(true);
    stream_.read_message_max(wire::kMaxMessageBytes);
    Read();
  }
  // The next message, if one has come.
  std::optional<std::vector<uint8_t>> Take() {
    io_.restart();
    io_.poll();
    if (messages_.empty()) return std::nullopt;
    std::vector<uint8_t> next = std::move(messages_.front());
    messages_.pop_front();
    return next;
  }
  void Write(const std::string& message) {
    bool written = false;
    stream_.async_write(net::buffer(message), [&](boost::system::error_code failure, size_t) {
      written = true;
      closed_ = closed_ || failure;
    });
    io_.restart();
    while (!written && io_.run_one_for(kPatience) > 0) {
    }
    if (!written) throw std::runtime_error("the server takes no message");
  }
  // Whether there will be no more messages.
  bool closed() const { return closed_ && messages_.empty(); }

 private:
  void Read() {
    stream_.async_read(buffer_, [this](boost::system::error_code failure, size_t) {
      if (failure) {
        closed_ = true;
        return;
      }
      const auto* bytes = static_cast<const uint8_t*>(buffer_.data().data());
      messages_.emplace_back(bytes, bytes + buffer_.size());
      buffer_.consume(buffer_.size());
      Read();
    });
  }

  net::io_context io_;
  websocket::stream<net::ip::tcp::socket> stream_;
  beast::flat_buffer buffer_;
  std::deque<std::vector<uint8_t>> messages_;
  bool closed_ = false;
};

// What a worker does.
class Worker {
 public:
  void Connect(int port) {
    socket_ = std::make_unique<Socket>(port);
    page_.link().Opened();
  }
  bool HasSocket() const { return socket_ != nullptr; }
  page::PageClient& page() { return page_; }
  // The update that the server sent last.
  const wire::Update& sent() const { return sent_; }
  const std::string& farewell() const { return farewell_; }
  // How many students were compared with the server's.
  int compared() const { return compared_; }

  // Passes messages on, and predicts a frame. Returns whether there was a student for that.
  bool Step() {
    if (socket_) PassOn();
    const Image frame = Frame(index_++);
    page::WriteRgba(frame, page_.Frame(frame.size()));
    const LabelMap* labels = page_.Process();
    if (!labels) return false;
    EXPECT_EQ(labels->size(), frame.size());
    if (page_.report().key_frame) page_.link().Encoded(wire::EncodeJpeg(frame));
    if (page_.report().update) ExpectTheServersStudent();
    return true;
  }
  // Returns false if it does not become true within kPatience.
  bool StepUntil(const std::function<bool()>& done) {
    const auto deadline = Clock::now() + kPatience;
    while (!done()) {
      if (Clock::now() > deadline) return false;
      Step();
    }
    return true;
  }
  std::span<const float> trained() const {
    const nn::Checkpoint& student = page_.student();
    return std::span(student.weights)
        .subspan(student.layout->TrainedOffset(nn::kPartialDistillation));
  }

 private:
  static Image Frame(uint64_t index) {
    const wire::KeyFrame square = server::SquareFrame(index, 0);
    Image frame(square.size.width, square.size.height);
    frame.bytes() = square.data;
    return frame;
  }

  void PassOn() {
    try {
      while (auto message = socket_->Take()) {
        Note(*message);
        page_.link().Received(*message);
      }
      page_.link().CheckDeadlines();
      while (auto message = page_.link().Outgoing()) socket_->Write(*message);
      if (!socket_->closed()) return;
    } catch (const Error& error) {
      farewell_ = error.what();
    }
    socket_.reset();
    page_.link().Closed();
  }

  void Note(const std::vector<uint8_t>& bytes) {
    v1::ServerMessage message;
    ASSERT_TRUE(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    auto parsed = messages::FromProto(std::move(message));
    if (auto* update = std::get_if<wire::Update>(&parsed)) sent_ = std::move(*update);
  }

  void ExpectTheServersStudent() {
    if (page_.report().update->new_version != sent_.new_version) return;  // a later one has come
    EXPECT_EQ(wire::WeightChecksum(trained()), sent_.checksum);
    ++compared_;
  }

  page::PageClient page_{page::ParsePageOptions(R"({"clientVersion":"a test"})")};
  std::unique_ptr<Socket> socket_;
  uint64_t index_ = 0;
  wire::Update sent_;
  std::string farewell_;
  int compared_ = 0;
};

TEST(PageAndServer, HoldTheSameStudent) {
  PageServer server;
  Worker worker;
  EXPECT_FALSE(worker.Step()) << "there is no student yet";
  worker.Connect(server.port());
  ASSERT_TRUE(worker.StepUntil([&] { return worker.compared() >= 4; })) << worker.farewell();
  EXPECT_GT(worker.sent().new_version, 0u) << "it was trained";
  const link::LinkStats stats = worker.page().link().stats();
  EXPECT_EQ(stats.sessions, 1u);
  EXPECT_GE(stats.key_frames, 4u);
  EXPECT_GT(stats.bytes_students, 0u);
  const auto sessions = server.stats().sessions;
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_GE(sessions[0].version, worker.sent().base_version);
}

TEST(PageAndServer, AServerThatDrainsAsksThePageToConnectAgain) {
  auto server = std::make_unique<PageServer>();
  Worker worker;
  worker.Connect(server->port());
  ASSERT_TRUE(worker.StepUntil([&] { return worker.compared() >= 2; })) << worker.farewell();
  auto drained = std::async(std::launch::async, [&] { return server->Drain(); });
  ASSERT_TRUE(worker.StepUntil([&] { return !worker.HasSocket(); }));
  EXPECT_TRUE(drained.get());
  EXPECT_NE(worker.farewell().find("about to end"), std::string::npos) << worker.farewell();
  const link::LinkStats stats = worker.page().link().stats();
  EXPECT_EQ(stats.moves, 1u);
  EXPECT_LE(stats.key_frames_lost, 1u);
  const uint64_t version = worker.page().version();

  server = std::make_unique<PageServer>();
  worker.Connect(server->port());
  ASSERT_TRUE(worker.StepUntil([&] { return worker.page().link().stats().sessions == 2; }));
  EXPECT_EQ(worker.page().link().welcome()->student_version, version) << "handed over";
}

TEST(PageAndServer, TeachingGoesOnAfterAServersEnd) {
  auto server = std::make_unique<PageServer>();
  Worker worker;
  worker.Connect(server->port());
  ASSERT_TRUE(worker.StepUntil([&] { return worker.compared() >= 2; })) << worker.farewell();
  const uint64_t students = worker.page().link().stats().bytes_students;

  server.reset();
  ASSERT_TRUE(worker.StepUntil([&] { return !worker.HasSocket(); }));
  EXPECT_NE(worker.farewell().find("shutting down"), std::string::npos) << worker.farewell();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(worker.Step()) << "predictions stopped";
  EXPECT_FALSE(worker.page().link().Connected());
  const std::vector<float> held(worker.trained().begin(), worker.trained().end());
  const uint64_t version = worker.page().version();

  server = std::make_unique<PageServer>();
  worker.Connect(server->port());
  const int compared = worker.compared();
  ASSERT_TRUE(worker.StepUntil([&] { return worker.page().link().stats().sessions == 2; }));
  EXPECT_EQ(worker.page().link().welcome()->student_version, version);
  EXPECT_EQ(worker.page().link().welcome()->student_checksum, wire::WeightChecksum(held))
      << "the session began with another student than the page's";
  ASSERT_TRUE(worker.StepUntil([&] { return worker.compared() >= compared + 2; }))
      << worker.farewell();
  EXPECT_EQ(worker.page().link().stats().bytes_students, students) << "a whole student was sent";
  EXPECT_GE(worker.page().version(), version);
}

}  // namespace
}  // namespace shadowtutor
