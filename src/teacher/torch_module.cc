// Runs TorchScript networks with libtorch. Compiled into a module of its own (runtime_module.h).
#include <dlfcn.h>
#include <torch/script.h>
#include <torch/version.h>

#include <filesystem>
#include <utility>

#include "teacher/networks_internal.h"
#include "teacher/runtime_module.h"

namespace shadowtutor::teacher::internal {
namespace {

std::string Reason(const std::exception& error) {
  const auto* ours = dynamic_cast<const c10::Error*>(&error);
  return OneLine(ours ? ours->what_without_backtrace() : error.what());
}

bool Contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

void LoadOperators(const std::string& library) {
  // Loading a library registers its operators. RTLD_LAZY, because a Python extension may refer to
  // Python in functions that are never called here.
  if (dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL)) return;
  const char* reason = dlerror();
  throw Error(ErrorCode::kInvalidArgument, "cannot load the operators " + library + ": " +
                                               OneLine(reason ? reason : "unknown reason") +
                                               "; they must be built for libtorch " TORCH_VERSION);
}

// Loads torchvision's operators from where distributions install them. Returns false if there are
// none.
bool LoadTorchvision() {
  if (dlopen("libtorchvision.so", RTLD_LAZY | RTLD_LOCAL)) return true;
  std::error_code error;
  const std::filesystem::path folder = "/usr/lib/python3/dist-packages/torchvision";
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("_C.") || entry.path().extension() != ".so") continue;
    if (dlopen(entry.path().c_str(), RTLD_LAZY | RTLD_LOCAL)) return true;
  }
  return false;
}

torch::jit::Module LoadModule(const ModelCard& card, torch::Device device) {
  const std::string file = card.file.string();
  std::string reason;
  try {
    return torch::jit::load(file, device);
  } catch (const std::exception& error) {
    reason = Reason(error);
  }
  const bool unknown_operator = Contains(reason, "Unknown builtin op");
  if (unknown_operator && Contains(reason, "torchvision::") && LoadTorchvision()) {
    try {
      return torch::jit::load(file, device);
    } catch (const std::exception& error) {
      reason = Reason(error);
    }
  }
  std::string remedy =
      "; save it again with torch.jit.script or torch.jit.trace and module.save(), with a PyTorch "
      "that is not newer than " TORCH_VERSION " if it can be helped";
  if (unknown_operator) {
    remedy =
        "; name the library that has this operator in the card's `operators`; for torchvision's "
        "install python3-torchvision, or name a libtorchvision.so built for "
        "libtorch " TORCH_VERSION;
  } else if (Contains(reason, "constants.pkl") || Contains(reason, "PytorchStreamReader")) {
    remedy =
        "; this is not a TorchScript file; a checkpoint (torch.save, state_dict) holds weights "
        "without "
        "the network: load it in Python and save torch.jit.script(model.eval())";
  }
  throw Error(ErrorCode::kInvalidArgument,
              "libtorch " TORCH_VERSION " cannot read the model " + file + ": " + reason + remedy);
}

class TorchNetwork final : public Network {
 public:
  explicit TorchNetwork(const ModelCard& card)
      : file_(card.file.string()),
        device_(card.device == Device::kCuda ? torch::kCUDA : torch::kCPU) {
    if (card.device == Device::kCuda && !at::hasCUDA()) {
      throw Error(ErrorCode::kFailedPrecondition,
                  "the card says `device: cuda`, but this libtorch " TORCH_VERSION
                  " was built without CUDA or finds no device (Debian's has none); say `device: "
                  "cpu`, or build with a libtorch that has CUDA");
    }
    if (!card.operators.empty()) LoadOperators(card.operators.string());
    // Optimising for the shapes of the first inputs would make the first runs of a Mask R-CNN
    // slower and later runs no faster, because they spend their time in convolutions and matrix
    // products.
    torch::jit::setGraphExecutorOptimize(false);
    module_ = LoadModule(card, device_);
    module_.eval();
    ChooseForm(card);
  }

  std::vector<NamedTensor> Run(std::vector<float>& values, FrameSize size) override {
    const c10::InferenceMode guard;
    c10::IValue result;
    try {
      const torch::Tensor batch =
          torch::from_blob(values.data(), {1, 3, size.height, size.width}).to(device_);
      result = module_.forward({Wrapped(batch)});
      results_.clear();
      Collect(result, "");
    } catch (const Error&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw Error(ErrorCode::kResourceExhausted, file_ + ": out of memory");
    } catch (const std::exception& error) {
      throw Error(ErrorCode::kInvalidArgument,
                  file_ + " does not run on an input of " + std::to_string(size.width) + "x" +
                      std::to_string(size.height) + ": " + Reason(error) +
                      "; see whether the card's input (size, fit, form) is what the model was "
                      "exported for");
    }
    return Views();
  }

