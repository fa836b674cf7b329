// How a client names the student that it has, so that nothing of a student need travel to a server
// that has the same.
#ifndef SHADOWTUTOR_WIRE_NAMED_STUDENT_H_
#define SHADOWTUTOR_WIRE_NAMED_STUDENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "nn/network.h"

namespace shadowtutor::wire {

/// An untrained student. Two of the same name have the same weights, bit for bit, and classes.
struct NamedStudent {
  uint64_t checksum = 0;                 // WeightChecksum of all of its weights
  std::vector<std::string> class_names;  // in the order of the labels

  bool operator==(const NamedStudent&) const = default;
};

/// The name of a student. Thread safety: any thread.
NamedStudent NameOfStudent(const nn::Checkpoint& student);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_NAMED_STUDENT_H_
