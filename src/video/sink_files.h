// Helper functions of the sinks that write files. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_SINK_FILES_H_
#define SHADOWTUTOR_VIDEO_SINK_FILES_H_

#include <filesystem>

#include "video/sinks.h"

namespace shadowtutor::video::internal {

/// Makes the folder, and those above it, if they do not exist. Throws Error kUnavailable.
void MakeFolder(const std::filesystem::path& folder);
/// Makes the folder of `file`. Throws Error if that fails or if `file` is a folder.
void MakeFolderOf(const std::filesystem::path& file);
/// Throws Error kInvalidArgument unless the prediction has a frame and labels of its size.
void CheckPrediction(const Prediction& prediction);

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_SINK_FILES_H_
