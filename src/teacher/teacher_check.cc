#include "teacher/teacher_check.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "teacher/class_mapping.h"
#include "teacher/onnx_model.h"
#include "teacher/open_network.h"
#include "teacher/python_check.h"
#include "teacher/served_networks.h"
#include "teacher/trial.h"

namespace shadowtutor::teacher {
namespace {

constexpr std::array<double, 3> kImageNetMean = {0.485, 0.456, 0.406};
constexpr std::array<double, 3> kImageNetStd = {0.229, 0.224, 0.225};

// The scores of trained networks are at most some dozens. Larger scores show that the input's
// values were far too large.
constexpr double kSaneScore = 60;
constexpr double kWildScore = 200;
// How much surer the network must be with another input for that to be reported.
constexpr double kMuchSurer = 0.05;
// If the standard deviations of two inputs differ by less than this factor, the network's sureness
// can be compared.
constexpr double kAlike = 4;
// With a smaller standard deviation, the input is nearly constant.
constexpr double kFlat = 0.02;

struct Alternative {
  std::string what;  // the lines to write in the card
  InputSpec spec;
};

bool SameValues(const InputSpec& a, const InputSpec& b) {
  return a.rgb == b.rgb && a.scale == b.scale && a.mean == b.mean && a.std == b.std;
}

// Corrections of common mistakes in cards, one at a time.
std::vector<Alternative> Alternatives(const InputSpec& card) {
  std::vector<Alternative> all;
  const auto add = [&](const std::string& what, const InputSpec& spec) {
    if (!SameValues(spec, card)) all.push_back({what, spec});
  };
  InputSpec swapped = card;
  swapped.rgb = !card.rgb;
  if (swapped.mean[0] != swapped.mean[2] || swapped.std[0] != swapped.std[2]) {
    std::swap(swapped.mean[0], swapped.mean[2]);
    std::swap(swapped.std[0], swapped.std[2]);
    add(std::string("order: ") + (swapped.rgb ? "rgb" : "bgr") +
            " (and mean and std in reverse order)",
        swapped);
  } else {
    add(std::string("order: ") + (swapped.rgb ? "rgb" : "bgr"), swapped);
  }
  InputSpec plain = card;
  plain.scale = 1.0 / 255;
  plain.mean = {0, 0, 0};
  plain.std = {1, 1, 1};
  add("scale: 1/255, mean: 0, std: 1", plain);
  InputSpec bytes = plain;
  bytes.scale = 1;
  add("scale: 1, mean: 0, std: 1", bytes);
  InputSpec image_net = plain;
  image_net.mean = kImageNetMean;
  image_net.std = kImageNetStd;
  if (!card.rgb) {
    std::swap(image_net.mean[0], image_net.mean[2]);
    std::swap(image_net.std[0], image_net.std[2]);
    add("scale: 1/255, mean: [0.406, 0.456, 0.485], std: [0.225, 0.224, 0.229]", image_net);
  } else {
    add("scale: 1/255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]", image_net);
  }
  InputSpec centred = plain;
  centred.mean = {0.5, 0.5, 0.5};
  centred.std = {0.5, 0.5, 0.5};
  add("scale: 1/255, mean: 0.5, std: 0.5", centred);
  return all;
}

class Checker {
 public:
  Checker(const ModelCard& card, ImageView image, int runs)
      : card_(card), image_(image), runs_(runs), network_(OpenNetwork(card)) {}

  TeacherCheck Run() {
    result_.frame = image_.size();
    Describe();
    result_.has_instances = HasInstances(card_.kind);
    if (card_.runtime == Runtime::kOip) {
      result_.findings = ServedNetworksInUse().check(card_);
      if (!result_.findings.empty()) {
        result_.has_input_range = false;
        return std::move(result_);
      }
    }
    LookAtFile();
    trial_ = RunTrial(*network_, card_, card_.input, image_);
    Describe();
    result_.input_low = trial_.input_low;
    result_.input_high = trial_.input_high;
    result_.sureness = trial_.sureness;
    LookAtInput();
    if (trial_.output_classes > 0 &&
        trial_.output_classes != static_cast<int>(card_.classes.size())) {
      LookAtClassCount();
    } else if (trial_.error) {
      Find(*trial_.error);
    } else {
      result_.works = true;
      TakeLabels();
      LookAtOutput();
      LookAtAlternatives();
      TakeTime();
    }
    return std::move(result_);
  }

