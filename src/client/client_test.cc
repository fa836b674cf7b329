// Algorithm 3 against a scripted link: which frames are sent, which weights predict which frame.
#include "client/client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "client/engine.h"

namespace shadowtutor::client {
namespace {

constexpr int kNever = -1;

const nn::NetworkSpec kSmall{2, 8, 8, 16, 16, 16, 16, 16, 16, 16};

nn::Checkpoint SmallStudent(uint64_t seed = 1) {
  return nn::FreshStudent(kSmall, {{"background", {}}, {"person", {}}}, 0, seed);
}

// Notes the checksum of the weights that predicted each frame.
class FakeEngine : public Engine {
 public:
  struct Packed : Weights {
    uint64_t checksum = 0;
  };
  explicit FakeEngine(std::vector<uint64_t>& used) : used_(used) {}
  std::shared_ptr<const Weights> Pack(std::shared_ptr<const nn::NetworkLayout>,
                                      std::span<const float> weights) const override {
    auto packed = std::make_shared<Packed>();
    packed->checksum = wire::WeightChecksum(weights);
    return packed;
  }
  std::shared_ptr<const Weights> Repack(const Weights&, std::span<const float> weights,
                                        nn::Stage) const override {
    return Pack(nullptr, weights);
  }
  void Use(std::shared_ptr<const Weights> weights) override {
    now_ = static_cast<const Packed&>(*weights).checksum;
  }
  void Predict(ImageView frame, LabelMap& labels) override {
    labels.Resize(frame.size());
    used_.push_back(now_);
  }

 private:
  std::vector<uint64_t>& used_;
  uint64_t now_ = 0;
};

// A server that answers every key frame as it was told, on a clock that counts frames.
class ScriptedLink : public ServerLink {
 public:
  struct Answer {
    double metric = 0.5;
    int delay = 1;  // in use from the delay-th frame after the key frame on
    bool trains = true;
    wire::UpdateCodec codec = wire::UpdateCodec::kFp32;
  };

  explicit ScriptedLink(nn::Checkpoint student) : server(std::move(student)) {}

  bool Connected() override { return connected; }
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override {
    EXPECT_FALSE(pending) << "a second outstanding key frame at " << frame_index;
    if (refuse_sends > 0) {
      --refuse_sends;
      return false;
    }
    refused = false;
    sent.push_back(frame_index);
    sizes.push_back(frame.size());
    Answer answer = usual;
    if (!script.empty()) {
      answer = script.front();
      script.pop_front();
    }
    if (answer.delay == kNever) {
      pending = Pending{{}, kNever};
      return true;
    }
    wire::Update update;
    update.frame_index = frame_index;
    update.metric = answer.metric;
    update.base_version = version;
    update.codec = answer.codec;
    if (answer.trains) {
      const auto base = Trained();
      std::vector<float> target(base.begin(), base.end());
      for (float& weight : target) weight += 0.001f;
      update.payload = wire::EncodeUpdate(answer.codec, base, target);
      const auto decoded = wire::DecodeUpdate(answer.codec, base, update.payload);
      std::copy(decoded.begin(), decoded.end(), server.weights.end() - decoded.size());
      ++version;
    }
    update.new_version = version;
    update.checksum = wire::WeightChecksum(Trained());
    if (damage) damage(update);
    pending = Pending{update, now + answer.delay};
    return true;
  }
  std::optional<wire::Update> PollUpdate() override {
    if (!pending || pending->due == kNever || pending->due > now) return std::nullopt;
    if (on_arrival) on_arrival();
    return Take();
  }
  std::optional<wire::Update> WaitForUpdate() override {
    waits.push_back(now);
    if (on_wait) on_wait();
    if (!pending || pending->due == kNever) {
      pending.reset();
      return std::nullopt;
    }
    return Take();
  }
  std::optional<WholeStudent> TakeStudent() override { return std::exchange(whole, {}); }
  void RequestStudent(const std::string& why) override { requests.push_back(why); }
  void Holding(std::span<const float> trained, uint64_t held) override {
    holds = {wire::WeightChecksum(trained), held};
  }
  std::optional<Session> TakeSession() override { return std::exchange(session, {}); }
  bool AnswerPending() override { return !refused; }

