// What somebody who watches sees of a session, and that watching changes nothing.
#include <gtest/gtest.h>

#include <thread>

#include "server/testing/fakes.h"
#include "server/testing/tutor_fixture.h"

namespace shadowtutor::server {
namespace {

using WatchedSession = TutorConversationTest;

TEST_F(WatchedSession, HasAHistoryWithoutBeingWatched) {
  uint64_t version = Hello().student_version;
  for (uint64_t index = 0; index < 3; ++index) {
    Say(SquareFrame(10 * index, version));
    version = std::get<wire::Update>(peer_->Next()).new_version;
  }
  const auto view = resources_->observatory.Find("s1", Clock::now());
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->pictures);
  ASSERT_EQ(view->history.records().size(), 3u);
  const KeyFrameRecord& record = view->history.records()[2];
  EXPECT_EQ(record.frame_index, 20u);
  EXPECT_EQ(record.version, version);
  EXPECT_EQ(record.bytes_up, 64u * 48 * 3);
  EXPECT_GE(record.teacher_wait_ms, 0);
  EXPECT_GE(record.training_wait_ms, 0);
  const ServerStats stats = resources_->stats.Snapshot();
  EXPECT_EQ(stats.sessions[0].bytes_up, stats.bytes_up);
  EXPECT_EQ(stats.sessions[0].bytes_down, stats.bytes_down);
  conversation_->OnClosed();
  EXPECT_FALSE(resources_->observatory.Find("s1", Clock::now()));
}

TEST_F(WatchedSession, ShowsItsLastKeyFrame) {
  const uint64_t version = Hello().student_version;
  ASSERT_TRUE(resources_->observatory.Watch("s1", Clock::now()));
  Say(SquareFrame(5, version));
  peer_->Next();
  std::optional<Observatory::View> view;  // it comes right after the answer
  do {
    std::this_thread::yield();
    view = resources_->observatory.Find("s1", Clock::now());
  } while (!view->pictures);
  const WatchedFrame& seen = *view->pictures;
  EXPECT_EQ(seen.frame_index, 5u);
  EXPECT_EQ(seen.frame.bytes(), SquareFrame(5, version).data);
  EXPECT_EQ(seen.label.at(24, 24), 0);
  EXPECT_EQ(seen.label.at(2, 2), 1);
  EXPECT_EQ(seen.before.size(), seen.label.size());
  EXPECT_EQ(seen.after.size(), seen.label.size());
}

TEST_F(WatchedSession, TellsWhatWentWrong) {
  const uint64_t version = Hello().student_version;
  teacher_->on_label = [](uint64_t) { throw Error(ErrorCode::kUnavailable, "out of chalk"); };
  Say(SquareFrame(0, version));
  peer_->Next();
  Say(wire::Hello{});
  ASSERT_TRUE(peer_->ended());
  const std::vector<Event> events = resources_->observatory.Events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, Event::Kind::kEnded);
  EXPECT_EQ(events[0].code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(events[1].kind, Event::Kind::kFailed);
  EXPECT_EQ(events[1].session, "s1");
  EXPECT_EQ(events[1].sentence, "out of chalk");
  const ServerStats stats = resources_->stats.Snapshot();
  EXPECT_EQ(stats.sessions_failed.at(ErrorCode::kFailedPrecondition), 1u);
  EXPECT_EQ(stats.key_frames_failed, 1u);
}

}  // namespace
}  // namespace shadowtutor::server
