#include "app/student_info.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "core/text.h"

namespace shadowtutor::app {
namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;

// The stages that partial distillation trains, and how much of the network that is.
struct PartialPart {
  size_t parameters;
  double share;
  double mebibytes;
};

PartialPart PartOf(const nn::NetworkLayout& layout) {
  const size_t trained = layout.TrainedSize(nn::kPartialDistillation);
  return {trained, static_cast<double>(trained) / static_cast<double>(layout.size()),
          static_cast<double>(trained * sizeof(float)) / kMebibyte};
}

std::vector<std::string> StagesFrom(nn::Stage first) {
  std::vector<std::string> names;
  for (int i = static_cast<int>(first); i < nn::kStages; ++i) {
    names.emplace_back(nn::StageName(static_cast<nn::Stage>(i)));
  }
  return names;
}

std::string ShapeText(const std::vector<int>& shape) {
  std::string text;
  for (const int side : shape) text.append(text.empty() ? "" : "x").append(std::to_string(side));
  return text;
}

}  // namespace

std::string StudentText(const nn::Checkpoint& student, const std::string& file,
                        uintmax_t file_bytes) {
  const nn::NetworkLayout& layout = *student.layout;
  const PartialPart part = PartOf(layout);
  std::string text = file + Format(": %zu parameters, depth %d, %ju bytes\n\n", layout.size(),
                                   layout.spec().depth, file_bytes);
  size_t column = 28;
  for (const auto& info : layout.parameters()) column = std::max(column, info.name.size());
  const auto padded = [&](std::string name) {
    name.resize(column, ' ');
    return name;
  };
  text += padded("parameter") + Format(" %-14s %8s\n", "shape", "values");
  for (const auto& info : layout.parameters()) {
    text += padded(info.name) + Format(" %-14s %8zu\n", ShapeText(info.shape).c_str(), info.count);
  }
  text += "\nclasses:\n";
  for (size_t i = 0; i < student.classes.size(); ++i) {
    const ClassInfo& info = student.classes[i];
    text += Format("%4zu  %s  ", i, ColorText(info.color).c_str()) + info.name +
            (static_cast<int>(i) == student.background ? "  (background)\n" : "\n");
  }
  std::string stages;
  for (const auto& name : StagesFrom(nn::kPartialDistillation)) {
    stages.append(stages.empty() ? "" : ", ").append(name);
  }
  return text + "\npartial distillation trains " + stages + ":\n" +
         Format("%zu parameters, %.1f %%, %.3f MiB in fp32\n", part.parameters, 100 * part.share,
                part.mebibytes);
}

std::string StudentJson(const nn::Checkpoint& student, const std::string& file,
                        uintmax_t file_bytes) {
  using nlohmann::ordered_json;
  const auto& layout = *student.layout;
  const auto part = PartOf(layout);
  ordered_json out = {{"file", file}, {"file_bytes", file_bytes}, {"parameters", layout.size()}};
  out["depth"] = layout.spec().depth;
  out["classes"] = ordered_json::array();
  for (const auto& info : student.classes) {
    out["classes"].push_back({{"name", info.name}, {"color", ColorText(info.color)}});
  }
  out["background"] = student.background;
  out["partial"] = {{"stages", StagesFrom(nn::kPartialDistillation)},
                    {"parameters", part.parameters},
                    {"share", part.share},
                    {"fp32_bytes", part.parameters * sizeof(float)}};
  out["shapes"] = ordered_json::object();
  for (const auto& info : layout.parameters()) out["shapes"][info.name] = info.shape;
  // A file's name need not be UTF-8.
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace shadowtutor::app
