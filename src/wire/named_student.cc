#include "wire/named_student.h"

#include "wire/update_codec.h"

namespace shadowtutor::wire {

NamedStudent NameOfStudent(const nn::Checkpoint& student) {
  NamedStudent named;
  named.checksum = WeightChecksum(student.weights);
  for (const ClassInfo& info : student.classes) named.class_names.push_back(info.name);
  return named;
}

}  // namespace shadowtutor::wire
