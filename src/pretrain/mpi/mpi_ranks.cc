#include "pretrain/mpi/mpi_ranks.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <thread>

#include "core/mutex.h"

namespace shadowtutor::pretrain {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Of messages. Those of one tag from one rank to another arrive in the order in which they were
// sent.
enum Tag : int { kUp = 1, kDown, kPartial, kResult, kAtWork, kFailed, kEnd, kCame, kAllCame };

constexpr seconds kBetweenSigns{
    10};  // from one message that says that a rank is at work to the next
constexpr size_t kMostBytes = size_t{1} << 30;  // of a message, as MPI counts in ints
constexpr size_t kMostSentence = 4096;
constexpr int kFailureExitCode = 1;

void Check(int code, const char* what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error(ErrorCode::kUnavailable,
              std::string("the connection to the other ranks failed (") + what + "): " + text);
}

std::vector<uint8_t> BytesOf(const Error& error) {
  std::string text = {static_cast<char>(error.code()), static_cast<char>(error.about())};
  text += std::string(error.what()).substr(0, kMostSentence);
  return {text.begin(), text.end()};
}

Error FailureOf(const std::vector<uint8_t>& bytes) {
  if (bytes.size() < 2) return {ErrorCode::kInternal, "another rank failed"};
  return {static_cast<ErrorCode>(bytes[0]), std::string(bytes.begin() + 2, bytes.end()),
          static_cast<Setting>(bytes[1])};
}

// While it lives, MPI has `time` to do something in which it may hang; then the process says what,
// and exits, and its launcher ends the others.
class ExitDeadline {
 public:
  ExitDeadline(seconds time, const char* what)
      : thread_([this, time, what] { Watch(time, what); }) {}
  ~ExitDeadline() {
    {
      const MutexLock lock(mutex_);
      done_ = true;
    }
    changed_.NotifyAll();
    thread_.join();
  }
  ExitDeadline(const ExitDeadline&) = delete;
  ExitDeadline& operator=(const ExitDeadline&) = delete;

 private:
  void Watch(seconds time, const char* what) {
    const auto done = [this]() ST_REQUIRES(mutex_) { return done_; };
    const MutexLock lock(mutex_);
    if (changed_.WaitFor(mutex_, time, done)) return;
    std::fprintf(stderr, "shadowtutor: %s\n", what);
    _exit(kFailureExitCode);
  }

