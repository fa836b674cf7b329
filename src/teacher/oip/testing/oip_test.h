// For tests: an inference server and cards for its model.
#ifndef SHADOWTUTOR_TEACHER_OIP_TESTING_OIP_TEST_H_
#define SHADOWTUTOR_TEACHER_OIP_TESTING_OIP_TEST_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "teacher/oip/testing/inference_server.h"
#include "teacher/oip/use_oip.h"
#include "teacher/open_teacher.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher::oip::testing {

/// The server's model tells apart how red, green or blue a pixel is.
class OipTest : public ::testing::Test {
 protected:
  OipTest() { UseOip(); }

  /// A card with `more` in its section `server`, and `rest` as further lines.
  std::filesystem::path Card(const std::string& more = "", const std::string& rest = "") const {
    shadowtutor::testing::WriteText(
        folder_ / "card.yaml",
        "kind: semantic-logits\nserver: {address: \"" + server_.address() + "\", model: colors" +
            (more.empty() ? "" : ", " + more) +
            "}\ninput: {width: 16, height: 8}\nclasses: [red, green, blue]\n" + rest);
    return folder_ / "card.yaml";
  }
  std::unique_ptr<Teacher> Open(const std::string& more = "", const std::string& rest = "") const {
    return OpenTeacher(Card(more, rest));
  }
  /// The error of opening a teacher.
  Error OpenError(const std::string& more = "", const std::string& rest = "") const {
    return shadowtutor::testing::ErrorOf([&] { Open(more, rest); });
  }
  static Error LabelError(Teacher& teacher) {
    return shadowtutor::testing::ErrorOf(
        [&] { teacher.Label(shadowtutor::testing::PlainImage(16, 8, 0, 200, 0), 0); });
  }
  /// Has the teacher label a green frame; the test fails if it is anything else to it.
  static void ExpectGreen(Teacher& teacher) {
    const Image green = shadowtutor::testing::PlainImage(32, 20, 0, 200, 0);
    EXPECT_EQ(teacher.Label(green, 0).label, LabelMap(32, 20, 1));
  }

  const shadowtutor::testing::TemporaryFolder folder_;
  InferenceServer server_;
};

}  // namespace shadowtutor::teacher::oip::testing

#endif  // SHADOWTUTOR_TEACHER_OIP_TESTING_OIP_TEST_H_
