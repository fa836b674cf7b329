#include "rpc/server/device_tokens.h"

#include <gtest/gtest.h>

#include <string>

#include "core/atomic_file.h"
#include "server/backend.h"
#include "server/testing/fakes.h"
#include "video/testing/test_files.h"

namespace shadowtutor::rpc {
namespace {

using namespace std::chrono_literals;
using server::RefusalReason;
using shadowtutor::testing::TemporaryFolder;

constexpr char kFirst[] = "0123456789abcdef", kSecond[] = "fedcba9876543210";
const DeviceTokens::Clock::time_point kNow{std::chrono::hours(1000)};
const PeerAddress kPeer{"192.0.2.1", false};

class DeviceTokensTest : public ::testing::Test {
 protected:
  std::filesystem::path File(const std::string& text) {
    WriteFileAtomically(folder_ / "tokens", text, false);
    return folder_ / "tokens";
  }
  std::filesystem::path Two() {
    return File(std::string("one ") + kFirst + " sessions=1\ntwo " + kSecond + "\n");
  }

  const TemporaryFolder folder_;
};

TEST_F(DeviceTokensTest, KnowDevicesByThem) {
  DeviceTokens tokens(Two());
  EXPECT_EQ(tokens.devices(), 2u);
  const auto admitted = tokens.Admit(kFirst, kPeer, kNow);
  ASSERT_TRUE(admitted.device);
  EXPECT_EQ(admitted.device->name(), "one");
  EXPECT_EQ(admitted.device->limits().sessions, 1);
  EXPECT_EQ(tokens.Admit(kFirst, kPeer, kNow).device, admitted.device) << "one device, one object";
  EXPECT_EQ(tokens.Admit(kSecond, kPeer, kNow).device->name(), "two");
  for (const std::string& wrong : {std::string("0123456789abcdeF"), std::string("x"),
                                   std::string(kFirst) + " ", std::string(9000, 'x')}) {
    const auto refused = tokens.Admit(wrong, {wrong.substr(0, 40), false}, kNow);
    EXPECT_FALSE(refused.device);
    EXPECT_EQ(refused.refusal->why.code(), ErrorCode::kUnauthenticated);
    EXPECT_EQ(refused.refusal->reason, RefusalReason::kUnauthenticated);
    EXPECT_NE(std::string(refused.refusal->why.what()).find("does not know"), std::string::npos);
  }
  EXPECT_NE(std::string(tokens.Admit("", kPeer, kNow).refusal->why.what()).find("none came"),
            std::string::npos);
}

TEST_F(DeviceTokensTest, GuessingIsSlow) {
  DeviceTokens tokens(Two());
  for (int i = 0; i < WrongTokens::kFree; ++i) {
    tokens.Admit("guess-number-" + std::to_string(i), kPeer, kNow);
  }
  const auto waits = tokens.Admit("one-more-guess-0123", kPeer, kNow);
  ASSERT_TRUE(waits.refusal);
  EXPECT_EQ(waits.refusal->why.code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(waits.refusal->reason, RefusalReason::kTooOften);
  EXPECT_TRUE(tokens.Admit(kFirst, kPeer, kNow).device) << "others behind its address come in";
  EXPECT_EQ(tokens.Admit("one-more-guess-0123", {"192.0.2.2", false}, kNow).refusal->reason,
            RefusalReason::kUnauthenticated)
      << "from elsewhere";
}

TEST_F(DeviceTokensTest, WithoutATokenNobodyHasGuessed) {
  DeviceTokens tokens(Two());
  for (int i = 0; i < 100; ++i) tokens.Admit("", kPeer, kNow);
  EXPECT_TRUE(tokens.Admit(kFirst, kPeer, kNow).device);
}

TEST_F(DeviceTokensTest, AnotherListHoldsAtOnce) {
  DeviceTokens tokens(Two());
  const auto one = tokens.Admit(kFirst, kPeer, kNow).device;
  const auto two = tokens.Admit(kSecond, kPeer, kNow).device;
  File(std::string("two ") + kSecond + " bytes=5\nthree third-token-0123456\n");
  EXPECT_EQ(tokens.Reload(), 2u);
  EXPECT_TRUE(one->revoked());
  EXPECT_FALSE(tokens.Admit(kFirst, kPeer, kNow).device);
  EXPECT_FALSE(two->revoked());
  EXPECT_EQ(two->limits().bytes_per_second, 5);
  EXPECT_EQ(tokens.Admit(kSecond, kPeer, kNow).device, two);
  File("two another-token-of-two\n");
  tokens.Reload();
  EXPECT_TRUE(two->revoked()) << "its token has changed";
}

TEST_F(DeviceTokensTest, AListThatIsWrongChangesNothing) {
  DeviceTokens tokens(Two());
  const auto one = tokens.Admit(kFirst, kPeer, kNow).device;
  File(std::string("two ") + kSecond + "\nthree short\n");
  EXPECT_THROW(tokens.Reload(), Error);
  EXPECT_EQ(tokens.devices(), 2u);
  EXPECT_FALSE(one->revoked());
  EXPECT_TRUE(tokens.Admit(kFirst, kPeer, kNow).device);
}

// Where a transport brings its streams.
class AdmitTest : public DeviceTokensTest {
 protected:
  AdmitTest()
      : backend_(std::make_shared<server::FakeTeacher>(), server::SmallStudent(1), {}, "1") {}
  uint64_t Refused(RefusalReason reason) const {
    return backend_.stats().refused_by_reason[static_cast<size_t>(reason)];
  }

  server::Backend backend_;
};

class NoStream final : public server::OpenStream {
 public:
  void Tick(std::chrono::steady_clock::time_point) override {}
  void EndWith(const Error&) override {}
  void Move(const Error&) override {}
};

TEST_F(AdmitTest, WithoutAListEverybodyMayComeIn) {
  server::StreamOrigin origin;
  EXPECT_FALSE(Admit(nullptr, "", kPeer, *backend_.streams(), origin));
  EXPECT_EQ(origin.device, nullptr);
}

TEST_F(AdmitTest, RefusalsAreCounted) {
  DeviceTokens tokens(Two());
  server::StreamOrigin origin{"192.0.2.1", "", false};
  const auto why = Admit(&tokens, "", kPeer, *backend_.streams(), origin);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code(), ErrorCode::kUnauthenticated);
  EXPECT_EQ(Refused(RefusalReason::kUnauthenticated), 1u);
  EXPECT_EQ(backend_.resources()->observatory.Events().at(0).client, "192.0.2.1");
}

TEST_F(AdmitTest, SessionsOfADeviceAreBounded) {
  DeviceTokens tokens(Two());
  const auto open = [&](const char* token) {
    server::StreamOrigin origin;
    const auto refused = Admit(&tokens, token, kPeer, *backend_.streams(), origin);
    EXPECT_FALSE(refused);
    return backend_.streams()->Open(
        [](uint64_t, const std::string&) { return std::make_shared<NoStream>(); }, origin);
  };
  EXPECT_FALSE(open(kFirst));
  const auto why = open(kFirst);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code(), ErrorCode::kResourceExhausted);
  EXPECT_NE(std::string(why->what()).find("the device \"one\" has its full number of sessions (1)"),
            std::string::npos)
      << why->what();
  EXPECT_EQ(Refused(RefusalReason::kDeviceFull), 1u);
  EXPECT_FALSE(open(kSecond));
  EXPECT_FALSE(open(kSecond));
  backend_.streams()->Remove(1);
  EXPECT_FALSE(open(kFirst)) << "there is room again";
}

TEST(BearerToken, IsWhatFollowsTheScheme) {
  EXPECT_EQ(BearerToken("Bearer abc"), "abc");
  EXPECT_EQ(BearerToken("Basic abc"), "");
  EXPECT_EQ(BearerToken(""), "");
}

}  // namespace
}  // namespace shadowtutor::rpc
