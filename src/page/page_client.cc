#include "page/page_client.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <utility>

#include "core/parallel.h"
#include "shadowtutor/version.h"
#include "wire/codec_names.h"
#include "wire/frame_codec.h"

namespace shadowtutor::page {
namespace {

using nlohmann::json;

// Texts come from servers; what is not UTF-8 in them is replaced.
std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Error Wrong(const std::string& what) {
  return Error(ErrorCode::kInvalidArgument, "the page's options: " + what);
}

int Side(const json& value, const std::string& name) {
  if (!value.is_number_integer() || value < 0 || value > kMaxFrameSide) {
    throw Wrong(name + " must be a whole number of pixels, 0 to " + std::to_string(kMaxFrameSide));
  }
  return value.get<int>();
}

wire::FrameCodec Codec(const json& value) {
  if (value == "jpeg") return wire::FrameCodec::kJpeg;
  if (value == "h264") return wire::FrameCodec::kH264;
  if (value == "vp9") return wire::FrameCodec::kVp9;
  throw Wrong("frameCodec must be \"jpeg\", \"h264\" or \"vp9\"");
}

std::string Hex(Rgb color) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", color.r, color.g, color.b);
  return text;
}

json AboutUpdate(const wire::Update& update, size_t bytes) {
  return {{"frameIndex", update.frame_index},
          {"part", update.part},
          {"metric", update.metric},
          {"initialMetric", update.initial_metric},
          {"steps", update.steps},
          {"teacherMs", update.teacher_ms},
          {"trainMs", update.train_ms},
          {"bytes", bytes}};
}

// B, G, R of R, G, B and a fourth byte.
void TakePixels(const std::vector<uint8_t>& rgba, Image& bgr) {
  const uint8_t* from = rgba.data();
  for (uint8_t* to = bgr.bytes().data(); from != rgba.data() + rgba.size(); from += 4, to += 3) {
    to[0] = from[2];
    to[1] = from[1];
    to[2] = from[0];
  }
}

}  // namespace

PageOptions ParsePageOptions(const std::string& text) {
  PageOptions options;
  options.client_version = Version();
  const json given = text.empty() ? json::object() : json::parse(text, nullptr, false);
  if (!given.is_object()) throw Wrong("they are no JSON object");
  for (const auto& [name, value] : given.items()) {
    if (name == "frameWidth") {
      options.frame_size.width = Side(value, name);
    } else if (name == "frameHeight") {
      options.frame_size.height = Side(value, name);
    } else if (name == "keyFramesPerSecond") {
      if (!value.is_number()) throw Wrong("keyFramesPerSecond must be a number");
      options.key_frames_per_second = value.get<double>();
    } else if (name == "frameCodec") {
      options.frame_codec = Codec(value);
    } else if (name == "clientVersion") {
      if (!value.is_string()) throw Wrong("clientVersion must be a text");
      const auto version = value.get<std::string>();
      if (version.size() > wire::kMaxTextBytes) throw Wrong("clientVersion is too long");
      if (!version.empty()) options.client_version = version;
    } else {
      throw Wrong("there is no '" + name + "'");
    }
  }
  return options;
}

PageClient::PageClient(const PageOptions& options) {
  auto link = std::make_unique<PageLink>(options);
  link_ = link.get();
  client::ClientOptions for_client;
  for_client.staleness = client::Staleness::kGoOn;
  for_client.key_frames_per_second = options.key_frames_per_second;
  client_ = std::make_unique<client::Client>(nullptr, 0, std::move(link), for_client);
}

uint8_t* PageClient::Frame(FrameSize size) {
  wire::CheckFrameSize(size);
  rgba_.resize(size.pixels() * 4);
  size_ = size;
  return rgba_.data();
}

const LabelMap* PageClient::Process() {
  if (rgba_.empty()) {
    throw Error(ErrorCode::kFailedPrecondition, "there is no frame yet; write its pixels first");
  }
  if (!client_->HasStudent()) return nullptr;
  if (frame_.size() != size_) frame_ = Image(size_.width, size_.height);
  TakePixels(rgba_, frame_);
  report_ = client_->Process(frame_, labels_);
  const wire::Update* applied = report_.parts.empty() ? nullptr : &report_.parts.back();
  if (report_.update && !applied) applied = &*report_.update;
  if (applied) {
    last_update_ = *applied;
    last_update_bytes_ = link_->payload_bytes();
  }
  return &labels_;
}

std::string PageClient::Report() {
  const link::LinkStats stats = link_->stats();
  const std::optional<wire::Welcome>& welcome = link_->welcome();
  const bool connected = link_->Connected();
  const distill::Policy policy = welcome ? welcome->policy : distill::Policy();
  json report = {
      {"index", report_.index},
      {"keyFrame", report_.key_frame},
      {"restart", link_->restart()},
      {"updateApplied", report_.update_applied},
      {"stride", report_.stride},
      {"metric", report_.metric},
      {"predictMs", report_.predict_ms},
      {"applyMs", report_.apply_ms},
      {"swapMs", report_.swap_ms},
      {"hasStudent", client_->HasStudent()},
      {"version", client_->version()},
      {"lastUpdate", nullptr},
      {"connected", connected},
      {"session", connected ? welcome->session_id : ""},
      {"teacher", welcome ? welcome->teacher : ""},
      {"policy", welcome ? policy.name : ""},
      {"minStride", policy.schedule.stride.min_stride},
      {"maxStride", policy.schedule.stride.max_stride},
      {"wantedBytes", link_->wanted_bytes()},
      {"firstWantedBytes", policy.pictures.first_bytes},
      {"frameCodec", wire::NameOf(link_->frame_codec())},
      {"sessions", stats.sessions},
      {"keyFrames", stats.key_frames},
      {"updates", stats.updates},
      {"bytesUp", stats.bytes_up},
      {"bytesDown", stats.bytes_down},
      {"bytesStudents", stats.bytes_students},
      {"refusal", nullptr},
      {"notice", link_->notice()},
      {"threads", MaxThreads()},
  };
  if (last_update_) report["lastUpdate"] = AboutUpdate(*last_update_, last_update_bytes_);
  if (stats.refusal) report["refusal"] = stats.refusal->what();
  return Dump(report);
}

std::string PageClient::Classes() const {
  json about = {{"background", nullptr}, {"classes", json::array()}};
  if (const auto& welcome = link_->welcome()) {
    if (welcome->background >= 0) about["background"] = welcome->background;
    for (const ClassInfo& info : welcome->classes) {
      about["classes"].push_back({{"name", info.name}, {"color", Hex(info.color)}});
    }
  }
  return Dump(about);
}

}  // namespace shadowtutor::page
