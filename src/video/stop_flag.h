// Ends the waiting of another thread. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_STOP_FLAG_H_
#define SHADOWTUTOR_VIDEO_STOP_FLAG_H_

#include <atomic>
#include <memory>

namespace shadowtutor::video::internal {

/// Whoever opens or reads something looks at it while waiting, and gives up soon after it is set.
/// Null: it is never set. Shared, because what is opened may outlive whoever sets it.
using StopFlag = std::shared_ptr<const std::atomic<bool>>;

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_STOP_FLAG_H_
