#include "rpc/address.h"

#include <gtest/gtest.h>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

std::string Refusal(const std::string& text, AddressUse use) {
  try {
    ParseServerAddress(text, use);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << text;
    return error.what();
  }
  return "taken";
}

TEST(ServerAddress, TakesHostsWithPorts) {
  const ServerAddress ipv4 = ParseServerAddress("127.0.0.1:50051", AddressUse::kConnect);
  EXPECT_EQ(ipv4.host, "127.0.0.1");
  EXPECT_EQ(ipv4.port, 50051);
  const ServerAddress ipv6 = ParseServerAddress("[fe80::1%eth0]:65535", AddressUse::kConnect);
  EXPECT_EQ(ipv6.host, "fe80::1%eth0");
  EXPECT_EQ(ipv6.port, 65535);
  const ServerAddress name = ParseServerAddress("Tutor-1.example.org:1", AddressUse::kConnect);
  EXPECT_EQ(name.host, "Tutor-1.example.org");
  EXPECT_EQ(name.port, 1);
  EXPECT_EQ(ParseServerAddress("0.0.0.0:0", AddressUse::kListen).port, 0);
  EXPECT_EQ(ParseServerAddress("dns:50051", AddressUse::kConnect).host, "dns");
}

TEST(ServerAddress, TakesUnixSockets) {
  EXPECT_EQ(ParseServerAddress("unix:a/b.sock", AddressUse::kListen).path, "a/b.sock");
  EXPECT_EQ(ParseServerAddress("unix:///run/b.sock", AddressUse::kConnect).path, "/run/b.sock");
  const ServerAddress abstract = ParseServerAddress("unix-abstract:tutor", AddressUse::kListen);
  EXPECT_TRUE(abstract.abstract);
  EXPECT_EQ(abstract.path, "tutor");
}

TEST(ServerAddress, SaysWhatIsWrong) {
  const struct {
    const char* text;
    const char* part;  // of the sentence
  } kWrong[] = {
      {"", "is empty"},
      {"127.0.0.1", "has no port; write host:port, such as 127.0.0.1:50051"},
      {"localhost", "has no port"},
      {"[::1]", "has no port; write [::1]:50051"},
      {"7330", "is a port without a host; write host:port, such as 127.0.0.1:7330"},
      {":7330", "has no host"},
      {"localhost:", "no port after the colon"},
      {"127.0.0.1:99999", "there is no port 99999"},
      {"127.0.0.1:65536", "there is no port 65536"},
      {"127.0.0.1:99999999999999999999999", "there is no port 999"},
      {"[::1]:70000", "there is no port 70000"},
      {"127.0.0.1:-1", "is no number"},
      {"127.0.0.1:+1", "is no number"},
      {"127.0.0.1:http", "is no number"},
      {"127.0.0.1:0x50", "is no number"},
      {"http://127.0.0.1:7330", "without http:// in front: write 127.0.0.1:7330"},
      {"https://localhost:7330/x", "without https:// in front: write localhost:7330"},
      {"dns:///localhost:7328", "without dns:// in front: write localhost:7328"},
      {"ipv4:127.0.0.1:7328", "without ipv4: in front: write 127.0.0.1:7328"},
      {"127.0.0.1:7330/", "ends with its port; leave away what follows 127.0.0.1:7330"},
      {" 127.0.0.1:7330", "white space"},
      {"127.0.0.1:7330\n", "white space"},
      {"::1:7330", "write [::1]:7330"},
      {"::1", "write [::1]:50051"},
      {"fe80::1", "in brackets"},
      {"a:b:1", "more than one colon"},
      {"[::1:7330", "is not closed"},
      {"[::1]7330", "after the bracket"},
      {"[127.0.0.1]:7330", "no IPv6 address"},
      {"127.1:7328", "is no IPv4 address"},
      {"300.0.0.1:7328", "is no IPv4 address"},
      {"a..b:1", "is no host name"},
      {"a,b:1", "is no host name"},
      {"b\xc3\xbc:1", "is no host name"},
      {"unix:", "names no Unix socket"},
      {"unix://host/path", "names a host"},
  };
  for (const auto& wrong : kWrong) {
    for (const AddressUse use : {AddressUse::kListen, AddressUse::kConnect}) {
      const std::string sentence = Refusal(wrong.text, use);
      EXPECT_NE(sentence.find(wrong.part), std::string::npos) << wrong.text << ": " << sentence;
    }
  }
  EXPECT_NE(Refusal("unix:/" + std::string(200, 'a'), AddressUse::kListen).find("at most 107"),
            std::string::npos);
  EXPECT_NE(Refusal("localhost:0", AddressUse::kConnect).find("port 0"), std::string::npos);
}

TEST(ServerAddress, ShowsNoPassword) {
  for (const char* text : {"me:geheim@host:1", "http://me:geheim@host:1", "http://me:ge/heim@host",
                           "me:ge/heim@host:1", "host:1/?token=geheim", "geheim@host:1"}) {
    const std::string sentence = Refusal(text, AddressUse::kConnect);
    EXPECT_EQ(sentence.find("heim"), std::string::npos) << text << ": " << sentence;
  }
}

TEST(ServerAddress, KnowsLoopbackAddresses) {
  for (const char* address :
       {"127.0.0.1:50051", "127.1.2.3:0", "localhost:1", "LOCALHOST:1", "ip6-localhost:1",
        "[::1]:50051", "[0:0:0:0:0:0:0:1]:1", "[::ffff:127.0.0.1]:1", "unix:/run/shadowtutor.sock",
        "unix-abstract:shadowtutor"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address :
       {"0.0.0.0:50051", "[::]:50051", "192.168.1.4:1", "example.org:1", "127.0.0.1.example.org:1",
        "localhost.example.org:1", "127.0.0.1", "", ":50051", "http://127.0.0.1:1"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

TEST(ServerAddress, KnowsPrivateNetworks) {
  for (const char* host : {"10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1",
                           "fd00::1", "fe80::1%eth0", "tutor", "tutor.local", "Tutor.LAN"}) {
    EXPECT_TRUE(IsInPrivateNetwork(host)) << host;
  }
  for (const char* host : {"172.32.0.1", "11.0.0.1", "192.169.0.1", "2001:db8::1", "example.org",
                           "local.example.org"}) {
    EXPECT_FALSE(IsInPrivateNetwork(host)) << host;
  }
}

}  // namespace
}  // namespace shadowtutor::rpc