 private:
  void Find(const std::string& sentence) { result_.findings.push_back(sentence); }

  void Describe() {
    result_.description = std::string(KindName(card_.kind)) + ", " + network_->runtime();
  }

  void LookAtFile() {
    // What a server tells of its model has been looked at.
    if (card_.runtime == Runtime::kTorchScript || card_.runtime == Runtime::kOip) return;
    const auto size = OnnxInputSize(card_.file);
    const bool fixed = card_.input.fit == Fit::kStretch || card_.input.fit == Fit::kLetterbox;
    if (!size || !fixed || *size == card_.input.size) return;
    Find(
        Format("the model was exported for an input of %dx%d, the card says %dx%d: say width: %d, "
               "height: %d",
               size->width, size->height, card_.input.size.width, card_.input.size.height,
               size->width, size->height));
  }

  void LookAtInput() {
    const double largest = std::max(std::abs(trial_.input_low), std::abs(trial_.input_high));
    if (trial_.input_spread < kFlat && largest > 1) {
      Find(Format(
          "the network is fed nearly the same value everywhere (%.4g to %.4g): scale, mean and "
          "std are not in one unit; with mean and std in 0..255 say scale: 1",
          trial_.input_low, trial_.input_high));
    }
    const double mean = *std::max_element(card_.input.mean.begin(), card_.input.mean.end());
    const double std = *std::max_element(card_.input.std.begin(), card_.input.std.end());
    if (card_.input.scale > 0.5 && ((mean > 0 && mean <= 1) || std < 1)) {
      Find(
          Format("mean and std are numbers for values of 0..1, but the card's scale leaves them at "
                 "0..255, so the network is fed %.4g to %.4g: say scale: 1/255",
                 trial_.input_low, trial_.input_high));
    }
    const InputSpec& input = card_.input;
    if (input.fit != Fit::kStretch) return;
    const double squeeze = static_cast<double>(input.size.width) * image_.height /
                           (static_cast<double>(input.size.height) * image_.width);
    if (std::max(squeeze, 1 / squeeze) > 1.3) {
      Find(Format(
          "the picture of %dx%d is squeezed into %dx%d, which changes its shapes by %.0f %%; "
          "export the model with your video's aspect where you can",
          image_.width, image_.height, input.size.width, input.size.height,
          100 * (std::max(squeeze, 1 / squeeze) - 1)));
    }
  }

  void LookAtClassCount() {
    const int listed = static_cast<int>(card_.classes.size());
    std::string sentence = Format("the network tells %d classes apart, the card lists %d",
                                  trial_.output_classes, listed);
    if (listed + 1 == trial_.output_classes) {
      sentence += "; the missing one is often background, as the first";
    } else if (listed == trial_.output_classes + 1 && card_.background >= 0) {
      sentence += "; it may not count background";
    }
    Find(sentence);
  }

  void TakeLabels() {
    const ClassMapping mapping = MakeClassMapping(card_, {}, -1);
    result_.classes = mapping.classes;
    result_.background = mapping.background;
    result_.teacher_shares = NamedShares(trial_.seen.label, card_.classes);
    result_.label = trial_.seen.label;
    mapping.Apply(result_.label);
    result_.student_shares = NamedShares(result_.label, result_.classes);
    result_.candidates = trial_.seen.candidates;
    for (const Instance& instance : trial_.seen.instances) {
      result_.instances.push_back({card_.classes[static_cast<size_t>(instance.label)].name,
                                   instance.score, PixelsOf(instance.box, image_.size())});
    }
  }

  void LookAtOutput() {
    if (card_.kind == Kind::kSaliency && !trial_.probabilities && card_.threshold > 0 &&
        card_.threshold <= 1) {
      Find(
          Format("the saliency lies between %.3g and %.3g, so it is not a probability; scores "
                 "without a sigmoid need threshold: 0",
                 trial_.output_low, trial_.output_high));
    }
    if (HasInstances(card_.kind) && trial_.seen.instances.empty()) {
      if (trial_.seen.candidates == 0) {
        Find("the network found no instance at all, not even an unsure one");
      } else {
        Find(Format("no instance is above score_threshold %.2f; the surest of %d has %.2f",
                    card_.instances.score_threshold, trial_.seen.candidates,
                    static_cast<double>(trial_.seen.best_score)));
      }
    } else if (trial_.largest_share > kAllOfIt) {
      Find(AllOfItIs(card_.classes[static_cast<size_t>(trial_.largest_class)].name,
                     "the card's input or its classes are wrong"));
    }
    const bool teacher_sees = trial_.largest_share <= kAllOfIt;
    if (teacher_sees && !result_.student_shares.empty() &&
        result_.student_shares.front().share > kAllOfIt) {
      Find(kNoneApart);
    }
  }

