#include "rpc/server_tls.h"

#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "core/testing/code_of.h"
#include "rpc/testing/certificates.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

namespace fs = std::filesystem;
using testing::MakeCertificate;

TEST(ServerTlsTest, RefusesHalfAPairAndFilesThatAreNotThere) {
  EXPECT_EQ(CodeOf([] { ServerTls({"server.pem", {}, {}}); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([] { ServerTls({{}, {}, "ca.pem"}); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([] { ServerTls({"no-such.pem", "no-such.key", {}}); }), ErrorCode::kNotFound);
}

TEST(ServerTlsTest, GivesOutWhatIsNewOnceAndNothingThatIsBroken) {
  const fs::path folder = fs::path(::testing::TempDir()) / "server_tls_test";
  fs::create_directories(folder);
  const auto make = [&](const char* name) {
    return MakeCertificate(folder, "server", {.name = name});
  };
  const auto files = make("first");
  ServerTls tls({files.certificate, files.key, {}});
  EXPECT_FALSE(tls.asks_clients());
  EXPECT_TRUE(ServerTls({files.certificate, files.key, files.certificate}).asks_clients());
  const auto first = tls.TakeNew();
  ASSERT_TRUE(first);
  EXPECT_EQ(CertificateText(first->certificate).find("first, valid until 2"), 0u);
  EXPECT_FALSE(tls.TakeNew());

  make("second");
  EXPECT_FALSE(tls.TakeNew());  // before somebody asks for it
  EXPECT_EQ(tls.Reload().find("second, valid until 2"), 0u);
  MakeCertificate(folder, "other", {.name = "third"});
  fs::rename(folder / "other.key", files.key);
  // What was read last still comes.
  EXPECT_EQ(CodeOf([&] { tls.Reload(); }), ErrorCode::kInvalidArgument);
  const auto second = tls.TakeNew();
  ASSERT_TRUE(second);
  EXPECT_EQ(CertificateText(second->certificate).find("second"), 0u);
  fs::remove(files.key);
  EXPECT_EQ(CodeOf([&] { tls.Reload(); }), ErrorCode::kNotFound);
  EXPECT_FALSE(tls.TakeNew());
  fs::remove_all(folder);
}

}  // namespace
}  // namespace shadowtutor::rpc