  std::span<const float> Trained() const {
    return std::span(server.weights).subspan(server.layout->TrainedOffset(cut));
  }
  void HandOverWhole() { whole = WholeStudent{std::make_shared<nn::Checkpoint>(server), version}; }
  void Refuse() {
    refused = true;
    pending.reset();
  }
  void Lose() {
    connected = false;
    pending.reset();
  }

  nn::Checkpoint server;
  nn::Stage cut = nn::kPartialDistillation;
  uint64_t version = 1;
  Answer usual;
  std::deque<Answer> script;
  std::function<void(wire::Update&)> damage;
  std::function<void()> on_wait;
  std::function<void()> on_arrival;
  bool connected = true;
  bool refused = false;
  int refuse_sends = 0;
  int now = 0;
  std::optional<WholeStudent> whole;
  std::optional<Session> session;

  std::vector<uint64_t> sent;
  std::vector<FrameSize> sizes;
  std::vector<int> waits;
  std::vector<std::string> requests;
  std::pair<uint64_t, uint64_t> holds;

 private:
  struct Pending {
    wire::Update update;
    int due = 0;
  };
  std::optional<wire::Update> Take() { return std::exchange(pending, {})->update; }
  std::optional<Pending> pending;
};

class ClientTest : public testing::Test {
 protected:
  void Start(ClientOptions options = {}, bool with_student = true) {
    auto scripted = std::make_unique<ScriptedLink>(SmallStudent());
    link = scripted.get();
    auto student = with_student ? std::make_shared<nn::Checkpoint>(SmallStudent()) : nullptr;
    client = std::make_unique<Client>(student, 1, std::move(scripted), options,
                                      std::make_unique<FakeEngine>(used));
  }
  FrameReport Frame() {
    reports.push_back(client->Process(frame, labels));
    link->now = static_cast<int>(reports.size());
    return reports.back();
  }
  void Frames(int count) {
    for (int i = 0; i < count; ++i) Frame();
  }
  // Frames from which on other weights were used than before.
  std::vector<int> Changes() const {
    std::vector<int> changes;
    for (size_t i = 1; i < used.size(); ++i) {
      if (used[i] != used[i - 1]) changes.push_back(static_cast<int>(i));
    }
    return changes;
  }
  void ExpectInStep() {
    EXPECT_TRUE(client->student().weights == link->server.weights);
    EXPECT_EQ(client->version(), link->version);
    EXPECT_EQ(link->holds, std::make_pair(wire::WeightChecksum(link->Trained()), link->version));
  }