  void LookAtAlternatives() {
    std::optional<Trial> best;
    std::string best_what, best_why;
    for (const Alternative& alternative : Alternatives(card_.input)) {
      Trial trial = RunTrial(*network_, card_, alternative.spec, image_);
      const std::string why = trial.error ? "" : WhyBetter(trial);
      if (why.empty()) continue;
      if (best && best->sureness.value_or(0) >= trial.sureness.value_or(0)) continue;
      best = std::move(trial);
      best_what = alternative.what;
      best_why = why;
    }
    if (best) Find("with `" + best_what + "` " + best_why);
  }

  // Why another input looks better than the card's; empty if it does not look better.
  std::string WhyBetter(const Trial& other) const {
    if (HasInstances(card_.kind)) {
      const size_t ours = trial_.seen.instances.size(), theirs = other.seen.instances.size();
      if (ours == 0 && theirs > 0) {
        return Format("the network finds %d instances instead of none (the surest has %.2f)",
                      static_cast<int>(theirs), static_cast<double>(other.seen.best_score));
      }
      // Fewer instances are not better, even if their mean score is higher.
      if (theirs < ours || !trial_.sureness || !other.sureness) return "";
    }
    if (!trial_.sureness || !other.sureness) return "";
    const bool was_one_class = trial_.largest_share > kAllOfIt;
    const bool is_one_class = other.largest_share > kAllOfIt;
    if (is_one_class) return "";
    const double ratio = std::max(trial_.input_spread, 1e-9) / std::max(other.input_spread, 1e-9);
    const char* measure = HasInstances(card_.kind) ? "mean score" : "mean top probability";
    if (ratio < kAlike && ratio > 1 / kAlike) {
      if (*other.sureness < *trial_.sureness + kMuchSurer) return "";
      return Format("the network is surer (%s %.2f instead of %.2f)", measure, *other.sureness,
                    *trial_.sureness);
    }
    // Larger input values give larger scores, with which the network seems surer. So sureness is
    // not enough here.
    if (trial_.largest_output > kWildScore && other.largest_output < kSaneScore) {
      return Format(
          "the network's scores stay within %.0f instead of %.0f, as a trained network's do",
          other.largest_output, trial_.largest_output);
    }
    const bool sane = other.largest_output < kSaneScore;
    if (sane && was_one_class) {
      return Format(
          "the network tells classes apart (the largest has %.0f %% of the picture instead "
          "of all of it)",
          100 * other.largest_share);
    }
    if (sane && other.input_spread > trial_.input_spread &&
        trial_.input_spread<kFlat&& * other.sureness> * trial_.sureness + kMuchSurer) {
      return Format("the network is surer (%s %.2f instead of %.2f)", measure, *other.sureness,
                    *trial_.sureness);
    }
    return "";
  }

  void TakeTime() {
    // No warm-up is needed, because the network has already run.
    std::vector<double> seconds;
    seconds.reserve(static_cast<size_t>(runs_));
    for (int run = 0; run < runs_; ++run) {
      seconds.push_back(RunTrial(*network_, card_, card_.input, image_).seconds);
    }
    result_.seconds_per_frame = Median(std::move(seconds));
  }

  const ModelCard card_;
  const ImageView image_;
  const int runs_;
  const std::unique_ptr<Network> network_;
  Trial trial_;
  TeacherCheck result_;
};

}  // namespace

TeacherCheck CheckTeacher(const std::filesystem::path& card, ImageView image, int runs) {
  const ModelCard model = LoadModelCard(card);
  if (model.kind == Kind::kReplay) {
    throw Error(ErrorCode::kInvalidArgument,
                card.string() + " is a folder of labels; there is no network to check");
  }
  if (runs < 1) throw Error(ErrorCode::kInvalidArgument, "a check needs at least one run");
  if (model.kind == Kind::kPython) return CheckPythonTeacher(model, image, runs);
  return Checker(model, image, runs).Run();
}

}  // namespace shadowtutor::teacher
