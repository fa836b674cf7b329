// The whole sweep with real processes: the program as users run it, on a tiny clip.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include "core/atomic_file.h"
#include "eval/live/link.h"
#include "eval/live/process.h"
#include "eval/live/sweep.h"
#include "shadowtutor/types.h"
#include "video/label_png.h"

namespace shadowtutor::eval::live {
namespace {

namespace fs = std::filesystem;

constexpr int kFrames = 10;

class SweepTest : public testing::Test {
 protected:
  SweepTest() {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "clip");
    fs::create_directories(folder_ / "labels");
    for (int i = 0; i < kFrames; ++i) {
      cv::Mat frame(48, 64, CV_8UC3, cv::Scalar(40, 50, 60));
      LabelMap labels(64, 48, 1);
      frame(cv::Rect(4 + 3 * i, 10, 20, 24)).setTo(cv::Scalar(200, 210, 220));
      for (int y = 10; y < 34; ++y) {
        for (int x = 0; x < 20; ++x) labels.at(4 + 3 * i + x, y) = 0;
      }
      cv::imwrite((folder_ / "clip" / video::LabelFileName(i)).string(), frame);
      WriteFileAtomically(folder_ / "labels" / video::LabelFileName(i),
                          video::EncodeLabelPng(labels));
    }
    WriteFileAtomically(folder_ / "card.yaml",
                        "kind: replay\nfolder: labels\nclasses: [thing, background]\n");
    request_.program = SHADOWTUTOR_PROGRAM;
    request_.source = folder_ / "clip";
    request_.clip = "clip";
    request_.card = folder_ / "card.yaml";
    request_.bandwidths = {40, 8};
    request_.folder = folder_ / "out";
    request_.reference_every = 2;
    request_.log = [&](const std::string& line) { log_ += line + "\n"; };
  }

  void ExpectWhole(const SweepResults& results) {
    EXPECT_TRUE(results.failures.empty())
        << log_ << (results.failures.empty() ? "" : results.failures[0]);
    ASSERT_EQ(results.runs.size(), request_.strategies.size() * request_.bandwidths.size()) << log_;
    for (const LiveRun& run : results.runs) {
      EXPECT_EQ(run.frames, static_cast<uint64_t>(kFrames));
      EXPECT_GT(run.bytes_up, 0u);
      EXPECT_GT(run.bytes_down, 0u);
      const bool naive = run.strategy.starts_with("naive");
      EXPECT_EQ(run.bytes_students > 0, !naive);
      EXPECT_EQ(run.link.has_value(), results.link == "namespaces");
      if (run.link) ExpectMoreThanMessages(run);
      ASSERT_TRUE(run.mean_miou);
      if (naive) {
        EXPECT_DOUBLE_EQ(*run.mean_miou, 1);
        EXPECT_EQ(run.key_frames, static_cast<uint64_t>(kFrames));
      } else {
        EXPECT_GE(run.key_frames, 1u);
        EXPECT_LT(run.key_frames, static_cast<uint64_t>(kFrames));
      }
    }
  }

