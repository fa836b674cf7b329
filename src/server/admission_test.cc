#include "server/admission.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;
using Clock = Admission::Clock;

AdmissionOptions ByMetric() { return {.schedule = {.stride = {0.8, 8, 64}}}; }

// Sessions whose key frames come at 30 frames a second and are answered at once, on a clock of
// their own. A server of one teacher and one trainer labels in `label` and trains in `train`.
class Sessions {
 public:
  explicit Sessions(const AdmissionOptions& options) : admission(options) {}

  void Open(int number, int gap = 8) {
    for (int i = 0; i < number; ++i) {
      const uint64_t session = next_++;
      admission.Opened(session, now);
      sessions_[session].gap = gap;
    }
  }
  void Close(int number) {
    for (int i = 0; i < number; ++i) {
      admission.Ended(sessions_.begin()->first);
      sessions_.erase(sessions_.begin());
    }
  }
  void SetGap(int gap) {
    for (auto& [number, session] : sessions_) session.gap = gap;
  }
  // Lets time pass. Returns how often the terms changed.
  int Run(std::chrono::seconds time) {
    int changes = 0;
    for (const Clock::time_point end = now + time; now < end; now += 33333us) {
      for (auto& [number, session] : sessions_) {
        const int stride = std::max(session.gap, admission.terms().min_stride);
        if (++session.step < stride) continue;
        session.index += static_cast<uint64_t>(session.step);
        session.step = 0;
        session.pace.Came(session.index, now);
        admission.Came(number, session.pace);
        admission.Labelled(label);
        const double share = admission.terms().step_share;
        admission.Trained(
            std::chrono::duration_cast<Clock::duration>(train * (0.25 + 0.75 * share)), share);
        session.pace.Answered(now);
        admission.Answered(number, now);
      }
      changes += admission.Tick(now);
    }
    return changes;
  }

  Admission admission;
  Clock::time_point now{};
  std::chrono::milliseconds label{5}, train{10};

 private:
  struct Session {
    int gap = 8, step = 0;
    uint64_t index = 0;
    FramePace pace;
  };
  uint64_t next_ = 1;
  std::map<uint64_t, Session> sessions_;
};

TEST(Admission, DoesNothingWhereThereIsTime) {
  Sessions sessions(ByMetric());
  sessions.Open(8);  // 30 key frames a second, 10 ms each: a third of the time
  EXPECT_EQ(sessions.Run(60s), 0);
  EXPECT_EQ(sessions.admission.terms(), Terms());
  EXPECT_FALSE(sessions.admission.Refuse(sessions.now));
  const auto prediction = sessions.admission.Predict({}, sessions.now);
  EXPECT_NEAR(prediction.training_load, 0.3, 0.02);
  EXPECT_NEAR(prediction.teacher_load, 0.15, 0.02);
}

TEST(Admission, ASessionAloneIsLeftAloneHoweverSlowTheServer) {
  Sessions sessions(ByMetric());
  sessions.label = 3s;
  sessions.Open(1);
  EXPECT_EQ(sessions.Run(30s), 0);
  EXPECT_FALSE(sessions.admission.Refuse(sessions.now));
}

TEST(Admission, SpreadsKeyFramesFirstAndNoFurtherThanItMust) {
  Sessions sessions(ByMetric());
  sessions.train = 40ms;
  sessions.Open(10);  // 37 a second where 22 can be had
  EXPECT_EQ(sessions.Run(5s), 1);
  const Terms terms = sessions.admission.terms();
  EXPECT_EQ(terms.step_share, 1);
  EXPECT_GE(terms.min_stride, 14);
  EXPECT_LE(terms.min_stride, 20);
  EXPECT_TRUE(sessions.admission.Predict(terms, sessions.now).Fits(0.9));
  EXPECT_EQ(sessions.Run(60s), 0) << "it holds what it has decided";
}

TEST(Admission, ThenTrainsLessAndThenRefuses) {
  Sessions sessions(ByMetric());
  sessions.train = 40ms;
  int open = 0;
  Terms before;
  bool trained_less = false;
  while (!sessions.admission.Refuse(sessions.now)) {
    ASSERT_LT(++open, 60) << "it takes any number";
    sessions.Open(1);
    sessions.Run(3s);
    const Terms terms = sessions.admission.terms();
    EXPECT_GE(terms.min_stride, before.min_stride);
    EXPECT_LE(terms.step_share, before.step_share);
    if (terms.step_share < 1) {
      EXPECT_EQ(terms.min_stride, 32) << "four times the least comes first";
    }
    trained_less |= terms.step_share < 1;
    before = terms;
  }
  EXPECT_TRUE(trained_less);
  EXPECT_LE(before.min_stride, 32) << "those who are in do not pay for who is refused";
  // At 32 frames, 25 ms each, there is room for 38.
  EXPECT_GE(open, 30);
  EXPECT_LE(open, 38);
  const auto time = sessions.admission.Refuse(sessions.now);
  ASSERT_TRUE(time);
  EXPECT_GE(*time, Admission::kSoonest);
  EXPECT_LE(*time, Admission::kLatest);
  // One that leaves makes no room yet, some do.
  sessions.Close(1);
  sessions.Run(1s);
  EXPECT_TRUE(sessions.admission.Refuse(sessions.now));
  sessions.Close(10);
  sessions.Run(1s);
  EXPECT_FALSE(sessions.admission.Refuse(sessions.now));
}

TEST(Admission, WhoIsInIsKeptWithinTheLargestStride) {
  Sessions sessions(ByMetric());
  sessions.train = 2s;  // hopeless
  sessions.Open(20);
  sessions.Run(10s);
  EXPECT_EQ(sessions.admission.terms(), (Terms{64, Admission::kLeastStepShare}));
  EXPECT_EQ(sessions.admission.Refuse(sessions.now), Admission::kLatest);
}

