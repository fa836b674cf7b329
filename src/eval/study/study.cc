#include "eval/study/study.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "eval/sim/resampling.h"
#include "eval/study/clip_study.h"
#include "video/open_source.h"
#include "video/source.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

void Check(const StudyRequest& request) {
  if (request.clips.empty()) throw Error(ErrorCode::kInvalidArgument, "there are no clips to run");
  if (request.strategies.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "there are no strategies to run");
  }
  std::set<std::string> names;
  for (const ClipSpec& clip : request.clips) {
    if (!names.insert(FileNameOf(clip.name)).second) {
      throw Error(ErrorCode::kInvalidArgument,
                  "two clips are called '" + clip.name +
                      "', but results are stored under the name; rename one of them");
    }
  }
}

// What of the study's cells is on one clip.
ClipStrategies StrategiesOn(const StudyRequest& request, size_t clip) {
  const size_t count = request.strategies.size(), first = clip * count;
  const size_t begin = std::max(first, request.first_cell);
  if (begin >= first + count) return {};
  const size_t wanted = request.first_cell + request.cells - begin;
  if (request.first_cell + request.cells <= begin) return {};
  return {begin - first, begin - first + std::min(first + count - begin, wanted)};
}

void MakeFolders(const StudyRequest& request) {
  const fs::path& folder = request.folder;
  for (const char* name : {"labels", "clips", "runs", "samples"}) {
    if (name == std::string("labels") && !request.labels.empty()) continue;
    std::error_code error;
    fs::create_directories(folder / name, error);
    if (error) {
      throw Error(ErrorCode::kUnavailable,
                  "cannot make the folder " + (folder / name).string() + ": " + error.message());
    }
  }
}

// The number of frames that a clip will have, as far as is known without reading it; 0: unknown.
double ExpectedFrames(const StudyRequest& request, const ClipSpec& spec) {
  const uint64_t limit = FrameLimit(request, spec);
  if (limit > 0) return static_cast<double>(limit);
  try {
    const ResampledSource source(video::OpenSource(spec.source), request.fps);
    return static_cast<double>(std::max<int64_t>(0, source.frame_count()));
  } catch (const std::exception&) {
    return 0;  // the error is reported when the clip is run
  }
}

// Estimates how long the rest of a study will take, from its speed so far.
class Pace {
 public:
  explicit Pace(const StudyRequest& request) {
    for (size_t i = 0; i < request.clips.size(); ++i) {
      // One pass over all frames labels them, then each run is one more.
      const size_t runs = StrategiesOn(request, i).size();
      if (runs > 0) {
        later_ += ExpectedFrames(request, request.clips[i]) * static_cast<double>(runs + 1);
      }
      expected_.push_back(later_);
    }
    start_ = Clock::now();
  }

  void BeginClip(size_t index) { left_after_clip_ = later_ - expected_[index]; }

  double SecondsLeft(const ClipProgress& progress) {
    ++worked_;
    if (progress.frames_in_all < 0) return -1;
    const double in_all = static_cast<double>(progress.frames_in_all);
    const double left = in_all - static_cast<double>(progress.frames) +
                        in_all * static_cast<double>(progress.pieces_left) + left_after_clip_;
    const double spent = std::chrono::duration<double>(Clock::now() - start_).count();
    return spent / worked_ * std::max(0.0, left);
  }

 private:
  std::vector<double> expected_;  // by clip: frames to work on up to the end of this one
  double later_ = 0;
  double left_after_clip_ = 0;
  double worked_ = 0;
  Clock::time_point start_;
};

}  // namespace

StudyResults RunStudy(const StudyRequest& request) {
  Check(request);
  MakeFolders(request);
  StudyResults results;
  results.version = request.version;
  results.command = request.command;
  results.parameters = request.parameters;
  results.fps = request.fps;
  results.student = request.student ? request.student->filename().string()
                                    : "fresh, seed " + std::to_string(request.seed);
  Pace pace(request);
  TeacherIdentities teachers;
  for (size_t i = 0; i < request.clips.size(); ++i) {
    const ClipSpec& spec = request.clips[i];
    const ClipStrategies strategies = StrategiesOn(request, i);
    if (strategies.size() == 0) continue;
    pace.BeginClip(i);
    const auto progress = [&](const ClipProgress& clip) {
      if (request.on_progress) {
        request.on_progress({spec.name, clip.label, i + 1, request.clips.size(), clip.frames,
                             clip.frames_in_all, clip.mean_miou, pace.SecondsLeft(clip)});
      }
      return !request.stop || !request.stop();
    };
    const auto give_up = [&](const std::string& why, Setting about) {
      results.failures.push_back({spec.name, why, about});
      if (request.on_fail) request.on_fail(results.failures.back());
    };
    try {
      ClipResults clip = RunClip(request, spec, strategies, progress, teachers);
      results.clips.push_back(std::move(clip.clip));
      std::move(clip.runs.begin(), clip.runs.end(), std::back_inserter(results.runs));
      std::move(clip.samples.begin(), clip.samples.end(), std::back_inserter(results.samples));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) {
        throw Error(ErrorCode::kCancelled,
                    "stopped in the clip " + spec.name + "; what was done is kept in " +
                        request.folder.string() + ", and the same command goes on from there");
      }
      give_up(error.what(), error.about());
    } catch (const std::exception& error) {
      give_up(error.what(), Setting::kNone);
    }
  }
  // If every clip failed, the results of an earlier study are kept.
  if (!results.clips.empty()) WriteResults(results, request.folder);
  return results;
}

}  // namespace shadowtutor::eval
