// Teachers on a server that answers, well or badly.
#include <gtest/gtest.h>

#include <future>
#include <limits>
#include <thread>
#include <vector>

#include "core/half.h"
#include "teacher/oip/limits.h"
#include "teacher/oip/testing/oip_test.h"
#include "teacher/teacher_check.h"
#include "teacher/teacher_fingerprint.h"

namespace shadowtutor::teacher::oip::testing {
namespace {

using shadowtutor::testing::ErrorOf;
using shadowtutor::testing::PlainImage;
using shadowtutor::testing::Says;
using shadowtutor::testing::WriteText;

class OipTeacherTest : public OipTest {};

TEST_F(OipTeacherTest, LabelsAsANetworkOfItsOwn) {
  server_.Start();
  const auto teacher = Open();
  ExpectGreen(*teacher);
  EXPECT_EQ(teacher->classes().size(), 3u);
  EXPECT_EQ(teacher->max_concurrent_calls(), 4);
  const std::string text = teacher->description();
  EXPECT_NE(text.find("colors on a server (semantic-logits, 16x8"), std::string::npos) << text;
  EXPECT_NE(text.find("test server 1.2"), std::string::npos) << text;
  const auto request = server_.last_request();
  EXPECT_EQ(request.inputs(0).name(), "image");
  EXPECT_EQ(request.inputs(0).datatype(), "FP32");
  EXPECT_EQ(request.raw_input_contents(0).size(), 3u * 16 * 8 * 4);
  EXPECT_EQ(request.outputs_size(), 0);
  EXPECT_EQ(request.model_version(), "");
}

TEST_F(OipTeacherTest, TheCardsNamesAreAskedFor) {
  server_.Start();
  const auto teacher = Open("version: 1", "output: scores\n");
  ExpectGreen(*teacher);
  const auto request = server_.last_request();
  EXPECT_EQ(request.model_version(), "1");
  ASSERT_EQ(request.outputs_size(), 1);
  EXPECT_EQ(request.outputs(0).name(), "scores");
}

TEST_F(OipTeacherTest, TheInputTravelsAsTheModelTakesIt) {
  server_.metadata.mutable_inputs(0)->set_datatype("FP16");
  server_.infer = [](const auto& request, auto& response) {
    InferenceServer::Echo(request, response);
    response.mutable_outputs(0)->set_datatype("FP16");
    return grpc::Status::OK;
  };
  server_.Start();
  ExpectGreen(*Open());
  EXPECT_EQ(server_.last_request().raw_input_contents(0).size(), 3u * 16 * 8 * 2);

  server_.metadata.mutable_inputs(0)->set_datatype("UINT8");
  const Error scaled = OpenError();
  EXPECT_TRUE(Says(scaled, "say scale: 1")) << scaled.what();
}

TEST_F(OipTeacherTest, AServerThatTellsNothingOfItsModel) {
  server_.metadata_status = {grpc::StatusCode::UNIMPLEMENTED, "no such call"};
  server_.Start();
  const Error error = OpenError();
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(error, "`input.name`")) << error.what();
  WriteText(folder_ / "named.yaml",
            "kind: semantic-logits\nruntime: oip\nserver: {address: \"" + server_.address() +
                "\", model: colors}\ninput: {width: 16, height: 8, name: pixels}\n"
                "classes: [red, green, blue]\n");
  ExpectGreen(*OpenTeacher(folder_ / "named.yaml"));
  EXPECT_EQ(server_.last_request().inputs(0).name(), "pixels");
}

TEST_F(OipTeacherTest, SeveralRequestsAtATime) {
  server_.Start();
  const auto teacher = Open("in_flight: 3");
  ASSERT_EQ(teacher->max_concurrent_calls(), 3);
  const int before = server_.calls();
  server_.infer = [this](const auto& request, auto& response) {
    if (!server_.WaitForCompany(3)) return grpc::Status(grpc::StatusCode::INTERNAL, "alone");
    return InferenceServer::Echo(request, response);
  };
  std::vector<std::future<void>> calls;
  for (int i = 0; i < 3; ++i) {
    calls.push_back(std::async(std::launch::async, [&] { ExpectGreen(*teacher); }));
  }
  for (std::future<void>& call : calls) call.get();
  EXPECT_EQ(server_.most_at_a_time(), 3);
  EXPECT_EQ(server_.calls(), before + 3);
}

TEST_F(OipTeacherTest, MoreCallsThanMayBeInFlightWait) {
  server_.Start();
  const auto teacher = Open("in_flight: 2");
  std::vector<std::future<void>> calls;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(std::async(std::launch::async, [&] { ExpectGreen(*teacher); }));
  }
  for (std::future<void>& call : calls) call.get();
  EXPECT_LE(server_.most_at_a_time(), 2);
}

