// For tests of teachers that are Python functions: an interpreter, and files for it.
#ifndef SHADOWTUTOR_TEACHER_TESTING_PYTHON_FILES_H_
#define SHADOWTUTOR_TEACHER_TESTING_PYTHON_FILES_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "teacher/python_function.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {

/// An interpreter with NumPy: the environment's, PATH's or Debian's. Empty: there is none.
inline const std::string& PythonWithNumPy() {
  static const std::string found = [] {
    for (const std::string& name : {InterpreterOr(""), std::string("/usr/bin/python3")}) {
      const std::string command = "'" + name + "' -c 'import numpy' 2>/dev/null";
      if (std::system(command.c_str()) == 0) return name;
    }
    return std::string();
  }();
  return found;
}

/// A folder for Python files, and the interpreter for them. Tests are skipped without one.
class PythonFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (PythonWithNumPy().empty()) {
      GTEST_SKIP() << "no Python 3 with NumPy was found; scripts/setup installs it, or "
                   << kInterpreterVariable << " names it";
    }
    setenv(kInterpreterVariable, PythonWithNumPy().c_str(), 1);
  }

  /// Writes NAME.py and returns its path.
  std::string File(const std::string& name, const std::string& text) {
    testing::WriteText(folder_ / (name + ".py"), text);
    return (folder_ / (name + ".py")).string();
  }

  const testing::TemporaryFolder folder_;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_TESTING_PYTHON_FILES_H_
