// A whole student in a sixth of its size, for a device that has none: its weights quantised and
// range-coded (coded_update.h), which costs it nothing once it is taught.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_WIRE_STUDENT_CODEC_H_
#define SHADOWTUTOR_WIRE_STUDENT_CODEC_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "nn/network.h"

namespace shadowtutor::wire {

struct PackedStudent {
  std::vector<uint8_t> header;  // the safetensors file up to its weights: names, shapes, classes
  std::vector<uint8_t> coded;   // the weights
  std::shared_ptr<const nn::Checkpoint> student;  // what comes out of the two
};

/// Throws Error kInvalidArgument as nn::SerializeCheckpoint.
PackedStudent PackStudent(const nn::Checkpoint& student);

/// The student of so many weights in the two parts, all of which come from the network. Throws
/// Error as nn::ParseCheckpoint, and kDataLoss when the weights are damaged or too many.
nn::Checkpoint UnpackStudent(std::span<const uint8_t> header, std::span<const uint8_t> coded,
                             uint64_t weights);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_STUDENT_CODEC_H_
