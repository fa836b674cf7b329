#include "messages/convert.h"

#include <optional>
#include <string>
#include <utility>

#include "messages/convert_fields.h"
#include "messages/convert_student.h"
#include "messages/errors.h"
#include "wire/limits.h"

namespace shadowtutor::messages {
namespace {

constexpr uint32_t kMaxStride = 1'000'000;

double Share(double value, const char* what) {
  if (!(value >= 0 && value <= 1)) {
    Refuse(std::string("the message's ") + what + " is not between 0 and 1");
  }
  return value;
}

v1::FrameCodec ToProto(wire::FrameCodec codec) {
  switch (codec) {
    case wire::FrameCodec::kRaw:
      return v1::FRAME_CODEC_RAW;
    case wire::FrameCodec::kH264:
      return v1::FRAME_CODEC_H264;
    case wire::FrameCodec::kVp9:
      return v1::FRAME_CODEC_VP9;
    case wire::FrameCodec::kAv1:
      return v1::FRAME_CODEC_AV1;
    case wire::FrameCodec::kJpeg:
      break;
  }
  return v1::FRAME_CODEC_JPEG;
}

v1::UpdateCodec ToProto(wire::UpdateCodec codec) {
  switch (codec) {
    case wire::UpdateCodec::kFp16:
      return v1::UPDATE_CODEC_FP16;
    case wire::UpdateCodec::kCoded:
      return v1::UPDATE_CODEC_CODED;
    case wire::UpdateCodec::kFp32:
      break;
  }
  return v1::UPDATE_CODEC_FP32;
}

// nullopt: a codec that this version does not know.
std::optional<wire::FrameCodec> KnownCodec(v1::FrameCodec codec) {
  switch (codec) {
    case v1::FRAME_CODEC_RAW:
      return wire::FrameCodec::kRaw;
    case v1::FRAME_CODEC_JPEG:
      return wire::FrameCodec::kJpeg;
    case v1::FRAME_CODEC_H264:
      return wire::FrameCodec::kH264;
    case v1::FRAME_CODEC_VP9:
      return wire::FrameCodec::kVp9;
    case v1::FRAME_CODEC_AV1:
      return wire::FrameCodec::kAv1;
    default:
      return std::nullopt;
  }
}

std::optional<wire::UpdateCodec> KnownCodec(v1::UpdateCodec codec) {
  switch (codec) {
    case v1::UPDATE_CODEC_FP32:
      return wire::UpdateCodec::kFp32;
    case v1::UPDATE_CODEC_FP16:
      return wire::UpdateCodec::kFp16;
    case v1::UPDATE_CODEC_CODED:
      return wire::UpdateCodec::kCoded;
    default:
      return std::nullopt;
  }
}

// For wishes: an unknown codec becomes one that every peer supports.
wire::FrameCodec WishedCodec(v1::FrameCodec codec) {
  return KnownCodec(codec).value_or(wire::FrameCodec::kJpeg);
}

wire::UpdateCodec WishedCodec(v1::UpdateCodec codec) {
  return KnownCodec(codec).value_or(wire::UpdateCodec::kFp32);
}

// For data that is packed already: an unknown codec is an error.
wire::FrameCodec UsedCodec(v1::FrameCodec codec) {
  if (const auto known = KnownCodec(codec)) return *known;
  Refuse("the key frame is packed by a codec that this version does not know (number " +
         std::to_string(codec) + "); use raw or JPEG");
}

wire::UpdateCodec UsedCodec(v1::UpdateCodec codec) {
  if (const auto known = KnownCodec(codec)) return *known;
  Refuse("the update is packed by a codec that this version does not know (number " +
         std::to_string(codec) + "); update the client");
}

v1::Parameters ToProto(const distill::Policy& policy) {
  const distill::TrainerOptions& trainer = policy.trainer;
  const distill::ScheduleOptions& schedule = policy.schedule;
  const auto count = [](int value) { return static_cast<uint32_t>(value); };
  v1::Parameters to;
  to.set_threshold(schedule.stride.threshold);
  to.set_max_updates(count(trainer.max_updates));
  to.set_min_stride(count(schedule.stride.min_stride));
  to.set_max_stride(count(schedule.stride.max_stride));
  to.set_learning_rate(trainer.adam.learning_rate);
  to.set_cut(std::string(nn::StageName(trainer.cut)));
  to.set_policy(policy.name);
  to.set_train_threshold(trainer.threshold);
  to.set_first_updates(count(trainer.first_updates));
  to.set_kinds(std::string(nn::NameOf(trainer.kinds)));
  to.set_fresh_moments(trainer.fresh_moments);
  to.set_instance_weight(trainer.instance_weight);
  to.set_jaccard_weight(trainer.jaccard_weight);
  to.set_loss_stride(count(trainer.loss_stride));
  to.set_averaging(trainer.averaging);
  to.set_plateau_steps(count(trainer.plateau_steps));
  to.set_plateau_gain(trainer.plateau_gain);
  to.set_trigger(std::string(distill::NameOf(schedule.trigger)));
  to.set_change(schedule.change);
  to.set_key_frame_rate(schedule.rate);
  to.set_burst(schedule.burst);
  to.set_burst_start(schedule.start);
  to.set_shown_labels(count(policy.shown_labels));
  to.set_hide_untaught(policy.hide_untaught);
  to.set_part_updates(count(policy.part_updates));
  to.set_idle_updates(count(policy.idle_updates));
  to.set_momentum(trainer.adam.beta1);
  to.set_replay_every(count(trainer.replay_every));
  to.set_replay_frames(count(trainer.replay_frames));
  to.set_coded_share(policy.coded.share);
  to.set_coded_updates(count(policy.coded.max_updates));
  to.set_coded_learning_rate(policy.coded.learning_rate);
  to.set_coded_averaging(policy.coded.averaging);
  to.set_coded_step(policy.coded.step);
  to.set_coded_tolerance(policy.coded.tolerance);
  to.set_shown_area(policy.shown_area);
  to.set_key_frame_bytes(count(policy.pictures.bytes));
  to.set_first_key_frame_bytes(count(policy.pictures.first_bytes));
  to.set_coarsest_crf(policy.pictures.coarsest_crf);
  to.set_arithmetic(std::string(nn::NameOf(trainer.arithmetic)));
  return to;
}

distill::Policy FromProto(const v1::Parameters& from) {
  constexpr uint32_t kMax = 1'000'000;
  distill::Policy policy;
  distill::TrainerOptions& trainer = policy.trainer;
  distill::ScheduleOptions& schedule = policy.schedule;
  schedule.stride.threshold = Share(from.threshold(), "threshold");
  trainer.threshold = schedule.stride.threshold;
  trainer.max_updates = SmallInt(from.max_updates(), kMax, "max_updates");
  schedule.stride.min_stride = SmallInt(from.min_stride(), kMax, "min_stride");
  schedule.stride.max_stride = SmallInt(from.max_stride(), kMax, "max_stride");
  trainer.adam.learning_rate = from.learning_rate();
  trainer.cut = nn::ParseStage(Text(from.cut(), "cut"));
  if (!from.policy().empty()) {
    policy.name = ShownText(from.policy(), "policy");
    trainer.threshold = Share(from.train_threshold(), "training threshold");
    trainer.first_updates = SmallInt(from.first_updates(), kMax, "first_updates");
    trainer.kinds = nn::ParseParameterKinds(Text(from.kinds(), "kinds of parameters"));
    // The client only reports it, so a newer server's word is no reason to refuse.
    trainer.arithmetic = from.arithmetic() == nn::NameOf(nn::Arithmetic::kFast)
                             ? nn::Arithmetic::kFast
                             : nn::Arithmetic::kReference;
    trainer.fresh_moments = from.fresh_moments();
    trainer.instance_weight = from.instance_weight();
    trainer.jaccard_weight = from.jaccard_weight();
    trainer.loss_stride = from.loss_stride() == 2 ? 2 : 1;  // as for `arithmetic`
    trainer.averaging = from.averaging();
    trainer.plateau_steps = SmallInt(from.plateau_steps(), kMax, "plateau_steps");
    trainer.plateau_gain = from.plateau_gain();
    schedule.trigger = distill::ParseTrigger(Text(from.trigger(), "trigger"));
    schedule.change = from.change();
    schedule.rate = from.key_frame_rate();
    schedule.burst = from.burst();
    schedule.start = from.burst_start();
    policy.shown_labels = SmallInt(from.shown_labels(), kMax, "shown_labels");
    policy.shown_area = from.shown_area();
    policy.hide_untaught = from.hide_untaught();
    policy.part_updates = SmallInt(from.part_updates(), kMax, "part_updates");
    policy.idle_updates = SmallInt(from.idle_updates(), kMax, "idle_updates");
    trainer.adam.beta1 = from.momentum();
    trainer.replay_every = SmallInt(from.replay_every(), kMax, "replay_every");
    trainer.replay_frames = SmallInt(from.replay_frames(), kMax, "replay_frames");
    if (from.coded_share() != 0) {
      policy.coded = {.share = from.coded_share(),
                      .max_updates = SmallInt(from.coded_updates(), kMax, "coded_updates"),
                      .learning_rate = from.coded_learning_rate(),
                      .averaging = from.coded_averaging(),
                      .step = from.coded_step(),
                      .tolerance = from.coded_tolerance()};
    }
    if (from.key_frame_bytes() != 0) {
      policy.pictures = {
          .bytes = SmallInt(from.key_frame_bytes(), distill::kMaxKeyFrameBytes, "key_frame_bytes"),
          .first_bytes = SmallInt(from.first_key_frame_bytes(), distill::kMaxKeyFrameBytes,
                                  "first_key_frame_bytes"),
          .coarsest_crf = from.coarsest_crf()};
    }
  }
  distill::Validate(policy);
  return policy;
}

v1::Welcome ToProto(wire::Welcome welcome) {
  v1::Welcome to;
  to.set_protocol_version(welcome.protocol_version);
  to.set_server_version(std::move(welcome.server_version));
  to.set_session_id(std::move(welcome.session_id));
  if (welcome.student) *to.mutable_student() = messages::ToProto(*welcome.student);
  to.set_student_version(welcome.student_version);
  to.set_student_checksum(welcome.student_checksum);
  PutClasses(welcome.classes, to);
  if (welcome.background >= 0) to.set_background(static_cast<uint32_t>(welcome.background));
  *to.mutable_parameters() = ToProto(welcome.policy);
  to.set_frame_codec(ToProto(welcome.frame_codec));
  to.set_update_codec(ToProto(welcome.update_codec));
  to.set_teacher(std::move(welcome.teacher));
  to.set_min_stride(static_cast<uint32_t>(welcome.min_stride));
  return to;
}

wire::Welcome FromProto(const v1::Welcome& from) {
  wire::Welcome welcome;
  welcome.protocol_version = from.protocol_version();
  welcome.server_version = ShownText(from.server_version(), "server version");
  welcome.session_id = ShownText(from.session_id(), "session id");
  if (from.has_student()) welcome.student = messages::FromProto(from.student());
  welcome.student_version = from.student_version();
  welcome.student_checksum = from.student_checksum();
  welcome.classes = TakeClasses(from.classes());
  if (from.has_background()) {
    if (from.background() >= welcome.classes.size()) {
      Refuse("the message's background is not among its classes");
    }
    welcome.background = static_cast<int>(from.background());
  }
  welcome.policy = FromProto(from.parameters());
  welcome.frame_codec = WishedCodec(from.frame_codec());
  welcome.update_codec = WishedCodec(from.update_codec());
  welcome.teacher = ShownText(from.teacher(), "teacher's description");
  welcome.min_stride = SmallInt(from.min_stride(), kMaxStride, "min_stride");
  return welcome;
}

v1::Update ToProto(const wire::Update& update) {
  v1::Update to;
  to.set_frame_index(update.frame_index);
  to.set_metric(update.metric);
  to.set_initial_metric(update.initial_metric);
  to.set_steps(static_cast<uint32_t>(update.steps));
  to.set_base_version(update.base_version);
  to.set_new_version(update.new_version);
  to.set_codec(ToProto(update.codec));
  to.set_payload(ToBytes(update.payload));
  to.set_checksum(update.checksum);
  to.set_teacher_ms(update.teacher_ms);
  to.set_train_ms(update.train_ms);
  to.set_shown_classes(ToBytes(update.shown_classes));
  to.set_part(static_cast<uint32_t>(update.part));
  to.set_min_stride(static_cast<uint32_t>(update.min_stride));
  return to;
}

wire::Update FromProto(const v1::Update& from) {
  wire::Update update;
  update.frame_index = from.frame_index();
  update.metric = Share(from.metric(), "metric");
  update.initial_metric = Share(from.initial_metric(), "initial metric");
  update.steps = SmallInt(from.steps(), 1'000'000, "steps");
  update.base_version = from.base_version();
  update.new_version = from.new_version();
  update.codec = UsedCodec(from.codec());
  update.payload = FromBytes(from.payload());
  update.checksum = from.checksum();
  update.teacher_ms = Duration(from.teacher_ms());
  update.train_ms = Duration(from.train_ms());
  if (from.shown_classes().size() > kMaxClasses) {
    Refuse("the message shows more classes than there can be");
  }
  update.shown_classes = FromBytes(from.shown_classes());
  update.part = SmallInt(from.part(), 1'000'000, "part");
  update.min_stride = SmallInt(from.min_stride(), kMaxStride, "min_stride");
  return update;
}

v1::Hello ToProto(wire::Hello hello) {
  v1::Hello to;
  to.set_protocol_version(hello.protocol_version);
  to.set_client_version(std::move(hello.client_version));
  to.set_frame_width(static_cast<uint32_t>(hello.frame_size.width));
  to.set_frame_height(static_cast<uint32_t>(hello.frame_size.height));
  // The newer codecs have fields of their own, so that an older server does not fall back further
  // than it must.
  if (wire::IsVideo(hello.frame_codec)) {
    to.set_frame_codec(v1::FRAME_CODEC_JPEG);
    to.set_newer_frame_codec(ToProto(hello.frame_codec));
  } else {
    to.set_frame_codec(ToProto(hello.frame_codec));
  }
  if (hello.update_codec == wire::UpdateCodec::kCoded) {
    to.set_update_codec(v1::UPDATE_CODEC_FP16);
    to.set_newer_update_codec(v1::UPDATE_CODEC_CODED);
  } else {
    to.set_update_codec(ToProto(hello.update_codec));
  }
  if (hello.held) *to.mutable_held() = messages::ToProto(std::move(*hello.held));
  to.set_takes_parts(hello.takes_parts);
  to.set_takes_coded_student(hello.takes_coded_student);
  if (hello.named) *to.mutable_named() = messages::ToProto(std::move(*hello.named));
  return to;
}

wire::Hello FromProto(const v1::Hello& from) {
  wire::Hello hello;
  hello.protocol_version = from.protocol_version();
  // In another version the fields may have other meanings. They are not read, so that the client is
  // refused for its version and not for a field.
  if (hello.protocol_version != wire::kProtocolVersion) return hello;
  hello.client_version = Text(from.client_version(), "client version");
  hello.frame_size = Size(from.frame_width(), from.frame_height(), true);
  hello.frame_codec =
      KnownCodec(from.newer_frame_codec()).value_or(WishedCodec(from.frame_codec()));
  hello.update_codec =
      KnownCodec(from.newer_update_codec()).value_or(WishedCodec(from.update_codec()));
  if (from.has_held()) hello.held = messages::FromProto(from.held());
  hello.takes_parts = from.takes_parts();
  hello.takes_coded_student = from.takes_coded_student();
  if (from.has_named()) hello.named = messages::FromProto(from.named());
  return hello;
}

v1::KeyFrame ToProto(const wire::KeyFrame& frame) {
  v1::KeyFrame to;
  to.set_frame_index(frame.frame_index);
  to.set_held_version(frame.held_version);
  to.set_codec(ToProto(frame.codec));
  to.set_width(static_cast<uint32_t>(frame.size.width));
  to.set_height(static_cast<uint32_t>(frame.size.height));
  to.set_data(ToBytes(frame.data));
  return to;
}

wire::KeyFrame FromProto(const v1::KeyFrame& from) {
  wire::KeyFrame frame;
  frame.frame_index = from.frame_index();
  frame.held_version = from.held_version();
  frame.codec = UsedCodec(from.codec());
  frame.size = Size(from.width(), from.height(), false);
  frame.data = FromBytes(from.data());
  return frame;
}

}  // namespace

v1::ClientMessage ToProto(wire::ClientMessage message) {
  v1::ClientMessage to;
  if (auto* hello = std::get_if<wire::Hello>(&message)) {
    *to.mutable_hello() = ToProto(std::move(*hello));
  } else if (auto* frame = std::get_if<wire::KeyFrame>(&message)) {
    *to.mutable_key_frame() = ToProto(*frame);
  } else {
    to.mutable_student_request()->set_reason(
        std::move(std::get<wire::StudentRequest>(message).reason));
  }
  return to;
}

v1::ServerMessage ToProto(wire::ServerMessage message) {
  v1::ServerMessage to;
  if (auto* welcome = std::get_if<wire::Welcome>(&message)) {
    *to.mutable_welcome() = ToProto(std::move(*welcome));
  } else if (auto* update = std::get_if<wire::Update>(&message)) {
    *to.mutable_update() = ToProto(*update);
  } else if (auto* student = std::get_if<wire::WholeStudent>(&message)) {
    *to.mutable_whole_student() = ToProto(*student);
  } else if (std::holds_alternative<wire::HandOverRequest>(message)) {
    to.mutable_hand_over_request();
  } else {
    *to.mutable_error() = ToProto(std::move(std::get<wire::ErrorMessage>(message)));
  }
  return to;
}

wire::ClientMessage FromProto(v1::ClientMessage&& message) {
  const v1::ClientMessage from = std::move(message);
  switch (from.message_case()) {
    case v1::ClientMessage::kHello:
      return FromProto(from.hello());
    case v1::ClientMessage::kKeyFrame:
      return FromProto(from.key_frame());
    case v1::ClientMessage::kStudentRequest:
      return wire::StudentRequest{Text(from.student_request().reason(), "reason")};
    default:
      Refuse(
          "the client sent a message of a kind that this server does not know; use releases that "
          "fit each other");
  }
}

wire::ServerMessage FromProto(v1::ServerMessage&& message) {
  const v1::ServerMessage from = std::move(message);
  switch (from.message_case()) {
    case v1::ServerMessage::kWelcome:
      return FromProto(from.welcome());
    case v1::ServerMessage::kUpdate:
      return FromProto(from.update());
    case v1::ServerMessage::kWholeStudent:
      return FromProto(from.whole_student());
    case v1::ServerMessage::kError:
      return FromProto(from.error());
    case v1::ServerMessage::kHandOverRequest:
      return wire::HandOverRequest{};
    default:
      Refuse(
          "the server sent a message of a kind that this client does not know; use releases that "
          "fit each other");
  }
}

}  // namespace shadowtutor::messages
