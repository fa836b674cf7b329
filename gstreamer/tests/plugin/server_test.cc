// A server in this process, whose teacher knows the scene.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "api/testing/scene.h"
#include "gstreamer/tests/plugin/harness.h"
#include "rpc/testing/certificates.h"
#include "shadowtutor/server.h"
#include "shadowtutor/trainer.h"

namespace shadowtutor::gst {
namespace {

namespace fs = std::filesystem;
using api::kSceneSize;
using api::SceneAnswer;
using api::SceneStudent;

constexpr int kMostFrames = 1'000'000;  // after which a server that does not teach is a failure

// Bright is square, all else ground.
class BrightIsSquare final : public Teacher {
 public:
  TeacherAnswer Label(ImageView frame, uint64_t) override {
    TeacherAnswer answer;
    answer.label = LabelMap(frame.width, frame.height);
    for (int y = 0; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) answer.label.at(x, y) = frame.row(y)[3 * x] > 130;
    }
    return answer;
  }
  const ClassList& classes() const override { return classes_; }
  int background() const override { return 0; }
  std::string description() const override { return "bright or not"; }

 private:
  const ClassList classes_ = SceneStudent().classes();
};

std::unique_ptr<Server> Started(const ServerOptions& options = {}) {
  return std::make_unique<Server>(std::make_shared<BrightIsSquare>(), SceneStudent(), options);
}

double IouOf(const Frame& mask, uint64_t frame) {
  LabelMap labels(kSceneSize.width, kSceneSize.height);
  if (mask.bytes.size() != labels.labels().size()) return -1;
  labels.labels() = mask.bytes;
  return MeanIoU(labels, SceneAnswer(frame).label, 2);
}

// Shows the scene until the mask is right wherever the square is, and returns how right the last
// one was.
double Watch(Harness& harness, const std::string& format, double wanted) {
  constexpr int kPlaces = 24;
  double iou = -1;
  int right = 0;  // places one after the other
  for (int i = 0; i < kMostFrames && right < kPlaces; ++i) {
    const auto frame = static_cast<uint64_t>(i);
    iou = IouOf(harness.Through(SceneBytes(frame, format)), frame);
    right = iou > wanted ? right + 1 : 0;
    std::this_thread::yield();  // the trainer's share of the processor
  }
  return iou;
}

// The sentence of the error that ends the stream.
std::string EndOf(Harness& harness) {
  harness.Feed("BGR", kSceneSize);
  gst_harness_set_drop_buffers(harness.get(), TRUE);
  for (int i = 0; i < kMostFrames; ++i) {
    if (harness.Push(SceneBytes(0, "BGR")) != GST_FLOW_OK) {
      const auto complaint = harness.NextComplaint();
      return complaint ? complaint->sentence : "";
    }
    std::this_thread::yield();
  }
  return "the stream does not end";
}

TEST(WithServer, TheMaskGetsBetter) {
  const auto server = Started();
  for (const std::string format : {"BGR", "NV12"}) {
    for (const std::string encoder : {"jpeg", "raw", "h264"}) {
      Harness harness("server=" + server->address() + " mode=mask encoder=" + encoder);
      harness.Feed(format, kSceneSize);
      EXPECT_LT(IouOf(harness.Through(SceneBytes(0, format)), 0), 0.5);
      EXPECT_GT(Watch(harness, format, 0.85), 0.85) << format << encoder;
      gboolean connected = FALSE;
      guint64 key_frames = 0, updates = 0, up = 0, down = 0;
      gint stride = 0;
      double metric = -1;
      g_object_get(harness.element(), "connected", &connected, "key-frames", &key_frames, "updates",
                   &updates, "bytes-up", &up, "bytes-down", &down, "stride", &stride, "metric",
                   &metric, nullptr);
      EXPECT_TRUE(connected);
      EXPECT_GE(key_frames, 1U);
      EXPECT_GE(updates, 1U);
      EXPECT_GT(up, 100U);
      EXPECT_GT(down, 100U);
      EXPECT_GE(stride, 1);
      EXPECT_GT(metric, 0);
      // One message of the connection, then one of each update.
      EXPECT_EQ(harness.NextMetric().value_or(-2), -1);
      EXPECT_GT(harness.NextMetric().value_or(-2), 0);
      EXPECT_FALSE(harness.NextComplaint());
    }
  }
}

TEST(WithServer, TheFirstFrameCanWaitForTheStudent) {
  const auto server = Started();
  Harness harness("server=" + server->address() + " mode=cutout wait-for-student=60");
  harness.Feed("BGR", kSceneSize);
  harness.Through(SceneBytes(0, "BGR"));
  gboolean connected = FALSE;
  g_object_get(harness.element(), "connected", &connected, nullptr);
  EXPECT_TRUE(connected);
}

TEST(WithServer, AStudentGoesOnWithoutItAndIsTaughtWhenItIsThere) {
  auto server = Started();
  const std::string address = server->address();
  server.reset();
  const std::string file = TaughtStudent().file + ".fresh";
  SceneStudent().Save(file);
  Harness harness("server=" + address + " mode=mask student=" + file);
  harness.Feed("BGR", kSceneSize);
  EXPECT_LT(IouOf(harness.Through(SceneBytes(0, "BGR")), 0), 0.8);
  ServerOptions options;
  options.listen = address;
  server = Started(options);
  EXPECT_GT(Watch(harness, "BGR", 0.85), 0.85);
  server->Shutdown();
  server.reset();
  // It keeps what it has learnt.
  EXPECT_GT(IouOf(harness.Through(SceneBytes(3, "BGR")), 3), 0.75);
  EXPECT_FALSE(harness.NextComplaint());
}

// Shows the scene until something is complained of.
Complaint FirstComplaint(Harness& harness) {
  gst_harness_set_drop_buffers(harness.get(), TRUE);
  for (int i = 0; i < kMostFrames; ++i) {
    EXPECT_EQ(harness.Push(SceneBytes(0, "BGR")), GST_FLOW_OK);
    if (auto complaint = harness.NextComplaint()) return *complaint;
    std::this_thread::yield();
  }
  return {};
}

TEST(WithServer, ARefusalOfTheOneThatComesBackIsWarnedOfOnce) {
  auto server = Started();
  const std::string address = server->address();
  Harness harness("server=" + address + " mode=mask");
  harness.Feed("BGR", kSceneSize);
  EXPECT_GT(Watch(harness, "BGR", 0.85), 0.85);
  ASSERT_FALSE(harness.NextRefusal());
  server.reset();
  ServerOptions options;
  options.listen = address;
  std::atomic<int> refused = 0;
  options.log = [&](const std::string& line) {
    if (line.find("parameters") != std::string::npos) ++refused;
  };
  // Its students have another size.
  auto other = std::make_unique<Server>(
      std::make_shared<BrightIsSquare>(),
      Student::Fresh(SceneStudent().classes(), {.background = 0, .width = 0.5}), options);
  const Complaint complaint = FirstComplaint(harness);
  EXPECT_FALSE(complaint.error);
  EXPECT_NE(complaint.sentence.find("cannot be taught any more"), std::string::npos)
      << complaint.sentence;
  EXPECT_NE(complaint.sentence.find("parameters"), std::string::npos) << complaint.sentence;
  const std::string refusal = harness.NextRefusal().value_or("");
  ASSERT_NE(refusal, "");
  EXPECT_NE(complaint.sentence.find(refusal), std::string::npos);
  gchar* property = nullptr;
  g_object_get(harness.element(), "refusal", &property, nullptr);
  EXPECT_EQ(property ? property : "", refusal);
  g_free(property);
  // It is refused again, of which nobody is told.
  const int once = refused;
  for (int i = 0; i < kMostFrames && refused < once + 2; ++i) {
    EXPECT_EQ(harness.Push(SceneBytes(0, "BGR")), GST_FLOW_OK);
    std::this_thread::yield();
  }
  EXPECT_GE(refused, once + 2);
  EXPECT_FALSE(harness.NextComplaint());

  // The right one is back.
  other.reset();
  options.log = {};
  server = Started(options);
  gst_harness_set_drop_buffers(harness.get(), FALSE);
  gboolean connected = FALSE;
  for (int i = 0; i < kMostFrames && !connected; ++i) {
    harness.Through(SceneBytes(0, "BGR"));
    g_object_get(harness.element(), "connected", &connected, nullptr);
    std::this_thread::yield();
  }
  EXPECT_TRUE(connected);
  g_object_get(harness.element(), "refusal", &property, nullptr);
  EXPECT_EQ(property, nullptr);
  EXPECT_FALSE(harness.NextComplaint());
}

TEST(WithServer, OtherClassesAreAnError) {
  const auto server = Started();
  const std::string file = TaughtStudent().file + ".other";
  Student::Fresh({{"sky", {}}, {"sea", {}}, {"land", {}}}, {.width = 0.25}).Save(file);
  Harness harness("server=" + server->address() + " student=" + file);
  EXPECT_NE(EndOf(harness).find("classes"), std::string::npos);
}

TEST(WithServer, ACertificateOfAnotherAuthorityIsAnError) {
  const fs::path folder = fs::path(testing::TempDir()) / "tls";
  fs::create_directories(folder);
  const auto ours =
      rpc::testing::MakeCertificate(folder, "authority", {.name = "Authority", .authority = true});
  const auto other =
      rpc::testing::MakeCertificate(folder, "other", {.name = "Other", .authority = true});
  const auto good = rpc::testing::MakeCertificate(folder, "good", {}, &ours);
  ServerOptions options;
  options.certificate = good.certificate;
  options.key = good.key;
  const auto server = Started(options);
  {
    Harness harness("server=" + server->address() + " ca=" + other.certificate.string() +
                    " student=" + TaughtStudent().file);
    const std::string sentence = EndOf(harness);
    EXPECT_NE(sentence.find("was issued by Authority"), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("(property ca)"), std::string::npos) << sentence;
  }
  Harness harness("server=" + server->address() + " mode=mask ca=" + ours.certificate.string());
  harness.Feed("BGR", kSceneSize);
  EXPECT_GT(Watch(harness, "BGR", 0.85), 0.85);
}

}  // namespace
}  // namespace shadowtutor::gst
