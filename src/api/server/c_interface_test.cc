#include <gtest/gtest.h>

extern "C" {
// Each returns 0, or the line of c_interface_test.c at which something was not as it should be.
int TeachOverTheNetwork(void);
int TeachOverALinkOfOnesOwn(void);
int SayWhatIsWrong(void);
int AnOlderProgram(void);
}

namespace {

TEST(CInterface, TeachesOverTheNetwork) { EXPECT_EQ(TeachOverTheNetwork(), 0); }
TEST(CInterface, TeachesOverALinkOfOnesOwn) { EXPECT_EQ(TeachOverALinkOfOnesOwn(), 0); }
TEST(CInterface, SaysWhatIsWrong) { EXPECT_EQ(SayWhatIsWrong(), 0); }
TEST(CInterface, KnowsStructsOfOlderPrograms) { EXPECT_EQ(AnOlderProgram(), 0); }

}  // namespace
