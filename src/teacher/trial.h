// One run of a card's network on one picture, measured: what teacher check compares.
#ifndef SHADOWTUTOR_TEACHER_TRIAL_H_
#define SHADOWTUTOR_TEACHER_TRIAL_H_

#include <optional>
#include <string>

#include "teacher/instances.h"
#include "teacher/model_card.h"
#include "teacher/network.h"

namespace shadowtutor::teacher {

struct Trial {
  InputSpec spec;
  std::optional<std::string> error;  // why there is no label
  InstanceLabels seen;               // in the card's classes
  double seconds = 0;
  // What went in.
  double input_low = 0, input_high = 0;
  double input_spread = 0;  // standard deviation
  // What came out.
  std::optional<double> sureness;  // see TeacherCheck
  double largest_output = 0;       // magnitude; of kinds with scores for each pixel
  double output_low = 0, output_high = 0;
  bool probabilities = false;  // the outputs are between 0 and 1 already
  int output_classes = 0;      // semantic-logits: planes that there are
  double largest_share = 0;    // of the frame, by one class
  int largest_class = 0;
};

/// Runs `network` with the card's reading of its outputs, fed as `spec` says. What goes wrong is in
/// the result.
Trial RunTrial(Network& network, const ModelCard& card, const InputSpec& spec, ImageView image);

/// How many of the frame's pixels each of the card's classes has.
std::vector<double> ClassShares(const LabelMap& label, size_t classes);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_TRIAL_H_
