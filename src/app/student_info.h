// What a student is made of, for people and for machines.
#ifndef SHADOWTUTOR_APP_STUDENT_INFO_H_
#define SHADOWTUTOR_APP_STUDENT_INFO_H_

#include <cstdint>
#include <string>

#include "nn/network.h"

namespace shadowtutor::app {

// `file` and its size stand in the text as they are given; it is not opened.

/// A table of parameters, the classes, and what partial distillation trains.
std::string StudentText(const nn::Checkpoint& student, const std::string& file,
                        uintmax_t file_bytes);
/// The same as one object: file, file_bytes, parameters, depth, classes (name, color), background,
/// partial (stages, parameters, share, fp32_bytes), shapes.
std::string StudentJson(const nn::Checkpoint& student, const std::string& file,
                        uintmax_t file_bytes);

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_STUDENT_INFO_H_