  Mutex mutex_;
  CondVar changed_;
  bool done_ ST_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace

MpiRanks::MpiRanks(std::chrono::duration<double> silence) : silence_(silence) {
  int provided = 0;
  const ExitDeadline deadline(
      kStarting,
      "MPI did not start within 2 minutes; look whether another process of the job failed");
  Check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  Check(MPI_Comm_dup(MPI_COMM_WORLD, &all_), "MPI_Comm_dup");
  MPI_Comm_set_errhandler(all_, MPI_ERRORS_RETURN);
  MPI_Comm_rank(all_, &rank_);
  MPI_Comm_size(all_, &size_);
  char name[MPI_MAX_PROCESSOR_NAME] = {};
  int length = 0;
  MPI_Get_processor_name(name, &length);
  machine_ = name;
  heard_.assign(static_cast<size_t>(size_), Clock::now());
  told_ = Clock::now();
}

MpiRanks::~MpiRanks() {
  // Open MPI's mpirun may hang or crash when it has to kill processes of which some are in
  // MPI_Finalize, so that is called only when all will.
  const bool all_end = AllEnd();
  const ExitDeadline deadline(kEnding, "MPI did not end in time");
  if (all_end) {
    MPI_Finalize();
  } else if (first()) {
    MPI_Abort(MPI_COMM_WORLD, kFailureExitCode);
  } else {
    _exit(kFailureExitCode);
  }
}

// Whether all ranks have come here: all tell rank 0, and it tells all.
bool MpiRanks::AllEnd() {
  if (size_ == 1) return true;
  try {
    const auto came = [&](int from, Tag tag, Clock::time_point deadline) {
      int there = 0;
      for (;;) {
        Check(MPI_Iprobe(from, tag, all_, &there, MPI_STATUS_IGNORE), "MPI_Iprobe");
        if (there) break;
        if (Clock::now() > deadline) return false;
        std::this_thread::sleep_for(milliseconds(1));
      }
      Check(MPI_Recv(nullptr, 0, MPI_BYTE, from, tag, all_, MPI_STATUS_IGNORE), "MPI_Recv");
      return true;
    };
    if (!first()) {
      Send(0, kCame, nullptr, 0);
      // Longer than rank 0 waits for others, which then kills this one, too.
      return came(0, kAllCame, Clock::now() + 3 * kEnding);
    }
    const auto deadline = Clock::now() + kEnding;
    for (int r = 1; r < size_; ++r) {
      if (!came(r, kCame, deadline)) return false;
    }
    for (int r = 1; r < size_; ++r) Send(r, kAllCame, nullptr, 0);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

std::string MpiRanks::Name() const {
  return "rank " + std::to_string(rank_) + " of " + std::to_string(size_) + " (" + machine_ + ")";
}

void MpiRanks::Send(int to, int tag, const void* data, size_t bytes) {
  if (bytes > kMostBytes) {
    throw Error(ErrorCode::kResourceExhausted, "a message to another rank is too large");
  }
  sends_.push_back(MPI_REQUEST_NULL);
  Check(MPI_Isend(data, static_cast<int>(bytes), MPI_BYTE, to, tag, all_, &sends_.back()),
        "MPI_Isend");
}

MPI_Request MpiRanks::Receive(int from, int tag, void* data, size_t bytes) {
  MPI_Request request = MPI_REQUEST_NULL;
  Check(MPI_Irecv(data, static_cast<int>(bytes), MPI_BYTE, from, tag, all_, &request), "MPI_Irecv");
  return request;
}

bool MpiRanks::Done(MPI_Request& request) {
  int done = 0;
  Check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
  return done != 0;
}

void MpiRanks::Wait(MPI_Request& request) {
  BeginWaiting();
  while (!Done(request)) Idle();
}

void MpiRanks::WaitForSends() {
  for (MPI_Request& request : sends_) Wait(request);
  sends_.clear();
}

void MpiRanks::ReceiveAny(int from, int tag, std::vector<uint8_t>& bytes) {
  BeginWaiting();
  int there = 0;
  MPI_Status status;
  for (;;) {
    Check(MPI_Iprobe(from, tag, all_, &there, &status), "MPI_Iprobe");
    if (there) break;
    Idle();
  }
  int count = 0;
  MPI_Get_count(&status, MPI_BYTE, &count);
  bytes.resize(static_cast<size_t>(std::max(0, count)));
  MPI_Request request = Receive(status.MPI_SOURCE, tag, bytes.data(), bytes.size());
  Wait(request);
}

void MpiRanks::Sum(std::span<double> values) {
  const size_t count = values.size(), bytes = values.size_bytes();
  if (rank_ > 0) {
    values_.assign(values.begin(), values.end());
    Send(0, kUp, values_.data(), bytes);
    WaitForSends();
    MPI_Request request = Receive(0, kDown, values_.data(), bytes);
    Wait(request);
  } else {
    std::vector<MPI_Request> requests;
    values_.resize(count * static_cast<size_t>(size_));
    for (int r = 1; r < size_; ++r) {
      requests.push_back(Receive(r, kUp, values_.data() + static_cast<size_t>(r) * count, bytes));
    }
    std::copy(values.begin(), values.end(), values_.begin());
    for (size_t r = 1; r <= requests.size(); ++r) {
      Wait(requests[r - 1]);
      for (size_t i = 0; i < count; ++i) values_[i] += values_[r * count + i];
    }
    for (int r = 1; r < size_; ++r) Send(r, kDown, values_.data(), bytes);
    WaitForSends();
  }
  std::copy_n(values_.begin(), count, values.begin());
}

void MpiRanks::Broadcast(std::vector<uint8_t>& bytes) {
  if (rank_ > 0) {
    ReceiveAny(0, kDown, bytes_);
    bytes = bytes_;
    return;
  }
  bytes_ = bytes;
  for (int r = 1; r < size_; ++r) Send(r, kDown, bytes_.data(), bytes_.size());
  WaitForSends();
}

std::vector<std::string> MpiRanks::Gather(const std::string& text) {
  if (rank_ > 0) {
    bytes_.assign(text.begin(), text.end());
    Send(0, kUp, bytes_.data(), bytes_.size());
    WaitForSends();
    return {};
  }
  std::vector<std::string> texts = {text};
  for (int r = 1; r < size_; ++r) {
    ReceiveAny(r, kUp, bytes_);
    texts.emplace_back(bytes_.begin(), bytes_.end());
  }
  return texts;
}

// Slices go from rank 0 to the last one, which has the results; from there they go round in a ring,
// to rank 0 first. All of it at the same time, so that no rank waits for a whole vector.
void MpiRanks::SumInTurn(std::span<float> sum, const AddOwn& add) {
  if (size_ == 1) {
    std::fill(sum.begin(), sum.end(), 0.0f);
    add(0, sum.size());
    return;
  }
  const size_t slices = (sum.size() + kSliceFloats - 1) / kSliceFloats;
  const auto begin_of = [](size_t slice) { return slice * kSliceFloats; };
  const auto end_of = [&](size_t slice) { return std::min(sum.size(), begin_of(slice + 1)); };
  const auto bytes_of = [&](size_t slice) {
    return (end_of(slice) - begin_of(slice)) * sizeof(float);
  };
  const auto copy = [&](size_t slice, const float* from, float* to) {
    std::memcpy(to + begin_of(slice), from + begin_of(slice), bytes_of(slice));
  };
  const bool last = rank_ == size_ - 1;
  const int next = (rank_ + 1) % size_, previous = (rank_ + size_ - 1) % size_;
  const bool passes_results_on = last || next != size_ - 1;
  partial_.resize(sum.size());
  result_.resize(sum.size());
  std::vector<MPI_Request> partials, results;
  for (size_t slice = 0; slice < slices; ++slice) {
    if (rank_ > 0) {
      partials.push_back(
          Receive(previous, kPartial, partial_.data() + begin_of(slice), bytes_of(slice)));
    }
    if (!last) {
      results.push_back(
          Receive(previous, kResult, result_.data() + begin_of(slice), bytes_of(slice)));
    }
  }
  BeginWaiting();
  size_t added = 0, done = last ? slices : 0;
  while (added < slices || done < slices) {
    bool progress = false;
    if (added < slices && (rank_ == 0 || Done(partials[added]))) {
      if (rank_ == 0) {
        std::fill(sum.begin() + static_cast<ptrdiff_t>(begin_of(added)),
                  sum.begin() + static_cast<ptrdiff_t>(end_of(added)), 0.0f);
      } else {
        copy(added, partial_.data(), sum.data());
      }
      add(begin_of(added), end_of(added));
      std::vector<float>& out = last ? result_ : partial_;
      copy(added, sum.data(), out.data());
      Send(next, last ? kResult : kPartial, out.data() + begin_of(added), bytes_of(added));
      ++added;
      progress = true;
    }
    // Its result comes after this rank's part of it was sent.
    if (done < added && !last && Done(results[done])) {
      copy(done, result_.data(), sum.data());
      if (passes_results_on) Send(next, kResult, result_.data() + begin_of(done), bytes_of(done));
      ++done;
      progress = true;
    }
    if (!progress) Idle();
  }
  WaitForSends();
}

void MpiRanks::StillWorking() {
  if (size_ == 1 || failure_) return;
  LookForMessages();
  const auto now = Clock::now();
  if (now - told_ < kBetweenSigns) return;
  told_ = now;
  for (int r = 0; r < size_; ++r) {
    if (r == rank_) continue;
    MPI_Request request = MPI_REQUEST_NULL;
    Check(MPI_Isend(nullptr, 0, MPI_BYTE, r, kAtWork, all_, &request), "MPI_Isend");
    if (request != MPI_REQUEST_NULL) MPI_Request_free(&request);
  }
}

void MpiRanks::BeginWaiting() {
  idle_ = 0;
  std::fill(heard_.begin(), heard_.end(), Clock::now());
}

// Between two looks at what one waits for. Open MPI itself would keep a core busy, which another
// rank on this machine may need.
void MpiRanks::Idle() {
  StillWorking();
  ++idle_;
  if (idle_ < 100) {
    std::this_thread::yield();
    return;
  }
  std::this_thread::sleep_for(idle_ < 5000 ? microseconds(50) : microseconds(milliseconds(1)));
  const auto now = Clock::now();
  for (int r = 0; r < size_; ++r) {
    if (r == rank_ || now - heard_[static_cast<size_t>(r)] < silence_) continue;
    throw Error(ErrorCode::kDeadlineExceeded,
                "rank " + std::to_string(r) + " of " + std::to_string(size_) +
                    " has not been heard of for " +
                    std::to_string(static_cast<int>(silence_.count())) +
                    " s; look whether its machine and the network are up, then go on from the last "
                    "checkpoint");
  }
}

void MpiRanks::LookForMessages() {
  int there = 0;
  MPI_Status status;
  for (;;) {
    Check(MPI_Iprobe(MPI_ANY_SOURCE, kAtWork, all_, &there, &status), "MPI_Iprobe");
    if (!there) break;
    Check(MPI_Recv(nullptr, 0, MPI_BYTE, status.MPI_SOURCE, kAtWork, all_, MPI_STATUS_IGNORE),
          "MPI_Recv");
    heard_[static_cast<size_t>(status.MPI_SOURCE)] = Clock::now();
  }
  if (rank_ > 0) {
    if (EndCame()) ThrowFailure();
    return;
  }
  Check(MPI_Iprobe(MPI_ANY_SOURCE, kFailed, all_, &there, &status), "MPI_Iprobe");
  if (!there) return;
  std::vector<uint8_t> bytes(kMostSentence + 2);
  int count = 0;
  Check(MPI_Recv(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, status.MPI_SOURCE, kFailed,
                 all_, &status),
        "MPI_Recv");
  MPI_Get_count(&status, MPI_BYTE, &count);
  bytes.resize(static_cast<size_t>(std::max(0, count)));
  failure_ = FailureOf(bytes);
  TellAll();
  ThrowFailure();
}

// Whether rank 0 has ended the run; sets failure_.
bool MpiRanks::EndCame() {
  int there = 0;
  MPI_Status status;
  Check(MPI_Iprobe(0, kEnd, all_, &there, &status), "MPI_Iprobe");
  if (!there) return false;
  std::vector<uint8_t> bytes(kMostSentence + 2);
  int count = 0;
  Check(MPI_Recv(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, 0, kEnd, all_, &status),
        "MPI_Recv");
  MPI_Get_count(&status, MPI_BYTE, &count);
  bytes.resize(static_cast<size_t>(std::max(0, count)));
  failure_ = FailureOf(bytes);
  return true;
}

void MpiRanks::TellAll() {
  failure_bytes_ = BytesOf(*failure_);
  for (int r = 1; r < size_; ++r) Send(r, kEnd, failure_bytes_.data(), failure_bytes_.size());
}

bool MpiRanks::Fail(const Error& error) {
  try {
    if (size_ == 1) return false;
    if (failure_) return !first();
    if (first()) {
      failure_ = error;
      TellAll();
      return false;
    }
    failure_ = Error(error.code(), Name() + ": " + error.what(), error.about());
    failure_bytes_ = BytesOf(*failure_);
    Send(0, kFailed, failure_bytes_.data(), failure_bytes_.size());
    const auto deadline = Clock::now() + kEnding;
    while (!EndCame()) {
      if (Clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  } catch (const std::exception&) {
    return false;  // then this process tells the user, and its end is that of the job
  }
}

}  // namespace shadowtutor::pretrain
