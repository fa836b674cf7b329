// What the sinks that write files share.
#ifndef SHADOWTUTOR_VIDEO_SINK_FILES_H_
#define SHADOWTUTOR_VIDEO_SINK_FILES_H_

#include <filesystem>

#include "video/sinks.h"

namespace shadowtutor::video::internal {

/// Makes the folder (and those above it) unless it is there. Throws Error kUnavailable.
void MakeFolder(const std::filesystem::path& folder);
/// Makes the folder that `file` goes into, and refuses a `file` that is a folder itself.
void MakeFolderOf(const std::filesystem::path& file);
/// Throws Error kInvalidArgument unless the prediction has a frame and labels of its size.
void CheckPrediction(const Prediction& prediction);

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_SINK_FILES_H_
