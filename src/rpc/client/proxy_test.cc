#include "rpc/client/proxy.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace shadowtutor::rpc {
namespace {

class ProxyTest : public ::testing::Test {
 protected:
  ProxyTest() { Clear(); }
  ~ProxyTest() override { Clear(); }
  static void Clear() {
    for (const char* name :
         {"grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy"}) {
      unsetenv(name);
    }
  }
  static std::string Of(const char* address) {
    const auto proxy = ProxyFor(address);
    return proxy ? proxy->variable + " " + proxy->address : "none";
  }
};

TEST_F(ProxyTest, IsNoneUnlessOneIsNamed) { EXPECT_EQ(Of("example.org:1"), "none"); }

TEST_F(ProxyTest, IsNotAskedForThisMachineNorForPrivateNetworks) {
  setenv("http_proxy", "http://me:geheim@proxy:3128", 1);
  EXPECT_EQ(Of("example.org:1"), "http_proxy http://proxy:3128");
  EXPECT_EQ(Of("203.0.113.5:1"), "http_proxy http://proxy:3128");
  for (const char* address : {"127.0.0.1:1", "localhost:1", "192.168.1.5:1", "10.0.0.1:1",
                              "[fd00::1]:1", "tutor:1", "tutor.local:1", "unix:/a"}) {
    EXPECT_EQ(Of(address), "none") << address;
  }
}

TEST_F(ProxyTest, GrpcProxyIsMeantForGrpc) {
  setenv("http_proxy", "http://web:3128", 1);
  setenv("grpc_proxy", "http://proxy:3128", 1);
  EXPECT_EQ(Of("192.168.1.5:1"), "grpc_proxy http://proxy:3128");
  EXPECT_EQ(Of("127.0.0.1:1"), "none");
}

TEST_F(ProxyTest, ServersCanBeExcluded) {
  setenv("https_proxy", "http://proxy:3128", 1);
  setenv("no_proxy", "foo, .example.org", 1);
  EXPECT_EQ(Of("tutor.example.org:1"), "none");
  EXPECT_EQ(Of("example.com:1"), "https_proxy http://proxy:3128");
}

}  // namespace
}  // namespace shadowtutor::rpc
