// One measured run of a card's network on a picture. teacher_check.h compares such runs.
#ifndef SHADOWTUTOR_TEACHER_TRIAL_H_
#define SHADOWTUTOR_TEACHER_TRIAL_H_

#include <optional>
#include <string>

#include "teacher/instances.h"
#include "teacher/model_card.h"
#include "teacher/runtime_network.h"

namespace shadowtutor::teacher {

struct Trial {
  InputSpec spec;
  std::optional<std::string> error;  // set if there is no label: the sentence of the Error
  InstanceLabels seen;               // in the card's classes
  double seconds = 0;
  // The network's input.
  double input_low = 0, input_high = 0;
  double input_spread = 0;  // standard deviation
  // The network's output.
  std::optional<double> sureness;          // see TeacherCheck
  double largest_output = 0;               // largest magnitude, for kinds with scores per pixel
  double output_low = 0, output_high = 0;  // the range of the output, for the same kinds
  bool probabilities = false;              // whether the outputs are between 0 and 1
  int output_classes = 0;                  // semantic-logits: the number of planes
  double largest_share = 0;                // the largest share of the frame that one class has
  int largest_class = 0;                   // that class
};

/// Runs `network` on `image`, with an input as `spec` says, and decodes its outputs as `card` says.
/// An Error on the way is returned in Trial::error.
Trial RunTrial(Network& network, const ModelCard& card, const InputSpec& spec, ImageView image);

/// The share of the frame's pixels that each of the classes has.
std::vector<double> ClassShares(const LabelMap& label, size_t classes);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_TRIAL_H_
