// The pictures of a key frame for people who watch a session: small, so that they cost little.
#ifndef SHADOWTUTOR_SERVER_WATCHED_FRAME_H_
#define SHADOWTUTOR_SERVER_WATCHED_FRAME_H_

#include <cstdint>

#include "shadowtutor/types.h"
#include "tutor/session.h"

namespace shadowtutor::server {

/// All that are there have one size.
struct WatchedFrame {
  /// Of the longer side: 885 kB at most with all four.
  static constexpr int kMostSide = 384;

  uint64_t frame_index = 0;
  Image frame = {};
  LabelMap label = {};  // the teacher's
  LabelMap before = {},
           after = {};  // the student's, around its training; empty where nothing is trained
};

/// `size` made to fit, its sides in proportion and at least 1.
FrameSize WatchedSize(FrameSize size);
/// Shrunk to WatchedSize: each pixel is the mean of those that it stands for. Thread safety of
/// all: any thread.
Image ShrinkForWatching(ImageView frame);
/// The same for labels: each pixel is that in the middle of those that it stands for.
LabelMap ShrinkForWatching(const LabelMap& label);

/// All pictures of a key frame. `predictions` may have none. Takes some milliseconds for a large
/// frame.
WatchedFrame ShrinkForWatching(const tutor::LabelledFrame& labelled,
                               const tutor::Predictions& predictions);

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_WATCHED_FRAME_H_