  // The headers of every packet, and the acknowledgements of what the other side sent.
  static void ExpectMoreThanMessages(const LiveRun& run) {
    constexpr uint64_t kHeaders = 14 + 20 + 20;
    EXPECT_GT(run.link->packets_up, 0u);
    EXPECT_GT(run.link->packets_down, 0u);
    EXPECT_GT(run.link->bytes_up, run.bytes_up + kHeaders * run.link->packets_up);
    EXPECT_GT(run.link->bytes_down,
              run.bytes_down + run.bytes_students + kHeaders * run.link->packets_down);
    // What is longer than an Ethernet packet was counted as several.
    EXPECT_LE(run.link->bytes_up, 1514 * run.link->packets_up);
    EXPECT_LE(run.link->bytes_down, 1514 * run.link->packets_down);
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / "sweep_e2e_test";
  SweepRequest request_;
  std::string log_;
};

TEST_F(SweepTest, RunsEveryStrategyOverALimitedLinkAndGoesOnWhereItStopped) {
  request_.strategies = {"partial", "naive-h264"};
  const auto link = LimitLink();
  // Interrupted after the first runs.
  int runs = 0;
  request_.log = [&](const std::string& line) {
    log_ += line + "\n";
    runs += line.find("frames/s") != std::string::npos;
  };
  request_.stop = [&] { return runs == 2; };
  try {
    RunSweep(request_, *link);
    ADD_FAILURE() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
  request_.stop = {};
  const SweepResults results = RunSweep(request_, *link);
  ExpectWhole(results);
  EXPECT_NE(log_.find("done before"), std::string::npos) << log_;
  EXPECT_EQ(runs, 4) << log_;

  const auto bytes = ReadFile(request_.folder / "results.json", 1 << 20);
  const auto json = nlohmann::json::parse(bytes.begin(), bytes.end());
  EXPECT_EQ(json["live"]["link"], "limit");
  EXPECT_EQ(json["live"]["runs"].size(), 4u);
  EXPECT_EQ(json["live"]["runs"][0]["bounds"]["fps"].size(), 2u);
}

TEST_F(SweepTest, RunsThroughNamespaces) {
  if (const std::string why = WhyNoNamespaces(); !why.empty()) GTEST_SKIP() << why;
  request_.strategies = {"full", "naive-raw"};
  request_.bandwidths = {40};
  std::unique_ptr<Link> link;
  try {
    link = NamespaceLink();
    link->SetBandwidth(100);
  } catch (const Error& error) {
    GTEST_SKIP() << "this system lets nobody shape a link: " << error.what();
  }
  const SweepResults plain = RunSweep(request_, *link);
  ExpectWhole(plain);

  if (FindProgram("openssl").empty()) GTEST_SKIP() << "there is no program openssl here";
  request_.tls = true;
  const SweepResults secret = RunSweep(request_, *link);
  ExpectWhole(secret);
  for (size_t i = 0; i < plain.runs.size(); ++i) {
    constexpr uint64_t kCertificate = 300;  // of the server, at least
    EXPECT_GT(secret.runs[i].link->bytes_down, plain.runs[i].link->bytes_down + kCertificate);
  }
  const auto bytes = ReadFile(request_.folder / "results.json", 1 << 20);
  const auto json = nlohmann::json::parse(bytes.begin(), bytes.end());
  EXPECT_EQ(json["live"]["parameters"]["tls"], true);
  EXPECT_EQ(json["live"]["runs"][0]["link_bytes_up"], secret.runs[0].link->bytes_up);
}

TEST_F(SweepTest, RunsOverTlsThroughALimitedLink) {
  if (FindProgram("openssl").empty()) GTEST_SKIP() << "there is no program openssl here";
  request_.strategies = {"shadow", "naive-h264"};
  request_.bandwidths = {40};
  request_.tls = true;
  ExpectWhole(RunSweep(request_, *LimitLink()));
  for (const auto& entry : fs::directory_iterator(request_.folder / "live")) {
    EXPECT_NE(entry.path().extension(), ".pem") << entry.path() << " was left behind";
  }
}

TEST_F(SweepTest, WithoutACertificateNothingRunsOverTls) {
  if (FindProgram("openssl").empty()) GTEST_SKIP() << "there is no program openssl here";
  request_.strategies = {"shadow"};
  request_.bandwidths = {40};
  request_.tls = true;
  fs::create_directories(request_.folder / "live" / "throwaway_certificate.pem" / "in the way");
  EXPECT_THROW(RunSweep(request_, *LimitLink()), Error);
  EXPECT_FALSE(fs::exists(request_.folder / "live" / "throwaway_key.pem"));
}

TEST_F(SweepTest, ARunThatFailsIsNamedWithTheReason) {
  request_.strategies = {"partial"};
  request_.bandwidths = {40};
  request_.student = folder_ / "nowhere.safetensors";
  const SweepResults results = RunSweep(request_, *LimitLink());
  EXPECT_TRUE(results.runs.empty());
  ASSERT_EQ(results.failures.size(), 1u);
  EXPECT_NE(results.failures[0].find("nowhere.safetensors"), std::string::npos)
      << results.failures[0];
}

TEST_F(SweepTest, RefusesWhatCannotBeSwept) {
  request_.strategies = {"tracking"};
  EXPECT_THROW(RunSweep(request_, *LimitLink()), Error);
  request_.strategies = {"partial"};
  request_.bandwidths = {0};
  EXPECT_THROW(RunSweep(request_, *LimitLink()), Error);
}

}  // namespace
}  // namespace shadowtutor::eval::live
