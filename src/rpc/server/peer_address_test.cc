#include "rpc/server/peer_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace shadowtutor::rpc {
namespace {

PeerAddress OfSocket(const std::string& host) {
  sockaddr_storage address{};
  auto& six = reinterpret_cast<sockaddr_in6&>(address);
  auto& four = reinterpret_cast<sockaddr_in&>(address);
  if (inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
  } else {
    four.sin_family = AF_INET;
    EXPECT_EQ(inet_pton(AF_INET, host.c_str(), &four.sin_addr), 1);
  }
  return PeerAddressOf(address);
}

TEST(PeerAddress, IsTheAddressWithoutThePort) {
  EXPECT_EQ(OfSocket("192.0.2.7").text, "192.0.2.7");
  EXPECT_EQ(OfSocket("::ffff:192.0.2.7").text, "192.0.2.7");
  EXPECT_EQ(PeerAddressOf("ipv4:192.0.2.7:1234").text, "192.0.2.7");
  EXPECT_FALSE(PeerAddressOf("ipv4:192.0.2.7:1234").local);
}

TEST(PeerAddress, ANetworkOfIpv6IsOneAddress) {
  EXPECT_EQ(OfSocket("2001:db8:1:2:3:4:5:6").text, "2001:db8:1:2::/64");
  EXPECT_EQ(PeerAddressOf("ipv6:%5B2001:db8:1:2:ffff::1%5D:80").text, "2001:db8:1:2::/64");
  EXPECT_EQ(PeerAddressOf("ipv6:[fe80::1%25eth0]:80").text, "fe80::/64");
}

TEST(PeerAddress, KnowsThisMachine) {
  EXPECT_TRUE(OfSocket("127.0.0.9").local);
  EXPECT_TRUE(OfSocket("::1").local);
  EXPECT_TRUE(OfSocket("::ffff:127.0.0.1").local);
  EXPECT_TRUE(PeerAddressOf("ipv6:%5B::1%5D:80").local);
  EXPECT_TRUE(PeerAddressOf("unix:/run/x").local);
}

TEST(PeerAddress, WhatItDoesNotKnowIsEmpty) {
  for (const char* peer : {"", "ipv4:", "ipv4:x:1", "ipv6:[", "vsock:1:2"}) {
    EXPECT_EQ(PeerAddressOf(peer).text, "") << peer;
  }
}

}  // namespace
}  // namespace shadowtutor::rpc
