// Update, the server's answer to a key frame, as a plain struct. rpc/ converts it to and from
// Protobuf; the device library, tests and other transports use the struct itself.
#ifndef SHADOWTUTOR_WIRE_MESSAGES_H_
#define SHADOWTUTOR_WIRE_MESSAGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/frame_codec.h"
#include "wire/update_codec.h"

namespace shadowtutor::wire {

/// The answer to a key frame.
struct Update {
  uint64_t frame_index = 0;  // of the key frame that this answers
  /// 0: the answer. 1, 2, ...: training went on, and this is its next result.
  int part = 0;
  double metric = 0;          // mIoU after training, for Algorithm 2
  double initial_metric = 0;  // mIoU before training
  int steps = 0;              // distillation steps taken
  uint64_t base_version = 0;  // the version of the student that this update applies to
  uint64_t new_version = 0;   // the version that results; == base_version when nothing was trained
  UpdateCodec codec = UpdateCodec::kFp32;
  std::vector<uint8_t> payload;  // the trained suffix, encoded; empty when nothing was trained
  uint64_t checksum = 0;         // WeightChecksum of the resulting trained suffix
  /// The classes that the device shows from now on, ascending; empty: all of them.
  std::vector<uint8_t> shown_classes;
  /// In an answer: the least stride from now on, if it is above the policy's; 0: the policy's.
  int min_stride = 0;
  double teacher_ms = 0;  // time that the teacher took, for reports
  double train_ms = 0;    // time that the training took, for reports
};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_MESSAGES_H_
