#include "rpc/credentials.h"

#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "core/testing/code_of.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

TEST(CredentialsTest, PlainTextWithoutFiles) {
  EXPECT_NE(MakeServerCredentials({}), nullptr);
  EXPECT_NE(MakeChannelCredentials({}), nullptr);
}

TEST(CredentialsTest, RefusesHalfAPairAndFilesThatAreNotThere) {
  TlsFiles half;
  half.certificate = "server.pem";
  EXPECT_EQ(CodeOf([&] { MakeServerCredentials(half); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { MakeChannelCredentials(half); }), ErrorCode::kInvalidArgument);
  TlsFiles authority_only;
  authority_only.authority = "ca.pem";
  EXPECT_EQ(CodeOf([&] { MakeServerCredentials(authority_only); }), ErrorCode::kInvalidArgument);
  TlsFiles missing;
  missing.certificate = "no-such-certificate.pem";
  missing.key = "no-such-key.pem";
  EXPECT_EQ(CodeOf([&] { MakeServerCredentials(missing); }), ErrorCode::kNotFound);
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
