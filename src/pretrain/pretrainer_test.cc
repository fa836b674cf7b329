// Tests of whole runs of pre-training, on small pictures that the tests draw.
#include "pretrain/pretrainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "core/parallel.h"
#include "nn/checkpoint_io.h"
#include "nn/testing/parameters.h"
#include "pretrain/examples.h"
#include "pretrain/run_state.h"
#include "pretrain/testing/test_data.h"
#include "pretrain/validation.h"
#include "teacher/testing/tiny_onnx.h"
#include "video/testing/test_files.h"

namespace shadowtutor::pretrain {
namespace {

using testing::ErrorOf;
using testing::Says;
using testing::TemporaryFolder;

PretrainOptions Options(const TemporaryFolder& folder, const std::string& out) {
  return DiscOptions(folder.path(), out);
}

TEST(Pretrain, LearnsToFindDiscs) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 24, 96, 72);
  PretrainOptions options = Options(folder, "student.safetensors");
  options.steps = 120;
  options.batch = 4;
  options.learning_rate = 0.01;
  options.checkpoint_every = 40;
  std::vector<PretrainValidation> validations;
  PretrainEvents events;
  events.on_validation = [&](const PretrainValidation& v) { validations.push_back(v); };
  const PretrainResult result = Pretrain(options, events);

  ASSERT_EQ(validations.size(), 3u);
  EXPECT_EQ(validations.back().step, 120);
  EXPECT_LT(validations.back().loss, validations.front().loss);
  EXPECT_GT(result.validation_images, 1u);
  EXPECT_EQ(result.training_images + result.validation_images, 24u);
  EXPECT_FALSE(result.stopped);
  EXPECT_GT(result.best_metric, 0.8);

  // The file holds the best student, which also does well on pictures that are new to it.
  const nn::Checkpoint student = nn::LoadCheckpoint(options.out);
  EXPECT_EQ(student.classes[1].name, "disc");
  EXPECT_EQ(student.background, 0);
  ValidationSet unseen;
  for (uint64_t seed = 1000; seed < 1010; ++seed) {
    Labelled disc = DrawDisc(64, 48, seed);
    unseen.Add(MakePicture(std::move(disc.image), std::move(disc.label)), 64);
  }
  EXPECT_GT(unseen.MeanIoU(*student.layout, student.weights), 0.75);
  const nn::Checkpoint fresh = nn::FreshStudent(student.layout->spec(), student.classes, 0, 1);
  EXPECT_LT(unseen.MeanIoU(*fresh.layout, fresh.weights), 0.6);
}

TEST(Pretrain, TheJaccardLossComesBesideTheCrossEntropy) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 8, 96, 72);
  std::vector<double> losses;
  PretrainEvents events;
  events.on_step = [&](const PretrainProgress& progress) { losses.push_back(progress.loss); };
  PretrainOptions options = Options(folder, "student.safetensors");
  options.steps = 1;
  for (const double weight : {0.0, 1.0, 2.0}) {
    options.jaccard_weight = weight;
    Pretrain(options, events);
  }
  // Each unit of weight adds the same: the first step has the same samples and weights.
  ASSERT_EQ(losses.size(), 3u);
  EXPECT_GT(losses[1], losses[0]);
  EXPECT_NEAR(losses[2] - losses[1], losses[1] - losses[0], 1e-4);

  // Another weight is another run.
  options.resume = true;
  options.jaccard_weight = 0.5;
  EXPECT_TRUE(Says(ErrorOf([&] { Pretrain(options, {}); }), "Jaccard"));
}

TEST(Pretrain, AnInterruptedRunEndsAsOneWithoutABreak) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 10, 96, 72);
  const PretrainOptions whole = Options(folder, "whole.safetensors");
  Pretrain(whole, {});

  PretrainOptions broken = Options(folder, "broken.safetensors");
  for (const int64_t until : {3, 5}) {  // both lie between checkpoints
    int64_t steps = 0;
    PretrainEvents events;
    events.on_step = [&](const PretrainProgress& progress) { steps = progress.step; };
    events.stop = [&] { return steps >= until; };
    const PretrainResult result = Pretrain(broken, events);
    EXPECT_TRUE(result.stopped);
    EXPECT_EQ(result.steps, until);
    EXPECT_NO_THROW(nn::LoadCheckpoint(broken.out));
    broken.resume = true;
  }
  const PretrainResult result = Pretrain(broken, {});
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(ReadFile(whole.out, 1 << 24), ReadFile(broken.out, 1 << 24));
  EXPECT_EQ(ReadFile(whole.out.string() + ".state", 1 << 24),
            ReadFile(broken.out.string() + ".state", 1 << 24));

  // A complete run has nothing left to do. The state of a run with other options is refused.
  EXPECT_EQ(Pretrain(broken, {}).steps, 6);
  broken.learning_rate = 0.5;
  const Error error = ErrorOf([&] { Pretrain(broken, {}); });
  EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(Says(error, "learning rate")) << error.what();
}