TEST(Admission, TheFirstAreTakenHoweverSlowTheServer) {
  Sessions sessions(ByMetric());
  sessions.train = 2s;
  sessions.Open(3);
  sessions.Run(10s);
  EXPECT_FALSE(sessions.admission.Refuse(sessions.now));
  sessions.Open(1);
  sessions.Run(1s);
  EXPECT_TRUE(sessions.admission.Refuse(sessions.now));
}

TEST(Admission, WhereNoCostIsKnownTheFirstShowWhatTheyTake) {
  AdmissionOptions options = ByMetric();
  for (const auto& [trainers, most] : {std::pair(1, 4), std::pair(8, 32)}) {
    options.trainers = trainers;
    Sessions sessions(options);
    int open = 0;
    while (!sessions.admission.Refuse(sessions.now)) {
      ASSERT_LE(++open, most);
      sessions.Open(1);
    }
    EXPECT_FALSE(Admission(options).Refuse(sessions.now, most)) << "those may be no students'";
    sessions.admission.Ended(1);
    EXPECT_FALSE(sessions.admission.Refuse(sessions.now));
    EXPECT_TRUE(sessions.admission.Refuse(sessions.now, most)) << "another is about to begin";
    sessions.admission.Opened(1, sessions.now);
    EXPECT_EQ(open, most);
    EXPECT_EQ(sessions.admission.Refuse(sessions.now), Admission::kUnknownRetry);
    EXPECT_FALSE(sessions.admission.refusing()) << "there may be time enough";
    sessions.Run(1s);  // their first key frames
    EXPECT_FALSE(sessions.admission.Refuse(sessions.now)) << "each of them is cheap";
  }
}

TEST(Admission, SessionsWithoutKeyFramesDoNotKeepOthersOut) {
  Sessions sessions(ByMetric());
  sessions.Open(4, 1'000'000);
  EXPECT_TRUE(sessions.admission.Refuse(sessions.now));
  sessions.now += Admission::kUnknownFor;
  EXPECT_FALSE(sessions.admission.Refuse(sessions.now));
}

TEST(Admission, MilderTermsComeWhenTheyHaveFittedForAWhile) {
  Sessions sessions(ByMetric());
  sessions.train = 40ms;
  sessions.Open(10);
  sessions.Run(5s);
  ASSERT_GT(sessions.admission.terms().min_stride, 8);
  sessions.Close(7);
  EXPECT_EQ(sessions.Run(9s), 0);
  EXPECT_EQ(sessions.Run(3s), 1);
  EXPECT_EQ(sessions.admission.terms(), Terms());
}

TEST(Admission, ALoadAtTheEdgeDoesNotMakeTheTermsFlap) {
  Sessions sessions(ByMetric());
  sessions.train = 40ms;
  sessions.Open(6);  // close to what can be had
  int changes = 0;
  for (int i = 0; i < 60; ++i) {
    sessions.train = i % 2 == 0 ? 36ms : 44ms;
    changes += sessions.Run(5s);
  }
  EXPECT_LE(changes, 4);
}

TEST(Admission, CalmSessionsAreNoLoad) {
  Sessions sessions(ByMetric());
  sessions.train = 40ms;
  sessions.Open(10, 64);
  sessions.Run(60s);
  EXPECT_EQ(sessions.admission.terms(), Terms()) << "each was taken for a lively one at first";
  sessions.SetGap(8);
  sessions.Run(10s);
  EXPECT_GT(sessions.admission.terms().min_stride, 8);
}

TEST(Admission, APauseDoesNotMakeASessionLookCalmForEver) {
  Sessions sessions(ByMetric());
  sessions.train = 40ms;
  sessions.Open(10, 1'000'000'000);
  sessions.SetGap(4000);
  sessions.Run(300s);
  sessions.SetGap(8);
  sessions.Run(20s);
  EXPECT_GT(sessions.admission.terms().min_stride, 8);
}

TEST(Admission, WhoIsSilentIsNoLoad) {
  Sessions sessions(ByMetric());
  sessions.train = 40ms;
  sessions.Open(10);
  sessions.Run(5s);
  sessions.SetGap(1'000'000);  // paused
  sessions.Run(120s);
  EXPECT_EQ(sessions.admission.terms(), Terms());
}

TEST(Admission, TheTeachersTimeCountsByTheCallsThatItTakes) {
  AdmissionOptions options = ByMetric();
  for (const int calls : {1, 4}) {
    options.teacher_calls = calls;
    Sessions sessions(options);
    sessions.label = 60ms;
    sessions.Open(8);  // 30 a second
    sessions.Run(10s);
    EXPECT_EQ(sessions.admission.terms() == Terms(), calls == 4) << calls;
  }
}

TEST(Admission, CanBeSwitchedOff) {
  AdmissionOptions options = ByMetric();
  options.max_load = 0;
  Sessions sessions(options);
  sessions.train = 2s;
  sessions.Open(20);
  EXPECT_EQ(sessions.Run(10s), 0);
  EXPECT_EQ(sessions.admission.terms(), Terms());
  EXPECT_FALSE(sessions.admission.Refuse(sessions.now));
}

TEST(Admission, StridesThatCannotGrowAreLeftAlone) {
  AdmissionOptions options = ByMetric();
  options.schedule.stride = {0.8, 8, 8};
  Sessions sessions(options);
  sessions.train = 2s;
  sessions.Open(5);
  sessions.Run(10s);
  EXPECT_EQ(sessions.admission.terms(), (Terms{0, Admission::kLeastStepShare}));
}

}  // namespace
}  // namespace shadowtutor::server
