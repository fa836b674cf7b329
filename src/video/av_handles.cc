#include "video/av_handles.h"

namespace shadowtutor::video::internal {

void PrepareFfmpeg() {
  av_log_set_level(AV_LOG_QUIET);
  // Enough for the largest picture with 16 bits a channel, twice.
  constexpr size_t kLargestAllocation = size_t{300} << 20;
  av_max_alloc(kLargestAllocation);
}

}  // namespace shadowtutor::video::internal
