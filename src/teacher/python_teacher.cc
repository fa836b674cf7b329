#include "teacher/python_teacher.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/labels.h"
#include "core/mutex.h"
#include "core/text.h"
#include "teacher/class_mapping.h"
#include "teacher/python_function.h"

namespace shadowtutor::teacher::internal {
namespace {

using Clock = PythonTeacherOptions::Clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// How often it is looked whether the file's import is still waited for.
constexpr milliseconds kLook{50};

// Says when a process that keeps ending may be started again.
class Restarts {
 public:
  void Failed(Clock::time_point now) {
    pause_ = failed_ ? std::clamp(2 * pause_, seconds(1), kMostPause) : seconds(0);
    failed_ = true;
    next_ = now + pause_;
  }
  void Worked() {
    failed_ = false;
    pause_ = seconds(0);
  }
  Clock::time_point next() const { return next_; }

 private:
  bool failed_ = false;  // since a frame was labelled
  seconds pause_{0};
  Clock::time_point next_ = Clock::time_point::min();
};

std::vector<std::string> NamesOf(const ClassList& classes) {
  std::vector<std::string> names;
  for (const ClassInfo& info : classes) names.push_back(info.name);
  return names;
}

class PythonTeacher final : public Teacher {
 public:
  PythonTeacher(ModelCard card, const ClassList& student_classes, int student_background,
                PythonTeacherOptions options)
      : card_(std::move(card)), options_(std::move(options)) {
    options_.worker.interpreter = InterpreterOr(card_.interpreter);
    options_.worker.file = card_.file;
    options_.worker.function = card_.function;
    Start();
    named_ = worker_->WaitUntilReady();
    importing_ = false;
    if (card_.classes.empty()) TakeModuleClasses();
    mapping_ = MakeClassMapping(card_, student_classes, student_background);
  }

  Answer Label(ImageView frame, uint64_t /*frame_index*/) override {
    const Calling calling(*this);
    RestartIfNeeded();
    Answer answer;
    try {
      answer = worker_->Label(frame);
    } catch (const Error& error) {
      if (worker_->alive()) throw;  // what the function raised, or that its answer is none
      GiveUp();
      if (error.code() != ErrorCode::kCancelled) throw;
      throw Error(error.code(),
                  "the teacher was interrupted, because its answer was not waited for any longer; "
                  "it is started again for the next frame");
    }
    restarts_.Worked();
    const int highest = HighestLabel(answer.label.labels());
    if (highest >= mapping_.teacher_classes) {
      throw Error(ErrorCode::kInvalidArgument, "the teacher's labels hold class " +
                                                   std::to_string(highest) + "; it has only " +
                                                   std::to_string(mapping_.teacher_classes));
    }
    mapping_.Apply(answer.label);
    return answer;
  }

  void Interrupt() override {
    const MutexLock lock(mutex_);
    if (!calling_) return;
    interrupted_ = true;
    // A file that is imported for longer than a frame may take would never be ready otherwise.
    if (worker_ && !importing_) worker_->Kill();
  }

  const ClassList& classes() const override { return mapping_.classes; }
  int background() const override { return mapping_.background; }
  std::string description() const override {
    return card_.file.filename().string() + ":" + card_.function + " (python)";
  }

 private:
  // While Label runs, Interrupt has something to interrupt.
  class Calling {
   public:
    explicit Calling(PythonTeacher& teacher) : teacher_(teacher) { Set(true); }
    ~Calling() { Set(false); }
    Calling(const Calling&) = delete;
    Calling& operator=(const Calling&) = delete;

   private:
    void Set(bool calling) {
      const MutexLock lock(teacher_.mutex_);
      teacher_.calling_ = calling;
      teacher_.interrupted_ = false;
    }
    PythonTeacher& teacher_;
  };

  void RestartIfNeeded() {
    // One that ended between two frames has cost none.
    if (worker_ && !importing_ && worker_->Ended()) GiveUp();
    if (worker_ && !importing_) return;
    const Clock::time_point now = options_.now();
    if (!worker_ && now < restarts_.next()) {
      const auto left = std::chrono::ceil<seconds>(restarts_.next() - now);
      throw Error(ErrorCode::kUnavailable,
                  "the teacher's process has ended several times; it is started again in " +
                      SecondsText(left));
    }
    bool imported = false;
    try {
      if (!worker_) Start();
      imported = FinishImport();
    } catch (const Error&) {
      GiveUp();
      throw;
    }
    if (imported) return;
    throw Error(ErrorCode::kCancelled,
                "the teacher's process, which was started again, is still importing " +
                    card_.file.string() + "; the next frame waits for it");
  }

  // Returns false when Interrupt was called meanwhile.
  bool FinishImport() {
    while (importing_) {
      const bool answered = worker_->HasAnswered(kLook);
      const MutexLock lock(mutex_);
      if (interrupted_) return false;
      importing_ = !answered;
    }
    if (NamesOf(worker_->WaitUntilReady()) != NamesOf(named_)) {
      throw Error(ErrorCode::kFailedPrecondition,
                  card_.file.string() +
                      " names other classes than when it was opened; start anew to use them");
    }
    return true;
  }

  void Start() {
    auto worker = std::make_unique<PythonWorker>(options_.worker);
    const MutexLock lock(mutex_);
    worker_ = std::move(worker);
    importing_ = true;
  }

  void TakeModuleClasses() {
    CheckModuleClasses({card_.file, card_.function}, named_);
    card_.classes = named_;
    for (size_t i = 0; i < named_.size(); ++i) {
      if (named_[i].name == "background") card_.background = static_cast<int>(i);
    }
  }

  void GiveUp() {
    restarts_.Failed(options_.now());
    std::unique_ptr<PythonWorker> ended;
    {
      const MutexLock lock(mutex_);
      ended = std::move(worker_);
    }
    // It may be in the middle of a frame, so it is not asked to end.
    if (ended) ended->Kill();
  }

  ModelCard card_;
  PythonTeacherOptions options_;
  ClassList named_;  // by the module
  ClassMapping mapping_;
  Restarts restarts_;
  Mutex mutex_;
  bool calling_ ST_GUARDED_BY(mutex_) = false;
  bool interrupted_ ST_GUARDED_BY(mutex_) = false;
  // Changed with the lock held, and by nobody but Label, which therefore reads it without.
  std::unique_ptr<PythonWorker> worker_;
  bool importing_ = false;  // the same
};

}  // namespace

std::unique_ptr<Teacher> OpenPythonTeacher(const ModelCard& card, const ClassList& student_classes,
                                           int student_background, PythonTeacherOptions options) {
  return std::make_unique<PythonTeacher>(card, student_classes, student_background,
                                         std::move(options));
}

}  // namespace shadowtutor::teacher::internal
