#include "eval/live/throwaway_certificate.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "eval/live/process.h"

namespace shadowtutor::eval::live {
namespace {

namespace fs = std::filesystem;

TEST(ThrowawayCertificate, IsForTheAddressAloneAndGoneAfterwards) {
  const fs::path openssl = FindProgram("openssl");
  if (openssl.empty()) GTEST_SKIP() << "there is no program openssl here";
  const auto folder = fs::path(testing::TempDir()) / "throwaway_certificate_test";
  fs::create_directories(folder);
  fs::path certificate, key;
  {
    const ThrowawayCertificate made(folder, "10.1.2.3");
    certificate = made.certificate();
    key = made.key();
    const std::string names =
        RunTool({openssl, "x509", "-in", certificate, "-noout", "-ext", "subjectAltName"});
    EXPECT_NE(names.find("IP Address:10.1.2.3\n"), std::string::npos) << names;
    EXPECT_EQ(RunTool({openssl, "pkey", "-in", key, "-pubout"}),
              RunTool({openssl, "x509", "-in", certificate, "-noout", "-pubkey"}));
    EXPECT_EQ(fs::status(key).permissions() & (fs::perms::group_all | fs::perms::others_all),
              fs::perms::none);
  }
  EXPECT_FALSE(fs::exists(certificate));
  EXPECT_FALSE(fs::exists(key));
}

}  // namespace
}  // namespace shadowtutor::eval::live
