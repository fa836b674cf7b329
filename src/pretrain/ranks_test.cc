// Runs of pre-training that several ranks share, and who gets which share.
#include "pretrain/ranks.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "nn/checkpoint_io.h"
#include "pretrain/open_ranks.h"
#include "pretrain/pretrainer.h"
#include "pretrain/testing/test_data.h"
#include "pretrain/testing/thread_ranks.h"
#include "teacher/testing/tiny_onnx.h"
#include "video/testing/test_files.h"

namespace shadowtutor::pretrain {
namespace {

namespace fs = std::filesystem;
using testing::ErrorOf;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr size_t kMostBytes = size_t{1} << 24;

PretrainOptions OptionsOf(const TemporaryFolder& folder, const std::string& out) {
  PretrainOptions options = DiscOptions(folder.path(), out);
  options.data.validation_share = 0.3;
  options.batch = 5;
  options.crops = {{64, 48}, {48, 48}};
  return options;
}

void ExpectSameFiles(const PretrainOptions& a, const PretrainOptions& b) {
  EXPECT_EQ(ReadFile(a.out, kMostBytes), ReadFile(b.out, kMostBytes));
  EXPECT_EQ(ReadFile(a.out.string() + ".state", kMostBytes),
            ReadFile(b.out.string() + ".state", kMostBytes));
}

std::vector<std::string> None(int ranks) { return std::vector<std::string>(size_t(ranks)); }

TEST(Ranks, SharesCoverAllInOrder) {
  for (const size_t count : {size_t{0}, size_t{1}, size_t{7}, size_t{16}}) {
    std::vector<RankShare> shares(5);
    OnRanks(5, [&](Ranks& ranks) {
      shares[static_cast<size_t>(ranks.rank())] = ShareOf(ranks, count);
    });
    size_t next = 0;
    for (const RankShare& share : shares) {
      EXPECT_EQ(share.begin, next);
      EXPECT_LE(share.size(), count / 5 + 1);
      EXPECT_GE(share.size(), count / 5);
      next = share.end;
    }
    EXPECT_EQ(next, count);
  }
}

TEST(Ranks, ASingleRankHasWhatItGives) {
  SingleRank alone;
  std::vector<float> sum(3 * kSliceFloats + 5, 7.0f);
  alone.SumInTurn(sum, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) sum[i] += static_cast<float>(i);
  });
  for (size_t i = 0; i < sum.size(); ++i) ASSERT_EQ(sum[i], static_cast<float>(i));
  std::vector<double> values = {1, 2};
  alone.Sum(values);
  EXPECT_EQ(values, (std::vector<double>{1, 2}));
  EXPECT_EQ(alone.Gather("text"), (std::vector<std::string>{"text"}));
}

TEST(Ranks, TheStudentIsTheSameForAnyNumberOfThem) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 14, 96, 72);
  WriteText(folder / "images/3.png", "no picture");
  const PretrainOptions alone = OptionsOf(folder, "alone.safetensors");
  const PretrainResult expected = Pretrain(alone, {});
  EXPECT_GT(expected.validation_images, 1u);
  for (const int count : {1, 2, 3, 5}) {
    SCOPED_TRACE(count);
    PretrainOptions options = OptionsOf(folder, std::to_string(count) + ".safetensors");
    EXPECT_EQ(OnRanks(count,
                      [&](Ranks& ranks) {
                        const PretrainResult result = Pretrain(options, {}, ranks);
                        EXPECT_EQ(result.best_metric, expected.best_metric);
                        EXPECT_EQ(result.student.weights, expected.student.weights);
                        EXPECT_EQ(result.validation_images, expected.validation_images);
                      }),
              None(count));
    ExpectSameFiles(alone, options);
  }
}

TEST(Ranks, ARunGoesOnWithAnotherNumberOfThem) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 10, 96, 72);
  PretrainOptions whole = OptionsOf(folder, "whole.safetensors");
  whole.steps = 8;
  Pretrain(whole, {});
  PretrainOptions broken = OptionsOf(folder, "broken.safetensors");
  broken.steps = 8;
  int64_t until = 3;  // between checkpoints
  for (const int count : {2, 3}) {
    // The last rank is told to stop, which has no other callback.
    std::atomic<int64_t> steps{0};
    EXPECT_EQ(OnRanks(count,
                      [&](Ranks& ranks) {
                        PretrainEvents events;
                        if (ranks.first()) {
                          events.on_step = [&](const PretrainProgress& now) { steps = now.step; };
                        }
                        if (ranks.rank() == ranks.size() - 1) {
                          events.stop = [&] { return steps >= until; };
                        }
                        const PretrainResult result = Pretrain(broken, events, ranks);
                        EXPECT_TRUE(result.stopped);
                        EXPECT_GE(result.steps, until);
                      }),
              None(count));
    broken.resume = true;
    until = 5;
  }
  Pretrain(broken, {});
  ExpectSameFiles(whole, broken);
}

