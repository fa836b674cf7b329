// Teachers that are a function in a Python file: how they are named, which interpreter runs them,
// and what their classes must be.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_TEACHER_PYTHON_FUNCTION_H_
#define SHADOWTUTOR_TEACHER_PYTHON_FUNCTION_H_

#include <filesystem>
#include <optional>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

/// The variable of the environment that names the interpreter where the card does not.
inline constexpr char kInterpreterVariable[] = "SHADOWTUTOR_PYTHON";

struct PythonFunction {
  std::filesystem::path file;
  std::string name;
};

/// What `FILE.py:FUNCTION` names; nullopt for other names. Throws Error kInvalidArgument for a .py
/// file without a function.
std::optional<PythonFunction> ParsePythonFunction(const std::filesystem::path& name);

/// The card's interpreter if it names one, else the environment's, else "python3".
std::string InterpreterOr(const std::string& of_card);

/// Throws Error kFailedPrecondition when the function's module names no classes, or some that a
/// student cannot have.
void CheckModuleClasses(const PythonFunction& function, const ClassList& classes);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_PYTHON_FUNCTION_H_
