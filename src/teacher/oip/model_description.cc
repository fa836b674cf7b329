#include "teacher/oip/model_description.h"

#include <algorithm>
#include <string_view>

#include "core/text.h"
#include "core/untrusted_text.h"
#include "teacher/oip/limits.h"
#include "teacher/oip/tensors.h"

namespace shadowtutor::teacher::oip {
namespace {

std::string Shown(const std::string& text) { return Showable(text, kMaxServerText); }

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t side : shape) {
    if (text.size() > 1) text += ',';
    text += std::to_string(side);
  }
  return text + "]";
}

std::string Names(const std::vector<std::string>& names) {
  std::string list;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i == kMaxNames) return list + ", ...";
    list += (i > 0 ? ", " : "") + Shown(names[i]);
  }
  return list;
}

std::string Names(const std::vector<TensorDescription>& tensors) {
  std::vector<std::string> names;
  for (const TensorDescription& tensor : tensors) names.push_back(tensor.name);
  return Names(names);
}

const TensorDescription* Find(const std::vector<TensorDescription>& tensors,
                              const std::string& name) {
  for (const TensorDescription& tensor : tensors) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

// Whether a side of this size, -1 being any, can be `wanted`.
bool Fits(int64_t side, int64_t wanted) { return side < 0 || side == wanted; }

class Comparison {
 public:
  Comparison(const ModelDescription& model, const ModelCard& card) : model_(model), card_(card) {}

  std::vector<std::string> Run() {
    LookAtVersion();
    LookAtInput();
    LookAtOutputs();
    return std::move(found_);
  }

 private:
  void Find(const std::string& sentence) { found_.push_back(sentence); }
  std::string Model() const { return "the model " + NetworkName(card_); }

  void LookAtVersion() {
    const std::string& version = card_.server.version;
    const auto& known = model_.versions;
    if (version.empty() || known.empty()) return;
    if (std::find(known.begin(), known.end(), version) != known.end()) return;
    Find("the server has no version " + version + " of " + card_.server.model +
         " as the card's `server.version` says; it has " + Names(known));
  }

  void LookAtInput() {
    const std::vector<TensorDescription>& inputs = model_.inputs;
    if (inputs.empty()) {
      if (card_.input_name.empty()) {
        Find("the server does not tell the inputs of " + Model() +
             "; name the one for the image in the card's `input.name`");
      }
      return;
    }
    if (inputs.size() > 1) {
      Find(Model() + " has several inputs (" + Names(inputs) + "); a teacher has one, the image");
      return;
    }
    const TensorDescription& input = inputs.front();
    if (!card_.input_name.empty() && card_.input_name != input.name) {
      Find(Model() + " has no input \"" + card_.input_name +
           "\" as the card's `input.name` says; it has " + Shown(input.name));
    }
    LookAtInputType(input);
    if (!input.shape.empty()) LookAtInputShape(input.shape);
  }

  void LookAtInputType(const TensorDescription& input) {
    if (!IsInputType(input.datatype)) {
      Find("the input of " + Model() + " is " + Shown(input.datatype) + "; a teacher is fed " +
           InputTypes());
      return;
    }
    const InputSpec& spec = card_.input;
    const auto all = [](const std::array<double, 3>& values, double wanted) {
      return std::all_of(values.begin(), values.end(), [&](double v) { return v == wanted; });
    };
    if (input.datatype == "UINT8" && !(spec.scale == 1 && all(spec.mean, 0) && all(spec.std, 1))) {
      Find("the input of " + Model() +
           " is UINT8, the pixels' own values: say scale: 1 in the card's `input`, without mean "
           "and std");
    }
  }

  void LookAtInputShape(const std::vector<int64_t>& shape) {
    const std::string takes = Model() + " takes " + ShapeText(shape);
    const auto instead = [&](const std::string& why) { Find(takes + ": " + why); };
    if (shape.size() == 3) {
      return instead(
          "a picture without the dimension of the batch, but [1,3,height,width] is needed; give "
          "it one (in Triton's config.pbtxt a max_batch_size above 0)");
    }
    if (shape.size() != 4) return instead("but a teacher is fed [1,3,height,width]");
    if (!Fits(shape[0], 1)) return instead("several pictures at a time; serve it for one");
    if (shape[3] == 3 && !Fits(shape[1], 3)) {
      return instead(
          "channels last (NHWC), but a teacher is fed channels first, [1,3,height,width]; export "
          "it so, or put a Transpose in front");
    }
    if (!Fits(shape[1], 3)) {
      return instead("pictures of " + std::to_string(shape[1]) + " channels; a teacher is fed 3");
    }
    const bool fixed = card_.input.fit == Fit::kStretch || card_.input.fit == Fit::kLetterbox;
    const FrameSize size = card_.input.size;
    if (!fixed) {
      if (shape[2] < 0 && shape[3] < 0) return;
      return instead(
          "pictures of one size, but with the card's `input.fit` their size varies; "
          "say fit: stretch, width and height");
    }
    if (Fits(shape[2], size.height) && Fits(shape[3], size.width)) return;
    const auto side = [](int64_t told, int ours) { return std::to_string(told < 0 ? ours : told); };
    instead("pictures of another size than the card's " + SizeText(size) + "; say width: " +
            side(shape[3], size.width) + ", height: " + side(shape[2], size.height));
  }

  void LookAtOutputs() {
    if (model_.outputs.empty()) return;
    const auto look = [&](const std::string& key, const std::string& name) {
      const TensorDescription* output = oip::Find(model_.outputs, name);
      if (!output) {
        Find(Model() + " has no output \"" + name + "\" as the card's `" + key + "` says; it has " +
             Names(model_.outputs));
      } else if (!IsOutputType(output->datatype)) {
        Find("the output " + Shown(name) + " of " + Model() + " is " + Shown(output->datatype) +
             ", which is not read; read are " + OutputTypes());
      }
    };
    if (!card_.output.empty()) look("output", card_.output);
    for (const auto& named : card_.outputs) look("outputs." + named.first, named.second);
    const auto readable = [](const TensorDescription& t) { return IsOutputType(t.datatype); };
    if (std::none_of(model_.outputs.begin(), model_.outputs.end(), readable)) {
      Find("none of the outputs of " + Model() + " (" + Names(model_.outputs) +
           ") is of a type that is read: " + OutputTypes());
    }
  }

  const ModelDescription& model_;
  const ModelCard& card_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> Misfits(const ModelDescription& model, const ModelCard& card) {
  return Comparison(model, card).Run();
}

TensorDescription InputOf(const ModelDescription& model, const ModelCard& card) {
  if (!model.inputs.empty()) return model.inputs.front();
  if (card.input_name.empty()) {
    throw Error(ErrorCode::kInvalidArgument, Misfits(model, card).back());
  }
  return {card.input_name, "FP32", {}};
}

}  // namespace shadowtutor::teacher::oip
