#include "eval/live/link_count.h"

#include <gtest/gtest.h>

#include "shadowtutor/types.h"

namespace shadowtutor::eval::live {
namespace {

// What iproute2 6.1 prints, without the keys in between.
constexpr const char* kShown =
    R"([{"ifindex":2,"ifname":"st0","mtu":1500,"stats64":{)"
    R"("rx":{"bytes":5000000000,"packets":4000000,"errors":0,"dropped":1,"multicast":0},)"
    R"("tx":{"bytes":700,"packets":8,"errors":0,"dropped":2,"collisions":0}}}])";

TEST(LinkCount, TheClientsDeviceSendsUpAndReceivesDown) {
  const LinkCount count = ParseLinkCount(kShown);
  EXPECT_EQ(count.bytes_up, 700u);
  EXPECT_EQ(count.packets_up, 8u);
  EXPECT_EQ(count.bytes_down, 5'000'000'000u);
  EXPECT_EQ(count.packets_down, 4'000'000u);
}

TEST(LinkCount, ADifferenceIsWhatCameBetween) {
  EXPECT_EQ((LinkCount{10, 20, 3, 4} - LinkCount{1, 2, 3, 0}), (LinkCount{9, 18, 0, 4}));
}

TEST(LinkCount, ATextWithoutCountersIsRefused) {
  for (const char* bad :
       {"", "[]", "{}", "[{\"ifname\":\"st0\"}]", "[{\"stats64\":{\"rx\":{\"bytes\":1}}}]",
        "[{\"stats64\":{\"rx\":{\"bytes\":\"many\",\"packets\":1},"
        "\"tx\":{\"bytes\":1,\"packets\":1}}}]"}) {
    try {
      ParseLinkCount(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnavailable) << bad;
    }
  }
}

}  // namespace
}  // namespace shadowtutor::eval::live
