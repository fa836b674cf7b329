// Client and server hold the same weights, bit for bit, with every codec, and agree again after an
// update was damaged.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>

#include "client/forwarding_link.h"
#include "core/mutex.h"
#include "loopback.h"
#include "wire/codec_names.h"

namespace shadowtutor::tests {
namespace {

uint64_t TrainedChecksum(const client::Client& client) {
  const nn::Checkpoint& student = client.student();
  return wire::WeightChecksum(
      std::span(student.weights).subspan(student.layout->TrainedOffset(nn::kPartialDistillation)));
}

// Asks for the server's whole student and returns the next one that the link receives.
std::shared_ptr<const nn::Checkpoint> AskForWhole(rpc::GrpcLink& link) {
  link.RequestStudent("to compare");
  std::shared_ptr<const nn::Checkpoint> student;
  WaitUntil([&] {
    if (const auto whole = link.TakeStudent()) student = whole->student;
    return student != nullptr;
  });
  return student;
}

using Codecs = std::tuple<wire::FrameCodec, wire::UpdateCodec>;
class Agreement : public testing::TestWithParam<Codecs> {};

TEST_P(Agreement, HoldsAfterEveryUpdate) {
  const auto server = StartServer();
  auto options = FastLinkOptions(server->address());
  std::tie(options.frame_codec, options.update_codec) = GetParam();
  Tutored tutored = Connect(options);
  std::vector<float> before = server::SmallStudent(1).weights;
  int updates = 0, changes = 0;
  EXPECT_TRUE(tutored.ProcessUntil([&](const client::FrameReport& report) {
    if (!report.update_applied) return false;
    EXPECT_EQ(TrainedChecksum(*tutored.client), report.update->checksum);
    EXPECT_EQ(tutored.client->version(), report.update->new_version);
    changes += tutored.client->student().weights != before;
    before = tutored.client->student().weights;
    return ++updates == 6;
  }));
  EXPECT_GE(changes, 2);
  EXPECT_EQ(tutored.link->stats().sessions, 1u);
  EXPECT_EQ(server->stats().students_sent, 1u);

  // Compares with the server's own weights, not with a checksum only. The next update is taken from
  // the link without the client, so that nothing is under way while the server is asked.
  EXPECT_TRUE(tutored.ProcessUntil([](const auto& report) { return report.key_frame; }));
  const auto update = tutored.link->WaitForUpdate();
  ASSERT_TRUE(update);
  const auto whole = AskForWhole(*tutored.link);
  ASSERT_TRUE(whole);
  std::vector<float> expected = tutored.client->student().weights;
  const auto trained =
      std::span(expected).subspan(whole->layout->TrainedOffset(nn::kPartialDistillation));
  if (update->codec == wire::UpdateCodec::kCoded) {  // only the client can decode it
    const auto theirs = std::span(whole->weights).last(trained.size());
    EXPECT_EQ(wire::WeightChecksum(theirs), update->checksum);
    std::copy(theirs.begin(), theirs.end(), trained.begin());
  } else if (!update->payload.empty()) {
    const auto decoded = wire::DecodeUpdate(update->codec, trained, update->payload);
    std::copy(decoded.begin(), decoded.end(), trained.begin());
  }
  EXPECT_TRUE(whole->weights == expected);
}

// The server's policy says what key frames should have, unless the client's user does.
TEST(KeyFramePictures, AreTheServersUnlessTheClientWantsOthers) {
  const auto bytes_of_first = [](int first_bytes) {
    rpc::ServerOptions server_options = FastServerOptions();
    server_options.policy.pictures = {.first_bytes = first_bytes, .coarsest_crf = 51};
    const auto server = StartServer(std::move(server_options));
    auto options = FastLinkOptions(server->address());
    options.frame_codec = wire::FrameCodec::kH264;
    options.frame_size = {640, 480};
    Tutored tutored = Connect(options);
    EXPECT_TRUE(tutored.Process(640, 480).key_frame);
    EXPECT_TRUE(WaitUntil([&] { return tutored.link->stats().key_frames > 0; }));
    return tutored.link->stats().bytes_up;
  };
  EXPECT_LT(bytes_of_first(100), bytes_of_first(100'000));
}

INSTANTIATE_TEST_SUITE_P(
    Codecs, Agreement,
    testing::Combine(testing::Values(wire::FrameCodec::kRaw, wire::FrameCodec::kJpeg,
                                     wire::FrameCodec::kH264, wire::FrameCodec::kVp9,
                                     wire::FrameCodec::kAv1),
                     testing::Values(wire::UpdateCodec::kFp32, wire::UpdateCodec::kFp16,
                                     wire::UpdateCodec::kCoded)),
    [](const auto& info) {
      return std::string(wire::NameOf(std::get<0>(info.param))) + "_" +
             wire::NameOf(std::get<1>(info.param));
    });

// Damages the n-th update that carries weights in both places where the client sees it: first when
// it arrives, on the link's thread, and then when the client fetches it.
class DamagingLink : public client::ForwardingLink {
 public:
  DamagingLink(std::unique_ptr<client::ServerLink> link, int which)
      : ForwardingLink(std::move(link)), damage_(std::make_shared<Damage>(which)) {}

  void OnArrival(Arrived arrived) override {
    ForwardingLink::OnArrival(
        [damage = damage_, arrived = std::move(arrived)](const wire::Update& update) {
          damage->Choose(update);
          arrived(damage->Of(update));
        });
  }
  std::optional<wire::Update> PollUpdate() override {
    return DamageOf(ForwardingLink::PollUpdate());
  }
  std::optional<wire::Update> WaitForUpdate() override {
    return DamageOf(ForwardingLink::WaitForUpdate());
  }

 private:
  // Used by both threads.
  class Damage {
   public:
    explicit Damage(int which) : left_(which) {}
    void Choose(const wire::Update& arrived) {
      const MutexLock lock(mutex_);
      if (!arrived.payload.empty() && --left_ == 0) frame_index_ = arrived.frame_index;
    }
    wire::Update Of(wire::Update update) const {
      const MutexLock lock(mutex_);
      if (update.frame_index == frame_index_) update.payload[11] ^= 0x10;
      return update;
    }

   private:
    mutable Mutex mutex_;
    int left_ ST_GUARDED_BY(mutex_);
    /// The key frame whose update is damaged; known once that update has arrived.
    std::optional<uint64_t> frame_index_ ST_GUARDED_BY(mutex_);
  };

  std::optional<wire::Update> DamageOf(std::optional<wire::Update> update) const {
    if (update) update = damage_->Of(std::move(*update));
    return update;
  }

  const std::shared_ptr<Damage> damage_;
};

TEST(Recovery, ADamagedUpdateCostsAWholeStudentAndNothingElse) {
  for (const auto codec :
       {wire::UpdateCodec::kFp32, wire::UpdateCodec::kFp16, wire::UpdateCodec::kCoded}) {
    const auto server = StartServer();
    auto options = FastLinkOptions(server->address());
    options.update_codec = codec;
    Tutored tutored =
        Connect(options, client::Staleness::kWait, [](std::unique_ptr<rpc::GrpcLink> link) {
          return std::make_unique<DamagingLink>(std::move(link), 2);
        });
    // More updates follow the first one and the whole student that replaces the second.
    int good = 0;
    EXPECT_TRUE(tutored.ProcessUntil([&](const client::FrameReport& report) {
      good += report.update_applied;
      return good >= 4 && server->stats().students_sent == 2;
    }));
    EXPECT_EQ(server->stats().students_sent, 2u);
    EXPECT_EQ(tutored.link->stats().sessions, 1u) << "the connection is kept";
    EXPECT_EQ(server->stats().key_frames_failed, 0u);
  }
}

TEST(FrameSize, MayChangeInMidStream) {
  const auto server = StartServer();
  Tutored tutored = Connect(FastLinkOptions(server->address()));
  int updates = 0;
  for (const FrameSize size : {FrameSize{64, 48}, {48, 64}, {33, 31}, {96, 50}}) {
    const int before = updates;
    for (int i = 0; i < 20; ++i) {
      updates += tutored.Process(size.width, size.height).update_applied;
    }
    EXPECT_GT(updates, before) << size.width << "x" << size.height;
  }
  EXPECT_EQ(tutored.link->stats().sessions, 1u);
  EXPECT_EQ(server->stats().key_frames_failed, 0u);
}

// A device that has no video codecs.
TEST(AgreementWithoutVideoCodecs, KeyFramesTravelAsJpeg) {
  const auto server = StartServer();
  Log log;
  auto options = FastLinkOptions(server->address());
  options.make_encoder = {};
  options.frame_codec = wire::FrameCodec::kH264;
  options.log = log.Sink();
  Tutored tutored = Connect(options);
  EXPECT_TRUE(log.WaitFor("key frames travel as JPEG: there is no encoder for h264"));
  EXPECT_EQ(tutored.link->welcome()->frame_codec, wire::FrameCodec::kJpeg);
  EXPECT_TRUE(tutored.ProcessUntil([](const auto& report) { return report.update_applied; }));
  EXPECT_EQ(server->stats().key_frames_failed, 0u);
}

}  // namespace
}  // namespace shadowtutor::tests
