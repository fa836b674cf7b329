#include "teacher/python_worker.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>
#include <utility>

#include "core/labels.h"
#include "core/text.h"
#include "core/untrusted_text.h"
#include "teacher/label_folder.h"
#include "teacher/python_function.h"

namespace shadowtutor::teacher {
namespace {

using Clock = WorkerProcess::Clock;

// Kinds of messages and reasons of failures, as in python_worker.py.
enum : uint32_t { kReady = 1, kFailed = 2, kFrame = 3, kLabels = 4 };
enum : uint32_t { kRaised = 0, kRefused = 1, kNotFound = 2, kUnusable = 3 };

constexpr uint32_t kMostReadyBytes = 256 * 1024;
constexpr uint32_t kMostFailureBytes = 4096;
constexpr size_t kMostShownBytes = 1000;
constexpr size_t kBoxBytes = 16;

// Reads the script from its descriptor, so that it is not in the list of processes. Nothing is
// imported from the working folder, in which a module may have the name of Python's own.
constexpr char kBootstrap[] =
    "import sys; sys.path[:] = [p for p in sys.path if p]; import os; "
    "exec(compile(os.fdopen(5, 'rb').read(), 'python_worker.py', 'exec'))";

Error Broken(const std::string& what) {
  return Error(ErrorCode::kDataLoss,
               "the teacher's process broke the protocol: " + what +
                   "; the function must leave the file descriptors alone that it did not open");
}

void Put(uint8_t* at, uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<uint8_t>(value >> (8 * i));
}

// Takes values from the front of a message.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : left_(bytes) {}

  std::span<const uint8_t> Bytes(size_t count) {
    if (count > left_.size()) throw Broken("a message ends too early");
    const auto taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }
  uint32_t Number() {
    const auto bytes = Bytes(4);
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value |= uint32_t{bytes[i]} << (8 * i);
    return value;
  }
  std::string Text(size_t count) {
    const auto bytes = Bytes(count);
    return {bytes.begin(), bytes.end()};
  }
  size_t left() const { return left_.size(); }

 private:
  std::span<const uint8_t> left_;
};

void CheckFile(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) {
    throw Error(ErrorCode::kNotFound, "the teacher's file is not there: " + file.string());
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw Error(ErrorCode::kInvalidArgument, "the teacher's file is not a file: " + file.string());
  }
}

WorkerProcess Started(const PythonWorkerOptions& options) {
  CheckFile(options.file);
  const std::vector<std::string> command = {
      options.interpreter,
      "-u",  // what the function prints is seen when it prints it
      "-c",
      kBootstrap,
      std::to_string(WorkerProcess::kSocket),
      std::to_string(WorkerProcess::kLifeline),
      options.file.string(),
      options.function};
  try {
    return WorkerProcess(command, options.script);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    throw Error(error.code(),
                std::string(error.what()) +
                    "; install Python 3 and NumPy (Debian: python3-numpy), or name another "
                    "interpreter in the card (`interpreter`) or in the environment variable " +
                    kInterpreterVariable);
  }
}

ErrorCode CodeOfReason(uint32_t reason) {
  switch (reason) {
    case kRaised:
      return ErrorCode::kUnavailable;
    case kRefused:
      return ErrorCode::kInvalidArgument;
    case kNotFound:
      return ErrorCode::kNotFound;
    case kUnusable:
      return ErrorCode::kFailedPrecondition;
    default:
      throw Broken("it fails for an unknown reason");
  }
}

std::vector<uint8_t> FrameMessage(ImageView frame) {
  const size_t row = static_cast<size_t>(frame.width) * 3;
  const size_t pixels = row * static_cast<size_t>(frame.height);
  std::vector<uint8_t> message(16 + pixels);
  Put(message.data(), kFrame);
  Put(message.data() + 4, static_cast<uint32_t>(8 + pixels));
  Put(message.data() + 8, static_cast<uint32_t>(frame.width));
  Put(message.data() + 12, static_cast<uint32_t>(frame.height));
  for (int y = 0; y < frame.height; ++y) {
    std::memcpy(message.data() + 16 + static_cast<size_t>(y) * row, frame.row(y), row);
  }
  return message;
}

}  // namespace

PythonWorker::PythonWorker(PythonWorkerOptions options)
    : options_(std::move(options)), process_(Started(options_)), started_(Clock::now()) {}

PythonWorker::~PythonWorker() {
  if (!alive_) process_.Kill();
}

bool PythonWorker::HasAnswered(std::chrono::milliseconds wait) {
  const Clock::time_point deadline = started_ + options_.start_timeout;
  return process_.WaitToReceive(std::min(Clock::now() + wait, deadline)) ||
         Clock::now() >= deadline;
}

