// The client of a page in a session that was recorded once, and what is overdue.
#include "page/page_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "client/testing/recorded_session.h"
#include "core/atomic_file.h"
#include "link/testing/students.h"
#include "messages/convert.h"
#include "page/testing/replay.h"
#include "shadowtutor/v1/shadowtutor.pb.h"
#include "wire/label_coder.h"

namespace shadowtutor::page {
namespace {

// As in client/recorded_session_test.cc.
constexpr size_t kMostOtherPixels = 3;

TEST(PageClient, ComesToTheRecordedStudentsAndLabels) {
  const auto file =
      std::filesystem::path(SHADOWTUTOR_SOURCE_DIR) / "tests/data/session/tutor.events";
  const Replay replay(client::ParseEvents(ReadFile(file, 100'000)));
  PageOptions options;
  options.frame_codec = wire::FrameCodec::kH264;
  PageClient page(options);
  page.link().Opened();
  ASSERT_TRUE(page.link().Outgoing()) << "the hello";
  page.link().Received(replay.welcome());

  wire::LabelCoder coder;
  std::vector<uint64_t> key_frames;
  size_t updates = 0;
  for (uint64_t index = 0; index < client::kRecordedFrames; ++index) {
    if (const auto* update = replay.UpdateBefore(index)) page.link().Received(*update);
    WriteRgba(client::RecordedFrame(index), page.Frame(client::kRecordedSize));
    const LabelMap* labels = page.Process();
    ASSERT_TRUE(labels);
    const client::FrameReport& report = page.report();
    if (report.key_frame) {
      key_frames.push_back(index);
      page.link().Encoded(std::vector<uint8_t>{1, 2, 3});
      ASSERT_TRUE(page.link().Outgoing());
    }
    if (report.update) {
      ++updates;
      const nn::Checkpoint& student = page.student();
      const nn::Stage cut = page.link().welcome()->policy.trainer.cut;
      const auto trained = std::span(student.weights).subspan(student.layout->TrainedOffset(cut));
      EXPECT_EQ(wire::WeightChecksum(trained), report.update->checksum);
    }
    const LabelMap expected = coder.Decode(replay.labels(index), client::kRecordedSize);
    size_t other = 0;
    for (size_t i = 0; i < expected.labels().size(); ++i) {
      other += labels->labels()[i] != expected.labels()[i];
    }
    EXPECT_LE(other, kMostOtherPixels) << "in frame " << index;
  }
  EXPECT_EQ(key_frames, replay.key_frames());
  EXPECT_EQ(updates, key_frames.size());
  EXPECT_GE(updates, 4u);
}

std::string Overdue(PageClient& page) {
  try {
    page.link().CheckDeadlines();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDeadlineExceeded);
    return error.what();
  }
  return "";
}

TEST(PageClient, WaitsForNothingForEver) {
  PageOptions options;
  options.hello_timeout = options.update_timeout = std::chrono::milliseconds(0);
  PageClient page(options);
  EXPECT_EQ(Overdue(page), "");
  page.link().Opened();
  EXPECT_EQ(Overdue(page), "the server did not answer within 0.0 s");
  page.link().Closed();
  EXPECT_EQ(Overdue(page), "");

  page.link().Opened();
  page.link().Outgoing();
  const auto student = link::SmallStudent(1);
  wire::ServerMessage welcome = link::WelcomeWith(*student, 0, true);
  const std::string bytes = messages::ToProto(std::move(welcome)).SerializeAsString();
  page.link().Received({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  EXPECT_EQ(Overdue(page), "");
  std::fill_n(page.Frame({32, 24}), 32 * 24 * 4, uint8_t{9});
  ASSERT_TRUE(page.Process());
  ASSERT_TRUE(page.report().key_frame);
  EXPECT_EQ(Overdue(page), "the server did not answer a key frame within 0.0 s");
  page.link().Closed();
  ASSERT_TRUE(page.Process()) << "predictions go on";
}

}  // namespace
}  // namespace shadowtutor::page
