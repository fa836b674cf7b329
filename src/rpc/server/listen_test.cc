#include "rpc/server/listen.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

constexpr std::chrono::milliseconds kSilence{1000};

std::string ReasonAgainst(const std::string& address) {
  try {
    ListenOn(address, kSilence);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    return error.what();
  }
  return "";
}

TEST(ListenOn, TakesAFreePortAndTellsIt) {
  const ListeningSockets listening = ListenOn("127.0.0.1:0", kSilence);
  EXPECT_EQ(listening.sockets.size(), 1u);
  EXPECT_TRUE(listening.address.starts_with("127.0.0.1:"));
  EXPECT_FALSE(listening.address.ends_with(":0"));
  EXPECT_NE(ReasonAgainst(listening.address).find("another program uses that port"),
            std::string::npos);
}

TEST(ListenOn, ANameMayStandForSeveralAddressesWithOnePort) {
  const ListeningSockets listening = ListenOn("localhost:0", kSilence);
  EXPECT_GE(listening.sockets.size(), 1u);
  EXPECT_TRUE(listening.address.starts_with("localhost:"));
  EXPECT_GE(ListenOn("0.0.0.0:0", kSilence).sockets.size(), 1u);
}

TEST(ListenOn, SaysWhyNot) {
  EXPECT_NE(ReasonAgainst("192.0.2.1:0").find("not this machine's"), std::string::npos);
  EXPECT_NE(ReasonAgainst("no-such-host.invalid:0").find("check the address"), std::string::npos);
}

TEST(ListenOn, WhatIsNoAddressIsRefused) {  // each reason: rpc/address_test.cc
  for (const char* address : {"127.0.0.1:65536", "127.0.0.1:", "127.0.0.1", "unix:"}) {
    try {
      ListenOn(address, kSilence);
      ADD_FAILURE() << address;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << error.what();
    }
  }
}

TEST(ListenOn, AUnixSocketOfAServerThatIsGoneIsReplaced) {
  const std::string path = testing::TempDir() + "/listen_test.sock";
  std::filesystem::remove(path);
  {
    const ListeningSockets first = ListenOn("unix:" + path, kSilence);
    EXPECT_EQ(first.path, path);
    EXPECT_NE(ReasonAgainst("unix:" + path).find("another program listens"), std::string::npos);
  }
  EXPECT_EQ(ListenOn("unix://" + path, kSilence).sockets.size(), 1u);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace shadowtutor::rpc
