#include "server/resources.h"

#include <malloc.h>

#include <utility>

#include "core/text.h"
#include "core/untrusted_text.h"

namespace shadowtutor::server {

void Resources::Log(LogLine line) const {
  if (!log || line.level > log_level) return;
  for (std::string* text : {&line.text, &line.session, &line.client, &line.sentence}) {
    *text = Showable(*text, wire::kMaxLogLineBytes);
  }
  log(line);
}

void Resources::Log(const std::string& source, LogLine line) const {
  if (!log || line.level > log_level) return;
  const auto now = std::chrono::steady_clock::now();
  if (!log_gate.Admit(source, now)) return;
  LogLeftOut(now);
  Log(std::move(line));
}

void Resources::LogLeftOut(std::chrono::steady_clock::time_point now) const {
  const std::optional<uint64_t> lines = log_gate.TakeLeftOut(now);
  if (lines) Log(LogLevel::kWarning, "... " + std::to_string(*lines) + " more lines left out");
}

Error Resources::TeacherIsStuck(bool with_this_frame) const {
  const std::string seconds =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(teacher_timeout).count());
  if (with_this_frame) {
    return Error(ErrorCode::kDeadlineExceeded,
                 "the teacher has not labelled this frame within " + seconds +
                     " s; use a faster teacher or smaller frames, or allow the teacher more time "
                     "in the server's settings");
  }
  return Error(ErrorCode::kUnavailable,
               "the teacher has been busy with another frame for more than " + seconds +
                   " s; try again later");
}

std::optional<Error> Resources::TooLarge(FrameSize size) const {
  if (size.pixels() <= max_frame_pixels) return std::nullopt;
  return Error(ErrorCode::kFailedPrecondition,
               "frames of " + SizeText(size) + " have more pixels than this server accepts (" +
                   std::to_string(max_frame_pixels) +
                   "); make them smaller, or allow larger ones in the server's settings");
}

void Resources::ReleaseMemory() {
  // No session has this number.
  training->Submit(0, [this] {
    workspaces.Free();
    malloc_trim(0);
  });
}

TeacherCall::TeacherCall(Resources& resources, uint64_t owner) : resources_(resources) {
  resources_.teacher_watch.Begin(owner);
}

TeacherCall::~TeacherCall() {
  const std::chrono::milliseconds took = resources_.teacher_watch.End();
  if (took <= resources_.teacher_timeout) return;
  const std::string late =
      "the teacher has returned after " + SecondsText(took) + "; its answer comes too late";
  resources_.Log(LogLevel::kWarning, late);
  resources_.observatory.Note(
      {.kind = Event::Kind::kServer, .code = ErrorCode::kDeadlineExceeded, .sentence = late});
}

}  // namespace shadowtutor::server
