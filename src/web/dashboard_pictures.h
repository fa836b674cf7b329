// The pictures of a watched session as files that browsers show. Internal to web/.
#ifndef SHADOWTUTOR_WEB_DASHBOARD_PICTURES_H_
#define SHADOWTUTOR_WEB_DASHBOARD_PICTURES_H_

#include <optional>
#include <string>
#include <string_view>

#include "server/watched_frame.h"
#include "shadowtutor/types.h"

namespace shadowtutor::web {

struct Picture {
  std::string type;  // "image/png"
  std::string bytes;
};

/// `name` is "frame.jpg", "label.png", "before.png" or "after.png": the frame, and labels in the
/// classes' colours on a transparent background. Nullopt for other names, and for what the session
/// has not. Throws Error when encoding fails.
///
/// Thread safety: any thread.
std::optional<Picture> PictureOf(const server::WatchedFrame& frame, std::string_view name,
                                 const ClassList& classes, int background);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_DASHBOARD_PICTURES_H_
