// The teacher that runs a network.
#include <algorithm>
#include <string>

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
      : card_(card), mapping_(mapping), network_(OpenNetwork(card)), reader_(card) {
    // Runs the network on a grey frame: the output must have the right shape and finite values.
    Image trial(card.input.size.width, card.input.size.height);
    std::fill(trial.bytes().begin(), trial.bytes().end(), uint8_t{128});
    Label(trial, 0);
  }

  Answer Label(ImageView frame, uint64_t /*frame_index*/) override {
    const Placement placement = PlaceFrame(frame.size(), card_.input);
    std::vector<float> input = NetworkInput(frame, card_.input, placement);
    InstanceLabels seen = reader_.Read(network_->Run(input, placement.input), placement);
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

  const ClassList& classes() const override { return mapping_.classes; }
  int background() const override { return mapping_.background; }

  std::string description() const override {
    return card_.file.filename().string() + " (" + KindName(card_.kind) + ", " +
           SizeText(card_.input) + ", " + network_->runtime() + ")";
  }

 private:
  ModelCard card_;
  ClassMapping mapping_;
  std::unique_ptr<Network> network_;
  OutputReader reader_;
};

}  // namespace

std::unique_ptr<Teacher> OpenNetworkTeacher(const ModelCard& card, const ClassMapping& mapping) {
  return std::make_unique<NetworkTeacher>(card, mapping);
}

}  // namespace shadowtutor::teacher::internal