  Image frame{4, 3};
  LabelMap labels;
  std::vector<uint64_t> used;
  std::vector<FrameReport> reports;
  ScriptedLink* link = nullptr;
  std::unique_ptr<Client> client;
};

using Indices = std::vector<uint64_t>;
using Ints = std::vector<int>;

TEST_F(ClientTest, FirstFrameIsAKeyFrameAndLowMetricsKeepTheStrideSmall) {
  Start();
  Frames(40);
  EXPECT_EQ(link->sent, (Indices{0, 8, 16, 24, 32}));
  for (const FrameReport& report : reports) {
    EXPECT_EQ(report.key_frame, report.index % 8 == 0) << report.index;
    EXPECT_EQ(report.stride, 8);
    EXPECT_EQ(report.metric, report.index == 0 ? -1 : 0.5);
  }
  ExpectInStep();
}

// At threshold 0.8 a metric of 1 doubles the stride, 0.9 makes it half as long again, 0.4 halves
// it.
TEST_F(ClientTest, StrideFollowsTheMetrics) {
  Start();
  for (const double metric : {1.0, 1.0, 0.9, 1.0, 0.4, 0.1}) {
    link->script.push_back({metric, 1});
  }
  Frames(220);
  EXPECT_EQ(link->sent, (Indices{0, 16, 48, 95, 159, 191, 199, 207, 215}));
  EXPECT_EQ(reports[1].stride, 16);
  EXPECT_EQ(reports[96].stride, 64);
  EXPECT_EQ(reports[160].stride, 32);
  EXPECT_EQ(reports[192].stride, 8);
}

TEST_F(ClientTest, UpdatesAreInUseFromTheFrameOnAtWhichTheyArrived) {
  for (const int delay : {1, 3, 8}) {
    used.clear();
    reports.clear();
    Start();
    link->usual = {1.0, delay};
    Frames(60);
    EXPECT_EQ(link->sent, (Indices{0, 16, 48})) << delay;
    EXPECT_EQ(Changes(), (Ints{delay, 16 + delay, 48 + delay})) << delay;
    EXPECT_TRUE(reports[delay].update_applied);
    EXPECT_FALSE(reports[delay - 1].update_applied);
    EXPECT_EQ(reports[delay - 1].stride, 8);
    EXPECT_EQ(reports[delay].stride, 16);
    EXPECT_EQ(link->waits, delay == 8 ? (Ints{8, 24, 56}) : Ints{}) << delay;
    ExpectInStep();
  }
}

TEST_F(ClientTest, WaitsAtMinStrideForWhatIsLate) {
  Start();
  link->usual = {0.9, 1000};
  Frames(30);
  // 0.9 turns stride 8 into 11, 11 into 16.
  EXPECT_EQ(link->sent, (Indices{0, 11, 27}));
  EXPECT_EQ(link->waits, (Ints{8, 19}));
  EXPECT_EQ(Changes(), (Ints{8, 19}));
}

TEST_F(ClientTest, UpdateThatMakesTheNextFrameAKeyFrameIsInUseForIt) {
  Start();
  link->usual = {0.5, 8};
  Frames(20);
  EXPECT_EQ(link->sent, (Indices{0, 8, 16}));
  EXPECT_EQ(Changes(), (Ints{8, 16}));
}

TEST_F(ClientTest, GoingOnMeansNeverWaiting) {
  ClientOptions options;
  options.staleness = Staleness::kGoOn;
  Start(options);
  link->script.push_back({0.5, 20});
  link->script.push_back({0.5, 1});
  link->script.push_back({0.5, kNever});
  Frames(60);
  EXPECT_TRUE(link->waits.empty());
  // The late update is applied at 20 and makes that frame a key frame; 28 is never answered.
  EXPECT_EQ(link->sent, (Indices{0, 20, 28}));
  EXPECT_EQ(Changes(), (Ints{20, 21}));
}

TEST_F(ClientTest, AnUpdateThatNeverComesIsGivenUpAtTheDeadline) {
  Start();
  link->script.push_back({1.0, 1});
  link->script.push_back({1.0, kNever});
  Frames(40);
  EXPECT_EQ(link->sent, (Indices{0, 16, 32}));
  EXPECT_EQ(link->waits, (Ints{24}));
}

TEST_F(ClientTest, AKeyFrameThatTheServerRefusesIsNotOutstandingAnyMore) {
  ClientOptions options;
  options.staleness = Staleness::kGoOn;
  Start(options);
  link->usual = {1.0, kNever};
  Frames(3);
  link->Refuse();
  Frames(14);
  EXPECT_EQ(link->sent, (Indices{0, 8}));
}

TEST_F(ClientTest, NothingTrainedChangesTheStrideAlone) {
  Start();
  link->usual = {1.0, 1, false};
  Frames(60);
  EXPECT_EQ(link->sent, (Indices{0, 16, 48}));
  EXPECT_TRUE(Changes().empty());
  EXPECT_EQ(client->version(), 1u);
  EXPECT_TRUE(reports[1].update_applied);
  ASSERT_TRUE(reports[1].update);
  EXPECT_EQ(reports[1].update->metric, 1.0);
}

TEST_F(ClientTest, HalfPrecisionUpdatesKeepBothSidesEqual) {
  Start();
  link->usual = {0.5, 2, true, wire::UpdateCodec::kFp16};
  Frames(80);
  EXPECT_EQ(link->version, 11u);
  ExpectInStep();
}

TEST_F(ClientTest, FullDistillationChangesEveryWeight) {
  ClientOptions options;
  options.cut = nn::kFullDistillation;
  Start(options);
  link->cut = nn::kFullDistillation;
  Frames(12);
  EXPECT_NE(client->student().weights.front(), SmallStudent().weights.front());
  ExpectInStep();
}

TEST_F(ClientTest, AKeyFrameThatCannotBeSentIsTriedAtTheNextFrame) {
  Start();
  link->refuse_sends = 3;
  Frames(12);
  EXPECT_EQ(link->sent, (Indices{3, 11}));
  EXPECT_FALSE(reports[0].key_frame);
}

TEST_F(ClientTest, DamagedUpdatesAreDroppedAndTheStudentIsAskedForWhole) {
  const std::map<std::string, std::function<void(wire::Update&)>> damages = {
      {"payload", [](wire::Update& update) { update.payload[40] ^= 1; }},
      {"truncated", [](wire::Update& update) { update.payload.pop_back(); }},
      {"checksum", [](wire::Update& update) { ++update.checksum; }},
      {"base version", [](wire::Update& update) { ++update.base_version; }},
      {"lost payload", [](wire::Update& update) { update.payload.clear(); }},
      {"codec", [](wire::Update& update) { update.codec = static_cast<wire::UpdateCodec>(9); }},
      {"metric", [](wire::Update& update) { update.metric = std::nan(""); }},
  };
  for (const auto& [name, damage] : damages) {
    SCOPED_TRACE(name);
    used.clear();
    reports.clear();
    Start();
    Frames(4);
    link->damage = damage;
    Frames(20);  // the key frame at 8 gets a damaged answer, applied at 9
    EXPECT_EQ(link->sent, (Indices{0, 8}));
    EXPECT_EQ(link->requests.size(), 1u);
    EXPECT_EQ(Changes(), (Ints{1})) << "predicts on with the weights at hand";
    EXPECT_EQ(client->version(), 2u);

    link->damage = nullptr;
    link->HandOverWhole();
    Frame();
    EXPECT_EQ(link->sent, (Indices{0, 8, 24}));
    Frames(9);
    EXPECT_EQ(link->sent, (Indices{0, 8, 24, 32}));
    Frame();
    EXPECT_EQ(link->requests.size(), 1u);
    ExpectInStep();
  }
}

TEST_F(ClientTest, PredictsOnWithoutTheLinkAndSendsAKeyFrameOnReturn) {
  Start();
  link->script.push_back({1.0, 1});
  link->script.push_back({1.0, 5});
  Frames(18);  // key frames at 0 and 16, the latter outstanding
  link->Lose();
  Frames(100);
  EXPECT_EQ(link->sent, (Indices{0, 16}));
  EXPECT_TRUE(link->waits.empty());
  EXPECT_EQ(used.size(), 118u);
  EXPECT_EQ(client->version(), 2u);  // the outstanding key frame's update is void

  // The server goes on from what the client holds.
  std::copy(client->student().weights.begin(), client->student().weights.end(),
            link->server.weights.begin());
  link->version = 2;
  link->connected = true;
  Frames(2);
  EXPECT_EQ(link->sent, (Indices{0, 16, 118}));
  ExpectInStep();
}

TEST_F(ClientTest, LosingTheLinkWhileWaitingDoesNotStopThePrediction) {
  Start();
  link->usual = {0.5, kNever};
  link->on_wait = [&] { link->Lose(); };
  Frames(20);
  EXPECT_EQ(link->sent, (Indices{0}));
  EXPECT_EQ(link->waits, (Ints{8}));
  link->on_wait = nullptr;
  link->connected = true;
  Frame();
  EXPECT_EQ(link->sent, (Indices{0, 20}));
}

TEST_F(ClientTest, ReconnectionBetweenTwoFramesVoidsTheOutstandingKeyFrame) {
  Start();
  link->script.push_back({1.0, kNever});
  Frames(3);
  link->Lose();
  link->connected = true;
  link->session = {{}, 7, wire::WeightChecksum(link->Trained())};
  link->version = 7;
  Frame();
  EXPECT_EQ(link->sent, (Indices{0, 3}));
  EXPECT_TRUE(link->requests.empty());
  Frames(2);
  EXPECT_EQ(client->version(), 8u);
  ExpectInStep();
}

TEST_F(ClientTest, SessionsSetTheParameters) {
  Start();
  wire::Parameters parameters;
  parameters.min_stride = 4;
  parameters.max_stride = 6;
  parameters.cut = nn::kFullDistillation;
  link->cut = nn::kFullDistillation;
  link->session = {parameters, 1, wire::WeightChecksum(link->Trained())};
  link->usual = {1.0, 4};
  Frames(24);
  EXPECT_EQ(link->sent, (Indices{0, 6, 12, 18}));
  EXPECT_EQ(link->waits, (Ints{4, 10, 16, 22}));
  ExpectInStep();
}

TEST_F(ClientTest, ASessionThatHoldsAnotherStudentHasToSendIt) {
  Start();
  link->server = SmallStudent(2);
  link->session = {{}, 1, wire::WeightChecksum(link->Trained())};
  Frames(3);
  EXPECT_EQ(link->requests.size(), 1u);
  EXPECT_TRUE(link->sent.empty());
  link->HandOverWhole();
  Frames(2);
  EXPECT_EQ(link->sent, (Indices{3}));
  ExpectInStep();
}

// What a server does that finds a wrong version in a key frame: the student first, then the update.
TEST_F(ClientTest, AWholeStudentThatComesBeforeAnUpdateIsItsBase) {
  for (const bool at_once : {true, false}) {
    reports.clear();
    Start();
    link->script.push_back({1.0, 1});
    link->script.push_back({0.5, 3});
    Frames(16);
    link->server = SmallStudent(3);
    link->version = 40;
    const ScriptedLink::WholeStudent before{std::make_shared<nn::Checkpoint>(link->server), 40};
    Frame();  // the key frame
    if (at_once) {
      link->on_arrival = [&] { link->whole = before; };
    } else {
      link->whole = before;
    }
    Frames(4);
    EXPECT_EQ(link->sent, (Indices{0, 16})) << "the key frame is still outstanding";
    EXPECT_TRUE(link->requests.empty());
    EXPECT_EQ(client->version(), 41u);
    ExpectInStep();
  }
}

TEST_F(ClientTest, TakesItsFirstStudentFromTheLink) {
  Start({}, false);
  EXPECT_FALSE(client->HasStudent());
  EXPECT_THROW(client->student(), Error);
  EXPECT_THROW(client->Process(frame, labels), Error);
  link->HandOverWhole();
  EXPECT_TRUE(client->HasStudent());
  Frames(2);
  EXPECT_EQ(link->sent, (Indices{0}));
  ExpectInStep();
}

TEST_F(ClientTest, FrameSizesMayChange) {
  Start();
  Frames(4);
  frame = Image(9, 5);
  Frames(6);
  EXPECT_EQ(link->sizes, (std::vector<FrameSize>{{4, 3}, {9, 5}}));
  EXPECT_EQ(labels.size(), (FrameSize{9, 5}));
  EXPECT_THROW(client->Process(ImageView(), labels), Error);
  Frame();
  EXPECT_EQ(reports.back().index, 10u);
}

TEST_F(ClientTest, RefusesOptionsThatMakeNoSense) {
  ClientOptions options;
  options.stride.min_stride = 0;
  EXPECT_THROW(Start(options), Error);
}

}  // namespace
}  // namespace shadowtutor::client
