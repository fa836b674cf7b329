// Helper functions of the sinks that write. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_SINK_FILES_H_
#define SHADOWTUTOR_VIDEO_SINK_FILES_H_

#include "video/sinks.h"

namespace shadowtutor::video::internal {

/// Throws Error kInvalidArgument unless the prediction has a frame and labels of its size.
void CheckPrediction(const Prediction& prediction);

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_SINK_FILES_H_
