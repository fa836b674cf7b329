#include "teacher/teacher_fingerprint.h"

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "core/atomic_file.h"
#include "core/fingerprint.h"
#include "core/text.h"
#include "teacher/label_folder.h"
#include "teacher/model_card.h"
#include "teacher/onnx_model.h"

namespace shadowtutor::teacher {
namespace {

// Collects what a card says, value by value.
class Meaning {
 public:
  void Add(const std::string& text) { fingerprint_.AddText(text); }
  void Add(double value) { Add(Format("%.17g", value)); }
  void Add(int value) { Add(std::to_string(value)); }
  void Add(const std::pair<int, int>& pair) { Add(Format("%d %d", pair.first, pair.second)); }
  void Add(const std::pair<std::string, std::string>& pair) {
    Add(pair.first);
    Add(pair.second);
  }
  void Add(const ClassInfo& info) { Add(info.name); }
  template <typename List>
  void AddAll(const List& list) {
    Add(static_cast<int>(list.size()));
    for (const auto& item : list) Add(item);
  }

  std::string Text() const { return fingerprint_.Text(); }

 private:
  Fingerprint fingerprint_;
};

std::string CardFingerprint(const ModelCard& card) {
  Meaning meaning;
  meaning.Add(KindName(card.kind));
  meaning.AddAll(card.classes);
  meaning.Add(card.background);
  meaning.Add(card.student.present ? 1 : 0);
  meaning.AddAll(card.student.classes);
  meaning.Add(card.student.background);
  meaning.Add(card.student.has_map ? 1 : 0);
  meaning.AddAll(card.student.map);
  if (card.kind == Kind::kReplay) return meaning.Text();
  if (card.kind == Kind::kPython) {
    meaning.Add(card.function);
    return meaning.Text();
  }
  meaning.Add(RuntimeName(card.runtime));
  const InputSpec& input = card.input;
  meaning.Add(static_cast<int>(input.fit));
  meaning.Add(SizeText(input.size));
  meaning.Add(input.shortest);
  meaning.Add(input.longest);
  meaning.Add(input.pad);
  meaning.Add(input.rgb ? 1 : 0);
  meaning.Add(input.scale);
  meaning.AddAll(input.mean);
  meaning.AddAll(input.std);
  meaning.Add(static_cast<int>(card.form));
  if (!card.input_name.empty()) meaning.Add(card.input_name);
  meaning.Add(card.output);
  meaning.AddAll(card.outputs);
  meaning.Add(card.threshold);
  const InstanceSpec& instances = card.instances;
  meaning.Add(instances.score_threshold);
  meaning.Add(instances.mask_threshold);
  meaning.Add(instances.iou_threshold);
  meaning.Add(static_cast<int>(instances.paste));
  meaning.Add(instances.class_offset);
  meaning.Add(instances.listed ? 1 : 0);
  meaning.AddAll(instances.class_of);
  return meaning.Text();
}

std::string NetworkFingerprint(const ModelCard& card) {
  // They are read whole anyway.
  constexpr uint64_t kAll = std::numeric_limits<uint64_t>::max();
  if (card.kind == Kind::kReplay) {
    return FolderFingerprint(card.folder, kAll, LabelFolder::IsLabelName);
  }
  if (card.kind == Kind::kPython) return FileFingerprint(card.file, kAll);
  Fingerprint fingerprint;
  if (card.runtime == Runtime::kOip) {
    // What it holds is not ours to read.
    fingerprint.AddText(card.server.address);
    fingerprint.AddText(card.server.model);
    fingerprint.AddText(card.server.version);
    return fingerprint.Text();
  }
  const bool torch = card.runtime == Runtime::kTorchScript;
  std::vector<uint8_t> bytes;
  if (torch) {
    fingerprint.AddText(FileFingerprint(card.file, kAll));
  } else {
    bytes = ReadFile(card.file, kMaxOnnxBytes);
    Fingerprint content;
    content.AddBytes(bytes);
    fingerprint.AddText(content.Text());
  }
  if (!card.operators.empty()) fingerprint.AddText(FileFingerprint(card.operators, kAll));
  if (torch) return fingerprint.Text();
  const std::string_view model(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const std::filesystem::path& other : OnnxExternalFiles(model, card.file)) {
    fingerprint.AddText(other.filename().string());
    fingerprint.AddText(FileFingerprint(other, kAll));
  }
  return fingerprint.Text();
}

}  // namespace

TeacherFingerprint FingerprintOfTeacher(const std::filesystem::path& card) {
  const ModelCard model = LoadModelCard(card);
  return {CardFingerprint(model), NetworkFingerprint(model)};
}

}  // namespace shadowtutor::teacher