TEST(Pretrain, KeepsTheLastWeightsWhenAsked) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 10, 96, 72);
  PretrainOptions options = Options(folder, "last.safetensors");
  options.keep_last = true;
  std::vector<PretrainValidation> validations;
  PretrainEvents events;
  events.on_validation = [&](const PretrainValidation& v) { validations.push_back(v); };
  const PretrainResult result = Pretrain(options, events);
  ASSERT_EQ(validations.size(), 3u);
  EXPECT_EQ(result.best_step, 6);
  EXPECT_EQ(result.best_metric, validations.back().metric);
  EXPECT_FALSE(validations.back().best);
  const RunState state = LoadRunState(options.out.string() + ".state");
  EXPECT_EQ(state.best, state.learner.trained);
  EXPECT_EQ(nn::LoadCheckpoint(options.out).weights, state.best);
}

// Content counts, not names, sizes or times.
TEST(Pretrain, GoesOnOnlyWithTheSameData) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 10, 96, 72);
  WriteCutout(folder / "stamps/1.png");
  PretrainOptions options = Options(folder, "s.safetensors");
  options.data.cutouts = {{folder / "stamps", "disc"}};
  options.steps = 2;
  Pretrain(options, {});
  options.resume = true;
  EXPECT_EQ(Pretrain(options, {}).steps, 2);
  const auto refused = [&](const std::filesystem::path& file, const std::string& part) {
    const std::string before = testing::ReadText(file);
    const auto time = std::filesystem::last_write_time(file);
    std::string after = before;
    after[after.size() / 2] = static_cast<char>(after[after.size() / 2] ^ 1);
    testing::WriteText(file, after);
    std::filesystem::last_write_time(file, time);
    const Error error = ErrorOf([&] { Pretrain(options, {}); });
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition) << error.what();
    EXPECT_EQ(error.about(), Setting::kResume);
    EXPECT_TRUE(Says(error, part)) << error.what();
    testing::WriteText(file, before);
  };
  std::vector<std::filesystem::path> images, labels;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "images")) {
    images.push_back(entry.path());
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder / "labels")) {
    labels.push_back(entry.path());
  }
  for (const auto& image : images) refused(image, "set of images");
  for (const auto& label : labels) refused(label, "set of labels");
  refused(folder / "stamps/1.png", "set of cut-outs");
  // All is as before, but written later; hidden files are no data.
  testing::WriteText(folder / "images/._1.png", "of the file manager");
  EXPECT_EQ(Pretrain(options, {}).steps, 2);
}

TEST(Pretrain, GoesOnOnlyWithTheSameTeacher) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 6, 96, 72);
  const auto network = [](float weight) {
    return testing::TinyOnnx::Model(32, 24,
                                    {{"output", {{weight, 0, 0}, {0, 1, 0}}, {0, 0.1F}, 1}});
  };
  const std::string card =
      "kind: semantic-logits\nfile: net.onnx\ninput: {width: 32, height: 24}\n"
      "classes: [background, disc]\n";
  testing::WriteText(folder / "net.onnx", network(1));
  testing::WriteText(folder / "card.yaml", card);
  PretrainOptions options = Options(folder, "s.safetensors");
  options.data.images[0].labels.clear();
  options.data.teacher = folder / "card.yaml";
  options.steps = 2;
  int64_t labelled = 0;
  PretrainEvents events;
  events.on_labelled = [&](int64_t done, int64_t) { labelled = done; };
  Pretrain(options, events);
  EXPECT_EQ(labelled, 6);
  options.resume = true;
  labelled = 0;
  EXPECT_EQ(Pretrain(options, events).steps, 2);
  const auto refused = [&](const std::string& part) {
    const Error error = ErrorOf([&] { Pretrain(options, events); });
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition) << error.what();
    EXPECT_TRUE(Says(error, part)) << error.what();
    EXPECT_EQ(labelled, 0);  // it is said before the teacher does anything
  };
  testing::WriteText(folder / "net.onnx", network(2));
  refused("teacher's network");
  // A run that begins anew gets labels of the network that is there now.
  options.resume = false;
  Pretrain(options, events);
  EXPECT_EQ(labelled, 6);
  options.resume = true;
  labelled = 0;
  testing::WriteText(folder / "card.yaml", card + "note: that says nothing\n");
  EXPECT_EQ(Pretrain(options, events).steps, 2);
  testing::WriteText(folder / "card.yaml", card + "background: disc\n");
  refused("teacher's card");
}

