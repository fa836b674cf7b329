#include "rpc/host_lookup.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

std::string RefusalToListen(const std::string& address) {
  try {
    CheckCouldListen(ParseServerAddress(address, AddressUse::kListen));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    return error.what();
  }
  return "taken";
}

TEST(HostLookup, TakesThisMachinesAddresses) {
  for (const char* address : {"127.0.0.1:0", "0.0.0.0:0", "localhost:0", "unix-abstract:some"}) {
    EXPECT_EQ(RefusalToListen(address), "taken") << address;
  }
  EXPECT_EQ(RefusalToListen("unix:" + testing::TempDir() + "some.sock"), "taken");
}

TEST(HostLookup, RefusesOthers) {
  // Reserved for documentation, so nobody has it.
  EXPECT_NE(RefusalToListen("192.0.2.7:0").find("none of this machine's"), std::string::npos);
  EXPECT_NE(RefusalToListen("unix:/no/such/folder/some.sock").find("there is no folder"),
            std::string::npos);
}

TEST(HostLookup, RefusesNamesThatNobodyKnows) {
  // "is not known" or, without a network, "cannot be looked up".
  EXPECT_TRUE(RefusalToListen("nohost.invalid:0").starts_with("the host name nohost.invalid "));
  EXPECT_THROW(CheckHostIsKnown(ParseServerAddress("nohost.invalid:1", AddressUse::kConnect)),
               Error);
  CheckHostIsKnown(ParseServerAddress("localhost:1", AddressUse::kConnect));
  CheckHostIsKnown(ParseServerAddress("192.0.2.7:1", AddressUse::kConnect));
}

TEST(HostLookup, SaysWhichPortsAreForRoot) {
  int first_free = 1024;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> first_free;
  if (geteuid() == 0 || first_free <= 1) GTEST_SKIP() << "this user may take any port";
  EXPECT_NE(RefusalToListen("127.0.0.1:1").find("ports below 1024"), std::string::npos);
}

}  // namespace
}  // namespace shadowtutor::rpc
