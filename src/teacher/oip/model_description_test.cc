#include "teacher/oip/model_description.h"

#include <gtest/gtest.h>

namespace shadowtutor::teacher::oip {
namespace {

class ModelDescriptionTest : public ::testing::Test {
 protected:
  ModelDescriptionTest() {
    card_.runtime = Runtime::kOip;
    card_.server.address = "fleet:8001";
    card_.server.model = "seg";
    card_.input.size = {512, 384};
    model_.versions = {"1", "3"};
    model_.inputs = {{"image", "FP32", {-1, 3, 384, 512}}};
    model_.outputs = {{"scores", "FP32", {-1, 21, 96, 128}}, {"names", "BYTES", {-1}}};
  }
  // The only sentence; the test fails when there is another number of them.
  std::string Only() const {
    const std::vector<std::string> found = Misfits(model_, card_);
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? "" : found.front();
  }
  void Says(const std::string& part) const {
    const std::string sentence = Only();
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
  }

  ModelCard card_;
  ModelDescription model_;
};

TEST_F(ModelDescriptionTest, WhatFits) {
  EXPECT_TRUE(Misfits(model_, card_).empty());
  card_.server.version = "3";
  card_.input_name = "image";
  card_.output = "scores";
  EXPECT_TRUE(Misfits(model_, card_).empty());
  EXPECT_EQ(InputOf(model_, card_).name, "image");
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{1, 3, -1, -1}, {-1, -1, -1, -1}, {1, 3, 384, 512}, {}}) {
    model_.inputs[0].shape = shape;
    EXPECT_TRUE(Misfits(model_, card_).empty());
  }
}

TEST_F(ModelDescriptionTest, NamesAndVersions) {
  card_.server.version = "2";
  Says("no version 2 of seg as the card's `server.version` says; it has 1, 3");
  card_.server.version = "";
  card_.input_name = "pixels";
  Says("no input \"pixels\" as the card's `input.name` says; it has image");
  card_.input_name = "";
  card_.output = "logits";
  Says("no output \"logits\" as the card's `output` says; it has scores, names");
  card_.output = "names";
  Says("is BYTES, which is not read");
  card_.output = "";
  card_.outputs = {{"boxes", "b"}};
  Says("`outputs.boxes`");
  card_.outputs.clear();
  model_.outputs.erase(model_.outputs.begin());
  Says("none of the outputs");
}

TEST_F(ModelDescriptionTest, TheInput) {
  const auto shape = [&](const std::vector<int64_t>& told, const std::string& part) {
    model_.inputs[0].shape = told;
    Says(part);
  };
  shape({1, 384, 512, 3}, "channels last (NHWC)");
  shape({1, 1, 384, 512}, "pictures of 1 channels");
  shape({8, 3, 384, 512}, "several pictures at a time");
  shape({3, 384, 512}, "max_batch_size");
  shape({1, 3}, "takes [1,3]");
  shape({1, 3, 480, 640}, "say width: 640, height: 480");
  shape({1, 3, 480, -1}, "say width: 512, height: 480");
  card_.input.fit = Fit::kNone;
  shape({1, 3, 480, 640}, "say fit: stretch");
  card_.input.fit = Fit::kStretch;
  model_.inputs[0].shape = {};
  model_.inputs[0].datatype = "INT64";
  Says("is INT64; a teacher is fed FP32, FP16, UINT8");
  model_.inputs[0].datatype = "UINT8";
  Says("say scale: 1");
  card_.input.scale = 1;
  EXPECT_TRUE(Misfits(model_, card_).empty());
  model_.inputs.push_back({"sizes", "INT64", {1}});
  Says("several inputs (image, sizes)");
  model_.inputs.clear();
  Says("name the one for the image in the card's `input.name`");
  EXPECT_THROW(InputOf(model_, card_), Error);
  card_.input_name = "x";
  EXPECT_TRUE(Misfits(model_, card_).empty());
  EXPECT_EQ(InputOf(model_, card_).datatype, "FP32");
}

TEST_F(ModelDescriptionTest, AServersNamesDoNothingToATerminal) {
  model_.inputs[0].name = "\x1b[31mred";
  card_.input_name = "image";
  const std::string sentence = Only();
  EXPECT_EQ(sentence.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace shadowtutor::teacher::oip
