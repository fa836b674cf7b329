#include "rpc/refused_clients.h"

#include <gtest/gtest.h>

namespace shadowtutor::rpc {
namespace {

std::string Line(const std::string& message) { return RefusedHandshake(message).value_or("none"); }

TEST(RefusedClients, SaysWhyInPlainWords) {
  EXPECT_EQ(Line("Handshaking failed: UNKNOWN:Ssl handshake failed: SSL_ERROR_SSL: "
                 "error:0A0000C7:SSL routines::peer did not return a certificate {file_line:393}"),
            "a client was refused: it showed no certificate, which this server asks for");
  EXPECT_EQ(Line("Handshaking failed: UNKNOWN:Ssl handshake failed: SSL_ERROR_SSL: "
                 "error:0A00010B:SSL routines::wrong version number {}"),
            "a client was refused: it does not speak TLS, as this server does");
  EXPECT_NE(Line("Handshaking failed: UNKNOWN:Ssl handshake failed: SSL_ERROR_SSL: "
                 "error:0A000418:SSL routines::tlsv1 alert unknown ca {}")
                .find("does not know the authority"),
            std::string::npos);
}

TEST(RefusedClients, NamesTheAddressWhereItIsKnown) {
  const std::string closed =
      "Handshaking failed: UNKNOWN:Handshake read failed {children:"
      "[INTERNAL:Socket closed {target_address:\"";
  EXPECT_TRUE(
      Line(closed + "ipv4:192.0.2.7:48236\", fd:8}]}").starts_with("a client from 192.0.2.7 "));
  EXPECT_TRUE(Line(closed + "ipv6:%5B2001:db8::1%5D:482\"}]}")
                  .starts_with("a client from 2001:db8::1 went"));
  EXPECT_TRUE(Line(closed + "ipv4:\n\x1b[2J:482\"}]}").starts_with("a client went"));
  EXPECT_TRUE(Line(closed + "ip\"}]}").starts_with("a client went"));
}

TEST(RefusedClients, CutsAndCleansWhatItDoesNotKnow) {
  const std::string line = Line("Handshaking failed: odd\n\x1b" + std::string(1000, 'x'));
  EXPECT_LT(line.size(), 300U);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

TEST(RefusedClients, LeavesOtherLinesAlone) {
  EXPECT_EQ(Line("registering LB policy factory"), "none");
  EXPECT_EQ(Line("Handshaking failed: UNKNOWN:Handshaker shutdown {}"), "none");
}

TEST(RefusedClients, KnowsWrongGreetings) {
  const auto wrong = [](std::initializer_list<uint8_t> bytes) {
    const std::vector<uint8_t> first(bytes);
    return WrongGreeting(first).value_or("right");
  };
  EXPECT_EQ(wrong({'P', 'R', 'I'}), "right");
  EXPECT_EQ(wrong({'G', 'E'}), "right");  // too few to tell
  EXPECT_NE(wrong({0x16, 3, 1}).find("speaks TLS, but"), std::string::npos);
  EXPECT_NE(wrong({'G', 'E', 'T'}).find("no ShadowTutor client"), std::string::npos);
}

TEST(RefusedClients, FewLinesAMinutePass) {
  LineLimit limit;
  LineLimit::Clock::time_point now{};
  for (int i = 0; i < LineLimit::kLines; ++i) EXPECT_EQ(limit.Pass("line", now), "line");
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limit.Pass("line", now), std::nullopt);
  now += LineLimit::kPeriod;
  EXPECT_EQ(limit.Pass("line", now), "line (and 1000 more such lines before)");
  EXPECT_EQ(limit.Pass("line", now), "line");
}

}  // namespace
}  // namespace shadowtutor::rpc