  std::string runtime() const override {
    return std::string("libtorch " TORCH_VERSION ", ") + (device_.is_cuda() ? "cuda" : "cpu");
  }

 private:
  enum class Call { kBatch, kImage, kListOfImages, kListOfDicts, kTupleOfDicts };

  void ChooseForm(const ModelCard& card) {
    switch (card.form) {
      case InputForm::kBatch:
        call_ = Call::kBatch;
        return;
      case InputForm::kImage:
        call_ = Call::kImage;
        return;
      case InputForm::kList:
        call_ = Call::kListOfImages;
        return;
      case InputForm::kAuto:
        break;
    }
    // If the argument is a tensor, a mask-rcnn gets one image, as Detectron2 traces its models, and
    // the others get a batch. If it is a list, its type tells the form.
    call_ = card.kind == Kind::kMaskRcnn ? Call::kImage : Call::kBatch;
    const auto& arguments = module_.get_method("forward").function().getSchema().arguments();
    if (arguments.size() < 2) return;
    const c10::TypePtr type = arguments[1].type();
    if (const auto list = type->cast<c10::ListType>()) {
      const bool dicts = list->getElementType()->kind() == c10::TypeKind::DictType;
      call_ = dicts ? Call::kListOfDicts : Call::kListOfImages;
    } else if (const auto tuple = type->cast<c10::TupleType>()) {
      if (tuple->elements().size() == 1 &&
          tuple->elements()[0]->kind() == c10::TypeKind::DictType) {
        call_ = Call::kTupleOfDicts;
      }
    }
  }

  c10::IValue Wrapped(const torch::Tensor& batch) const {
    const torch::Tensor image = batch[0];
    const auto dict = [&] {
      c10::Dict<std::string, torch::Tensor> fields;
      fields.insert("image", image);
      return fields;
    };
    switch (call_) {
      case Call::kBatch:
        return batch;
      case Call::kImage:
        return image;
      case Call::kListOfImages:
        return c10::List<torch::Tensor>({image});
      case Call::kListOfDicts:
        return c10::List<c10::Dict<std::string, torch::Tensor>>({dict()});
      case Call::kTupleOfDicts:
        return c10::ivalue::Tuple::create({c10::IValue(dict())});
    }
    return batch;
  }

  // Collects the tensors in a result: in a dictionary by their names, else by their positions. A
  // list of dictionaries has one for each image, of which the first is used. Values beside such a
  // list are ignored (torchvision returns losses and such a list).
  void Collect(const c10::IValue& value, const std::string& name) {
    if (value.isTensor()) {
      results_.emplace_back(name.empty() ? std::to_string(results_.size()) : name,
                            value.toTensor().to(torch::kCPU, torch::kFloat).contiguous());
    } else if (value.isGenericDict()) {
      for (const auto& entry : value.toGenericDict()) {
        Collect(entry.value(), entry.key().isString() ? entry.key().toStringRef() : "");
      }
    } else if (value.isTuple() || value.isList()) {
      const std::vector<c10::IValue> elements =
          value.isTuple() ? std::vector<c10::IValue>(value.toTupleRef().elements())
                          : value.toListRef().vec();
      for (const c10::IValue& element : elements) {
        if (element.isList() && !element.toListRef().empty() &&
            element.toListRef()[0].isGenericDict()) {
          Collect(element.toListRef()[0], "");
          return;
        }
      }
      const bool dicts = value.isList() && !elements.empty() && elements[0].isGenericDict();
      for (const c10::IValue& element : elements) {
        Collect(element, "");
        if (dicts) return;
      }
    }
  }

  std::vector<NamedTensor> Views() const {
    std::vector<NamedTensor> tensors;
    for (const auto& [name, tensor] : results_) {
      TensorView view;
      for (const int64_t side : tensor.sizes()) view.shape.push_back(static_cast<int>(side));
      view.values = tensor.data_ptr<float>();
      tensors.push_back({name, std::move(view)});
    }
    return tensors;
  }

  const std::string file_;
  const torch::Device device_;
  torch::jit::Module module_;
  Call call_ = Call::kBatch;
  std::vector<std::pair<std::string, torch::Tensor>> results_;
};

}  // namespace
}  // namespace shadowtutor::teacher::internal

extern "C" {

__attribute__((visibility("default"))) const char* ShadowTutorTorchModuleVersion() {
  return SHADOWTUTOR_VERSION;
}

__attribute__((visibility("default"))) shadowtutor::teacher::Network* ShadowTutorOpenTorchNetwork(
    const shadowtutor::teacher::ModelCard& card, int /*threads: libtorch's own */) {
  return std::make_unique<shadowtutor::teacher::internal::TorchNetwork>(card).release();
}
}
