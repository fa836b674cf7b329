#include "server/backend.h"

#include <gtest/gtest.h>

#include <functional>
#include <future>

#include "server/testing/conversation_fixture.h"
#include "server/testing/fakes.h"
#include "server/tutor_conversation.h"

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;

const Error kClosing(ErrorCode::kUnavailable, "closing time");

std::unique_ptr<Backend> Small(std::shared_ptr<teacher::Teacher> teacher,
                               const BackendOptions& options = {}) {
  return std::make_unique<Backend>(std::move(teacher), SmallStudent(1), options, "1.2.3");
}

// With which error a backend is refused whose options are changed so.
ErrorCode Refusal(const std::function<void(BackendOptions& options)>& change,
                  ClassList classes = TestClasses()) {
  BackendOptions options;
  change(options);
  try {
    const Backend backend(std::make_shared<FakeTeacher>(), SmallStudent(1, std::move(classes)),
                          options, "1.2.3");
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "the backend was made";
  return ErrorCode::kInternal;
}

TEST(Backend, RefusesWhatCannotBe) {
  constexpr auto kInvalid = ErrorCode::kInvalidArgument;
  EXPECT_EQ(Refusal([](auto& options) { options.max_sessions = 0; }), kInvalid);
  EXPECT_EQ(Refusal([](auto& options) { options.policy.schedule.stride.min_stride = 65; }),
            kInvalid);
  EXPECT_EQ(Refusal([](auto& options) { options.teacher_timeout = 0ms; }), kInvalid);
  EXPECT_EQ(Refusal([](auto& options) { options.training_timeout = 0ms; }), kInvalid);
  EXPECT_EQ(Refusal([](auto& options) { options.max_sessions_per_address = -1; }), kInvalid);
  EXPECT_EQ(Refusal([](auto& options) { options.max_frame_pixels = 0; }), kInvalid);
  EXPECT_EQ(Refusal([](auto& options) { options.session_max_age = -1ms; }), kInvalid);
  EXPECT_EQ(Refusal([](auto& options) { options.trainers = -1; }), kInvalid);
  EXPECT_EQ(Refusal([](auto& options) { options.policy.trainer.threshold = 2; }), kInvalid);
  EXPECT_EQ(Refusal([](auto&) {}, {{"cat", {}}, {"background", {}}}), kInvalid);
}

TEST(Backend, DrainsUntilAllStreamsHaveMoved) {
  struct Stream : OpenStream {
    void Tick(std::chrono::steady_clock::time_point) override {}
    void EndWith(const Error&) override {}
    void Move(const Error& why) override {
      moved = why.code();
      if (on_move) on_move();
    }
    std::function<void()> on_move;
    std::optional<ErrorCode> moved;
  };
  const auto backend = Small(std::make_shared<FakeTeacher>());
  const auto stream = std::make_shared<Stream>();
  uint64_t number = 0;
  const auto open = [&] {
    return backend->streams()->Open([&](uint64_t new_number, const std::string&) {
      number = new_number;
      return stream;
    });
  };
  ASSERT_FALSE(open());
  backend->AnnounceEnd();
  EXPECT_TRUE(backend->resources()->leaving);
  ASSERT_FALSE(open()) << "balancers may not have noticed yet";
  backend->streams()->Remove(number);
  ASSERT_FALSE(stream->moved);
  EXPECT_FALSE(backend->Drain(1ms));
  EXPECT_EQ(stream->moved, ErrorCode::kUnavailable);
  const std::optional<Error> refusal = open();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code(), ErrorCode::kUnavailable);
  EXPECT_EQ(backend->stats().refused_by_reason[static_cast<size_t>(RefusalReason::kEnding)], 1u);
}

TEST(Backend, DrainsNoLongerThanItsStreamsNeed) {
  struct Stream : OpenStream {
    void Tick(std::chrono::steady_clock::time_point) override {}
    void EndWith(const Error&) override {}
    void Move(const Error&) override { remove(); }
    std::function<void()> remove;
  };
  const auto backend = Small(std::make_shared<FakeTeacher>());
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(backend->streams()->Open([&](uint64_t number, const std::string&) {
      const auto stream = std::make_shared<Stream>();
      stream->remove = [&backend, number] { backend->streams()->Remove(number); };
      return stream;
    }));
  }
  EXPECT_TRUE(backend->Drain(60s));
}

