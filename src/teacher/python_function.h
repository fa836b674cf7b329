// Teachers that are a function in a Python file: how they are named, and what their classes must
// be.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_TEACHER_PYTHON_FUNCTION_H_
#define SHADOWTUTOR_TEACHER_PYTHON_FUNCTION_H_

#include <filesystem>
#include <optional>
#include <string>

#include "shadowtutor/types.h"
#include "teacher/model_card.h"

namespace shadowtutor::teacher {

/// The variable of the environment that names the interpreter where the card does not.
inline constexpr char kInterpreterVariable[] = "SHADOWTUTOR_PYTHON";

/// The card that `FILE.py:FUNCTION` stands for, without classes; nullopt for other names. Throws
/// Error kInvalidArgument for a .py file without a function.
std::optional<ModelCard> CardOfPythonFunction(const std::filesystem::path& name);

/// The card's interpreter, or the environment's, or "python3".
std::string InterpreterOf(const ModelCard& card);

/// Completes a card by the classes that its module names; those of the card come first. Throws
/// Error kFailedPrecondition when there are none, or when a student cannot have them.
void TakeModuleClasses(ModelCard& card, const ClassList& classes);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_PYTHON_FUNCTION_H_