TEST(Pretrain, SameStudentForAnyNumberOfThreads) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 8, 96, 72);
  std::vector<uint8_t> first;
  for (const int threads : {1, 2, 4}) {
    const ThreadLimit limit(threads);
    PretrainOptions options = Options(folder, "s.safetensors");
    options.loader_threads = threads;
    options.crops = {{64, 48}, {48, 64}};
    Pretrain(options, {});
    const auto bytes = ReadFile(options.out, 1 << 24);
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first) << threads;
  }
}

TEST(Pretrain, BadPicturesAreReportedAndLeftOut) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 8, 96, 72);
  WriteFileAtomically(folder / "images/x_broken.png", std::string_view("no picture"));
  WriteLabel(LabelMap(96, 72), folder / "labels/x_broken.png");
  WriteImage(Image(96, 72), folder / "images/x_alone.png");  // has no label
  WriteImage(Image(96, 72), folder / "images/x_class.png");
  WriteLabel(LabelMap(96, 72, 9), folder / "labels/x_class.png");
  WriteImage(Image(96, 72), folder / "images/x_size.png");
  WriteLabel(LabelMap(96, 70), folder / "labels/x_size.png");
  PretrainOptions options = Options(folder, "s.safetensors");
  options.steps = 20;
  options.data.validation_share = 0;
  std::string reports;
  PretrainEvents events;
  events.report = [&](const std::string& line) { reports += line + "\n"; };
  const PretrainResult result = Pretrain(options, events);
  EXPECT_EQ(result.steps, 20);
  EXPECT_EQ(result.best_metric, -1);  // no images for validation, so the last student is written
  EXPECT_EQ(result.best_step, 20);
  for (const char* name : {"x_broken", "x_alone", "x_class", "x_size"}) {
    EXPECT_NE(reports.find(name), std::string::npos) << name << " is not in " << reports;
  }
}

TEST(Pretrain, GoesOnFromAStudentOfOtherClassesWithAFreshHead) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 6, 96, 72);
  const nn::Checkpoint old =
      nn::FreshStudent(nn::ScaledSpec(3, 0.5, 2), {{"a", {}}, {"b", {}}, {"c", {}}}, 0, 4);
  nn::SaveCheckpoint(old, folder / "old.safetensors");
  PretrainOptions options = Options(folder, "new.safetensors");
  options.student = folder / "old.safetensors";
  options.steps = 1;
  options.checkpoint_every = 1;
  options.learning_rate = 1e-6;
  const nn::Checkpoint student = Pretrain(options, {}).student;
  EXPECT_EQ(student.layout->spec(), nn::ScaledSpec(2, 0.5, 2));
  EXPECT_EQ(student.classes[1].name, "disc");
  const auto before = nn::Parameter(old, "enc2.long_path.0.weight");
  const auto after = nn::Parameter(student, "enc2.long_path.0.weight");
  for (size_t i = 0; i < before.size(); ++i) ASSERT_NEAR(before[i], after[i], 1e-5);
}

TEST(Pretrain, OptionsOutOfRangeAreRefused) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 4, 96, 72);
  const auto refused = [&](const std::function<void(PretrainOptions&)>& spoil) {
    PretrainOptions options = Options(folder, "s.safetensors");
    spoil(options);
    EXPECT_EQ(ErrorOf([&] { Pretrain(options, {}); }).code(), ErrorCode::kInvalidArgument);
  };
  refused([](PretrainOptions& o) { o.steps = 0; });
  refused([](PretrainOptions& o) { o.batch = 0; });
  refused([](PretrainOptions& o) { o.crops = {}; });
  refused([](PretrainOptions& o) { o.crops = {{8, 8}}; });
  refused([](PretrainOptions& o) { o.learning_rate = 0; });
  refused([](PretrainOptions& o) { o.jaccard_weight = -1; });
  refused([](PretrainOptions& o) { o.jaccard_weight = std::nan(""); });
  refused([](PretrainOptions& o) { o.student_width = 5; });
  refused([](PretrainOptions& o) { o.student_depth = 4; });
  refused([](PretrainOptions& o) { o.out.clear(); });
  refused([](PretrainOptions& o) { o.data.images[0].labels.clear(); });  // there is no teacher
  refused([](PretrainOptions& o) { o.data.classes.clear(); });
  refused([](PretrainOptions& o) { o.data.background = "sea"; });
}

TEST(LearningRate, RisesThenFallsAsACosine) {
  PretrainOptions options;
  options.steps = 1000;
  options.warm_up = 0.1;
  options.learning_rate = 0.5;
  EXPECT_NEAR(LearningRateAt(options, 0), 0.005, 1e-9);
  EXPECT_NEAR(LearningRateAt(options, 49), 0.25, 1e-9);
  EXPECT_NEAR(LearningRateAt(options, 99), 0.5, 1e-9);
  EXPECT_NEAR(LearningRateAt(options, 549), 0.25, 1e-3);
  EXPECT_GT(LearningRateAt(options, 999), 0);
  EXPECT_LT(LearningRateAt(options, 999), 1e-5);
  for (int64_t step = 100; step < 1000; ++step) {
    EXPECT_LT(LearningRateAt(options, step), LearningRateAt(options, step - 1));
  }
}

