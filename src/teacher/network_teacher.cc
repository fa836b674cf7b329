// The teacher that runs a network, or several calls of one at a time where it is on a server.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "core/text.h"
#include "teacher/network_input.h"
#include "teacher/open_network.h"
#include "teacher/output_reader.h"
#include "teacher/runtime_network.h"
#include "teacher/teachers_internal.h"

namespace shadowtutor::teacher::internal {
namespace {

std::string SizeText(const InputSpec& input) {
  switch (input.fit) {
    case Fit::kShortest:
      return "shortest side " + std::to_string(input.shortest);
    case Fit::kNone:
      return "frames as they are";
    default:
      return shadowtutor::SizeText(input.size);
  }
}

class NetworkTeacher final : public Teacher {
 public:
  NetworkTeacher(const ModelCard& card, const ClassMapping& mapping)
      : card_(card), mapping_(mapping) {
    for (std::unique_ptr<Network>& network : OpenNetworks(card)) {
      lanes_.push_back(std::make_unique<Lane>(card, std::move(network)));
    }
    for (const auto& lane : lanes_) free_.push_back(lane.get());
    // Runs the network on a grey frame: the output must have the right shape and finite values.
    Image trial(card.input.size.width, card.input.size.height);
    std::fill(trial.bytes().begin(), trial.bytes().end(), uint8_t{128});
    try {
      Label(trial, 0);
    } catch (const Error& error) {
      // A server may be there later; the card has all that a student needs.
      const bool may_come =
          error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kDeadlineExceeded;
      if (card.runtime != Runtime::kOip || !may_come) throw;
      const MutexLock lock(mutex_);
      trouble_ = error.what();
    }
  }

  Answer Label(ImageView frame, uint64_t /*frame_index*/) override {
    const Placement placement = PlaceFrame(frame.size(), card_.input);
    std::vector<float> input = NetworkInput(frame, card_.input, placement);
    const LaneInUse lane(*this);
    InstanceLabels seen = lane->reader.Read(lane->network->Run(input, placement.input), placement);
    Works();
    Answer answer;
    answer.label = std::move(seen.label);
    answer.has_instances = HasInstances(card_.kind);
    for (const Instance& instance : seen.instances) {
      // Instances that are background to the student must not get a higher weight in its loss.
      const auto label = static_cast<size_t>(instance.label);
      if (mapping_.student_of[label] == mapping_.background) continue;
      const Box box = PixelsOf(instance.box, frame.size());
      if (box.width > 0 && box.height > 0) answer.instances.push_back(box);
    }
    mapping_.Apply(answer.label);
    return answer;
  }

  int max_concurrent_calls() const override { return static_cast<int>(lanes_.size()); }

  void Interrupt() override {
    for (const auto& lane : lanes_) lane->network->Interrupt();
  }

  const ClassList& classes() const override { return mapping_.classes; }
  int background() const override { return mapping_.background; }

  std::string description() const override {
    // Clients need not know where the server is.
    const std::string name =
        card_.runtime == Runtime::kOip ? card_.server.model + " on a server" : NetworkName(card_);
    return name + " (" + KindName(card_.kind) + ", " + SizeText(card_.input) + ", " +
           lanes_.front()->network->runtime() + ")";
  }

  std::string trouble() const override {
    const MutexLock lock(mutex_);
    return trouble_;
  }

 private:
  // What one call of Label uses.
  struct Lane {
    Lane(const ModelCard& card, std::unique_ptr<Network> opened)
        : network(std::move(opened)), reader(card) {}

    const std::unique_ptr<Network> network;
    OutputReader reader;
  };

  // Borrows a lane; waits for one if there are more calls than lanes.
  class LaneInUse {
   public:
    explicit LaneInUse(NetworkTeacher& teacher) : teacher_(teacher) {
      const MutexLock lock(teacher.mutex_);
      teacher.returned_.Wait(teacher.mutex_, [&teacher]() ST_REQUIRES(teacher.mutex_) {
        return !teacher.free_.empty();
      });
      lane_ = teacher.free_.back();
      teacher.free_.pop_back();
    }
    ~LaneInUse() {
      const MutexLock lock(teacher_.mutex_);
      teacher_.free_.push_back(lane_);
      teacher_.returned_.NotifyOne();
    }
    LaneInUse(const LaneInUse&) = delete;
    LaneInUse& operator=(const LaneInUse&) = delete;

    Lane* operator->() const { return lane_; }

   private:
    NetworkTeacher& teacher_;
    Lane* lane_ = nullptr;
  };

  void Works() {
    const MutexLock lock(mutex_);
    trouble_.clear();
  }

  const ModelCard card_;
  const ClassMapping mapping_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // constant once it is filled

  mutable Mutex mutex_;
  std::string trouble_ ST_GUARDED_BY(mutex_);  // why the trial had no answer, until there is one
  CondVar returned_;
  std::vector<Lane*> free_ ST_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Teacher> OpenNetworkTeacher(const ModelCard& card, const ClassMapping& mapping) {
  return std::make_unique<NetworkTeacher>(card, mapping);
}

}  // namespace shadowtutor::teacher::internal