TEST_F(OipTeacherTest, BadAnswersCostTheirFrameOnly) {
  server_.Start();
  const auto teacher = Open();
  using Change = std::function<void(InferenceServer::Response&)>;
  const auto bad = [&](const Change& change) {
    server_.infer = [change](const auto& request, auto& response) {
      InferenceServer::Echo(request, response);
      change(response);
      return grpc::Status::OK;
    };
    const Error error = LabelError(*teacher);
    server_.infer = InferenceServer::Echo;
    ExpectGreen(*teacher);
    return error;
  };
  const Error truncated =
      bad([](auto& response) { response.mutable_raw_output_contents(0)->resize(100); });
  EXPECT_EQ(truncated.code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(truncated, "has 100 bytes instead of 1536")) << truncated.what();

  const Error shape = bad([](auto& response) {
    response.mutable_outputs(0)->set_shape(1, 1);
    response.mutable_outputs(0)->set_shape(2, 24);
  });
  EXPECT_EQ(shape.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(shape, "[1,1,24,16]") && Says(shape, "3 classes")) << shape.what();

  const Error not_finite = bad([](auto& response) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    response.mutable_raw_output_contents(0)->replace(
        64, sizeof nan, reinterpret_cast<const char*>(&nan), sizeof nan);
  });
  EXPECT_EQ(not_finite.code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(not_finite, "not finite")) << not_finite.what();

  const Error empty = bad([](auto& response) { response.Clear(); });
  EXPECT_EQ(empty.code(), ErrorCode::kDataLoss);

  const Error huge = bad([](auto& response) {
    response.mutable_raw_output_contents(0)->assign(kMaxAnswerBytes + 1, 'x');
  });
  EXPECT_EQ(huge.code(), ErrorCode::kResourceExhausted);
  EXPECT_TRUE(Says(huge, "larger than the 256 MiB")) << huge.what();
}