// A teacher labels the images: here a replay teacher, which reads label PNGs by the image's number.
TEST(CollectExamples, TeachersLabelOnce) {
  const TemporaryFolder folder;
  for (int i = 0; i < 5; ++i) {
    const Labelled disc = DrawDisc(96, 72, static_cast<uint64_t>(i));
    WriteImage(disc.image, folder / ("images/" + std::to_string(i) + ".png"));
    WriteLabel(disc.label, folder / ("answers/" + video::LabelFileName(static_cast<uint64_t>(i))));
  }
  testing::WriteText(folder / "card.yaml",
                     "kind: replay\nfolder: answers\nclasses: [background, disc]\n"
                     "background: background\n");
  DataSpec data;
  data.teacher = folder / "card.yaml";
  data.images = {{.folder = folder / "images", .labels = {}, .teacher = {}}};
  data.validation_share = 0;
  ExampleOptions options;
  ClassesOfData(data, options.classes, options.background);
  ASSERT_EQ(options.classes.size(), 2u);
  EXPECT_EQ(options.classes[1].name, "disc");
  options.cache = folder / "cache";
  options.longest_side = 200;
  int labelled = 0;
  options.on_labelled = [&](int64_t, int64_t) { ++labelled; };
  const Examples examples = CollectExamples(data, options);
  EXPECT_EQ(labelled, 5);
  ASSERT_EQ(examples.training.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    const Picture picture = LoadExample(examples.training[i], 200, 2);
    EXPECT_EQ(picture.full().label, DrawDisc(96, 72, i).label);
  }
  CollectExamples(data, options);
  EXPECT_EQ(labelled, 5);  // no further calls, because the labels are in the cache
  WriteFileAtomically(examples.training[2].label, std::string_view("damaged"));
  CollectExamples(data, options);
  EXPECT_EQ(labelled, 6);
}

TEST(CollectExamples, CutoutsTakeTheClassOfTheirFolder) {
  const TemporaryFolder folder;
  WriteDiscs(folder.path(), 2, 64, 64);
  WriteCutout(folder / "stamps/disc/1.png");
  WriteCutout(folder / "stamps/other/2.png");
  DataSpec data;
  data.classes = {"background", "disc", "square"};
  data.images = {{.folder = folder / "images", .labels = folder / "labels", .teacher = {}}};
  data.cutouts = {{folder / "stamps", {}}};
  data.validation_share = 0;
  ExampleOptions options;
  ClassesOfData(data, options.classes, options.background);
  const Error error = ErrorOf([&] { CollectExamples(data, options); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(error, "2.png")) << error.what();

  std::filesystem::remove_all(folder / "stamps/other");
  ASSERT_EQ(CollectExamples(data, options).cutouts.size(), 1u);
  EXPECT_EQ(CollectExamples(data, options).cutouts[0].class_index, 1);
  data.cutouts[0].class_name = "square";
  EXPECT_EQ(CollectExamples(data, options).cutouts[0].class_index, 2);
}

TEST(CollectExamples, VideosGiveEveryNthFrameAndRepeatedSetsComeMoreOften) {
  const TemporaryFolder folder;
  for (int i = 0; i < 7; ++i) {  // a folder of images can be read as a video
    WriteImage(DrawDisc(64, 64, static_cast<uint64_t>(i)).image,
               folder / ("clip/" + std::to_string(i) + ".png"));
    WriteLabel(LabelMap(64, 64),
               folder / ("answers/" + video::LabelFileName(static_cast<uint64_t>(i))));
  }
  testing::WriteText(folder / "card.yaml",
                     "kind: replay\nfolder: answers\nclasses: [background, disc]\n"
                     "background: background\n");
  DataSpec data;
  data.teacher = folder / "card.yaml";
  data.videos = {{.file = folder / "clip", .teacher = {}, .every = 3, .repeat = 2}};
  data.validation_share = 0;
  ExampleOptions options;
  ClassesOfData(data, options.classes, options.background);
  options.cache = folder / "cache";
  const Examples examples = CollectExamples(data, options);
  EXPECT_EQ(examples.training.size(), 3u);  // frames 0, 3 and 6
  EXPECT_EQ(examples.epoch, (std::vector<uint32_t>{0, 0, 1, 1, 2, 2}));
}

}  // namespace
}  // namespace shadowtutor::pretrain
