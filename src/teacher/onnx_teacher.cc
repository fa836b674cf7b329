#include <algorithm>

#include "teacher/decode.h"
#include "teacher/onnx_model.h"
#include "teacher/teachers_internal.h"

namespace shadowtutor::teacher::internal {
namespace {

class OnnxTeacher final : public Teacher {
 public:
  OnnxTeacher(const ModelCard& card, const ClassMapping& mapping)
      : card_(card), mapping_(mapping), model_(card.file, card.input, card.output) {
    // A grey frame: the shapes show, and a network that fits its card gives finite values for it.
    Image trial(card.input.size.width, card.input.size.height);
    std::fill(trial.bytes().begin(), trial.bytes().end(), uint8_t{128});
    Label(trial, 0);
  }

  Answer Label(ImageView frame, uint64_t /*frame_index*/) override {
    const TensorView output = model_.Run(frame);
    Answer answer;
    try {
      answer.label = Decode(output, frame.size());
    } catch (const Error& error) {
      throw Error(error.code(), card_.path.string() + " and " + card_.file.string() +
                                    " do not fit: " + error.what());
    }
    mapping_.Apply(answer.label);
    return answer;
  }

  const ClassList& classes() const override { return mapping_.classes; }
  int background() const override { return mapping_.background; }

  std::string description() const override {
    return card_.file.filename().string() + " (" + KindName(card_.kind) + ", " +
           std::to_string(card_.input.size.width) + "x" + std::to_string(card_.input.size.height) +
           ")";
  }

 private:
  LabelMap Decode(const TensorView& output, FrameSize size) {
    if (card_.kind == Kind::kSaliency) return decoder_.Saliency(output, card_.threshold, size);
    if (card_.kind == Kind::kClassMap) {
      return decoder_.ClassMap(output, mapping_.teacher_classes, size);
    }
    return decoder_.Logits(output, mapping_.teacher_classes, size);
  }

  ModelCard card_;
  ClassMapping mapping_;
  OnnxModel model_;
  Decoder decoder_;
};

}  // namespace

std::unique_ptr<Teacher> OpenOnnxTeacher(const ModelCard& card, const ClassMapping& mapping) {
  return std::make_unique<OnnxTeacher>(card, mapping);
}

}  // namespace shadowtutor::teacher::internal
