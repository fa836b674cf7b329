// This release with older ones, both ways: what they do not know of each other costs traffic, and
// nothing else.
#include "older_peers.h"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "app/run_segment.h"
#include "loopback.h"
#include "nn/checkpoint_io.h"
#include "nn/predictor.h"
#include "square_source.h"
#include "wire/jpeg.h"
#include "wire/update_codec.h"

namespace shadowtutor::tests {
namespace {

rpc::ServerOptions BalancedServer() {
  rpc::ServerOptions options = FastServerOptions();
  options.policy = distill::FindPolicy("balanced");
  return options;
}

// Options with the default codecs of `shadowtutor run`.
rpc::GrpcLinkOptions NewestLinkOptions(const std::string& address) {
  rpc::GrpcLinkOptions options = FastLinkOptions(address);
  options.frame_codec = wire::FrameCodec::kH264;
  options.update_codec = wire::UpdateCodec::kCoded;
  return options;
}

uint64_t TrainedChecksum(const nn::Checkpoint& student, nn::Stage cut) {
  return wire::WeightChecksum(
      std::span(student.weights).subspan(student.layout->TrainedOffset(cut)));
}

// Processes frames until three updates that the server holds, too, were applied.
void ExpectTaught(Tutored& tutored) {
  const nn::Stage cut = tutored.link->welcome()->policy.trainer.cut;
  const std::vector<float> before = tutored.client->student().weights;
  int updates = 0;
  EXPECT_TRUE(tutored.ProcessUntil([&](const client::FrameReport& report) {
    if (!report.update_applied) return false;
    EXPECT_EQ(TrainedChecksum(tutored.client->student(), cut), report.update->checksum);
    return ++updates == 3;
  }));
  EXPECT_NE(tutored.client->student().weights, before);
}

TEST(OlderPeers, ANewClientIsTaughtByAnOlderServer) {
  const auto server = StartServer(BalancedServer());
  const OlderServer older(server->address());
  Tutored tutored = Connect(NewestLinkOptions(older.address()));
  tutored.Process();  // its labels have the frame's size, as those of all frames below
  EXPECT_EQ(tutored.link->welcome()->policy.name, distill::Policy().name);
  ExpectTaught(tutored);
  EXPECT_EQ(older.seen().hellos, 1);
  EXPECT_EQ(older.seen().key_frames, (std::set{v1::FRAME_CODEC_JPEG}));
  EXPECT_EQ(older.seen().updates, (std::set{v1::UPDATE_CODEC_FP16}));
  EXPECT_EQ(server->stats().key_frames_failed, 0u);
  EXPECT_EQ(server->stats().students_sent, 1u) << "no repair";
}

TEST(OlderPeers, AStudentOfANewClientIsHandedOverToAnOlderServer) {
  for (const uint64_t seed : {1u, 2u}) {  // also one that the server has
    const auto server = StartServer(BalancedServer(), 1);
    const OlderServer older(server->address());
    auto options = NewestLinkOptions(older.address());
    const auto ours = std::make_shared<const nn::Checkpoint>(server::SmallStudent(seed));
    options.student = ours;
    Tutored tutored = Connect(options);
    tutored.Process();
    EXPECT_EQ(tutored.client->student().weights, ours->weights);
    ExpectTaught(tutored);
    EXPECT_EQ(tutored.client->student().weights.front(), ours->weights.front());
    EXPECT_EQ(older.seen().hellos, 2) << "the older server sent its own student first";
    EXPECT_EQ(tutored.link->stats().sessions, 1u);
    EXPECT_GT(tutored.link->stats().bytes_first_student, ours->weights.size() * sizeof(float));
  }
}

TEST(OlderPeers, ANewClientGetsItsLabelsFromAnOlderServer) {
  const auto server = StartServer();
  const OlderServer older(server->address());
  app::SegmentRunOptions options;
  options.link.address = older.address();
  options.link.label_codec = wire::LabelCodec::kCoded;
  SquareSource source(10);
  const app::RunSummary summary = app::RunSegment(source, options);
  EXPECT_EQ(summary.frames, 10u);
  EXPECT_EQ(summary.frames_failed, 0u);
  EXPECT_EQ(older.seen().labels, (std::set{v1::LABEL_CODEC_PNG}));
}

// Knows the messages as they were, and nothing that came later: each message that it reads is cut
// down to that.
class OlderClient {
 public:
  explicit OlderClient(const std::string& address)
      : stub_(v1::ShadowTutor::NewStub(
            grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))) {
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
    stream_ = stub_->Tutor(&context_);
  }
  ~OlderClient() {
    context_.TryCancel();
    stream_->Finish();
  }

