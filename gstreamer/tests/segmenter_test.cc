#include "gstreamer/segmenter.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "api/testing/scene.h"
#include "core/testing/code_of.h"

namespace shadowtutor::gst {
namespace {

using api::SceneFrame;
using api::SceneStudent;
using std::chrono::hours;
using std::chrono::milliseconds;

// A port of this machine where nothing listens.
const char* const kNobody = "127.0.0.1:1";

TEST(Segmenter, NeedsAServerOrAStudent) {
  EXPECT_EQ(CodeOf([] { Segmenter({}); }), ErrorCode::kInvalidArgument);
}

TEST(Segmenter, PredictsWithItsStudentWhoeverIsAway) {
  const Student student = SceneStudent();
  LabelMap expected, labels;
  Predictor(student).Predict(SceneFrame(0), expected);
  for (const char* server : {"", kNobody}) {
    SegmenterOptions options;
    options.server = server;
    options.student = student;
    Segmenter segmenter(options);
    EXPECT_EQ(segmenter.WaitForStudent(hours(1)), Segmenter::Waited::kReady);
    ASSERT_TRUE(segmenter.Process(SceneFrame(0), labels));
    EXPECT_EQ(labels, expected);
    EXPECT_FALSE(segmenter.updated());
    EXPECT_EQ(segmenter.background(), 0);
    EXPECT_EQ(segmenter.classes(), student.classes());
    EXPECT_FALSE(segmenter.stats().link.connected);
  }
}

TEST(Segmenter, WithoutAStudentItSaysSoUntilItIsWoken) {
  SegmenterOptions options;
  options.server = kNobody;
  Segmenter segmenter(options);
  LabelMap labels;
  EXPECT_FALSE(segmenter.Process(SceneFrame(0), labels));
  EXPECT_EQ(segmenter.WaitForStudent(milliseconds(1)), Segmenter::Waited::kTooLong);
  std::jthread waker([&] { segmenter.Wake(true); });
  EXPECT_EQ(segmenter.WaitForStudent(hours(1)), Segmenter::Waited::kAwakened);
  waker.join();
  segmenter.Wake(false);
  EXPECT_EQ(segmenter.WaitForStudent(milliseconds(1)), Segmenter::Waited::kTooLong);
}

TEST(Segmenter, WhatTryingAgainWouldNotHelpIsAnError) {
  SegmenterOptions options;
  options.server = kNobody;
  options.student = SceneStudent();
  options.connect.authority = "/no/such/file.pem";
  Segmenter segmenter(options);
  LabelMap labels;
  ErrorCode code = ErrorCode::kInternal;
  for (int frames = 0; frames < 100'000 && code == ErrorCode::kInternal; ++frames) {
    try {
      segmenter.Process(SceneFrame(0), labels);
    } catch (const Error& error) {
      code = error.code();
      EXPECT_NE(std::string(error.what()).find("/no/such/file.pem"), std::string::npos);
    }
  }
  EXPECT_NE(code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace shadowtutor::gst
