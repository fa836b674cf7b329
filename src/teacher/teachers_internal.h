// The kinds of teachers among which OpenTeacher chooses. Internal to teacher/.
#ifndef SHADOWTUTOR_TEACHER_TEACHERS_INTERNAL_H_
#define SHADOWTUTOR_TEACHER_TEACHERS_INTERNAL_H_

#include <memory>

#include "teacher/class_mapping.h"
#include "teacher/model_card.h"
#include "teacher/teacher.h"

namespace shadowtutor::teacher::internal {

/// Runs the network once, so that a card that does not fit its network fails here and not at the
/// first key frame.
std::unique_ptr<Teacher> OpenNetworkTeacher(const ModelCard& card, const ClassMapping& mapping);
std::unique_ptr<Teacher> OpenReplayTeacher(const ModelCard& card, const ClassMapping& mapping);

}  // namespace shadowtutor::teacher::internal

#endif  // SHADOWTUTOR_TEACHER_TEACHERS_INTERNAL_H_
