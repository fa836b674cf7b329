#include "core/address_text.h"

#include <gtest/gtest.h>

namespace shadowtutor {
namespace {

TEST(AddressText, HidesUserAndPassword) {
  EXPECT_EQ(WithoutCredentials("rtsp://me:secret@host:554/a@b"), "rtsp://host:554/a@b");
  EXPECT_EQ(WithoutCredentials("rtsp://me:s@cret@host"), "rtsp://host");
  EXPECT_EQ(WithoutCredentials("RTSP://me:secret@host/cam"), "RTSP://host/cam");
  EXPECT_EQ(WithoutCredentials("rtsp://token@host/cam"), "rtsp://host/cam");
  EXPECT_EQ(WithoutCredentials("rtsp://me:%73ecret%40@[::1]:554/x"), "rtsp://[::1]:554/x");
  EXPECT_EQ(WithoutCredentials("rtsp:/me:secret@host/cam"), "rtsp:/host/cam");
  EXPECT_EQ(WithoutCredentials("me:secret@host/cam"), "host/cam");
  EXPECT_EQ(WithoutCredentials("//me:secret@host/cam"), "//host/cam");
  EXPECT_EQ(WithoutCredentials("--source=rtsp://me:secret@host"), "--source=rtsp://host");
}

TEST(AddressText, HidesPasswordsThatLookLikePartsOfAnAddress) {
  for (const char* password : {"ge/heim", "ge?heim", "ge#heim", "ge\\heim"}) {
    EXPECT_EQ(WithoutCredentials("rtsp://me:" + std::string(password) + "@10.0.0.7:554/cam"),
              "rtsp://10.0.0.7:554/cam")
        << password;
  }
  // Nobody can tell where these passwords end.
  for (const char* address :
       {"rtsp://me:p@ge/heim@host/cam", "rtsp://me:12/heim@host/cam", "rtsp://me:ge/h@eim@host",
        "rtsp://me:geheim%40host/cam", "rtsp://me:/geheim@host/cam", "rtsp://me:geheim"}) {
    EXPECT_EQ(WithoutCredentials(address), "rtsp://...") << address;
  }
}

TEST(AddressText, HidesQueries) {
  EXPECT_EQ(WithoutCredentials("http://host:80/a/cam?user=me&pwd=geheim"),
            "http://host:80/a/cam?...");
  EXPECT_EQ(WithoutCredentials("http://host?token=geheim"), "http://host?...");
  EXPECT_EQ(WithoutCredentials("http://host/x#geheim"), "http://host/x#...");
  EXPECT_EQ(WithoutCredentials("http://10.0.0.7:80/x?mail=a@b"), "http://10.0.0.7:80/x?...");
  EXPECT_EQ(WithoutCredentials("http://host/x?pwd=ge@heim"), "http://host/x?...");
  EXPECT_EQ(WithoutCredentials("http://me:geheim@host/x?pwd=ge@heim").find("heim"),
            std::string::npos);
  EXPECT_EQ(WithoutCredentials("srt://host:9000?passphrase=geheim"), "srt://host:9000?...");
  EXPECT_EQ(WithoutCredentials("host:80/x?pwd=geheim"), "host:80/x?...");
  EXPECT_EQ(WithoutCredentials("rtsp://10.0.0.7/live/user=me_password=geheim_channel=1.sdp?real"),
            "rtsp://10.0.0.7/live/...");
}

TEST(AddressText, LeavesTheRestAsItIs) {
  for (const char* text :
       {"http://host/a@b", "https://host.example/@name/live", "rtsp://[fe80::1]:554/cam",
        "rtsp://host", "movie.mp4", "/data/12:30 me@home.mp4", "./a:b@c", "what?.mp4", "0", "",
        "C:/videos/a.mp4", "localhost:50051", "[::1]:50051"}) {
    EXPECT_EQ(WithoutCredentials(text), text);
  }
  EXPECT_EQ(WithoutCredentials("udp://@239.0.0.1:1234"), "udp://239.0.0.1:1234");
}

TEST(AddressText, FindsAddressesInTexts) {
  EXPECT_EQ(WithoutCredentialsIn("cannot open 'rtsp://me:secret@host/x': refused"),
            "cannot open 'rtsp://host/x': refused");
  EXPECT_EQ(WithoutCredentialsIn("(http://host/x?token=1), tcp://me:s@h:1?timeout=0: timed out."),
            "(http://host/x?...), tcp://h:1?...: timed out.");
  EXPECT_EQ(WithoutCredentialsIn("proxy me:secret@proxy:3128 refused"), "proxy proxy:3128 refused");
  EXPECT_EQ(WithoutCredentialsIn("at 12:30, to a@b: no address"), "at 12:30, to a@b: no address");
}

TEST(AddressText, FindsThePiecesOfAKnownAddress) {
  const std::string address = "rtsp://me:ge heim@host/x?token=abcdef&n=1";
  EXPECT_EQ(WithoutCredentialsIn("open " + address + " failed", address),
            "open rtsp://host/x?... failed");
  EXPECT_EQ(WithoutCredentialsIn("no host ge heim, abcdef", address), "no host ..., ...");
}

}  // namespace
}  // namespace shadowtutor
