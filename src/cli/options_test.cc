// What command lines mean: the options of the calls that they lead to, without making them. One
// file for all commands, because CLI11 takes long to compile.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <string>

#include "cli/eval.h"
#include "cli/plan.h"
#include "cli/pretrain.h"
#include "cli/program.h"
#include "cli/run.h"
#include "cli/serve.h"
#include "cli/student.h"
#include "core/testing/code_of.h"
#include "shadowtutor/types.h"
#include "wire/codec_names.h"

namespace shadowtutor::cli {
namespace {

// Of one command, whose name the line leaves out.
template <typename Arguments>
Arguments Parse(void (*add)(CLI::App&, Arguments&), const std::string& line) {
  CLI::App command;
  Arguments arguments;
  add(command, arguments);
  command.parse(line);
  return arguments;
}

bool Says(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

// Of the whole program; a line that CLI11 refuses runs nothing.
bool IsRefused(const std::string& line) {
  CLI::App app;
  int exit_code = 0;
  MakeProgram(app, exit_code);
  try {
    app.parse(line);
  } catch (const CLI::ParseError&) {
    return true;
  }
  return false;
}

TEST(Options, WhatIsOutOfRangeOrMissingOrDoesNotGoTogetherIsRefused) {
  for (const char* line : {
           "nothing",
           "run",
           "run v.mp4 --frames 0",
           "run v.mp4 --jpeg-quality 101",
           "run v.mp4 --frame-codec png",
           "run v.mp4 --segment png",
           "run v.mp4 --segment h264 --h264-crf 52",
           "run v.mp4 --segment raw --in-flight 0",
           "run v.mp4 --bandwidth 0",
           "run v.mp4 --max-fps 0",
           "run v.mp4 --reference-every 0",
           "serve",
           "serve --teacher c.yaml --fresh-head",
           "serve --teacher c.yaml --student s --student-width 2",
           "serve --teacher c.yaml --student s --student-depth 2",
           "serve --teacher c.yaml --student-depth 0",
           "serve --teacher c.yaml --teacher-timeout 0",
           "serve --teacher c.yaml --session-max-age -1",
           "serve --teacher c.yaml --drain-delay -1",
           "serve --teacher c.yaml --drain-timeout 3601",
           "label v.mp4 --teacher c.yaml",
           "label v.mp4 --out f",
           "label v.mp4 --teacher c.yaml --out f --frames 0",
           "teacher",
           "teacher check c.yaml",
           "teacher check c.yaml i.png --runs 0",
           "student",
           "student init --out s",
           "student init --classes a,b",
           "student init --classes a,b --out s --student-depth 0",
           "student convert a",
           "student convert a b --fp16 --fp32",
           "student convert a b --colors #ffffff",
           "student convert a b --background none",
           "pretrain --images f",
           "pretrain --images f --out s --student t --student-depth 2",
           "pretrain --images f --out s --memory 1",
           "eval v.mp4 --teacher c --fps 0",
           "eval v.mp4 --teacher c --jpeg-quality 0",
           "eval v.mp4 --teacher c --sent-width -1",
           "eval v.mp4 --teacher c --update-codec int8",
           "eval v.mp4 --teacher c --bandwidth 80",
           "eval v.mp4 --teacher c --link limit",
           "eval v.mp4 --teacher c --tls",
           "eval v.mp4 --teacher c --live --link wifi",
           "eval v.mp4 --teacher c --live --bandwidth 0",
           "bench --classes 1",
           "bench --seconds -1",
           "plan --classes 1",
           "plan --clients 0",
           "plan --latency-ms -1",
           "plan --frame-codec png",
           "report",
       }) {
    EXPECT_TRUE(IsRefused(line)) << line;
  }
}

TEST(RunOptions, ByDefaultTheServerTeachesAndTheRunWaitsForLateUpdates) {
  const RunArguments arguments = Parse(AddRunOptions, "v.mp4");
  EXPECT_EQ(arguments.source, "v.mp4");
  EXPECT_TRUE(arguments.segment.empty());
  EXPECT_TRUE(arguments.json.empty());
  const app::RunOptions run = TutoredRunOf(arguments);
  EXPECT_EQ(run.link.address, "127.0.0.1:50051");
  EXPECT_EQ(run.link.frame_codec, wire::FrameCodec::kH264);
  EXPECT_EQ(run.link.update_codec, wire::UpdateCodec::kCoded);
  EXPECT_EQ(run.link.student, nullptr);
  EXPECT_FALSE(run.link.retry);
  EXPECT_FALSE(run.link.insecure);
  EXPECT_EQ(run.staleness, client::Staleness::kWait);
  EXPECT_EQ(run.max_frames, -1);
  EXPECT_EQ(run.max_fps, 0);
  EXPECT_EQ(run.reference, nullptr);
}

TEST(RunOptions, KeyFramesTravelByAnyCodec) {
  for (const std::string& name : wire::FrameCodecNames()) {
    const app::RunOptions run =
        TutoredRunOf(Parse(AddRunOptions, "v.mp4 --h264-crf 30 --frame-codec " + name));
    EXPECT_EQ(wire::NameOf(run.link.frame_codec), name);
    EXPECT_EQ(run.link.quality.crf, 30);
    const EvalArguments eval = Parse(AddEvalOptions, "v.mp4 --teacher c --frame-codec " + name);
    EXPECT_EQ(eval.frame_codec, name);
  }
}

TEST(RunOptions, OfTheLinkReachIt) {
  const app::RunOptions run = TutoredRunOf(
      Parse(AddRunOptions,
            "v.mp4 --server h:1 --frame-codec raw --update-codec fp16 --jpeg-quality 50 --no-wait "
            "--retry --insecure --tls-ca a --tls-cert c --tls-key k --frames 7 --max-fps 5"));
  EXPECT_EQ(run.link.address, "h:1");
  EXPECT_EQ(run.link.frame_codec, wire::FrameCodec::kRaw);
  EXPECT_EQ(run.link.update_codec, wire::UpdateCodec::kFp16);
  EXPECT_EQ(run.link.quality.jpeg, 50);
  EXPECT_EQ(run.staleness, client::Staleness::kGoOn);
  EXPECT_TRUE(run.link.retry);
  EXPECT_TRUE(run.link.insecure);
  EXPECT_EQ(run.link.tls.authority, "a");
  EXPECT_EQ(run.link.tls.certificate, "c");
  EXPECT_EQ(run.link.tls.key, "k");
  EXPECT_EQ(run.max_frames, 7);
  EXPECT_EQ(run.max_fps, 5);
}

TEST(RunOptions, JsonWithoutAFileIsStandardOutput) {
  EXPECT_EQ(Parse(AddRunOptions, "v.mp4 --json").json, "-");
  EXPECT_EQ(Parse(AddRunOptions, "v.mp4 --json out.json").json, "out.json");
}

TEST(RunOptions, LiveSourcesComeBackForEverUnlessToldOtherwise) {
  const auto source_of = [](const std::string& line) {
    return SourceOptionsOf(Parse(AddRunOptions, "rtsp://camera/1 " + line));
  };
  EXPECT_EQ(source_of("").retries, -1);
  EXPECT_EQ(source_of("").timeout, std::chrono::seconds(10));
  EXPECT_FALSE(source_of("").every_frame);
  EXPECT_EQ(source_of("--source-retries 0").retries, 0);
  EXPECT_EQ(source_of("--source-retries 7").retries, 7);
  EXPECT_EQ(source_of("--source-timeout 2.5").timeout, std::chrono::milliseconds(2500));
  EXPECT_TRUE(source_of("--every-frame").every_frame);
  for (const char* wrong : {"--source-retries -2", "--source-retries x", "--source-timeout 0",
                            "--source-timeout -1", "--source-timeout 3601"}) {
    EXPECT_TRUE(IsRefused(std::string("run v.mp4 ") + wrong)) << wrong;
  }
  EXPECT_TRUE(Says(RefusalOf([&] { source_of("--source-timeout nan"); }), "--source-timeout"));
}

TEST(RunOptions, SegmentSendsRawFramesOneByOneAndOthersTwoAtATime) {
  const auto run_of = [](const std::string& line) {
    return SegmentRunOf(Parse(AddRunOptions, "v.mp4 --segment " + line));
  };
  EXPECT_EQ(run_of("raw").link.video_codec, wire::VideoCodec::kRaw);
  EXPECT_EQ(run_of("raw").link.in_flight, 1);
  EXPECT_EQ(run_of("jpeg").link.video_codec, wire::VideoCodec::kJpeg);
  EXPECT_EQ(run_of("jpeg").link.in_flight, 2);
  EXPECT_EQ(run_of("h264").link.video_codec, wire::VideoCodec::kH264);
  EXPECT_EQ(run_of("raw --in-flight 2").link.in_flight, 2);
  EXPECT_EQ(run_of("raw").link.label_codec, wire::LabelCodec::kCoded);
  EXPECT_EQ(run_of("raw --label-codec rle").link.label_codec, wire::LabelCodec::kRle);
  EXPECT_EQ(run_of("h264 --h264-crf 0").link.h264_crf, 0);
  EXPECT_EQ(run_of("jpeg --jpeg-quality 3").link.jpeg_quality, 3);
  EXPECT_EQ(run_of("jpeg --server h:1").link.address, "h:1");
  EXPECT_FALSE(run_of("jpeg").retry);
  EXPECT_TRUE(run_of("jpeg --retry").retry);
}

TEST(RunOptions, SegmentsOldNameStillWorks) {
  EXPECT_EQ(Parse(AddRunOptions, "v.mp4 --offload h264").segment, "h264");
}

TEST(ServeOptions, TheCutFollowsTheStudentUnlessItIsNamed) {
  const auto cut_of = [](const std::string& line) {
    return ServerOptionsOf(Parse(AddServeOptions, "--teacher c.yaml" + line)).policy.trainer.cut;
  };
  EXPECT_EQ(cut_of(""), nn::kFullDistillation);
  EXPECT_EQ(cut_of(" --student s"), nn::Stage::kEnc2);
  EXPECT_EQ(cut_of(" --policy paper"), nn::kFullDistillation);
  EXPECT_EQ(cut_of(" --policy paper --cut partial"), nn::kPartialDistillation);
  EXPECT_EQ(cut_of(" --policy paper --student s"), nn::kPartialDistillation);
  EXPECT_EQ(cut_of(" --cut partial"), nn::kPartialDistillation);
  EXPECT_EQ(cut_of(" --student s --cut full"), nn::kFullDistillation);
  EXPECT_EQ(cut_of(" --cut dec2"), nn::ParseStage("dec2"));
  EXPECT_NE(RefusalOf([&] { cut_of(" --cut nowhere"); }), "");
}

TEST(ServeOptions, WhatIsNotGivenIsTheServersDefault) {
  const rpc::ServerOptions plain;
  const ServeArguments arguments = Parse(AddServeOptions, "--teacher c.yaml");
  const rpc::ServerOptions server = ServerOptionsOf(arguments);
  EXPECT_EQ(server.listen, plain.listen);
  EXPECT_EQ(distill::PolicyText(server.policy),
            distill::PolicyText(
                distill::WithChanges(distill::FindPolicy("balanced"), {{"cut", "full"}})));
  EXPECT_EQ(server.max_sessions, plain.max_sessions);
  EXPECT_EQ(server.trainers, 0);
  EXPECT_EQ(server.max_frame_pixels, 4096u * 2160u);
  EXPECT_EQ(server.training_timeout, plain.training_timeout);
  EXPECT_EQ(server.teacher_timeout, plain.teacher_timeout);
  EXPECT_EQ(server.session_max_age, std::chrono::milliseconds(0)) << "sessions may have any age";
  EXPECT_EQ(arguments.drain_delay, 0);
  EXPECT_EQ(arguments.drain_timeout, 30);
  EXPECT_EQ(arguments.seed, 1u);
  EXPECT_EQ(arguments.student_width, 1);
  EXPECT_FALSE(arguments.quiet);
}

TEST(ServeOptions, TheWebServerHasItsAddressAndWhatElseIsGrpcs) {
  const web::ServerOptions web = WebOptionsOf(Parse(
      AddServeOptions,
      "--teacher c.yaml --listen 127.0.0.1:1 --web 0.0.0.0:2 --web-token-file t --web-origins "
      "https://a.example,http://b.example:8080 --tls-cert c --tls-key k --max-connections 9"));
  EXPECT_EQ(web.listen, "0.0.0.0:2");
  EXPECT_EQ(web.token_file, "t");
  EXPECT_EQ(web.token_setting, "--web-token-file");
  EXPECT_EQ(web.origins, (std::vector<std::string>{"https://a.example", "http://b.example:8080"}));
  EXPECT_EQ(web.tls.certificate, "c");
  EXPECT_EQ(web.tls.key, "k");
  EXPECT_EQ(web.max_connections, 9);
  const ServeArguments none = Parse(AddServeOptions, "--teacher c.yaml");
  EXPECT_EQ(none.web, "");
  EXPECT_TRUE(WebOptionsOf(none).origins.empty());
}

TEST(ServeOptions, ReachTheServer) {
  const rpc::ServerOptions server = ServerOptionsOf(Parse(
      AddServeOptions,
      "--teacher c.yaml --listen 0.0.0.0:1 --policy best --threshold 0.5 --max-updates 3 "
      "--min-stride 4 "
      "--max-stride 5 --learning-rate 0.02 --teacher-timeout 1.5 --max-sessions 2 --insecure "
      "--trainers 3 "
      "--max-sessions-per-address 1 --max-frame 640x480 --train-timeout 2 --max-connections 9 "
      "--max-connections-per-address 8 --session-max-age 1.5"));
  EXPECT_EQ(server.session_max_age, std::chrono::milliseconds(1500));
  EXPECT_EQ(server.max_sessions_per_address, 1);
  EXPECT_EQ(server.max_frame_pixels, 640u * 480u);
  EXPECT_EQ(server.training_timeout, std::chrono::milliseconds(2000));
  EXPECT_EQ(server.max_connections, 9);
  EXPECT_EQ(server.max_connections_per_address, 8);
  EXPECT_EQ(server.listen, "0.0.0.0:1");
  EXPECT_EQ(server.policy.name, "best");
  EXPECT_EQ(server.policy.trainer.threshold, 0.5);
  EXPECT_EQ(server.policy.schedule.stride.threshold, 0.5);
  EXPECT_EQ(server.policy.trainer.max_updates, 3);
  EXPECT_EQ(server.policy.schedule.stride.min_stride, 4);
  EXPECT_EQ(server.policy.schedule.stride.max_stride, 5);
  EXPECT_EQ(server.policy.trainer.adam.learning_rate, 0.02);
  EXPECT_EQ(server.teacher_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(server.max_sessions, 2);
  EXPECT_EQ(server.trainers, 3);
  EXPECT_TRUE(server.insecure);
}

TEST(PlanOptions, AreReadAsQuantities) {
  const eval::SystemDescription system = SystemOf(
      Parse(AddPlanOptions,
            "--student-ms 100 --bandwidth 80,8 --min-stride 4-16 --max-stride 64 --bytes-up 300kB "
            "--size 640x480 --frame-codec jpeg --update-codec fp16 --cut in_conv1 --always-send"));
  EXPECT_EQ(system.student_ms, 100);
  EXPECT_FALSE(system.step_ms);
  EXPECT_EQ(system.bandwidths, (std::vector{80e6, 8e6}));
  EXPECT_EQ(system.min_strides, (std::vector{4, 8, 16}));
  EXPECT_EQ(system.bytes_up, 300e3);
  EXPECT_FALSE(system.bytes_down);
  EXPECT_EQ(system.size, (FrameSize{640, 480}));
  EXPECT_EQ(system.frame_codec, wire::FrameCodec::kJpeg);
  EXPECT_EQ(system.update_codec, wire::UpdateCodec::kFp16);
  EXPECT_EQ(system.cut, nn::kFullDistillation);
  EXPECT_TRUE(system.always_send);
}

TEST(PlanOptions, WithoutAnyAreThePapers) {
  const eval::SystemDescription system = SystemOf(Parse(AddPlanOptions, ""));
  EXPECT_EQ(system.bandwidths, std::vector{80e6});
  EXPECT_EQ(system.min_strides, std::vector{8});
  EXPECT_EQ(system.max_strides, std::vector{64});
  EXPECT_EQ(system.max_updates, 8);
  EXPECT_EQ(system.cut, nn::kPartialDistillation);
  EXPECT_FALSE(system.size);
  for (const char* line :
       {"--bandwidth -1", "--min-stride x", "--bytes-up much", "--size big", "--cut nowhere"}) {
    EXPECT_NE(RefusalOf([&] { SystemOf(Parse(AddPlanOptions, line)); }), "") << line;
  }
}

std::string EvalRefusal(const std::string& line) {
  return RefusalOf([&] { StrategiesOf(Parse(AddEvalOptions, line)); });
}

TEST(EvalOptions, NameOneThingToEvaluateOnAndOnePlaceForResults) {
  EXPECT_EQ(EvalRefusal("v.mp4 --teacher c"), "");
  EXPECT_EQ(EvalRefusal("v.mp4 --teacher c --strategy partial,full --out f"), "");
  EXPECT_EQ(EvalRefusal("--set s.yaml --out f"), "");
  EXPECT_TRUE(Says(EvalRefusal(""), "--set"));
  EXPECT_TRUE(Says(EvalRefusal("v.mp4 --teacher c --set s"), "--set"));
  EXPECT_TRUE(Says(EvalRefusal("v.mp4"), "--teacher"));
  EXPECT_TRUE(Says(EvalRefusal("--set s.yaml --teacher c --out f"), "--teacher"));
  EXPECT_TRUE(Says(EvalRefusal("--set s.yaml"), "--out"));
  EXPECT_TRUE(Says(EvalRefusal("v.mp4 --teacher c --delay 1,2"), "--out"));
  EXPECT_TRUE(Says(EvalRefusal("v.mp4 --teacher c --out f --json j"), "--json"));
  EXPECT_NE(EvalRefusal("v.mp4 --teacher c --strategy magic"), "");
}

TEST(EvalOptions, ReachOneEvaluation) {
  const EvalArguments arguments = Parse(
      AddEvalOptions,
      "v.mp4 --teacher c --strategy partial --delay 3 --seed 4 --fps 5 --frames 6 --per-frame "
      "--frame-codec jpeg --update-codec fp16 --label-codec rle --cut dec2 --threshold 0.5");
  const eval::EvalRequest request = EvaluationOf(arguments, StrategiesOf(arguments).front());
  EXPECT_EQ(request.source, "v.mp4");
  EXPECT_EQ(request.teacher_card, "c");
  EXPECT_FALSE(request.student);
  EXPECT_EQ(request.seed, 4u);
  EXPECT_EQ(request.fps, 5);
  EXPECT_EQ(request.options.strategy, "partial");
  EXPECT_EQ(request.options.frames, 6u);
  EXPECT_TRUE(request.options.per_frame);
  EXPECT_EQ(request.options.parameters.delay, 3);
  EXPECT_EQ(request.options.parameters.frame_codec, wire::FrameCodec::kJpeg);
  EXPECT_EQ(request.options.parameters.update_codec, wire::UpdateCodec::kFp16);
  EXPECT_EQ(request.options.parameters.label_codec, wire::LabelCodec::kRle);
  EXPECT_EQ(request.options.parameters.cut, nn::ParseStage("dec2"));
  EXPECT_EQ(request.options.parameters.paper.trainer.threshold, 0.5);
  EXPECT_EQ(request.options.parameters.paper.schedule.stride.threshold, 0.5);
  EXPECT_EQ(request.options.parameters.policy.name, "balanced");
}

TEST(EvalOptions, ADelayMayBeTheTimeThatThingsTake) {
  const EvalArguments arguments =
      Parse(AddEvalOptions,
            "v.mp4 --teacher c --strategy shadow,wild --policy best --delay 1,auto --network-ms 7 "
            "--teacher-ms 44 --replay-every 3 --sent-width 640 --out f");
  std::vector<std::string> labels;
  for (const eval::StrategyChoice& choice : StrategiesOf(arguments)) {
    labels.push_back(choice.label());
  }
  EXPECT_EQ(labels, (std::vector<std::string>{"S-1", "S-auto", "wild"}));
  const eval::StrategyOptions parameters = ParametersOf(arguments);
  EXPECT_EQ(parameters.timing.network_ms, 7);
  EXPECT_EQ(parameters.timing.teacher_ms, 44);
  EXPECT_FALSE(parameters.timing.step_ms);
  EXPECT_EQ(parameters.sent_width, 640);
  EXPECT_EQ(parameters.policy.name, "best");
  EXPECT_EQ(parameters.policy.trainer.replay_every, 3);
  // The paper's policy keeps no average, and so cannot replay.
  const EvalArguments paper =
      Parse(AddEvalOptions, "v.mp4 --teacher c --strategy shadow,partial --replay-every 3 --out f");
  EXPECT_TRUE(Says(RefusalOf([&] { StrategiesOf(paper); }), "averaging"));
  EXPECT_NE(
      RefusalOf([] { ParametersOf(Parse(AddEvalOptions, "v.mp4 --teacher c --averaging 2")); }),
      "");
}

TEST(EvalOptions, ReachAStudy) {
  const EvalArguments arguments = Parse(
      AddEvalOptions, "some/clip/ --teacher c --strategy partial,full --out f --fresh --student s");
  const eval::StudyRequest request = StudyOf(arguments, StrategiesOf(arguments));
  ASSERT_EQ(request.clips.size(), 1u);
  EXPECT_EQ(request.clips[0].name, "clip");
  EXPECT_EQ(request.strategies.size(), 2u);
  EXPECT_EQ(request.folder, "f");
  EXPECT_EQ(request.student, "s");
  EXPECT_TRUE(request.fresh);
}

TEST(EvalOptions, ReachALiveSweep) {
  const EvalArguments arguments =
      Parse(AddEvalOptions,
            "v.mp4 --teacher c --live --strategy partial,naive --frame-codec jpeg --max-updates 3 "
            "--min-stride 4 --max-stride 5 --frames 6 --out f");
  EXPECT_TRUE(WantsLive(*arguments.live));
  EXPECT_FALSE(WantsLive(*Parse(AddEvalOptions, "v.mp4 --teacher c").live));
  const eval::live::SweepRequest request = LiveSweepOf(arguments);
  EXPECT_EQ(request.source, "v.mp4");
  EXPECT_EQ(request.clip, "v");
  EXPECT_EQ(request.card, "c");
  EXPECT_EQ(request.strategies, (std::vector<std::string>{"partial", "naive"}));
  EXPECT_EQ(request.frame_codec, "jpeg");
  EXPECT_EQ(request.paper.trainer.max_updates, 3);
  EXPECT_EQ(request.policy.trainer.max_updates, 3);
  EXPECT_EQ(request.paper.schedule.stride.min_stride, 4);
  EXPECT_EQ(request.changes.at("max-stride"), "5");
  EXPECT_EQ(request.frames, 6u);
  EXPECT_EQ(request.folder, "f");

  const auto refusal = [](const std::string& line) {
    const EvalArguments live = Parse(AddEvalOptions, line);
    return RefusalOf([&] { RunLive(*live.live, LiveSweepOf(live)); });
  };
  EXPECT_TRUE(Says(refusal("--live --out f"), "--live"));
  EXPECT_TRUE(Says(refusal("v.mp4 --teacher c --live"), "--out"));
}

std::string PretrainRefusal(const std::string& line) {
  return RefusalOf([&] { PretrainingOf(Parse(AddPretrainOptions, "--out s " + line)); });
}

TEST(PretrainOptions, NeedSomethingToLearnFrom) {
  EXPECT_EQ(PretrainRefusal("--images f"), "");
  EXPECT_EQ(PretrainRefusal("--video v.mp4"), "");
  EXPECT_TRUE(Says(PretrainRefusal(""), "--images"));
  EXPECT_TRUE(Says(PretrainRefusal("--images f g --labels l"), "--labels"));
  EXPECT_TRUE(Says(PretrainRefusal("--images f --validation 0.95"), "--validation"));
  EXPECT_NE(PretrainRefusal("--images f --crop wide"), "");
}

TEST(PretrainOptions, BecomeADataSpec) {
  const pretrain::PretrainOptions options = PretrainingOf(
      Parse(AddPretrainOptions,
            "--out s --images f --labels l --video v.mp4 --cutouts c --classes a,b --background a "
            "--teacher t --crop 320x240,64x64 --fp16 --memory 16 --steps 9"));
  ASSERT_EQ(options.data.images.size(), 1u);
  EXPECT_EQ(options.data.images[0].folder, "f");
  EXPECT_EQ(options.data.images[0].labels, "l");
  ASSERT_EQ(options.data.videos.size(), 1u);
  EXPECT_EQ(options.data.cutouts.size(), 1u);
  EXPECT_EQ(options.data.classes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.data.background, "a");
  EXPECT_EQ(options.data.teacher, "t");
  EXPECT_EQ(options.crops, (std::vector<FrameSize>{{320, 240}, {64, 64}}));
  EXPECT_EQ(options.weight_type, nn::WeightType::kF16);
  EXPECT_EQ(options.memory_bytes, size_t{16} << 20);
  EXPECT_EQ(options.steps, 9);
}

TEST(PretrainOptions, ValidationIsAShareOrAFolder) {
  const auto data_of = [](const std::string& value) {
    return PretrainingOf(Parse(AddPretrainOptions, "--out s --images f --validation " + value))
        .data;
  };
  EXPECT_EQ(data_of("0.25").validation_share, 0.25);
  EXPECT_EQ(data_of("0.25").images.size(), 1u);
  const pretrain::DataSpec folder = data_of("held_back");
  ASSERT_EQ(folder.images.size(), 2u);
  EXPECT_EQ(folder.images[1].folder, "held_back");
  EXPECT_TRUE(folder.images[1].validation);
}

TEST(StudentOptions, BecomeAClassList) {
  ClassOptions options{.names = {"cat", "background"},
                       .colors = {"#ff8000", "#000001"},
                       .background = {},
                       .seed = 1};
  EXPECT_EQ(BackgroundOf(options), 1);
  const ClassList classes = ClassesOf(options, 1);
  EXPECT_EQ(classes[0].name, "cat");
  EXPECT_EQ(classes[0].color, (Rgb{255, 128, 0}));
  EXPECT_EQ(classes[1].color, (Rgb{0, 0, 1}));
  options.background = "none";
  EXPECT_EQ(BackgroundOf(options), -1);
  options.background = "cat";
  EXPECT_EQ(BackgroundOf(options), 0);
  options.colors.clear();
  EXPECT_EQ(ClassesOf(options, 0)[0].color, Rgb{});
  EXPECT_EQ(ClassesOf(options, 0)[1].color, DefaultClassColor(1));

  options.background = "dog";
  EXPECT_TRUE(Says(RefusalOf([&] { BackgroundOf(options); }), "'dog'"));
  options.colors = {"#ffffff"};
  EXPECT_TRUE(Says(RefusalOf([&] { ClassesOf(options, 0); }), "--colors"));
  options.colors = {"red", "#ffffff"};
  EXPECT_TRUE(Says(RefusalOf([&] { ClassesOf(options, 0); }), "'red'"));
}

}  // namespace
}  // namespace shadowtutor::cli
