// The kinds of teacher that OpenTeacher chooses from.
#ifndef SHADOWTUTOR_TEACHER_TEACHERS_INTERNAL_H_
#define SHADOWTUTOR_TEACHER_TEACHERS_INTERNAL_H_

#include <memory>

#include "teacher/class_mapping.h"
#include "teacher/model_card.h"
#include "teacher/teacher.h"

namespace shadowtutor::teacher::internal {

/// Runs the network once before it returns, so that a card that does not fit fails here and not at
/// the first key frame.
std::unique_ptr<Teacher> OpenNetworkTeacher(const ModelCard& card, const ClassMapping& mapping);
std::unique_ptr<Teacher> OpenReplayTeacher(const ModelCard& card, const ClassMapping& mapping);

}  // namespace shadowtutor::teacher::internal

#endif  // SHADOWTUTOR_TEACHER_TEACHERS_INTERNAL_H_
