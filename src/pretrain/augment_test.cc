#include "pretrain/augment.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "pretrain/loader.h"
#include "pretrain/testing/test_data.h"
#include "video/testing/test_files.h"

namespace shadowtutor::pretrain {
namespace {

constexpr FrameSize kSize = {64, 48};

// Bright where the label is 1, dark elsewhere. Changes of colour should keep this order.
Picture HalfAndHalf() {
  Image image(128, 96);
  LabelMap label(128, 96);
  for (int y = 0; y < 96; ++y) {
    for (int x = 0; x < 128; ++x) {
      const bool bright = x * 3 + y * 4 > 400;
      label.at(x, y) = bright;
      for (int c = 0; c < 3; ++c) image.row(y)[3 * x + c] = bright ? 200 : 60;
    }
  }
  return MakePicture(std::move(image), std::move(label));
}

double Brightness(const Sample& sample, uint8_t label) {
  double sum = 0, count = 0;
  for (size_t k = 0; k < sample.label.labels().size(); ++k) {
    if (sample.label.labels()[k] != label) continue;
    sum += sample.image.bytes()[3 * k + 1];
    ++count;
  }
  return count > 0 ? sum / count : -1;
}

TEST(MakeSample, LabelsGoWithTheirPixels) {
  const Picture picture = HalfAndHalf();
  int both = 0;
  for (uint64_t i = 0; i < 60; ++i) {
    Sample sample;
    MakeSample(picture, kSize, {}, {}, Random(1, 2, i), sample);
    ASSERT_EQ(sample.image.size(), kSize);
    ASSERT_EQ(sample.label.size(), kSize);
    const double dark = Brightness(sample, 0), bright = Brightness(sample, 1);
    if (dark < 0 || bright < 0) continue;  // the part shows one class only
    ++both;
    // The difference is 140 in the picture. Contrast and gamma keep most of it; a displaced label
    // would not.
    EXPECT_GT(bright - dark, 45) << i;
  }
  EXPECT_GT(both, 30);
}

TEST(MakeSample, DependsOnItsStreamAlone) {
  const Picture picture = HalfAndHalf();
  Sample a, b, c;
  MakeSample(picture, kSize, {}, {}, Random(1, 2, 3), a);
  MakeSample(picture, kSize, {}, {}, Random(1, 2, 3), b);
  MakeSample(picture, kSize, {}, {}, Random(1, 2, 4), c);
  EXPECT_EQ(a.image.bytes(), b.image.bytes());
  EXPECT_EQ(a.label, b.label);
  EXPECT_NE(a.image.bytes(), c.image.bytes());
}

TEST(MakeSample, PartsAreOfVeryDifferentSizes) {
  // Stripes of 32 columns: their number in a sample tells how much of the picture it shows.
  Image image(512, 384);
  LabelMap label(512, 384);
  for (int y = 0; y < 384; ++y) {
    for (int x = 0; x < 512; ++x) label.at(x, y) = x / 32 % 2;
  }
  const Picture picture = MakePicture(std::move(image), std::move(label));
  int few = 0, many = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    Sample sample;
    MakeSample(picture, kSize, {}, {}, Random(9, 9, i), sample);
    int changes = 0;
    for (int x = 1; x < kSize.width; ++x) {
      changes += sample.label.at(x, 24) != sample.label.at(x - 1, 24);
    }
    few += changes <= 8;
    many += changes >= 13;
  }
  EXPECT_GT(few, 20);
  EXPECT_GT(many, 20);
}

TEST(MakeSample, CutoutsBringTheirClass) {
  const testing::TemporaryFolder folder;
  WriteCutout(folder / "stamp.png");
  auto stamp = std::make_shared<const Picture>(LoadCutout(folder / "stamp.png", 7, 100));
  // Transparent margins are cut off.
  EXPECT_EQ(stamp->full().image.size(), (FrameSize{40, 40}));
  const Picture ground = MakePicture(Image(128, 96), LabelMap(128, 96));
  PasteSources paste;
  paste.cutout = [&](Random&) -> std::shared_ptr<const Picture> { return stamp; };
  AugmentOptions options;
  options.cutout_share = 1;
  size_t pasted = 0, more_red = 0;
  for (uint64_t i = 0; i < 40; ++i) {
    Sample sample;
    MakeSample(ground, kSize, paste, options, Random(3, 3, i), sample);
    double red = 0, blue = 0, count = 0;
    for (size_t k = 0; k < sample.label.labels().size(); ++k) {
      ASSERT_TRUE(sample.label.labels()[k] == 0 || sample.label.labels()[k] == 7);
      if (sample.label.labels()[k] != 7) continue;
      blue += sample.image.bytes()[3 * k];
      red += sample.image.bytes()[3 * k + 2];
      ++count;
    }
    pasted += count > 0;
    // Some samples lose all their colour and are grey.
    if (count > 0) {
      EXPECT_GT(red, 0.85 * blue) << i;
      more_red += red > 1.5 * blue;
    }
  }
  EXPECT_GT(pasted, 30u);
  EXPECT_GT(more_red, 25u);
}

TEST(MakeSample, ObjectsOfOtherPicturesComeWithTheirLabelAndWithoutTheirGround) {
  auto other = std::make_shared<const Picture>(HalfAndHalf());
  const Picture ground = MakePicture(Image(128, 96), LabelMap(128, 96));
  PasteSources paste;
  paste.other = [&](Random&) { return other; };
  AugmentOptions options;
  options.background = 0;
  options.borrow_share = 1;
  int seen = 0;
  for (uint64_t i = 0; i < 40; ++i) {
    Sample sample;
    MakeSample(ground, kSize, paste, options, Random(4, 4, i), sample);
    if (Brightness(sample, 1) < 0 || Brightness(sample, 0) < 0) continue;
    ++seen;
    EXPECT_GT(Brightness(sample, 1) - Brightness(sample, 0), 40) << i;
  }
  EXPECT_GT(seen, 15);
}

TEST(MakeSample, UnknownPixelsStayUnknown) {
  const Picture picture = MakePicture(Image(128, 96), LabelMap(128, 96, kUnknown));
  Sample sample;
  MakeSample(picture, kSize, {}, {}, Random(5, 5, 5), sample);
  for (const uint8_t label : sample.label.labels()) EXPECT_EQ(label, kUnknown);
}

TEST(WeighClasses, RareClassesWeighMoreAndUnknownPixelsNothing) {
  Batch batch;
  Sample sample{Image(10, 10), LabelMap(10, 10)};
  for (int x = 0; x < 10; ++x) sample.label.at(x, 0) = 1;
  for (int x = 0; x < 10; ++x) sample.label.at(x, 1) = kUnknown;
  batch.samples.push_back(sample);
  WeighClasses(batch, CountPixels(batch), 3);
  const float common = batch.weights[0][99], rare = batch.weights[0][0];
  // Of 90 known pixels, 80 and 10 are of each class; the average is 45.
  EXPECT_NEAR(common, std::sqrt(45.0 / 80), 1e-5);
  EXPECT_NEAR(rare, std::sqrt(45.0 / 10), 1e-5);
  EXPECT_EQ(batch.weights[0][15], 0);
  EXPECT_EQ(batch.samples[0].label.at(5, 1), 0);
  EXPECT_EQ(batch.training()[0].pixel_weight.size(), 100u);
}

TEST(Loader, SamplesDependOnSeedAndStepAlone) {
  const auto load = [](size_t i) {
    Labelled disc = DrawDisc(96, 72, i);
    return MakePicture(std::move(disc.image), std::move(disc.label));
  };
  const auto batches = [&](int threads, int64_t first, size_t memory) {
    PictureCache pictures(10, memory, load, {});
    PictureCache cutouts(0, memory, load, {});
    LoaderOptions options;
    options.crops = {{64, 48}, {48, 48}};
    options.batch = 3;
    options.threads = threads;
    Loader loader(pictures, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9}, cutouts, options, first);
    std::vector<std::vector<uint8_t>> all;
    for (int step = 0; step < 6; ++step) {
      for (const Sample& sample : loader.Next().samples) all.push_back(sample.image.bytes());
    }
    return all;
  };
  const auto alone = batches(1, 0, size_t{1} << 24);
  // With very little memory, pictures are loaded again and again.
  EXPECT_EQ(batches(3, 0, 40'000), alone);
  // Beginning with step 4, as a resumed run does.
  const auto later = batches(2, 4, size_t{1} << 24);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(later[i], alone[12 + i]);
  EXPECT_NE(later[0], alone[0]);
}

TEST(Loader, PassesOnThatTooManyPicturesAreBad) {
  PictureCache pictures(100, size_t{1} << 24,
                        [](size_t) -> Picture { throw Error(ErrorCode::kDataLoss, "no picture"); },
                        {});
  PictureCache cutouts(0, 1 << 20, {}, {});
  LoaderOptions options;
  options.crops = {{64, 48}};
  std::vector<uint32_t> epoch(100);
  for (uint32_t i = 0; i < 100; ++i) epoch[i] = i;
  Loader loader(pictures, epoch, cutouts, options, 0);
  EXPECT_THROW(loader.Next(), Error);
}

}  // namespace
}  // namespace shadowtutor::pretrain
