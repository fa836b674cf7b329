#include "rpc/credentials.h"

#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "core/testing/code_of.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

TEST(CredentialsTest, PlainTextWithoutFiles) { EXPECT_NE(MakeChannelCredentials({}), nullptr); }

TEST(CredentialsTest, RefusesHalfAPair) {
  TlsFiles half;
  half.certificate = "client.pem";
  EXPECT_EQ(CodeOf([&] { MakeChannelCredentials(half); }), ErrorCode::kInvalidArgument);
}

TEST(CredentialsTest, RefusesFilesThatAreNoPem) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "not_a.pem";
  WriteFileAtomically(file, std::string_view("hello"));
  TlsFiles files;
  files.authority = file;
  EXPECT_EQ(CodeOf([&] { MakeChannelCredentials(files); }), ErrorCode::kInvalidArgument);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace shadowtutor::rpc