TEST(Ranks, TeachersLabelEachPictureOnceWhereRanksHaveOneCache) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 9, 64, 48);
  WriteText(folder / "net.onnx", testing::TinyOnnx::Model(64, 48,
                                                          {{.output = "output",
                                                            .weights = {{0, 0, 0}, {1, 0, -1}},
                                                            .bias = {0, 0.1F},
                                                            .stride = 1}}));
  WriteText(folder / "card.yaml",
            "kind: semantic-logits\nfile: net.onnx\ninput: {width: 64, height: 48}\n"
            "classes: [background, disc]\n");
  const auto options_of = [&](const std::string& name) {
    PretrainOptions options = OptionsOf(folder, name + ".safetensors");
    options.data.images = {{.folder = folder / "images", .labels = {}, .teacher = {}}};
    options.data.teacher = folder / "card.yaml";
    options.cache = folder / name;
    return options;
  };
  const PretrainOptions alone = options_of("alone");
  Pretrain(alone, {});
  const PretrainOptions shared = options_of("shared");
  std::atomic<int64_t> labelled{0}, of_one{0};
  EXPECT_EQ(OnRanks(3,
                    [&](Ranks& ranks) {
                      PretrainEvents events;
                      events.on_labelled = [&](int64_t, int64_t total) {
                        ++labelled;
                        if (ranks.rank() == 1) of_one = total;
                      };
                      Pretrain(shared, events, ranks);
                    }),
            None(3));
  EXPECT_EQ(labelled, 9);
  EXPECT_EQ(of_one, 3);
  ExpectSameFiles(alone, shared);
  // With a cache each, every rank makes all labels.
  labelled = 0;
  EXPECT_EQ(OnRanks(2,
                    [&](Ranks& ranks) {
                      PretrainOptions own = options_of("own");
                      own.cache = folder / ("own" + std::to_string(ranks.rank()));
                      PretrainEvents events;
                      events.on_labelled = [&](int64_t, int64_t) { ++labelled; };
                      Pretrain(own, events, ranks);
                    }),
            None(2));
  EXPECT_EQ(labelled, 18);
}

TEST(Ranks, OneThatDiffersEndsAll) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 8, 96, 72);
  const auto errors = [&](const std::function<void(PretrainOptions&)>& change) {
    return OnRanks(2, [&](Ranks& ranks) {
      PretrainOptions options = OptionsOf(folder, "student.safetensors");
      if (!ranks.first()) change(options);
      Pretrain(options, {}, ranks);
    });
  };
  const auto expect = [](const std::vector<std::string>& said, const std::string& part) {
    for (const std::string& sentence : said) {
      EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
    }
  };
  expect(errors([](PretrainOptions& options) { options.learning_rate = 0.5; }),
         "rank 1 has another learning rate (0.5, rank 0: 0.002)");
  WriteDiscs(folder / "other", 7, 96, 72);
  expect(errors([&](PretrainOptions& options) {
           options.data.images[0].folder = folder / "other/images";
           options.data.images[0].labels = folder / "other/labels";
         }),
         "rank 1 has another set of images");
  expect(errors([&](PretrainOptions& options) { options.data.images[0].folder = folder / "none"; }),
         "cannot list the folder");
  EXPECT_FALSE(fs::exists(folder / "student.safetensors"));
}

TEST(Ranks, MoreThanImagesAreRefused) {
  const TemporaryFolder folder;
  const auto said = OnRanks(
      6, [&](Ranks& ranks) { Pretrain(OptionsOf(folder, "student.safetensors"), {}, ranks); });
  EXPECT_NE(said[0].find("5 images cannot be shared by 6 processes"), std::string::npos) << said[0];
}

// The environment of launchers.
class Launched : public ::testing::Test {
 protected:
  Launched() { Clear(); }
  ~Launched() override { Clear(); }
  static void Clear() {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}) {
      unsetenv(name);
    }
  }
};

TEST_F(Launched, ProcessesAreCountedByTheLaunchersVariables) {
  EXPECT_EQ(LaunchedProcesses(), 1);
  EXPECT_EQ(OpenRanks()->size(), 1);
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}) {
    setenv(name, "4", 1);
    EXPECT_EQ(LaunchedProcesses(), 4) << name;
    setenv(name, "1", 1);
    EXPECT_EQ(LaunchedProcesses(), 1) << name;
    EXPECT_EQ(OpenRanks()->size(), 1);
    Clear();
  }
  // mpirun in a step of Slurm.
  setenv("SLURM_STEP_NUM_TASKS", "2", 1);
  setenv("OMPI_COMM_WORLD_SIZE", "8", 1);
  EXPECT_EQ(LaunchedProcesses(), 8);
}

}  // namespace
}  // namespace shadowtutor::pretrain