  v1::ServerMessage Ask(const v1::ClientMessage& message) {
    v1::ServerMessage answer;
    if (!stream_->Write(message) || !stream_->Read(&answer)) {
      throw std::runtime_error("the stream ended");
    }
    MakeOlder(answer);
    return answer;
  }

 private:
  const std::unique_ptr<v1::ShadowTutor::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ClientMessage, v1::ServerMessage>> stream_;
};

TEST(OlderPeers, AnOlderClientIsTaughtByANewServer) {
  const auto server = StartServer(BalancedServer());
  OlderClient client(server->address());
  v1::ClientMessage hello;
  hello.mutable_hello()->set_protocol_version(1);
  hello.mutable_hello()->set_frame_width(64);
  hello.mutable_hello()->set_frame_height(48);
  hello.mutable_hello()->set_frame_codec(v1::FRAME_CODEC_JPEG);
  hello.mutable_hello()->set_update_codec(v1::UPDATE_CODEC_FP16);
  const v1::Welcome welcome = client.Ask(hello).welcome();
  EXPECT_EQ(welcome.frame_codec(), v1::FRAME_CODEC_JPEG);
  EXPECT_EQ(welcome.update_codec(), v1::UPDATE_CODEC_FP16);
  const std::string& file = welcome.student().safetensors();
  nn::Checkpoint student =
      nn::ParseCheckpoint(std::span(reinterpret_cast<const uint8_t*>(file.data()), file.size()));
  const nn::Stage cut = nn::ParseStage(welcome.parameters().cut());
  const auto trained = std::span(student.weights).subspan(student.layout->TrainedOffset(cut));
  EXPECT_EQ(wire::WeightChecksum(trained), welcome.student_checksum());

  uint64_t version = welcome.student_version();
  double untaught = 0, taught = 0;  // metrics
  for (uint64_t index = 0; index < 4; ++index) {
    const Image frame = SquareAt(index);
    const auto jpeg = wire::EncodeJpeg(frame, wire::kDefaultJpegQuality);
    v1::ClientMessage message;
    v1::KeyFrame& key_frame = *message.mutable_key_frame();
    key_frame.set_frame_index(index);
    key_frame.set_held_version(version);
    key_frame.set_codec(v1::FRAME_CODEC_JPEG);
    key_frame.set_width(64);
    key_frame.set_height(48);
    key_frame.set_data(std::string(jpeg.begin(), jpeg.end()));
    const v1::ServerMessage answer = client.Ask(message);
    ASSERT_TRUE(answer.has_update()) << answer.error().sentence();
    const v1::Update& update = answer.update();
    EXPECT_EQ(update.frame_index(), index);
    EXPECT_EQ(update.codec(), v1::UPDATE_CODEC_FP16);
    EXPECT_EQ(update.base_version(), version) << "nothing came in between";
    const std::string& payload = update.payload();
    ASSERT_FALSE(payload.empty());
    const std::vector<float> next = wire::DecodeUpdate(
        wire::UpdateCodec::kFp16, trained,
        std::span(reinterpret_cast<const uint8_t*>(payload.data()), payload.size()));
    std::copy(next.begin(), next.end(), trained.begin());
    EXPECT_EQ(wire::WeightChecksum(trained), update.checksum());
    version = update.new_version();
    if (index == 0) untaught = update.initial_metric();
    taught = update.metric();

    LabelMap labels;
    nn::Predictor(nn::PackWeights(student.layout, student.weights)).Predict(frame, labels);
    EXPECT_EQ(labels.size(), frame.size());
  }
  EXPECT_GT(taught, untaught);
  EXPECT_EQ(server->stats().students_sent, 1u);
}

}  // namespace
}  // namespace shadowtutor::tests
