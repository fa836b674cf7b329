// Tests teachers that are Python functions, with an interpreter.
#include "teacher/python_teacher.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <future>
#include <string>

#include "core/file_descriptor.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher_check.h"
#include "teacher/teacher_fingerprint.h"
#include "teacher/testing/python_files.h"

namespace shadowtutor::teacher {
namespace {

using internal::PythonTeacherOptions;
using testing::ErrorOf;
using testing::PlainImage;
using testing::Says;
using testing::WriteText;
using namespace std::chrono_literals;  // NOLINT

// The time by which the teacher counts its restarts.
PythonTeacherOptions::Clock::time_point now;

// What the first pixel's blue asks of the function.
const char* const kFunction = R"(
import os, signal, sys
import numpy as np
classes = ["background", "cat", "dog"]
calls = 0
def label(frame):
    global calls
    calls += 1
    wish = int(frame[0, 0, 0])
    if wish == 1: os._exit(7)
    if wish == 2: signal.pause()
    if wish == 3: os.write(1, b"\0" * 1000); print("seen"); sys.stdout.flush()
    if wish == 4: return None
    if wish == 5: raise ValueError("\x1b[31mred\n" + "x" * 9000)
    if wish == 6: return frame
    if wish == 7: return frame[..., 0] * 0 + 3
    if wish == 8: return frame[1:, :, 0]
    if wish == 9: return frame[..., 0] / 2
    if wish == 10: return frame[..., 0].astype(int) - 300
    if wish == 11: return {"labels": frame[..., 0] > 99, "boxes": [[0, 0, 99, 1]]}
    if wish == 12: return {"labels": frame[..., 0] > 99, "boxes": [[0, 0, 1.5, 1]]}
    if wish == 13: return {"label": frame[..., 0]}
    if wish == 14: sys.exit("enough")
    if wish == 15: return {"labels": frame[..., 0] > 99, "boxes": [[0, 0, 1, 1]] * 10001}
    if wish == 16: return {"labels": frame[..., 0] > 99, "boxes": []}
    if wish == 17: return np.full(frame.shape[:2], min(calls, 2))
    if wish == 18: return np.full(frame.shape[:2], os.path.exists("/proc/self/fd/200"))
    if wish == 19: return np.full(frame.shape[:2], os.getpgrp() == os.getpid())
    if wish == 20: open(os.environ["ENTERED"], "w").close(); signal.pause()
    if wish == 21: sys.stderr = None; raise ValueError("unseen")
    assert frame.flags.owndata and frame.flags.writeable and frame.dtype == np.uint8
    return {"labels": (frame[..., 2] > 99) * 2, "boxes": [[1, 0, 2, 3]]}
)";

class PythonTeacherTest : public PythonFilesTest {
 protected:
  std::unique_ptr<Teacher> Open(PythonTeacherOptions options = {}) {
    now = {};
    options.now = [] { return now; };
    const std::string name = File("net", kFunction) + ":label";
    return internal::OpenPythonTeacher(LoadModelCard(name), {}, -1, std::move(options));
  }
  static Image Wish(uint8_t what) { return PlainImage(6, 4, what, 0, 0); }
  static Error Failure(Teacher& teacher, uint8_t what) {
    return ErrorOf([&] { teacher.Label(Wish(what), 0); });
  }
  Error OpenError(const std::string& text, const std::string& function = "f") {
    const std::string name = File("wrong", text) + ":" + function;
    return ErrorOf([&] { OpenTeacher(name); });
  }
};

TEST_F(PythonTeacherTest, GivesLabelsAndBoxesInTheStudentsClasses) {
  const auto teacher = OpenTeacher(File("net", kFunction) + ":label");
  EXPECT_EQ(teacher->description(), "net.py:label (python)");
  ASSERT_EQ(teacher->classes().size(), 3u);
  EXPECT_EQ(teacher->classes()[2].name, "dog");
  EXPECT_EQ(teacher->background(), 0);
  Image frame = PlainImage(6, 4, 0, 0, 0);
  frame.row(2)[3 * 5 + 2] = 200;
  Answer answer = teacher->Label(frame, 0);
  LabelMap expected(6, 4, 0);
  expected.at(5, 2) = 2;
  EXPECT_EQ(answer.label, expected);
  EXPECT_TRUE(answer.has_instances);
  EXPECT_EQ(answer.instances, std::vector<Box>{(Box{1, 0, 2, 3})});
  // A part of a larger picture, whose rows do not follow each other.
  answer = teacher->Label(ImageView(frame.row(1) + 9, 3, 3, 18), 0);
  EXPECT_EQ(answer.label.size(), (FrameSize{3, 3}));
  EXPECT_EQ(answer.label.at(2, 1), 2);

  WriteText(folder_ / "card.yaml",
            "kind: python\nfile: net.py\nfunction: label\nclasses: [background, cat, dog]\n"
            "student: {classes: [animal, background], map: {cat: animal, dog: animal}}\n");
  const auto mapped = OpenTeacher(folder_ / "card.yaml");
  EXPECT_EQ(mapped->background(), 1);
  EXPECT_EQ(mapped->Label(frame, 0).label.at(5, 2), 0);
  EXPECT_EQ(mapped->Label(frame, 0).label.at(0, 0), 1);
}

TEST_F(PythonTeacherTest, TakesTheClassesOfTheFunctionBeforeThoseOfTheModule) {
  File("beside", "names = ['a', 'b']");
  const std::string file = File("own", R"(
import beside
classes = beside.names
def f(frame): return frame[..., 0]
def g(frame): return frame[..., 0]
g.classes = ["background", ("c", (1, 2, 3))]
)");
  EXPECT_EQ(OpenTeacher(file + ":f")->classes()[0].name, "a");
  EXPECT_EQ(OpenTeacher(file + ":f")->background(), -1);
  const auto teacher = OpenTeacher(file + ":g");
  EXPECT_EQ(teacher->classes()[1], (ClassInfo{"c", {1, 2, 3}}));
  EXPECT_EQ(teacher->classes()[0].color, (Rgb{0, 0, 0}));
}

TEST_F(PythonTeacherTest, AnAnswerThatIsNoneCostsItsFrame) {
  const auto teacher = Open();
  const struct {
    uint8_t wish;
    ErrorCode code;
    const char* part;
  } wrong[] = {
      {4, ErrorCode::kInvalidArgument, "it is None"},
      {5, ErrorCode::kUnavailable, "raised ValueError: \\x1b[31mred\\nxxx"},
      {6, ErrorCode::kInvalidArgument, "[height, width], not uint8 [4, 6, 3]"},
      {7, ErrorCode::kInvalidArgument, "class 3; it has only 3"},
      {8, ErrorCode::kInvalidArgument, "the labels are 3x6, but the frame is 4x6"},
      {9, ErrorCode::kInvalidArgument, "float64 [4, 6]"},
      {10, ErrorCode::kInvalidArgument, "from 0 to 255, and these go from -290 to -290"},
      {11, ErrorCode::kInvalidArgument, "the box [0 0 99 1] does not lie within"},
      {12, ErrorCode::kInvalidArgument, "rows of whole numbers"},
      {13, ErrorCode::kInvalidArgument, "no \"label\""},
      {14, ErrorCode::kUnavailable, "SystemExit: enough"},
      {15, ErrorCode::kInvalidArgument, "at most 10000 boxes"},
      {21, ErrorCode::kUnavailable, "raised ValueError: unseen"},
  };
  for (const auto& [wish, code, part] : wrong) {
    const Error error = Failure(*teacher, wish);
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_TRUE(Says(error, part)) << error.what();
    EXPECT_LE(std::string(error.what()).size(), 1000u);
  }
  EXPECT_EQ(teacher->Label(Wish(3), 0).label, LabelMap(6, 4, 0));  // what is printed is no answer
  const Answer none = teacher->Label(Wish(16), 0);
  EXPECT_TRUE(none.has_instances && none.instances.empty());
  // All of it in one process.
  EXPECT_EQ(teacher->Label(Wish(17), 0).label, LabelMap(6, 4, 2));
}

TEST_F(PythonTeacherTest, WhatIsMissingIsSaidWhenItIsOpened) {
  EXPECT_TRUE(Says(OpenError("def f(x): pass"), "f.classes = [\"background\", ...]"));
  EXPECT_TRUE(Says(OpenError("classes = ['a', 'b']"), "wrong.py has no function f"));
  EXPECT_TRUE(Says(OpenError("f = 3"), "wrong.py has no function f"));
  EXPECT_TRUE(Says(OpenError("import nothing_of_this_name"),
                   "raised ModuleNotFoundError: No module named 'nothing_of_this_name'"));
  EXPECT_TRUE(Says(OpenError("1 / 0"), "raised ZeroDivisionError"));
  EXPECT_TRUE(Says(OpenError("def f(:"), "raised SyntaxError"));
  const std::string f = "def f(x): pass\n";
  EXPECT_TRUE(Says(OpenError(f + "classes = 'a,b'"), "a list of names"));
  EXPECT_TRUE(Says(OpenError(f + "classes = ['a']"), "1 classes"));
  EXPECT_TRUE(Says(OpenError(f + "classes = ['a', 'a']"), "twice"));
  EXPECT_TRUE(Says(OpenError(f + "classes = ['a', 'b,c']"), "comma"));
  EXPECT_TRUE(Says(OpenError(f + "classes = ['a', ('b', (1, 2, 300))]"), "(220, 20, 60)"));
  EXPECT_TRUE(Says(OpenError(f + "classes = [str(i) for i in range(256)]"), "256 classes"));
  const Error no_file = ErrorOf([&] { OpenTeacher(folder_ / "none.py:f"); });
  EXPECT_EQ(no_file.code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Says(no_file, "none.py")) << no_file.what();
  EXPECT_FALSE(Says(no_file, "interpreter")) << no_file.what();
  EXPECT_TRUE(Says(ErrorOf([&] { OpenTeacher(folder_ / "net.py"); }), "net.py:FUNCTION"));

  WriteText(folder_ / "card.yaml",
            "kind: python\nfile: net.py\nfunction: label\ninterpreter: venv/bin/python\n");
  File("net", kFunction);
  const Error none = ErrorOf([&] { OpenTeacher(folder_ / "card.yaml"); });
  EXPECT_EQ(none.code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Says(none, (folder_ / "venv/bin/python").string())) << none.what();
  EXPECT_TRUE(Says(none, "SHADOWTUTOR_PYTHON")) << none.what();

  // A NumPy that cannot be imported hides the good one.
  std::filesystem::create_directory(folder_ / "path");
  WriteText(folder_ / "path/numpy.py", "raise ImportError('not here')");
  setenv("PYTHONPATH", (folder_ / "path").c_str(), 1);
  const Error no_numpy = OpenError(f);
  unsetenv("PYTHONPATH");
  EXPECT_TRUE(Says(no_numpy, "has no usable NumPy (ImportError: not here)")) << no_numpy.what();
}

TEST_F(PythonTeacherTest, AProcessThatEndsIsStartedAgainAfterEverLongerPauses) {
  const auto teacher = Open();
  const Error ended = Failure(*teacher, 1);
  EXPECT_EQ(ended.code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(Says(ended, "exit code 7")) << ended.what();
  EXPECT_EQ(teacher->Label(Wish(17), 0).label, LabelMap(6, 4, 1));  // at once, in a new process
  EXPECT_TRUE(Says(Failure(*teacher, 1), "exit code 7"));           // the first since that frame
  std::chrono::seconds pause{1};
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(Says(Failure(*teacher, 1), "exit code 7"));
    now += pause - 1ms;
    EXPECT_TRUE(Says(Failure(*teacher, 0), "is started again in 1 s"));
    now += 1ms;
    pause = std::min(2 * pause, internal::kMostPause);
  }
  EXPECT_EQ(teacher->Label(Wish(17), 0).label, LabelMap(6, 4, 1));
  EXPECT_TRUE(Says(Failure(*teacher, 1), "exit code 7"));
  EXPECT_EQ(teacher->Label(Wish(17), 0).label, LabelMap(6, 4, 1));  // at once again
}

TEST_F(PythonTeacherTest, OtherClassesAfterARestartAreRefused) {
  const auto teacher = Open();
  std::string text = kFunction;
  text.replace(text.find("cat"), 3, "cow");
  File("net", text);
  EXPECT_TRUE(Says(Failure(*teacher, 1), "exit code 7"));
  EXPECT_TRUE(Says(Failure(*teacher, 0), "names other classes"));
}

TEST_F(PythonTeacherTest, AFrameThatTakesTooLongIsGivenUp) {
  PythonTeacherOptions options;
  options.worker.frame_timeout = 50ms;
  const auto teacher = Open(options);
  const Error late = Failure(*teacher, 2);
  EXPECT_EQ(late.code(), ErrorCode::kDeadlineExceeded);
  EXPECT_TRUE(Says(late, "within 0.05 s")) << late.what();

  const std::string file = File("slow", "import signal; signal.pause()");
  PythonTeacherOptions start;
  start.worker.start_timeout = 50ms;
  const Error never = ErrorOf(
      [&] { internal::OpenPythonTeacher(LoadModelCard(file + ":f"), {}, -1, std::move(start)); });
  EXPECT_EQ(never.code(), ErrorCode::kDeadlineExceeded);
}

TEST_F(PythonTeacherTest, AFrameCanBeInterrupted) {
  const std::string entered = (folder_ / "entered").string();
  ASSERT_EQ(mkfifo(entered.c_str(), 0600), 0);
  setenv("ENTERED", entered.c_str(), 1);
  const auto teacher = Open();
  teacher->Interrupt();  // nothing is under way
  EXPECT_EQ(teacher->Label(Wish(17), 0).label, LabelMap(6, 4, 1));
  auto error = std::async(std::launch::async, [&] { return Failure(*teacher, 20); });
  {
    const FileDescriptor opened(open(entered.c_str(), O_RDONLY | O_CLOEXEC));  // waits for it
    ASSERT_TRUE(opened);
  }
  teacher->Interrupt();
  const Error interrupted = error.get();
  EXPECT_EQ(interrupted.code(), ErrorCode::kCancelled) << interrupted.what();
  EXPECT_EQ(teacher->Label(Wish(17), 0).label, LabelMap(6, 4, 1));
}

TEST_F(PythonTeacherTest, AnImportThatTakesLongerThanAFrameMayIsGoneOnWith) {
  const std::string entered = (folder_ / "entered").string(), go = (folder_ / "go").string();
  ASSERT_EQ(mkfifo(entered.c_str(), 0600), 0);
  ASSERT_EQ(mkfifo(go.c_str(), 0600), 0);
  setenv("ENTERED", entered.c_str(), 1);
  setenv("GO", go.c_str(), 1);
  const std::string name = File("net", std::string(kFunction) + R"(
first = not os.path.exists(__file__ + ".first")
open(__file__ + ".first", "a").close()
if not first: open(os.environ["ENTERED"], "w").close(); open(os.environ["GO"]).close()
)");
  const auto teacher = OpenTeacher(name + ":label");
  EXPECT_TRUE(Says(Failure(*teacher, 1), "exit code 7"));
  for (const char* time : {"starts", "goes on"}) {
    auto error = std::async(std::launch::async, [&] { return Failure(*teacher, 17); });
    if (time == std::string("starts")) {
      const FileDescriptor opened(open(entered.c_str(), O_RDONLY | O_CLOEXEC));  // waits for it
      ASSERT_TRUE(opened);
    }
    while (error.wait_for(0s) != std::future_status::ready) teacher->Interrupt();
    const Error interrupted = error.get();
    ASSERT_EQ(interrupted.code(), ErrorCode::kCancelled) << time;
    ASSERT_TRUE(Says(interrupted, "still importing")) << interrupted.what();
  }
  const FileDescriptor opened(open(go.c_str(), O_WRONLY | O_CLOEXEC));
  // The same process, and no pause before it.
  EXPECT_EQ(teacher->Label(Wish(17), 0).label, LabelMap(6, 4, 1));
}

TEST_F(PythonTeacherTest, TheProcessHasNothingOfOursAndIsGoneAfterwards) {
  const int leaked = fcntl(STDERR_FILENO, F_DUPFD, 200);  // without FD_CLOEXEC
  ASSERT_EQ(leaked, 200);
  const std::string name =
      File("pid", std::string(kFunction) + "open(__file__ + '.pid', 'w').write(str(os.getpid()))");
  auto teacher = OpenTeacher(name + ":label");
  close(leaked);
  EXPECT_EQ(teacher->Label(Wish(18), 0).label, LabelMap(6, 4, 0));
  EXPECT_EQ(teacher->Label(Wish(19), 0).label, LabelMap(6, 4, 1));  // Ctrl-C goes to our group
  const pid_t pid = std::stoi(testing::ReadText(name + ".pid"));
  EXPECT_EQ(kill(pid, 0), 0);
  teacher.reset();
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(PythonTeacherTest, TheFileIsPartOfTheFingerprint) {
  const std::string name = File("net", kFunction) + ":label";
  const TeacherFingerprint first = FingerprintOfTeacher(name);
  EXPECT_EQ(FingerprintOfTeacher(name).network, first.network);
  EXPECT_NE(FingerprintOfTeacher(folder_ / "net.py:other").card, first.card);
  File("net", std::string(kFunction) + "# changed\n");
  EXPECT_NE(FingerprintOfTeacher(name).network, first.network);
  EXPECT_EQ(FingerprintOfTeacher(name).card, first.card);
  // Who runs it does not count, what its classes mean does.
  WriteText(folder_ / "card.yaml", "kind: python\nfile: net.py\nfunction: label\n");
  EXPECT_EQ(FingerprintOfTeacher(folder_ / "card.yaml").card, first.card);
  WriteText(folder_ / "card.yaml",
            "kind: python\nfile: net.py\nfunction: label\ninterpreter: python3\n");
  EXPECT_EQ(FingerprintOfTeacher(folder_ / "card.yaml").card, first.card);
  WriteText(folder_ / "card.yaml",
            "kind: python\nfile: net.py\nfunction: label\nclasses: [background, cat, cow]\n");
  EXPECT_NE(FingerprintOfTeacher(folder_ / "card.yaml").card, first.card);
}

TEST_F(PythonTeacherTest, CardsSayWhatIsMissingInThem) {
  const auto refusal = [&](const std::string& lines) {
    WriteText(folder_ / "card.yaml", "kind: python\n" + lines);
    return ErrorOf([&] { LoadModelCard(folder_ / "card.yaml"); });
  };
  EXPECT_TRUE(Says(refusal("function: f\n"), "`file` is missing"));
  EXPECT_TRUE(Says(refusal("file: net.py\n"), "`function` is missing"));
  const std::string head = "file: net.py\nfunction: f\n";
  EXPECT_TRUE(Says(refusal(head + "background: sky\n"), "`background` needs `classes`"));
  EXPECT_TRUE(Says(refusal(head + "student: {classes: [a, b], map: {a: b}}\n"), "needs `classes`"));
  EXPECT_TRUE(Says(refusal(head + "input: {width: 9, height: 9}\n"), "input"));
  EXPECT_TRUE(Says(refusal(head + "runtime: opencv\n"), "runtime"));
}

TEST_F(PythonTeacherTest, ACheckShowsWhatItSees) {
  const std::string name = File("net", kFunction) + ":label";
  Image frame = Wish(0);
  frame.row(2)[3 * 5 + 2] = 200;
  TeacherCheck check = CheckTeacher(name, frame, 2);
  EXPECT_TRUE(check.works);
  EXPECT_FALSE(check.has_input_range);
  ASSERT_EQ(check.teacher_shares.size(), 2u);
  EXPECT_EQ(check.teacher_shares[1].name, "dog");
  EXPECT_EQ(check.instances.size(), 1u);
  EXPECT_FALSE(check.instances[0].score);
  EXPECT_TRUE(check.findings.empty());

  check = CheckTeacher(name, Wish(0), 1);
  ASSERT_EQ(check.findings.size(), 1u);
  EXPECT_NE(check.findings[0].find("blue, green, red"), std::string::npos);

  check = CheckTeacher(name, Wish(14), 1);
  EXPECT_FALSE(check.works);
  EXPECT_EQ(check.findings.at(0), "the teacher raised SystemExit: enough");
}

}  // namespace
}  // namespace shadowtutor::teacher
