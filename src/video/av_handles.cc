#include "video/av_handles.h"

namespace shadowtutor::video::internal {

std::string AvErrorText(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

void QuietFfmpeg() { av_log_set_level(AV_LOG_QUIET); }

}  // namespace shadowtutor::video::internal
