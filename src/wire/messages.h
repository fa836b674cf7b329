// What travels between client and server, as plain structs. rpc/ turns them into protobuf; tests
// and other transports use them as they are. The device library knows no other form.
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
  uint64_t frame_index = 0;   // of the key frame that it answers
  double metric = 0;          // mIoU after training, for Algorithm 2
  double initial_metric = 0;  // before
  int steps = 0;              // distillation steps taken
  uint64_t base_version = 0;  // the student version that it applies to
  uint64_t new_version = 0;   // the one that it makes; == base_version when nothing was trained
  UpdateCodec codec = UpdateCodec::kFp32;
  std::vector<uint8_t> payload;  // encoded trained suffix; empty when nothing was trained
  uint64_t checksum = 0;         // WeightChecksum of the trained suffix that results
  double teacher_ms = 0;         // what the server spent, for reports
  double train_ms = 0;
};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_MESSAGES_H_
