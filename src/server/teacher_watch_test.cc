#include "server/teacher_watch.h"

#include <gtest/gtest.h>

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;
using Clock = TeacherWatch::Clock;

TEST(TeacherWatch, ALoneCallThatIsOverdueIsAllOfTheTeacher) {
  TeacherWatch watch;
  EXPECT_FALSE(watch.Stuck(Clock::now() + 1h, 1s));
  watch.Begin(7);
  const auto later = Clock::now() + 10s;
  EXPECT_FALSE(watch.Overdue(7, later, 1min));
  EXPECT_FALSE(watch.Stuck(later, 1min));
  EXPECT_TRUE(watch.Overdue(7, later, 5s));
  EXPECT_FALSE(watch.Overdue(8, later, 5s));
  EXPECT_TRUE(watch.Stuck(later, 5s));
  watch.End(7);
  EXPECT_FALSE(watch.Overdue(7, later, 5s));
  EXPECT_FALSE(watch.Stuck(later, 5s));
}

TEST(TeacherWatch, OneOfSeveralCallsConcernsItsOwnerAlone) {
  TeacherWatch watch(2);
  watch.Begin(1);
  const auto later = Clock::now() + 10s;
  EXPECT_TRUE(watch.Overdue(1, later, 5s));
  EXPECT_FALSE(watch.Stuck(later, 5s)) << "another call could begin";
  watch.Begin(2);
  EXPECT_TRUE(watch.Stuck(later, 5s));
  EXPECT_FALSE(watch.Stuck(later, 1min));
  watch.End(1);
  EXPECT_FALSE(watch.Stuck(later, 5s));
  EXPECT_TRUE(watch.Overdue(2, later, 5s));
}

TEST(TeacherWatch, InterruptsOnlyWhenNobodyWaitsForAnyCall) {
  TeacherWatch watch(3);
  int interrupts = 0;
  const auto interrupt = [&] { ++interrupts; };
  const Clock::time_point start = Clock::now();
  watch.InterruptOverdue(start + 1h, 1s, interrupt);
  EXPECT_EQ(interrupts, 0) << "there is no call";
  watch.Begin(1, start);
  watch.Begin(2, start + 4s);
  watch.InterruptOverdue(start + 6s, 5s, interrupt);
  EXPECT_EQ(interrupts, 0) << "the second is in time";
  watch.InterruptOverdue(start + 10s, 5s, interrupt);
  watch.InterruptOverdue(start + 20s, 5s, interrupt);
  EXPECT_EQ(interrupts, 1) << "once for the same calls";
  watch.End(1);
  watch.Begin(1, start + 20s);
  watch.InterruptOverdue(start + 30s, 5s, interrupt);
  EXPECT_EQ(interrupts, 2) << "one of them is another";
}

TEST(TeacherWatch, AShutdownInterruptsWhateverIsUnderWay) {
  TeacherWatch watch(2);
  int interrupts = 0;
  watch.Begin(1);
  watch.Begin(2);
  watch.InterruptOverdue(Clock::now(), std::chrono::milliseconds(-1), [&] { ++interrupts; });
  EXPECT_EQ(interrupts, 1);
}

}  // namespace
}  // namespace shadowtutor::server