TEST(Backend, LooksAtDeadlinesFromStartToEnd) {
  struct Stream : OpenStream {
    void Tick(std::chrono::steady_clock::time_point) override {
      if (ticks++ == 0) ticked.set_value();
    }
    void EndWith(const Error& why) override { ended = why.what(); }
    void Move(const Error&) override {}
    std::promise<void> ticked;
    int ticks = 0;
    std::string ended;
  };
  const auto backend = Small(std::make_shared<FakeTeacher>());
  const auto stream = std::make_shared<Stream>();
  ASSERT_FALSE(backend->streams()->Open([&](uint64_t, const std::string&) { return stream; }));
  backend->Start();
  stream->ticked.get_future().get();
  backend->EndStreams(kClosing);
  EXPECT_EQ(stream->ended, "closing time");
  backend->EndStreams(Error(ErrorCode::kInternal, "another reason"));
  EXPECT_EQ(stream->ended, "closing time");
  backend->Start();  // too late, and no thread is left behind
  EXPECT_TRUE(backend->Shutdown(60s));
}

#ifndef SHADOWTUTOR_THREAD_SANITIZER
TEST(Backend, SaysEachTimeThatTheTeacherDidNotReturn) {
  const auto teacher = std::make_shared<FakeTeacher>();
  HeldTeacher held(*teacher);
  auto backend = Small(teacher);
  // The job shares what it uses: it goes on after the backend is gone.
  std::promise<void> left;
  backend->resources()->teaching->Submit(1, [teacher, &left] {
    teacher->Label(Image(8, 8), 0);
    left.set_value();
  });
  held.WaitUntilEntered();
  backend->EndStreams(kClosing);
  EXPECT_FALSE(backend->Shutdown(0ms));
  EXPECT_FALSE(backend->Shutdown(0ms));
  backend.reset();
  held.Open();
  left.get_future().get();
}

// A teacher that labels until it is interrupted.
void LabelUntilInterrupted(const std::shared_ptr<Resources>& resources, FakeTeacher& teacher) {
  struct State {
    std::promise<void> entered, interrupted;
  };
  const auto state = std::make_shared<State>();
  teacher.on_label = [state](uint64_t) {
    state->entered.set_value();
    state->interrupted.get_future().wait();
  };
  teacher.on_interrupt = [state] { state->interrupted.set_value(); };  // throws the second time
  ASSERT_TRUE(resources->teaching->Submit(1, [resources] {
    const TeacherCall call(*resources, 1);
    resources->teacher->Label(Image(8, 8), 0);
  }));
  state->entered.get_future().wait();
}

TEST(Backend, InterruptsATeacherWhoseAnswerComesTooLate) {
  const auto teacher = std::make_shared<FakeTeacher>();
  BackendOptions options;
  options.teacher_timeout = 1ms;
  Backend backend(teacher, SmallStudent(1), options, "test");
  LabelUntilInterrupted(backend.resources(), *teacher);
  backend.Start();
  // Idle jobs run when it has returned.
  std::promise<void> idle;
  backend.resources()->teaching->SubmitIdle(2, [&] { idle.set_value(); });
  idle.get_future().wait();
  backend.EndStreams(kClosing);
  EXPECT_TRUE(backend.Shutdown(60s));
}

TEST(Backend, InterruptsTheTeacherWhenItShutsDown) {
  const auto teacher = std::make_shared<FakeTeacher>();
  const auto backend = Small(teacher);
  LabelUntilInterrupted(backend->resources(), *teacher);
  backend->EndStreams(kClosing);
  EXPECT_TRUE(backend->Shutdown(60s));
}

TEST(Backend, WaitsForTrainingNoLongerThanForTheTeacher) {
  struct State {
    std::promise<void> entered, open, left;
  };
  const auto state = std::make_shared<State>();
  auto backend = Small(std::make_shared<FakeTeacher>());
  backend->resources()->training->Submit(1, [state] {
    state->entered.set_value();
    state->open.get_future().wait();
    state->left.set_value();
  });
  state->entered.get_future().wait();
  EXPECT_FALSE(backend->resources()->shutting_down);
  backend->EndStreams(kClosing);
  EXPECT_TRUE(backend->resources()->shutting_down);
  EXPECT_FALSE(backend->Shutdown(0ms));
  backend.reset();
  state->open.set_value();
  state->left.get_future().get();
}
#endif

}  // namespace
}  // namespace shadowtutor::server
