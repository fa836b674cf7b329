// The page's C functions, fed with messages of a server.
#include "page/page.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "link/testing/students.h"
#include "messages/convert.h"
#include "shadowtutor/v1/shadowtutor.pb.h"
#include "wire/limits.h"
#include "wire/protocol.h"

namespace shadowtutor::page {
namespace {

using link::SmallStudent;
using link::Trained;
using nlohmann::json;

std::string Bytes(wire::ServerMessage message) {
  return messages::ToProto(std::move(message)).SerializeAsString();
}

class Page {
 public:
  explicit Page(const char* options = nullptr) : page_(st_page_new(options)) {}

  st_page* get() { return page_.get(); }
  std::string error() { return st_page_error(get()); }
  json Report() { return json::parse(st_page_report(get())); }
  int Hear(const std::string& bytes) {
    return st_page_received(get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
  int Hear(wire::ServerMessage message) { return Hear(Bytes(std::move(message))); }
  // What the page says next; nullopt if nothing.
  std::optional<wire::ClientMessage> Say() {
    size_t size = 0;
    const uint8_t* bytes = st_page_outgoing(get(), &size);
    if (!bytes) return std::nullopt;
    v1::ClientMessage message;
    EXPECT_TRUE(message.ParseFromArray(bytes, static_cast<int>(size)));
    return messages::FromProto(std::move(message));
  }
  // Predicts a frame that is grey but for a corner. Returns the report.
  json Process(int width = 32, int height = 24, uint8_t grey = 100) {
    uint8_t* pixels = st_page_frame(get(), width, height);
    std::fill_n(pixels, size_t{4} * width * height, grey);
    std::fill_n(pixels, 16, uint8_t{255});
    EXPECT_TRUE(st_page_process(get())) << error();
    return Report();
  }
  int Encoded(const std::vector<uint8_t>& picture) {
    return st_page_key_frame(get(), picture.data(), picture.size());
  }
  wire::KeyFrame SayKeyFrame() { return std::get<wire::KeyFrame>(Say().value()); }

  // A connection that a server with `student` welcomes.
  void Begin(uint64_t version = 0, bool sent = true,
             wire::FrameCodec codec = wire::FrameCodec::kJpeg) {
    st_page_opened(get());
    EXPECT_TRUE(std::holds_alternative<wire::Hello>(Say().value()));
    wire::Welcome welcome = link::WelcomeWith(*student, version, sent);
    welcome.frame_codec = codec;
    welcome.policy.schedule.stride = {.threshold = 0.8, .min_stride = 1, .max_stride = 4};
    EXPECT_EQ(Hear(welcome), 0) << error();
  }
  // The server answers a key frame, without having trained on it.
  int Answer(uint64_t frame_index, double metric = 0.9) {
    wire::Update update;
    update.frame_index = frame_index;
    update.metric = update.initial_metric = metric;
    update.codec = wire::UpdateCodec::kCoded;
    update.checksum = wire::WeightChecksum(Trained(*student));
    return Hear(update);
  }

  std::shared_ptr<const nn::Checkpoint> student = SmallStudent(1);

 private:
  struct Delete {
    void operator()(st_page* page) const { st_page_delete(page); }
  };
  std::unique_ptr<st_page, Delete> page_;
};

TEST(Page, SaysWhatIsWrongWithItsOptions) {
  for (const auto& [options, words] : std::vector<std::pair<const char*, const char*>>{
           {"[]", "no JSON object"},
           {"{", "no JSON object"},
           {R"({"width":1})", "'width'"},
           {R"({"frameWidth":-1})", "frameWidth"},
           {R"({"frameHeight":1.5})", "frameHeight"},
           {R"({"frameCodec":"gif"})", "frameCodec"},
           {R"({"clientVersion":1})", "clientVersion"},
           {R"({"keyFramesPerSecond":"a"})", "number"},
           {R"({"keyFramesPerSecond":-1})", "1/86400"}}) {
    EXPECT_EQ(st_page_new(options), nullptr) << options;
    EXPECT_NE(std::string(st_page_error(nullptr)).find(words), std::string::npos)
        << options << ": " << st_page_error(nullptr);
  }
  EXPECT_TRUE(Page("").get());
  EXPECT_STREQ(st_page_error(nullptr), "");
}

TEST(Page, SaysHelloWithItsOptions) {
  Page page(R"({"frameWidth":640,"frameHeight":360,"frameCodec":"vp9","clientVersion":"a page"})");
  EXPECT_FALSE(page.Say()) << "there is no WebSocket";
  st_page_opened(page.get());
  const auto hello = std::get<wire::Hello>(page.Say().value());
  EXPECT_EQ(hello.client_version, "a page");
  EXPECT_EQ(hello.frame_size, (FrameSize{640, 360}));
  EXPECT_EQ(hello.frame_codec, wire::FrameCodec::kVp9);
  EXPECT_EQ(hello.update_codec, wire::UpdateCodec::kCoded);
  EXPECT_TRUE(hello.takes_parts && hello.takes_coded_student);
  EXPECT_FALSE(hello.held);
  EXPECT_FALSE(page.Say());
}

TEST(Page, PredictsOnceThereIsAStudent) {
  Page page;
  EXPECT_FALSE(st_page_process(page.get()));
  EXPECT_NE(page.error(), "") << "no frame";
  ASSERT_TRUE(st_page_frame(page.get(), 32, 24));
  EXPECT_FALSE(st_page_process(page.get()));
  EXPECT_EQ(page.error(), "") << "no student";
  EXPECT_FALSE(page.Report()["hasStudent"]);
  EXPECT_STREQ(st_page_classes(page.get()), R"({"background":null,"classes":[]})");

  page.Begin(3);
  json report = page.Process();
  EXPECT_EQ(report["index"], 0);
  EXPECT_EQ(report["hasStudent"], true);
  EXPECT_EQ(report["version"], 3);
  EXPECT_EQ(report["connected"], true);
  EXPECT_EQ(report["session"], "s1");
  EXPECT_EQ(report["teacher"], "a teacher");
  EXPECT_EQ(report["sessions"], 1);
  EXPECT_EQ(report["lastUpdate"], nullptr);
  EXPECT_EQ(report["refusal"], nullptr);
  EXPECT_GE(report["threads"], 1);
  EXPECT_LE(report["threads"], 4);
  EXPECT_GT(report["bytesStudents"], 1000);
  EXPECT_STREQ(st_page_classes(page.get()),
               R"({"background":0,"classes":[{"color":"#000000","name":"background"},)"
               R"({"color":"#ff0000","name":"person"}]})");
}

TEST(Page, RefusesFramesOutOfBounds) {
  Page page;
  for (const auto& [width, height] : {std::pair(0, 5), {5, -1}, {8193, 1}, {8192, 8192}}) {
    EXPECT_FALSE(st_page_frame(page.get(), width, height));
    EXPECT_NE(page.error(), "");
  }
}

TEST(Page, AKeyFrameIsSentAndAnswered) {
  Page page;
  page.Begin(3);
  json report = page.Process();
  EXPECT_EQ(report["keyFrame"], true);
  EXPECT_EQ(report["frameCodec"], "jpeg");
  EXPECT_FALSE(page.Say()) << "it has no picture yet";
  EXPECT_EQ(page.Encoded({1, 2, 3}), 0);
  const wire::KeyFrame key_frame = page.SayKeyFrame();
  EXPECT_EQ(key_frame.frame_index, 0u);
  EXPECT_EQ(key_frame.held_version, 3u);
  EXPECT_EQ(key_frame.codec, wire::FrameCodec::kJpeg);
  EXPECT_EQ(key_frame.size, (FrameSize{32, 24}));
  EXPECT_EQ(key_frame.data, (std::vector<uint8_t>{1, 2, 3}));
  EXPECT_FALSE(page.Say());
  EXPECT_EQ(page.Process()["keyFrame"], false) << "one at a time";

  wire::Update update;
  update.metric = 0.75;
  update.initial_metric = 0.5;
  update.steps = 2;
  update.base_version = update.new_version = 3;
  update.checksum = wire::WeightChecksum(Trained(*page.student));
  update.teacher_ms = 12;
  EXPECT_EQ(page.Hear(update), 0) << page.error();
  report = page.Process();
  EXPECT_EQ(report["updateApplied"], true);
  EXPECT_EQ(report["metric"], 0.75);
  EXPECT_EQ(report["lastUpdate"]["frameIndex"], 0);
  EXPECT_EQ(report["lastUpdate"]["initialMetric"], 0.5);
  EXPECT_EQ(report["lastUpdate"]["steps"], 2);
  EXPECT_EQ(report["lastUpdate"]["teacherMs"], 12);
  EXPECT_EQ(report["keyFrames"], 1);
  EXPECT_EQ(report["updates"], 1);
  EXPECT_GT(report["bytesUp"], 3);
  EXPECT_GT(report["bytesDown"], 10);
}

TEST(Page, PicturesOfAVideoAreNumbered) {
  Page page(R"({"frameCodec":"h264"})");
  page.Begin(0, true, wire::FrameCodec::kH264);
  uint64_t index = 0;
  // A key frame of this width, with the number that its picture gets; nullopt where none is due.
  const auto number = [&](int width, bool restart) -> int {
    json report;
    do {
      report = page.Process(width, 24);
      index = report["index"];
    } while (!report["keyFrame"].get<bool>());
    EXPECT_EQ(report["frameCodec"], "h264");
    EXPECT_EQ(report["restart"], restart);
    EXPECT_EQ(page.Encoded({7, 8}), 0);
    const wire::KeyFrame key_frame = page.SayKeyFrame();
    EXPECT_EQ(key_frame.data.size(), 3u);
    EXPECT_EQ(key_frame.data[1], 7);
    return key_frame.data[0];
  };
  EXPECT_EQ(number(32, true), 0);
  page.Answer(index);
  EXPECT_EQ(number(32, false), 1);
  page.Answer(index);
  EXPECT_EQ(number(32, false), 2);
  page.Answer(index);
  EXPECT_EQ(number(40, true), 0) << "of another size";
  page.Answer(index);
  EXPECT_EQ(number(40, false), 1);
  EXPECT_EQ(page.Hear(wire::ErrorMessage{ErrorCode::kDataLoss, "not decoded", false, index}), 0);
  EXPECT_EQ(page.Report()["notice"], "the server says: not decoded");
  EXPECT_EQ(number(40, true), 0);
  page.Answer(index);

  // One whose picture comes when nobody waits for it.
  st_page_closed(page.get());
  EXPECT_EQ(page.Encoded({7, 8}), 0);
  page.Begin(0, false, wire::FrameCodec::kH264);
  EXPECT_EQ(number(40, true), 0);
  page.Answer(index);
  EXPECT_EQ(page.Encoded({7, 8}), 0);
  EXPECT_EQ(number(40, true), 0) << "the encoder is ahead of the server";
}

TEST(Page, AKeyFrameWithoutAPictureIsGivenUp) {
  Page page;
  page.Begin();
  EXPECT_EQ(page.Process()["keyFrame"], true);
  EXPECT_EQ(page.Encoded({}), 0);
  EXPECT_FALSE(page.Say());
  bool next = false;
  for (int i = 0; i < 10 && !next; ++i) next = page.Process()["keyFrame"];
  EXPECT_TRUE(next);
  const std::vector<uint8_t> large(wire::kMaxMessageBytes);
  EXPECT_EQ(page.Encoded(large), -1);
  EXPECT_NE(page.error().find("too large"), std::string::npos);
  EXPECT_FALSE(page.Say());
  EXPECT_EQ(page.Report()["connected"], true);
  EXPECT_EQ(page.Report()["keyFrames"], 0);
}

TEST(Page, GoesOnWithoutAServer) {
  Page page;
  page.Begin(3);
  EXPECT_EQ(page.Process()["keyFrame"], true);
  EXPECT_EQ(page.Encoded({1}), 0);
  st_page_closed(page.get());
  EXPECT_FALSE(page.Say());
  json report = page.Process();
  EXPECT_EQ(report["keyFrame"], false);
  EXPECT_EQ(report["connected"], false);
  EXPECT_EQ(report["session"], "");
  EXPECT_EQ(report["version"], 3);
  EXPECT_EQ(page.Hear("what was on its way"), 0);

  st_page_opened(page.get());
  const auto hello = std::get<wire::Hello>(page.Say().value());
  ASSERT_TRUE(hello.held);
  EXPECT_EQ(hello.held->version, 3u);
  EXPECT_EQ(hello.held->trained_checksum, wire::WeightChecksum(Trained(*page.student)));
  EXPECT_EQ(page.Hear(link::WelcomeWith(*page.student, 3, false)), 0);
  EXPECT_EQ(page.Process()["keyFrame"], true) << "the first of a session";
  EXPECT_EQ(page.Report()["sessions"], 2);
}

TEST(Page, AsksForTheStudentThatItShouldHave) {
  Page page;
  page.Begin(3);
  page.Process();
  page.Encoded({1});
  page.SayKeyFrame();
  wire::Update update;  // of a version that the page does not have
  update.base_version = 8;
  update.new_version = 9;
  EXPECT_EQ(page.Hear(update), 0);
  EXPECT_EQ(page.Process()["updateApplied"], false);
  EXPECT_TRUE(std::holds_alternative<wire::StudentRequest>(page.Say().value()));
  const auto other = SmallStudent(2);
  EXPECT_EQ(page.Hear(link::Sent(*other, 9)), 0);
  EXPECT_EQ(page.Process()["version"], 9);
}

TEST(Page, SaysWhetherConnectingAgainMayHelp) {
  for (const auto& [code, result] : {std::pair(ErrorCode::kUnavailable, -1),
                                     {ErrorCode::kResourceExhausted, -1},
                                     {ErrorCode::kInternal, -1},
                                     {ErrorCode::kFailedPrecondition, -2},
                                     {ErrorCode::kInvalidArgument, -2},
                                     {ErrorCode::kDataLoss, -2}}) {
    Page page;
    st_page_opened(page.get());
    page.Say();
    EXPECT_EQ(page.Hear(wire::ErrorMessage{code, "go away", true, {}}), result);
    EXPECT_EQ(page.error(), "the server says: go away");
    EXPECT_EQ(page.Hear(link::WelcomeWith(*page.student, 0, true)), result) << "too late";
    EXPECT_EQ(st_page_tick(page.get()), result);
    EXPECT_FALSE(page.Say());
    EXPECT_EQ(page.Report()["refusal"], nullptr) << "not closed yet";
    st_page_closed(page.get());
    EXPECT_EQ(st_page_tick(page.get()), 0);
    const json refusal = page.Report()["refusal"];
    EXPECT_EQ(refusal.is_string(), result == -2) << refusal;
    page.Begin();
    EXPECT_EQ(page.Report()["refusal"], nullptr);
  }
}

TEST(Page, SaysWhenToConnectAgain) {
  for (const auto& [wanted_ms, told_ms] : {std::pair(0u, 0), {7000u, 7000}, {~0u, 86'400'000}}) {
    Page page;
    st_page_opened(page.get());
    page.Say();
    EXPECT_EQ(st_page_retry_after(page.get()), 0);
    page.Hear(wire::ErrorMessage{ErrorCode::kResourceExhausted, "full", true, {}, wanted_ms});
    EXPECT_EQ(st_page_retry_after(page.get()), told_ms);
    st_page_closed(page.get());
    EXPECT_EQ(st_page_retry_after(page.get()), 0);
  }
}

TEST(Page, SaysThatItIsToConnectAgainAtOnce) {
  Page page;
  page.Begin();
  EXPECT_EQ(page.Hear(wire::ErrorMessage{ErrorCode::kUnavailable, "elsewhere", true, {}, 0, true}),
            -3);
  EXPECT_EQ(page.error(), "the server says: elsewhere");
  EXPECT_FALSE(page.Say());
  st_page_closed(page.get());
  st_page_opened(page.get());
  EXPECT_TRUE(page.Say()) << "a hello";
}

TEST(Page, RefusesWhatIsNoConversation) {
  const auto opened = [](const std::string& bytes) {
    Page page;
    st_page_opened(page.get());
    page.Say();
    return page.Hear(bytes);
  };
  EXPECT_EQ(opened("\xff\xff\xff"), -2);
  EXPECT_EQ(opened(""), -2);
  const auto student = SmallStudent(1);
  EXPECT_EQ(opened(Bytes(link::Sent(*student, 0))), -2);
  EXPECT_EQ(opened(Bytes(wire::HandOverRequest{})), -2);
  wire::Welcome welcome = link::WelcomeWith(*student, 0, true);
  EXPECT_EQ(opened(Bytes(welcome)), 0);
  welcome.frame_codec = wire::FrameCodec::kH264;
  EXPECT_EQ(opened(Bytes(welcome)), -2) << "it was not offered";
  welcome.frame_codec = wire::FrameCodec::kRaw;
  EXPECT_EQ(opened(Bytes(welcome)), -2);
}

TEST(Page, SurvivesDamagedMessages) {
  const auto student = SmallStudent(1);
  const std::string welcome = Bytes(link::WelcomeWith(*student, 0, true));
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = welcome.substr(0, random() % 2 ? welcome.size() : random() % 400);
    for (int k = 0; k < 3 && !damaged.empty(); ++k) {
      // The head more often than the weights.
      const size_t most = random() % 3 ? std::min<size_t>(damaged.size(), 300) : damaged.size();
      damaged[random() % most] = static_cast<char>(random());
    }
    Page page;
    st_page_opened(page.get());
    page.Say();
    const int result = page.Hear(damaged);
    EXPECT_EQ(result != 0, page.error() != "");
    st_page_frame(page.get(), 16, 16);
    EXPECT_EQ(st_page_process(page.get()) != nullptr, page.Report()["hasStudent"].get<bool>())
        << page.error();
  }
}

TEST(Page, BoundsItsKeyFrames) {
  Page page(R"({"keyFramesPerSecond":0.0001})");
  page.Begin();
  int sent = 0;
  const auto process = [&] {
    const json report = page.Process();
    if (!report["keyFrame"].get<bool>()) return;
    ++sent;
    page.Encoded({1});
    page.SayKeyFrame();
    page.Answer(report["index"], 0.1);
  };
  for (int i = 0; i < 20; ++i) process();
  EXPECT_EQ(sent, 1);
  st_page_key_frames_per_second(page.get(), -1);
  EXPECT_NE(page.error(), "");
  for (int i = 0; i < 20; ++i) process();
  EXPECT_EQ(sent, 1);
  st_page_key_frames_per_second(page.get(), 0);
  EXPECT_EQ(page.error(), "");
  for (int i = 0; i < 20; ++i) process();
  EXPECT_GE(sent, 5);
}

}  // namespace
}  // namespace shadowtutor::page
