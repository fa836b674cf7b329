#include "pretrain/run_state.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

#include "core/atomic_file.h"
#include "core/number_text.h"
#include "nn/safetensors.h"
#include "shadowtutor/types.h"

namespace shadowtutor::pretrain {
namespace {

constexpr std::string_view kFormat = "shadowtutor pretrain 1";
constexpr std::string_view kOptionPrefix = "option ";

[[noreturn]] void Damaged(const std::filesystem::path& file, const std::string& why) {
  throw Error(ErrorCode::kDataLoss,
              file.string() + " holds no run to go on from: " + why + "; remove it and begin anew");
}

nn::TensorView View(const std::string& name, const std::vector<float>& values) {
  return {name,
          nn::TensorType::kF32,
          {values.size()},
          {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)}};
}

std::vector<float> Values(const nn::Safetensors& parsed, const std::string& name,
                          const std::filesystem::path& file) {
  const nn::TensorView* tensor = parsed.Find(name);
  if (!tensor || tensor->type != nn::TensorType::kF32) Damaged(file, "it lacks " + name);
  std::vector<float> values(tensor->count());
  if (!values.empty()) std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  for (const float value : values) {
    if (!std::isfinite(value)) Damaged(file, name + " holds values that are not numbers");
  }
  return values;
}

template <typename Number>
Number Read(const nn::Safetensors& parsed, const std::string& key,
            const std::filesystem::path& file) {
  const auto found = parsed.metadata.find(key);
  Number value{};
  if (found == parsed.metadata.end()) Damaged(file, "it lacks " + key);
  const std::string& text = found->second;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    Damaged(file, key + " is not a number");
  }
  return value;
}

}  // namespace

std::vector<uint8_t> RunStateBytes(const RunState& state) {
  std::map<std::string, std::string> metadata = {
      {"format", std::string(kFormat)},
      {"steps", std::to_string(state.steps)},
      {"adam_steps", std::to_string(state.learner.adam_steps)},
      {"best_metric", ShortestText(state.best_metric)},
      {"best_step", std::to_string(state.best_step)}};
  for (const auto& [key, value] : state.configuration) {
    metadata[std::string(kOptionPrefix) + key] = value;
  }
  const std::vector<nn::TensorView> tensors = {
      View("weights", state.learner.trained), View("moment1", state.learner.moment1),
      View("moment2", state.learner.moment2), View("best", state.best)};
  return nn::SerializeSafetensors(tensors, metadata);
}

void SaveRunState(const RunState& state, const std::filesystem::path& file) {
  WriteFileAtomically(file, RunStateBytes(state));
}

RunState LoadRunState(const std::filesystem::path& file) {
  return ParseRunState(ReadFile(file, nn::kMaxSafetensorsBytes), file);
}

RunState ParseRunState(std::span<const uint8_t> bytes, const std::filesystem::path& file) {
  nn::Safetensors parsed;
  try {
    parsed = nn::ParseSafetensors(bytes);
  } catch (const Error& error) {
    Damaged(file, error.what());
  }
  const auto format = parsed.metadata.find("format");
  if (format == parsed.metadata.end() || format->second != kFormat) {
    Damaged(file, "it is of another kind");
  }
  RunState state;
  state.steps = Read<int64_t>(parsed, "steps", file);
  state.learner.adam_steps = Read<int64_t>(parsed, "adam_steps", file);
  state.best_metric = Read<double>(parsed, "best_metric", file);
  state.best_step = Read<int64_t>(parsed, "best_step", file);
  state.learner.trained = Values(parsed, "weights", file);
  state.learner.moment1 = Values(parsed, "moment1", file);
  state.learner.moment2 = Values(parsed, "moment2", file);
  state.best = Values(parsed, "best", file);
  const size_t size = state.learner.trained.size();
  if (state.steps < 0 || state.learner.adam_steps < 0 || state.learner.moment1.size() != size ||
      state.learner.moment2.size() != size || (!state.best.empty() && state.best.size() != size)) {
    Damaged(file, "its parts do not fit each other");
  }
  for (const auto& [key, value] : parsed.metadata) {
    if (key.rfind(kOptionPrefix, 0) == 0) {
      state.configuration[key.substr(kOptionPrefix.size())] = value;
    }
  }
  return state;
}

void CheckSameRun(const RunState& state, const std::map<std::string, std::string>& configuration) {
  for (const auto& [key, value] : configuration) {
    const auto found = state.configuration.find(key);
    if (found == state.configuration.end()) {
      throw Error(ErrorCode::kFailedPrecondition,
                  "the earlier run was one of an earlier version, which did not keep its " + key +
                      ", so it cannot be told whether it is the same; begin anew instead of going "
                      "on",
                  Setting::kResume);
    }
    const std::string& before = found->second;
    if (before == value) continue;
    std::string why = "the earlier run had another ";
    why.append(key).append(" (").append(before).append(", now ").append(value);
    throw Error(ErrorCode::kFailedPrecondition,
                why + "); give the same, or begin anew instead of going on", Setting::kResume);
  }
}

}  // namespace shadowtutor::pretrain
