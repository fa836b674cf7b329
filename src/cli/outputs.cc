#include "cli/outputs.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "shadowtutor/types.h"
#include "teacher/label_folder.h"
#include "teacher/model_card.h"

namespace shadowtutor::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kStandardOutput[] = "-";

// "000042.png" and "000042.boxes".
bool IsLabelName(const fs::path& name) {
  const std::string stem = name.stem().string();
  return (name.extension() == ".png" || name.extension() == ".boxes") && stem.size() >= 6 &&
         stem.find_first_not_of("0123456789") == std::string::npos;
}

[[noreturn]] void RefuseForeign(const std::string& folder, const std::string& file,
                                const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument,
              folder + " holds " + file + ", which is not of " + what +
                  " and would be replaced; choose another folder",
              Setting::kOutput);
}

// Evaluations begin their results with the name of the program.
bool AreResults(const fs::path& file) {
  std::string start(64, 0);
  std::ifstream(file, std::ios::binary).read(start.data(), static_cast<std::streamsize>(64));
  return start.find("\"shadowtutor\"") != std::string::npos;
}

}  // namespace

void AddCard(std::vector<InputPath>& inputs, const std::string& card) {
  if (card.empty()) return;
  inputs.push_back({"the teacher's card", card});
  try {
    const teacher::ModelCard read = teacher::LoadModelCard(card);
    inputs.push_back({"the teacher's network", read.file});
    inputs.push_back({"the teacher's library", read.operators});
    inputs.push_back({"the teacher's labels", read.folder});
  } catch (const Error&) {
    // Nothing to add.
  }
}

void RefuseForeignLabels(const std::string& folder) {
  std::error_code error;
  if (fs::exists(teacher::LabelFolder::CardIn(folder), error)) return;  // compared by the labelling
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path name = entry.path().filename();
    if (IsLabelName(name)) RefuseForeign(folder, name.string(), "an earlier labelling");
  }
}

void RefuseForeignResults(const std::string& folder) {
  std::error_code error;
  const fs::path results = fs::path(folder) / "results.json";
  if (fs::exists(results, error)) {
    if (!AreResults(results)) RefuseForeign(folder, "results.json", "an earlier evaluation");
    return;
  }
  for (const char* name : {"runs.csv", "frames.csv", "live.csv", "report.html"}) {
    if (fs::exists(fs::path(folder) / name, error)) {
      RefuseForeign(folder, name, "an earlier evaluation");
    }
  }
}

JsonOutput::JsonOutput(const std::string& name) : to_stdout_(name == kStandardOutput) {
  if (!name.empty() && !to_stdout_) file_.emplace(name);
}

void JsonOutput::Write(std::string_view json) {
  if (to_stdout_) std::fwrite(json.data(), 1, json.size(), stdout);
  if (!file_) return;
  std::fflush(stdout);  // the file may be standard output by another name
  file_->Write(json);
  file_->Commit();
  file_.reset();
}

OutputPath JsonPath(const std::string& name) {
  return {name == kStandardOutput ? std::string() : name};
}

}  // namespace shadowtutor::cli
