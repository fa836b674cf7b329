// How long key frames waited and took, how large they were and how right the student was, of all
// sessions together.
#ifndef SHADOWTUTOR_SERVER_KEY_FRAME_FIGURES_H_
#define SHADOWTUTOR_SERVER_KEY_FRAME_FIGURES_H_

#include "server/histogram.h"
#include "server/session_history.h"
#include "wire/messages.h"

namespace shadowtutor::server {

/// 1.3 kB, however many key frames there were. Thread safety: that of a plain value.
struct KeyFrameFigures {
  /// From 1 ms, which a queue that nobody waits in takes, to a minute, which is above all deadlines
  /// of jobs.
  static constexpr double kSeconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                        0.5,   1,      2.5,   5,    10,    30,   60};
  /// From 256 bytes by factors of 4 to the largest message.
  static constexpr double kBytes[] = {256,    1024,    4096,    16384,    65536,
                                      262144, 1048576, 4194304, 16777216, 67108864};
  static constexpr double kRatios[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1};

  Histogram teacher_wait_s{kSeconds};   // in the queue before the teacher
  Histogram teacher_s{kSeconds};        // a call of the teacher, also for clients without a student
  Histogram training_wait_s{kSeconds};  // in the queue before training
  Histogram training_s{kSeconds};       // training for an answer, with the encoding of its update
  Histogram encoding_s{kSeconds};       // of updates with weights, later parts too
  Histogram key_frame_bytes{kBytes};
  Histogram update_bytes{kBytes};  // of updates with weights, later parts too
  Histogram miou{kRatios};         // of a key frame before its training

  /// `encoding_ms`: what the update's encoding took.
  void Answered(const wire::Update& update, const KeyFrameWaits& waits, double encoding_ms);
  /// A later part of an answer.
  void PartSent(const wire::Update& update, double encoding_ms);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_KEY_FRAME_FIGURES_H_
