#include "teacher/python_function.h"

#include <cstdlib>
#include <set>
#include <utility>

#include "core/untrusted_text.h"

namespace shadowtutor::teacher {
namespace {

constexpr size_t kMostNameBytes = 200;

}  // namespace

std::optional<PythonFunction> ParsePythonFunction(const std::filesystem::path& name) {
  const std::string text = name.string();
  const size_t colon = text.rfind(':');
  const std::string file = text.substr(0, colon);
  if (!file.ends_with(".py")) return std::nullopt;
  if (colon == std::string::npos || colon + 1 == text.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                file + " is no model card; name the function as well: " + file + ":FUNCTION");
  }
  return PythonFunction{file, text.substr(colon + 1)};
}

std::string InterpreterOr(const std::string& of_card) {
  if (!of_card.empty()) return of_card;
  const char* named = std::getenv(kInterpreterVariable);
  return named != nullptr && *named != '\0' ? named : "python3";
}

void CheckModuleClasses(const PythonFunction& function, const ClassList& classes) {
  const std::string file = function.file.string();
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorCode::kFailedPrecondition, file + what);
  };
  if (classes.empty()) {
    refuse(" does not say what the labels of " + function.name + " stand for; set `" +
           function.name +
           ".classes = [\"background\", ...]` or `classes = [...]` in it, or write a "
           "model card with `kind: python` and `classes`");
  }
  if (classes.size() < 2 || classes.size() > kMaxClasses) {
    refuse(" names " + std::to_string(classes.size()) + " classes; a teacher has 2 to " +
           std::to_string(kMaxClasses));
  }
  std::set<std::string> names;
  for (const ClassInfo& info : classes) {
    const std::string shown = Showable(info.name, kMostNameBytes);
    // The file of a student has the class names as one list with commas.
    if (info.name.empty() || shown != info.name || info.name.find(',') != std::string::npos) {
      refuse(": the class name \"" + shown +
             "\" is empty, or too long, or has a comma or a character that cannot be shown in it");
    }
    if (!names.insert(info.name).second) {
      refuse(": the class \"" + info.name + "\" is there twice; remove one of the two");
    }
  }
}

}  // namespace shadowtutor::teacher