ClassList PythonWorker::WaitUntilReady() {
  const Clock::time_point deadline = started_ + options_.start_timeout;
  try {
    const Header header = ReceiveHeader(deadline);
    if (header.kind == kFailed) ReceiveFailure(header.length, deadline);
    if (header.kind != kReady || header.length > kMostReadyBytes) {
      throw Broken("its first message is none");
    }
    const std::vector<uint8_t> bytes = Receive(header.length, deadline);
    Reader reader(bytes);
    ClassList classes;
    // Each has at least 8 bytes, so that no large number of them can be promised.
    for (uint32_t left = reader.Number(); left > 0; --left) {
      const auto color = reader.Bytes(4);
      ClassInfo info;
      info.color = color[0] != 0 ? Rgb{color[1], color[2], color[3]}
                                 : DefaultClassColor(static_cast<int>(classes.size()));
      info.name = reader.Text(reader.Number());
      // The background class is black, like those of cards, unless it has a colour.
      if (color[0] == 0 && info.name == "background") info.color = {0, 0, 0};
      classes.push_back(std::move(info));
    }
    if (reader.left() > 0) throw Broken("its first message is too long");
    alive_ = true;
    return classes;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDeadlineExceeded) throw;
    throw Error(error.code(),
                options_.file.string() + " was not imported within " +
                    SecondsText(options_.start_timeout) +
                    "; let it load its network faster, or in the first call of the function");
  }
}

TeacherAnswer PythonWorker::Label(ImageView frame) {
  if (frame.empty() || frame.size().pixels() > kMaxFramePixels) {
    throw Error(ErrorCode::kInvalidArgument, "the frame is empty or too large");
  }
  const Clock::time_point deadline = Clock::now() + options_.frame_timeout;
  alive_ = false;  // until its answer is whole
  try {
    process_.Send(FrameMessage(frame), deadline);
    const Header header = ReceiveHeader(deadline);
    if (header.kind == kFailed) ReceiveFailure(header.length, deadline);
    if (header.kind != kLabels) throw Broken("it answers a frame with another message");
    TeacherAnswer answer = ReceiveAnswer(header.length, frame.size(), deadline);
    alive_ = true;
    return answer;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDeadlineExceeded) throw;
    throw Error(error.code(), "the teacher has not labelled this frame within " +
                                  SecondsText(options_.frame_timeout) +
                                  " and was ended; it is started again for the next one");
  }
}

PythonWorker::Header PythonWorker::ReceiveHeader(Clock::time_point deadline) {
  std::array<uint8_t, 8> bytes;
  process_.Receive(bytes, deadline);
  Reader reader(bytes);
  Header header;
  header.kind = reader.Number();
  header.length = reader.Number();
  return header;
}

void PythonWorker::ReceiveFailure(uint32_t length, Clock::time_point deadline) {
  if (length < 4 || length > kMostFailureBytes) throw Broken("a failure of a wrong length");
  const std::vector<uint8_t> bytes = Receive(length, deadline);
  Reader reader(bytes);
  const ErrorCode code = CodeOfReason(reader.Number());
  const std::string sentence = Showable(reader.Text(reader.left()), kMostShownBytes);
  alive_ = code == ErrorCode::kUnavailable || code == ErrorCode::kInvalidArgument;
  throw Error(code, sentence.empty() ? "the teacher failed and does not say why" : sentence);
}

TeacherAnswer PythonWorker::ReceiveAnswer(uint32_t length, FrameSize size,
                                          Clock::time_point deadline) {
  const size_t least = 8 + size.pixels() + 4;
  const size_t most = least + LabelFolder::kMaxInstances * kBoxBytes;
  if (length < least || length > most || (length - least) % kBoxBytes != 0) {
    throw Broken("labels of a wrong length");
  }
  const auto boxes = static_cast<uint32_t>((length - least) / kBoxBytes);
  const std::vector<uint8_t> head = Receive(8, deadline);
  Reader reader(head);
  const uint32_t width = reader.Number(), height = reader.Number();
  if (width != static_cast<uint32_t>(size.width) || height != static_cast<uint32_t>(size.height)) {
    throw Broken("labels of another size than the frame's");
  }
  TeacherAnswer answer;
  answer.label.Resize(size);
  process_.Receive(answer.label.labels(), deadline);
  const std::vector<uint8_t> tail = Receive(static_cast<uint32_t>(4 + boxes * kBoxBytes), deadline);
  Reader rest(tail);
  const auto count = static_cast<int32_t>(rest.Number());
  if (count != -1 && count != static_cast<int32_t>(boxes)) throw Broken("a wrong number of boxes");
  if (count == -1 && boxes != 0) throw Broken("boxes where it has none");
  answer.has_instances = count >= 0;
  for (uint32_t i = 0; i < boxes; ++i) {
    Box box;
    for (int* side : {&box.x, &box.y, &box.width, &box.height}) {
      *side = static_cast<int>(rest.Number());
    }
    answer.instances.push_back(box);
  }
  for (const Box& box : answer.instances) {
    if (LiesWithin(box, size)) continue;
    alive_ = true;  // the message was whole
    throw Error(ErrorCode::kInvalidArgument,
                Format("the box [%d %d %d %d] does not lie within the frame", box.x, box.y,
                       box.width, box.height));
  }
  return answer;
}

std::vector<uint8_t> PythonWorker::Receive(uint32_t length, Clock::time_point deadline) {
  std::vector<uint8_t> bytes(length);
  process_.Receive(bytes, deadline);
  return bytes;
}

}  // namespace shadowtutor::teacher