TEST_F(OipTeacherTest, WhatTheServerSaysIsPassedOn) {
  server_.Start();
  const auto teacher = Open();
  const auto error = [&](grpc::StatusCode code) {
    server_.infer = [code](const auto&, auto&) {
      return grpc::Status(code, "the GPU\n\x1b[1m is on fire");
    };
    return LabelError(*teacher);
  };
  const Error internal = error(grpc::StatusCode::INTERNAL);
  EXPECT_EQ(internal.code(), ErrorCode::kInternal);
  EXPECT_TRUE(Says(internal, "the GPU\\n\\x1b[1m is on fire")) << internal.what();
  EXPECT_TRUE(Says(internal, server_.address())) << internal.what();
  const Error gone = error(grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(Says(gone, "has no model colors")) << gone.what();
  const Error unable = error(grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_TRUE(Says(unable, "the GPU")) << unable.what();
  const Error refused = error(grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(Says(refused, "`server.token_file`")) << refused.what();
}

TEST_F(OipTeacherTest, AModelThatIsReplacedIsLookedAtAgain) {
  server_.Start();
  const auto teacher = Open();
  server_.metadata.mutable_inputs(0)->set_name("picture");
  server_.infer = [](const auto& request, auto& response) {
    if (request.inputs(0).name() != "picture") {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no input of this name");
    }
    return InferenceServer::Echo(request, response);
  };
  EXPECT_TRUE(Says(LabelError(*teacher), "no input of this name"));
  ExpectGreen(*teacher);
}

TEST_F(OipTeacherTest, CheckSaysWhatDoesNotFit) {
  server_.Start();
  const auto check = [&](const std::string& more = "", const std::string& rest = "") {
    return CheckTeacher(Card(more, rest), PlainImage(32, 16, 10, 200, 30), 1);
  };
  const auto fault = [&](const std::string& more = "", const std::string& rest = "") {
    const TeacherCheck found = check(more, rest);
    EXPECT_FALSE(found.works);
    EXPECT_FALSE(found.findings.empty());
    return found.findings.empty() ? "" : found.findings.front();
  };
  const auto says = [](const std::string& sentence, const std::string& part) {
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
  };
  const TeacherCheck good = check();
  EXPECT_TRUE(good.works);
  says(good.description, "test server 1.2");
  EXPECT_EQ(good.label, LabelMap(32, 16, 1));

  says(fault("version: 7"), "no version 7");
  says(fault("", "output: logits\n"), "no output \"logits\"");
  server_.metadata.mutable_inputs(0)->set_shape(2, 64);
  says(fault(), "say width: 16, height: 64");
  server_.metadata.mutable_inputs(0)->set_shape(2, 8);
  server_.model_ready = false;
  says(fault(), "it is not ready");
  server_.live = false;
  says(fault(), "not live yet");
  server_.live = server_.model_ready = true;
  WriteText(folder_ / "other.yaml", "kind: saliency\nserver: {address: \"" + server_.address() +
                                        "\", model: shapes}\ninput: {width: 16, height: 8}\n");
  const TeacherCheck unknown =
      CheckTeacher(folder_ / "other.yaml", PlainImage(32, 16, 10, 200, 30), 1);
  ASSERT_EQ(unknown.findings.size(), 1u);
  says(unknown.findings.front(), "has no model shapes (unknown model shapes)");
  server_.Stop();
  says(fault(), "there is no inference server at " + server_.address());
}

TEST_F(OipTeacherTest, TorchServesNameOfTheServiceAndTypedContents) {
  server_.torchserve = true;
  server_.Start();
  const auto fault = [](const TeacherCheck& check) {
    EXPECT_EQ(check.findings.size(), 1u);
    return check.findings.empty() ? "" : check.findings.front();
  };
  const Image green = PlainImage(32, 20, 0, 200, 0);
  EXPECT_NE(fault(CheckTeacher(Card(), green, 1)).find("the card's `input.name`"),
            std::string::npos);
  WriteText(folder_ / "named.yaml",
            "kind: semantic-logits\nserver: {address: \"" + server_.address() +
                "\", model: colors}\ninput: {width: 16, height: 8, name: image}\n"
                "classes: [red, green, blue]\n");
  const TeacherCheck check = CheckTeacher(folder_ / "named.yaml", green, 1);
  EXPECT_TRUE(check.works) << fault(check);
  EXPECT_NE(check.description.find("TorchServe"), std::string::npos) << check.description;

  const auto teacher = OpenTeacher(folder_ / "named.yaml");
  ExpectGreen(*teacher);
  EXPECT_EQ(server_.last_request().raw_input_contents_size(), 0);
  EXPECT_EQ(server_.last_request().inputs(0).contents().fp32_contents_size(), 3 * 8 * 16);

  // Another server takes its place. The first frame may be lost while the two are told apart.
  server_.Stop();
  server_.torchserve = false;
  server_.Start();
  try {
    ExpectGreen(*teacher);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable) << error.what();
  }
  ExpectGreen(*teacher);
  server_.Stop();
  server_.torchserve = true;
  server_.Start();
  LabelError(*teacher);
  ExpectGreen(*teacher);
}

TEST_F(OipTeacherTest, FingerprintsNameTheModel) {
  server_.Start();
  const TeacherFingerprint first = FingerprintOfTeacher(Card());
  EXPECT_EQ(FingerprintOfTeacher(Card("deadline: 3, retries: 1, in_flight: 9")).network,
            first.network);
  EXPECT_EQ(FingerprintOfTeacher(Card("in_flight: 9")).card, first.card);
  EXPECT_NE(FingerprintOfTeacher(Card("version: 2")).network, first.network);
}

}  // namespace
}  // namespace shadowtutor::teacher::oip::testing
