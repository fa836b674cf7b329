#include "web/dashboard_access.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "video/testing/test_files.h"

namespace shadowtutor::web {
namespace {

using namespace std::chrono_literals;
using shadowtutor::testing::TemporaryFolder;
using Clock = DashboardAccess::Clock;

constexpr Clock::time_point kNow{std::chrono::hours(500'000)};
constexpr char kToken[] = "correct-horse-battery";

class DashboardAccessTest : public ::testing::Test {
 protected:
  DashboardAccess Open() {
    return {options_, [this](const rpc::PeerAddress&, const std::string& sentence) {
              log_.push_back(sentence);
            }};
  }
  DashboardAccess OpenWithToken() {
    options_.token_file = folder_ / "token";
    WriteFileAtomically(options_.token_file, std::string_view(kToken), false);
    return Open();
  }
  static DashboardRequest Request(const std::string& host = "localhost:8080") {
    return {.method = "GET", .path = "/api/sessions", .host = host, .peer = {"192.0.2.1", false}};
  }
  static DashboardRequest With(const std::string& token, const std::string& from = "192.0.2.1") {
    DashboardRequest request = Request("cam.example");
    request.authorization = "Bearer " + token;
    request.peer.text = from;
    return request;
  }
  static int Status(const std::optional<Answer>& refusal) {
    return refusal ? refusal->status : 200;
  }
  static std::string Header(const Answer& answer, const std::string& name) {
    for (const auto& [key, value] : answer.headers) {
      if (key == name) return value;
    }
    return "";
  }

  const TemporaryFolder folder_;
  ServerOptions options_;
  std::vector<std::string> log_;
};

TEST_F(DashboardAccessTest, ThisMachineSeesItOnALoopbackAddress) {
  options_.token_setting = "--web-token-file";
  DashboardAccess access = Open();
  EXPECT_EQ(Status(access.RefusePage(Request())), 200);
  EXPECT_EQ(Status(access.RefuseData(Request(), kNow)), 200);
  EXPECT_EQ(access.Describe(Request(), kNow).body, R"({"token":false,"open":true})");
  // Another name leads here: that of a site that a browser trusts with what it reads.
  EXPECT_EQ(Status(access.RefusePage(Request("evil.example:8080"))), 403);
  EXPECT_EQ(Status(access.RefuseData(Request(""), kNow)), 403);
  // A proxy brings others.
  DashboardRequest forwarded = Request();
  forwarded.forwarded = true;
  const std::optional<Answer> refusal = access.RefusePage(forwarded);
  EXPECT_EQ(Status(refusal), 403);
  EXPECT_NE(refusal->body.find("--web-token-file"), std::string::npos);
}

TEST_F(DashboardAccessTest, PagesOfOtherSitesGetNothing) {
  DashboardAccess access = Open();
  for (const char* site : {"cross-site", "same-site"}) {
    DashboardRequest request = Request();
    request.fetch_site = site;
    EXPECT_EQ(Status(access.RefuseData(request, kNow)), 403) << site;
    EXPECT_EQ(Status(access.RefusePage(request)), 200) << "a link may lead here";
  }
  DashboardRequest request = Request();
  request.fetch_site = "same-origin";
  request.origin = "http://localhost:8080";
  EXPECT_EQ(Status(access.RefuseData(request, kNow)), 200);
  request.origin = "http://evil.example";
  EXPECT_EQ(Status(access.RefuseData(request, kNow)), 403);
  EXPECT_EQ(access.Login(request, kNow).status, 403);
  EXPECT_EQ(access.Logout(request).status, 403);
}

TEST_F(DashboardAccessTest, AddressesThatOthersReachHaveNoneWithoutAToken) {
  options_.listen = "0.0.0.0:8080";
  DashboardAccess access = Open();
  for (const char* host : {"localhost:8080", "192.0.2.9:8080", ""}) {
    EXPECT_EQ(Status(access.RefusePage(Request(host))), 403) << host;
    EXPECT_EQ(Status(access.RefuseData(Request(host), kNow)), 403) << host;
    EXPECT_EQ(access.Login(Request(host), kNow).status, 403) << host;
  }
}

TEST_F(DashboardAccessTest, WhoeverHasTheTokenSeesItFromAnywhere) {
  options_.listen = "0.0.0.0:8080";
  DashboardAccess access = OpenWithToken();
  EXPECT_EQ(Status(access.RefusePage(Request("cam.example"))), 200) << "which asks for the token";
  EXPECT_EQ(access.Describe(Request("cam.example"), kNow).body, R"({"token":true,"open":false})");
  const std::optional<Answer> refusal = access.RefuseData(Request("cam.example"), kNow);
  EXPECT_EQ(Status(refusal), 401);
  EXPECT_TRUE(Header(*refusal, "WWW-Authenticate").starts_with("Bearer"));
  EXPECT_EQ(Status(access.RefuseData(With("something-else-entirely"), kNow)), 401);
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_NE(log_[0].find("192.0.2.1"), std::string::npos);
  EXPECT_EQ(Status(access.RefuseData(With(kToken), kNow)), 200);
  DashboardRequest basic = With(kToken);
  basic.authorization = std::string("Basic ") + kToken;
  EXPECT_EQ(Status(access.RefuseData(basic, kNow)), 401);
}

TEST_F(DashboardAccessTest, ATokenIsNeededOnThisMachineTooOnceThereIsOne) {
  DashboardAccess access = OpenWithToken();
  EXPECT_EQ(Status(access.RefuseData(Request(), kNow)), 401);
  DashboardRequest request = With(kToken);
  EXPECT_EQ(Status(access.RefuseData(request, kNow)), 403) << "by a name that leads here";
  request.host = "127.0.0.1:8080";
  EXPECT_EQ(Status(access.RefuseData(request, kNow)), 200);
  // A proxy whose origin is known.
  options_.origins = {"https://cam.example"};
  DashboardAccess behind = OpenWithToken();
  request = With(kToken);
  request.forwarded = true;
  EXPECT_EQ(Status(behind.RefuseData(request, kNow)), 200);
}

TEST_F(DashboardAccessTest, ACookieStandsForTheToken) {
  options_.listen = "0.0.0.0:8080";
  DashboardAccess access = OpenWithToken();
  EXPECT_EQ(access.Login(Request("cam.example"), kNow).status, 401);
  const Answer answer = access.Login(With(kToken), kNow);
  ASSERT_EQ(answer.status, 200);
  const std::string set = Header(answer, "Set-Cookie");
  EXPECT_NE(set.find("; HttpOnly; SameSite=Strict"), std::string::npos) << set;
  EXPECT_EQ(set.find("Secure"), std::string::npos) << set;
  EXPECT_EQ(set.find(kToken), std::string::npos);
  DashboardRequest request = Request("cam.example");
  request.cookie = "other=1; " + set.substr(0, set.find(';'));
  EXPECT_EQ(Status(access.RefuseData(request, kNow)), 200);
  EXPECT_EQ(access.Describe(request, kNow).body, R"({"token":true,"open":true})");
  EXPECT_EQ(Status(access.RefuseData(request, kNow + 13h)), 401);
  request.cookie = "not_" + set.substr(0, set.find(';'));
  EXPECT_EQ(Status(access.RefuseData(request, kNow)), 401);
  EXPECT_NE(Header(access.Logout(request), "Set-Cookie").find("Max-Age=0"), std::string::npos);
  DashboardRequest encrypted = With(kToken);
  encrypted.tls = true;
  EXPECT_NE(Header(access.Login(encrypted, kNow), "Set-Cookie").find("; Secure"),
            std::string::npos);
}

TEST_F(DashboardAccessTest, ReadsTheTokenAgain) {
  options_.listen = "0.0.0.0:8080";
  EXPECT_FALSE(Open().ReloadToken());
  DashboardAccess access = OpenWithToken();
  DashboardRequest request = Request("cam.example");
  const std::string set = Header(access.Login(With(kToken), kNow), "Set-Cookie");
  request.cookie = set.substr(0, set.find(';'));
  WriteFileAtomically(options_.token_file, std::string_view("short"), false);
  EXPECT_THROW(access.ReloadToken(), Error);
  EXPECT_EQ(Status(access.RefuseData(request, kNow)), 200) << "the old one stays";
  WriteFileAtomically(options_.token_file, std::string_view("quite-another-token"), false);
  EXPECT_TRUE(access.ReloadToken());
  EXPECT_EQ(Status(access.RefuseData(request, kNow)), 401);
  EXPECT_EQ(Status(access.RefuseData(With(kToken), kNow)), 401);
  EXPECT_EQ(Status(access.RefuseData(With("quite-another-token"), kNow)), 200);
}

TEST_F(DashboardAccessTest, WrongTokensMakeAnAddressWait) {
  options_.listen = "0.0.0.0:8080";
  DashboardAccess access = OpenWithToken();
  Clock::time_point now = kNow;
  for (int i = 0; i < rpc::WrongTokens::kFree; ++i) {
    EXPECT_EQ(Status(access.RefuseData(With("a-wrong-token-for-it"), now)), 401);
  }
  std::optional<Answer> refusal = access.RefuseData(With(kToken), now);
  EXPECT_EQ(Status(refusal), 429) << "whatever comes";
  EXPECT_EQ(Header(*refusal, "Retry-After"), "1");
  EXPECT_EQ(Status(access.RefuseData(With(kToken, "192.0.2.2"), now)), 200) << "others do not";
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    EXPECT_EQ(Status(access.RefuseData(With("a-wrong-token-for-it"), now + wait - 1ms)), 429);
    now += wait;
    EXPECT_EQ(Status(access.RefuseData(With("a-wrong-token-for-it"), now)), 401);
  }
  EXPECT_EQ(Status(access.RefuseData(With(kToken), now + 60s)), 200);
  EXPECT_EQ(Status(access.RefuseData(With("a-wrong-token-for-it"), now + 60s)), 401);
  EXPECT_EQ(Status(access.RefuseData(With(kToken), now + 60s)), 200) << "it begins anew";
  // Without any token nothing is guessed, and nothing counted.
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Status(access.RefuseData(Request("cam.example"), now)), 401);
  }
  EXPECT_EQ(Status(access.RefuseData(With(kToken), now)), 200);
}

}  // namespace
}  // namespace shadowtutor::web
