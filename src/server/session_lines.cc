#include "server/session_lines.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/untrusted_text.h"
#include "wire/codec_names.h"
#include "wire/limits.h"

namespace shadowtutor::server {
namespace {

std::string Version(const std::string& client) {
  return client.empty() ? "?" : Showable(client, wire::kMaxLoggedVersionBytes);
}

}  // namespace

std::string Describe(const wire::Hello& hello) {
  std::string text = "client " + Version(hello.client_version);
  text += ", frames " + std::to_string(hello.frame_size.width) + "x" +
          std::to_string(hello.frame_size.height);
  return text + " " + wire::NameOf(hello.frame_codec) + ", updates " +
         wire::NameOf(hello.update_codec);
}

std::string Describe(const wire::Update& update) {
  char text[200];
  std::snprintf(text, sizeof(text),
                "frame %llu: mIoU %.3f -> %.3f, %d steps, teacher %.0f ms, training %.0f ms, "
                "%.2f MiB down",
                static_cast<unsigned long long>(update.frame_index), update.initial_metric,
                update.metric, update.steps, update.teacher_ms, update.train_ms,
                static_cast<double>(update.payload.size()) / (1 << 20));
  return text;
}

std::string Describe(const Terms& terms, int min_stride) {
  const bool usual = terms == Terms();
  std::string text = usual ? "time enough again" : "much to do";
  text += ": from now on key frames are at least " +
          std::to_string(std::max(terms.min_stride, min_stride)) + " frames apart";
  if (usual) return text;
  return text + ", with " + std::to_string(std::lround(100 * terms.step_share)) +
         " % of their distillation steps";
}

}  // namespace shadowtutor::server
