#include "messages/convert.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "distill/policy_parts.h"
#include "messages/errors.h"
#include "wire/limits.h"

namespace shadowtutor::messages {
namespace {

// Serialises a message and reads it back, as the peer would.
wire::ClientMessage Travel(wire::ClientMessage message) {
  v1::ClientMessage parsed;
  EXPECT_TRUE(parsed.ParseFromString(ToProto(std::move(message)).SerializeAsString()));
  return FromProto(std::move(parsed));
}

wire::ServerMessage Travel(wire::ServerMessage message) {
  v1::ServerMessage parsed;
  EXPECT_TRUE(parsed.ParseFromString(ToProto(std::move(message)).SerializeAsString()));
  return FromProto(std::move(parsed));
}

// Every part differs from its default.
distill::Policy SomePolicy() {
  distill::Policy policy = distill::WithChanges({}, {{"threshold", "0.75"},
                                                     {"max-updates", "4"},
                                                     {"first-updates", "9"},
                                                     {"cut", "full"},
                                                     {"kinds", "norms"},
                                                     {"learning-rate", "0.001"},
                                                     {"fresh-moments", "on"},
                                                     {"instance-weight", "2"},
                                                     {"jaccard-weight", "0.5"},
                                                     {"averaging", "0.6"},
                                                     {"plateau-steps", "3"},
                                                     {"plateau-gain", "0.01"},
                                                     {"trigger", "change"},
                                                     {"stride-threshold", "0.7"},
                                                     {"min-stride", "2"},
                                                     {"max-stride", "32"},
                                                     {"change", "0.1"},
                                                     {"key-frame-rate", "0.2"},
                                                     {"burst", "5"},
                                                     {"burst-start", "3"},
                                                     {"shown-labels", "7"},
                                                     {"hide-untaught", "on"},
                                                     {"part-updates", "2"},
                                                     {"idle-updates", "11"},
                                                     {"momentum", "0.3"},
                                                     {"replay-every", "4"},
                                                     {"replay-frames", "5"},
                                                     {"coded-share", "0.25"},
                                                     {"coded-updates", "6"},
                                                     {"coded-learning-rate", "0.002"},
                                                     {"coded-averaging", "0.7"},
                                                     {"coded-step", "1.5"},
                                                     {"coded-tolerance", "0.02"},
                                                     {"shown-area", "0.003"},
                                                     {"key-frame-bytes", "1234"},
                                                     {"first-key-frame-bytes", "23456"},
                                                     {"coarsest-crf", "40"},
                                                     {"loss-stride", "2"},
                                                     {"arithmetic", "fast"}});
  policy.name = "custom";
  return policy;
}

template <typename Message>
ErrorCode RefusalOf(Message message) {
  try {
    FromProto(std::move(message));
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "the message was accepted";
  return ErrorCode::kInternal;
}

v1::ClientMessage SoundHello() {
  wire::Hello hello;
  hello.frame_size = {640, 360};
  wire::HeldStudent held;
  held.class_names = {"person", "background"};
  held.trained = {1.0f, -2.0f};
  hello.held = held;
  return ToProto(wire::ClientMessage(hello));
}

v1::ClientMessage SoundKeyFrame() {
  wire::KeyFrame frame;
  frame.size = {2, 1};
  frame.codec = wire::FrameCodec::kRaw;
  frame.data = {1, 2, 3, 4, 5, 6};
  return ToProto(wire::ClientMessage(frame));
}

TEST(ConvertTest, EveryVideoCodecTravelsAndOlderServersSeeJpeg) {
  for (const wire::FrameCodec codec :
       {wire::FrameCodec::kH264, wire::FrameCodec::kVp9, wire::FrameCodec::kAv1}) {
    wire::Hello hello;
    hello.frame_size = {640, 360};
    hello.frame_codec = codec;
    auto message = ToProto(wire::ClientMessage(hello));
    EXPECT_EQ(std::get<wire::Hello>(FromProto(v1::ClientMessage(message))).frame_codec, codec);
    // A server from before the field, and one that has it but does not know the number.
    EXPECT_EQ(message.hello().frame_codec(), v1::FRAME_CODEC_JPEG);
    message.mutable_hello()->clear_newer_frame_codec();
    EXPECT_EQ(std::get<wire::Hello>(FromProto(v1::ClientMessage(message))).frame_codec,
              wire::FrameCodec::kJpeg);
    message.mutable_hello()->set_newer_frame_codec(static_cast<v1::FrameCodec>(77));
    EXPECT_EQ(std::get<wire::Hello>(FromProto(v1::ClientMessage(message))).frame_codec,
              wire::FrameCodec::kJpeg);
    // What the Welcome and the key frames say.
    wire::Welcome welcome;
    welcome.classes = {{"background", {}}, {"person", {}}};
    welcome.frame_codec = codec;
    EXPECT_EQ(std::get<wire::Welcome>(Travel(wire::ServerMessage(welcome))).frame_codec, codec);
    wire::KeyFrame frame;
    frame.size = {2, 1};
    frame.codec = codec;
    frame.data = {0};
    EXPECT_EQ(std::get<wire::KeyFrame>(Travel(wire::ClientMessage(frame))).codec, codec);
  }
}

TEST(ConvertTest, NewerCodecsTravelAndOlderServersSeeTheirOwn) {
  wire::Hello hello;
  hello.frame_size = {640, 360};
  hello.frame_codec = wire::FrameCodec::kH264;
  hello.update_codec = wire::UpdateCodec::kCoded;
  hello.takes_coded_student = true;
  auto message = ToProto(wire::ClientMessage(hello));
  // The fields that there were before these codecs.
  EXPECT_EQ(message.hello().frame_codec(), v1::FRAME_CODEC_JPEG);
  EXPECT_EQ(message.hello().update_codec(), v1::UPDATE_CODEC_FP16);
  auto back = std::get<wire::Hello>(FromProto(v1::ClientMessage(message)));
  EXPECT_EQ(back.frame_codec, wire::FrameCodec::kH264);
  EXPECT_EQ(back.update_codec, wire::UpdateCodec::kCoded);
  EXPECT_TRUE(back.takes_coded_student);
  // A client that is newer than this server.
  message.mutable_hello()->set_newer_frame_codec(static_cast<v1::FrameCodec>(77));
  message.mutable_hello()->set_newer_update_codec(static_cast<v1::UpdateCodec>(78));
  back = std::get<wire::Hello>(FromProto(v1::ClientMessage(message)));
  EXPECT_EQ(back.frame_codec, wire::FrameCodec::kJpeg);
  EXPECT_EQ(back.update_codec, wire::UpdateCodec::kFp16);
}

TEST(ConvertTest, ANamedStudentTravels) {
  wire::Hello hello;
  hello.named = {0xfedcba9876543210u, {"person", "background"}};
  auto message = ToProto(wire::ClientMessage(hello));
  EXPECT_FALSE(message.hello().has_held());
  const auto back = std::get<wire::Hello>(FromProto(v1::ClientMessage(message)));
  EXPECT_EQ(back.named, hello.named);
  EXPECT_FALSE(back.held);
  EXPECT_TRUE(std::holds_alternative<wire::HandOverRequest>(
      FromProto(ToProto(wire::ServerMessage(wire::HandOverRequest{})))));
  for (int i = 0; i < 254; ++i) message.mutable_hello()->mutable_named()->add_class_names("x");
  EXPECT_EQ(RefusalOf(message), ErrorCode::kInvalidArgument);
}

TEST(ConvertTest, HelloTravels) {
  wire::Hello hello;
  hello.client_version = "0.1.0";
  hello.frame_size = {1280, 720};
  hello.frame_codec = wire::FrameCodec::kRaw;
  hello.update_codec = wire::UpdateCodec::kFp16;
  wire::HeldStudent held;
  held.version = 17;
  held.class_names = {"person", "background"};
  held.parameter_count = 483'873;
  held.cut = nn::Stage::kDec3;
  held.frozen_checksum = 0xfedcba9876543210u;
  held.trained = {1.5f, -0.25f, 1e-30f};
  held.trained_checksum = 42;
  hello.held = held;

  const auto back = std::get<wire::Hello>(Travel(wire::ClientMessage(hello)));
  EXPECT_EQ(back.protocol_version, wire::kProtocolVersion);
  EXPECT_EQ(back.client_version, "0.1.0");
  EXPECT_EQ(back.frame_size, (FrameSize{1280, 720}));
  EXPECT_EQ(back.frame_codec, wire::FrameCodec::kRaw);
  EXPECT_EQ(back.update_codec, wire::UpdateCodec::kFp16);
  ASSERT_TRUE(back.held.has_value());
  EXPECT_EQ(back.held->version, 17u);
  EXPECT_EQ(back.held->class_names, held.class_names);
  EXPECT_EQ(back.held->parameter_count, 483'873u);
  EXPECT_EQ(back.held->cut, nn::Stage::kDec3);
  EXPECT_EQ(back.held->frozen_checksum, held.frozen_checksum);
  EXPECT_EQ(back.held->trained, held.trained);
  EXPECT_EQ(back.held->trained_checksum, 42u);
}

TEST(ConvertTest, KeyFrameAndStudentRequestTravel) {
  wire::KeyFrame frame;
  frame.frame_index = 12345678901;
  frame.held_version = 3;
  frame.codec = wire::FrameCodec::kJpeg;
  frame.size = {1921, 1};
  frame.data = {0, 255, 7};
  const auto back = std::get<wire::KeyFrame>(Travel(wire::ClientMessage(frame)));
  EXPECT_EQ(back.frame_index, frame.frame_index);
  EXPECT_EQ(back.held_version, 3u);
  EXPECT_EQ(back.codec, wire::FrameCodec::kJpeg);
  EXPECT_EQ(back.size, frame.size);
  EXPECT_EQ(back.data, frame.data);

  const auto request =
      std::get<wire::StudentRequest>(Travel(wire::ClientMessage(wire::StudentRequest{"checksum"})));
  EXPECT_EQ(request.reason, "checksum");
}

TEST(ConvertTest, WelcomeTravels) {
  wire::Welcome welcome;
  welcome.server_version = "0.1.0";
  welcome.session_id = "1f";
  welcome.student = wire::WholeStudent{5, {1, 2, 3}, 99, {7, 8}, 40};
  welcome.student_version = 5;
  welcome.student_checksum = 99;
  welcome.classes = {{"person", {255, 128, 1}}, {"background", {0, 0, 0}}};
  welcome.background = 1;
  welcome.policy = SomePolicy();
  welcome.frame_codec = wire::FrameCodec::kRaw;
  welcome.update_codec = wire::UpdateCodec::kFp16;
  welcome.teacher = "a teacher";
  welcome.min_stride = 12;
  const auto back = std::get<wire::Welcome>(Travel(wire::ServerMessage(welcome)));
  EXPECT_EQ(back.server_version, "0.1.0");
  EXPECT_EQ(back.session_id, "1f");
  ASSERT_TRUE(back.student.has_value());
  EXPECT_EQ(back.student->version, 5u);
  EXPECT_EQ(back.student->safetensors, welcome.student->safetensors);
  EXPECT_EQ(back.student->coded, welcome.student->coded);
  EXPECT_EQ(back.student->weights, welcome.student->weights);
  EXPECT_EQ(back.student->checksum, 99u);
  EXPECT_EQ(back.student_version, 5u);
  EXPECT_EQ(back.student_checksum, 99u);
  EXPECT_EQ(back.classes, welcome.classes);
  EXPECT_EQ(back.background, 1);
  EXPECT_EQ(back.policy.name, "custom");
  EXPECT_EQ(distill::PolicyText(back.policy), distill::PolicyText(welcome.policy));
  EXPECT_EQ(back.frame_codec, wire::FrameCodec::kRaw);
  EXPECT_EQ(back.update_codec, wire::UpdateCodec::kFp16);
  EXPECT_EQ(back.teacher, "a teacher");
  EXPECT_EQ(back.min_stride, 12);

  welcome.student.reset();
  welcome.background = -1;
  const auto second = std::get<wire::Welcome>(Travel(wire::ServerMessage(welcome)));
  EXPECT_FALSE(second.student.has_value());
  EXPECT_EQ(second.background, -1);
}

TEST(ConvertTest, WhatTheClientOnlyReportsIsNoReasonToRefuse) {
  wire::Welcome welcome;
  welcome.classes = {{"background", {}}, {"person", {}}};
  welcome.policy = SomePolicy();
  auto message = ToProto(wire::ServerMessage(welcome));
  v1::Parameters& parameters = *message.mutable_welcome()->mutable_parameters();
  const auto training = [&] {
    return std::get<wire::Welcome>(FromProto(v1::ServerMessage(message))).policy.trainer;
  };
  EXPECT_EQ(training().arithmetic, nn::Arithmetic::kFast);
  EXPECT_EQ(training().loss_stride, 2);
  // A server from before the fields, and a newer one.
  parameters.clear_arithmetic();
  parameters.clear_loss_stride();
  EXPECT_EQ(training().arithmetic, nn::Arithmetic::kReference);
  EXPECT_EQ(training().loss_stride, 1);
  parameters.set_arithmetic("of the future");
  parameters.set_loss_stride(3);
  EXPECT_EQ(training().arithmetic, nn::Arithmetic::kReference);
  EXPECT_EQ(training().loss_stride, 1);
}

TEST(ConvertTest, UpdateStudentAndErrorTravel) {
  wire::Update update;
  update.frame_index = 64;
  update.metric = 0.8125;
  update.initial_metric = 0.5;
  update.steps = 7;
  update.base_version = 8;
  update.new_version = 9;
  update.codec = wire::UpdateCodec::kFp16;
  update.payload = {9, 8, 7};
  update.checksum = ~uint64_t{0};
  update.teacher_ms = 44.5;
  update.train_ms = 13.25;
  update.min_stride = 21;
  const auto back = std::get<wire::Update>(Travel(wire::ServerMessage(update)));
  EXPECT_EQ(back.frame_index, 64u);
  EXPECT_EQ(back.metric, 0.8125);
  EXPECT_EQ(back.initial_metric, 0.5);
  EXPECT_EQ(back.steps, 7);
  EXPECT_EQ(back.base_version, 8u);
  EXPECT_EQ(back.new_version, 9u);
  EXPECT_EQ(back.codec, wire::UpdateCodec::kFp16);
  EXPECT_EQ(back.payload, update.payload);
  EXPECT_EQ(back.checksum, ~uint64_t{0});
  EXPECT_EQ(back.teacher_ms, 44.5);
  EXPECT_EQ(back.train_ms, 13.25);
  EXPECT_EQ(back.min_stride, 21);

  const auto student = std::get<wire::WholeStudent>(
      Travel(wire::ServerMessage(wire::WholeStudent{2, {4, 5}, 6, {}, 0})));
  EXPECT_EQ(student.version, 2u);
  EXPECT_EQ(student.safetensors, (std::vector<uint8_t>{4, 5}));
  EXPECT_EQ(student.checksum, 6u);

  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    wire::ErrorMessage error{static_cast<ErrorCode>(code), "Say why.", code % 2 == 0, {}};
    if (code % 2) error.frame_index = code;
    error.retry_after_ms = static_cast<uint32_t>(100 * code);
    error.move = code % 4 == 0;
    const auto heard = std::get<wire::ErrorMessage>(Travel(wire::ServerMessage(error)));
    EXPECT_EQ(heard.code, error.code);
    EXPECT_EQ(heard.sentence, "Say why.");
    EXPECT_EQ(heard.fatal, error.fatal);
    EXPECT_EQ(heard.frame_index, error.frame_index);
    EXPECT_EQ(heard.retry_after_ms, error.retry_after_ms);
    EXPECT_EQ(heard.move, error.move);
  }
}

TEST(ConvertTest, SentencesAreTextOfABoundedLength) {
  const auto sentence = [](const std::string& text) {
    return ToProto(wire::ServerMessage(wire::ErrorMessage{ErrorCode::kInternal, text, false, {}}))
        .error()
        .sentence();
  };
  EXPECT_EQ(sentence("plain"), "plain");
  EXPECT_EQ(sentence("zwölf 犬 😀"), "zwölf 犬 😀");
  EXPECT_EQ(sentence("one\ntwo"), "one two");
  EXPECT_EQ(sentence("cannot read /srv/labels/7.png"), "cannot read 7.png");
  EXPECT_EQ(sentence("\xff\xfe"), "??");
  EXPECT_EQ(sentence("cut \xe7\x8a"), "cut ??");  // the last character is not whole
  EXPECT_EQ(sentence("\xc0\xaf"), "??");          // an overlong slash
  EXPECT_EQ(sentence("\xed\xa0\x80"), "???");     // a surrogate
  EXPECT_EQ(sentence(std::string(5000, 'x')).size(), wire::kMaxSentenceBytes);
  std::string umlauts;
  while (umlauts.size() < 5000) umlauts += "ü";
  v1::ServerMessage message =
      ToProto(wire::ServerMessage(wire::ErrorMessage{ErrorCode::kInternal, umlauts, true, {}}));
  v1::ServerMessage parsed;
  EXPECT_TRUE(parsed.ParseFromString(message.SerializeAsString()));
  EXPECT_LE(parsed.error().sentence().size(), wire::kMaxSentenceBytes);
}

TEST(ConvertTest, WhatAServerSaysDoesNothingToATerminal) {
  v1::ServerMessage message;
  message.mutable_error()->set_sentence("no\x1b[2J\n\xc2\x9b");
  EXPECT_EQ(std::get<wire::ErrorMessage>(FromProto(std::move(message))).sentence,
            "no\\x1b[2J\\n\\x9b");
}

TEST(ConvertTest, RefusesEmptyMessages) {
  EXPECT_EQ(RefusalOf(v1::ClientMessage()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(RefusalOf(v1::ServerMessage()), ErrorCode::kInvalidArgument);
}

TEST(ConvertTest, RefusesFramesOutsideTheBounds) {
  for (const auto& [width, height] :
       std::initializer_list<std::pair<uint32_t, uint32_t>>{{0, 1},
                                                            {1, 0},
                                                            {8193, 1},
                                                            {1, 8193},
                                                            {8192, 8192},
                                                            {0xffffffffu, 0xffffffffu},
                                                            {0x80000000u, 2}}) {
    v1::ClientMessage message = SoundKeyFrame();
    message.mutable_key_frame()->set_width(width);
    message.mutable_key_frame()->set_height(height);
    EXPECT_EQ(RefusalOf(message), ErrorCode::kInvalidArgument) << width << "x" << height;
    v1::ClientMessage hello = SoundHello();
    hello.mutable_hello()->set_frame_width(width);
    hello.mutable_hello()->set_frame_height(height);
    EXPECT_EQ(RefusalOf(hello), ErrorCode::kInvalidArgument) << width << "x" << height;
  }
}

TEST(ConvertTest, RefusesUnknownPackings) {
  v1::ClientMessage frame = SoundKeyFrame();
  frame.mutable_key_frame()->set_codec(static_cast<v1::FrameCodec>(77));
  EXPECT_EQ(RefusalOf(frame), ErrorCode::kInvalidArgument);
  v1::ServerMessage update = ToProto(wire::ServerMessage(wire::Update{}));
  update.mutable_update()->set_codec(v1::UPDATE_CODEC_UNSPECIFIED);
  EXPECT_EQ(RefusalOf(update), ErrorCode::kInvalidArgument);
}

TEST(ConvertTest, UnknownWishesBecomeWhatEverybodyCan) {
  v1::ClientMessage message = SoundHello();
  message.mutable_hello()->set_frame_codec(static_cast<v1::FrameCodec>(77));
  message.mutable_hello()->set_update_codec(static_cast<v1::UpdateCodec>(-3));
  const auto hello = std::get<wire::Hello>(FromProto(std::move(message)));
  EXPECT_EQ(hello.frame_codec, wire::FrameCodec::kJpeg);
  EXPECT_EQ(hello.update_codec, wire::UpdateCodec::kFp32);
}

TEST(ConvertTest, RefusesHostileHeldStudents) {
  v1::ClientMessage odd = SoundHello();
  odd.mutable_hello()->mutable_held()->set_trained("12345");
  EXPECT_EQ(RefusalOf(odd), ErrorCode::kDataLoss);

  v1::ClientMessage large = SoundHello();
  large.mutable_hello()->mutable_held()->set_trained(
      std::string((wire::kMaxStudentFloats + 1) * sizeof(float), '\0'));
  EXPECT_EQ(RefusalOf(large), ErrorCode::kDataLoss);

  const float infinite = std::numeric_limits<float>::infinity();
  v1::ClientMessage wild = SoundHello();
  wild.mutable_hello()->mutable_held()->set_trained(&infinite, sizeof(infinite));
  EXPECT_EQ(RefusalOf(wild), ErrorCode::kDataLoss);

  v1::ClientMessage stage = SoundHello();
  stage.mutable_hello()->mutable_held()->set_cut("no_such_stage");
  EXPECT_EQ(RefusalOf(stage), ErrorCode::kInvalidArgument);

  v1::ClientMessage classes = SoundHello();
  const std::string name(3, 'x');
  for (int i = 0; i < 300; ++i) classes.mutable_hello()->mutable_held()->add_class_names(name);
  EXPECT_EQ(RefusalOf(classes), ErrorCode::kInvalidArgument);

  v1::ClientMessage text = SoundHello();
  text.mutable_hello()->set_client_version(std::string(wire::kMaxTextBytes + 1, 'x'));
  EXPECT_EQ(RefusalOf(text), ErrorCode::kInvalidArgument);
}

TEST(ConvertTest, ReadsNothingButTheNumberOfAnotherProtocolVersion) {
  v1::ClientMessage message = SoundHello();
  message.mutable_hello()->set_protocol_version(99);
  message.mutable_hello()->set_frame_width(0xffffffffu);
  message.mutable_hello()->mutable_held()->set_cut("a stage of the future");
  const auto hello = std::get<wire::Hello>(FromProto(std::move(message)));
  EXPECT_EQ(hello.protocol_version, 99u);
  EXPECT_FALSE(hello.held.has_value());
}

TEST(ConvertTest, RefusesMetricsThatAreNone) {
  for (double metric : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    wire::Update update;
    update.metric = metric;
    EXPECT_EQ(RefusalOf(ToProto(wire::ServerMessage(update))), ErrorCode::kInvalidArgument);
  }
  wire::Update update;
  update.train_ms = -1;
  EXPECT_EQ(RefusalOf(ToProto(wire::ServerMessage(update))), ErrorCode::kInvalidArgument);
}

TEST(ConvertTest, RefusesStridesThatAreNone) {
  wire::Welcome welcome;
  welcome.policy.schedule.stride.min_stride = 65;
  EXPECT_EQ(RefusalOf(ToProto(wire::ServerMessage(welcome))), ErrorCode::kInvalidArgument);
  welcome.policy.schedule.stride.min_stride = 0;
  EXPECT_EQ(RefusalOf(ToProto(wire::ServerMessage(welcome))), ErrorCode::kInvalidArgument);
  welcome = {};
  welcome.background = 3;
  EXPECT_EQ(RefusalOf(ToProto(wire::ServerMessage(welcome))), ErrorCode::kInvalidArgument);
}

TEST(ConvertTest, UnknownFieldsAreNoReasonToRefuse) {
  // Field 99 of a newer partner.
  const std::string unknown(
      "\x9a\x06\x03"
      "abc",
      6);
  v1::ClientMessage message;
  ASSERT_TRUE(message.ParseFromString(SoundHello().SerializeAsString() + unknown));
  EXPECT_EQ(std::get<wire::Hello>(FromProto(std::move(message))).frame_size, (FrameSize{640, 360}));
}

}  // namespace
}  // namespace shadowtutor::messages
