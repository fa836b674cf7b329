#include "rpc/tls_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/atomic_file.h"
#include "rpc/testing/certificates.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

namespace fs = std::filesystem;
using testing::CertificateFiles;
using testing::MakeCertificate;

class TlsFilesTest : public ::testing::Test {
 protected:
  TlsFilesTest() : folder_(fs::path(::testing::TempDir()) / "tls_files_test") {
    fs::create_directories(folder_);
    authority_ = MakeCertificate(folder_, "authority", {.name = "Authority", .authority = true});
    good_ = MakeCertificate(folder_, "good", {.name = "good"}, &authority_);
    other_ = MakeCertificate(folder_, "other", {.name = "other"}, &authority_);
  }
  ~TlsFilesTest() override { fs::remove_all(folder_); }

  static std::string Refusal(const TlsFiles& files) {
    try {
      ReadTlsFiles(files);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.what();
    }
    return "taken";
  }
  static std::string TextOf(const fs::path& file) {
    const std::vector<uint8_t> bytes = ReadFile(file, 1 << 20);
    return {bytes.begin(), bytes.end()};
  }
  fs::path Write(const std::string& name, std::string_view text) {
    WriteFileAtomically(folder_ / name, text);
    return folder_ / name;
  }

  const fs::path folder_;
  CertificateFiles authority_, good_, other_;
};

#define EXPECT_PART(sentence, part) \
  EXPECT_NE((sentence).find(part), std::string::npos) << (sentence)

TEST_F(TlsFilesTest, TakesWhatFits) {
  const TlsTexts texts = ReadTlsFiles({good_.certificate, good_.key, authority_.certificate});
  EXPECT_EQ(texts.certificate, TextOf(good_.certificate));
  EXPECT_EQ(texts.key, TextOf(good_.key));
  EXPECT_EQ(texts.authority, TextOf(authority_.certificate));
  // A chain, and one file for both.
  const fs::path chain =
      Write("chain.pem", TextOf(good_.certificate) + TextOf(authority_.certificate));
  EXPECT_EQ(Refusal({chain, good_.key, {}}), "taken");
  const fs::path both = Write("both.pem", TextOf(good_.key) + TextOf(good_.certificate));
  EXPECT_EQ(Refusal({both, both, {}}), "taken");
}

TEST_F(TlsFilesTest, RefusesAKeyOfAnotherCertificate) {
  EXPECT_PART(Refusal({good_.certificate, other_.key, {}}), "does not belong to the certificate");
  const fs::path chain =
      Write("chain.pem", TextOf(authority_.certificate) + TextOf(good_.certificate));
  EXPECT_PART(Refusal({chain, good_.key, {}}), "is not the first");
}

TEST_F(TlsFilesTest, RefusesAKeyWithAPassphrase) {
  const CertificateFiles locked = MakeCertificate(folder_, "locked", {.passphrase = "geheim"});
  EXPECT_PART(Refusal({locked.certificate, locked.key, {}}), "is encrypted with a passphrase");
}

TEST_F(TlsFilesTest, RefusesExchangedFiles) {
  EXPECT_PART(Refusal({good_.key, good_.certificate, {}}), "holds a private key");
  EXPECT_PART(Refusal({good_.certificate, good_.certificate, {}}),
              "holds a certificate, where its key");
  EXPECT_PART(Refusal({{}, {}, good_.key}), "holds a private key");
}

TEST_F(TlsFilesTest, RefusesWhatIsNoPem) {
  EXPECT_PART(Refusal({{}, {}, Write("hello.pem", "hello")}), "is not a PEM file");
  EXPECT_PART(Refusal({{}, {}, Write("a.der", "0\x82\x01\x02")}), "looks like DER");
  EXPECT_PART(Refusal({{}, {}, Write("empty.pem", " \n")}), "is empty");
  const fs::path request = Write("a.csr", "-----BEGIN CERTIFICATE REQUEST-----\n");
  EXPECT_PART(Refusal({request, good_.key, {}}), "but a \"CERTIFICATE REQUEST");
}

TEST_F(TlsFilesTest, RefusesDamagedFiles) {
  std::string text = TextOf(good_.certificate);
  const fs::path cut = Write("cut.pem", text.substr(0, text.size() / 2));
  EXPECT_PART(Refusal({cut, good_.key, {}}), "is damaged");
  EXPECT_PART(Refusal({{}, {}, cut}), "is damaged");
  const std::string key = TextOf(good_.key);
  EXPECT_PART(Refusal({good_.certificate, Write("cut.key", key.substr(0, key.size() / 2)), {}}),
              "is damaged");
  // The second of a chain.
  EXPECT_PART(Refusal({{}, {}, Write("second.pem", text + text.substr(0, text.size() / 2))}),
              "is damaged");
}

TEST_F(TlsFilesTest, SaysThatAFileMayNotBeRead) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  fs::permissions(good_.key, fs::perms::none);
  try {
    ReadTlsFiles({good_.certificate, good_.key, {}});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_PART(std::string(error.what()), "as a user who may read it");
  }
}

TEST_F(TlsFilesTest, SaysWhatIsOutOfDate) {
  EXPECT_TRUE(OutOfDate({good_.certificate, good_.key, authority_.certificate}).empty());
  const CertificateFiles old = MakeCertificate(
      folder_, "old", {.name = "old", .from_days = -20, .to_days = -10}, &authority_);
  const CertificateFiles early = MakeCertificate(
      folder_, "early", {.name = "early", .from_days = 10, .to_days = 20, .authority = true});
  const auto sentences = OutOfDate({old.certificate, old.key, early.certificate});
  ASSERT_EQ(sentences.size(), 2U);
  EXPECT_PART(sentences[0], "the certificate of old in");
  EXPECT_PART(sentences[0], "expired on");
  EXPECT_PART(sentences[1], "the certificate of early in");
  EXPECT_PART(sentences[1], "is not valid before");
}

TEST_F(TlsFilesTest, TheFirstOfTheCertificatesToExpireCounts) {
  const auto days = [](int number) {
    return std::chrono::system_clock::now() + std::chrono::days(number);
  };
  const std::string longer = ReadTlsFiles({good_.certificate, good_.key, {}}).certificate;
  EXPECT_GT(CertificateEnd(longer), days(29));
  EXPECT_LE(CertificateEnd(longer), days(30));
  const CertificateFiles soon =
      MakeCertificate(folder_, "soon", {.name = "soon", .from_days = -2, .to_days = 3});
  const std::string shorter = ReadTlsFiles({soon.certificate, soon.key, {}}).certificate;
  EXPECT_LE(CertificateEnd(longer + shorter), days(3));
  EXPECT_THROW(CertificateEnd(""), Error);
}

}  // namespace
}  // namespace shadowtutor::rpc
