#include "cli/outputs.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "eval/page/report_page.h"
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

bool IsThere(const fs::path& file) {
  std::error_code error;
  return fs::exists(fs::symlink_status(file, error));  // also a link that leads nowhere
}

bool IsLink(const fs::path& file) {
  std::error_code error;
  return fs::is_symlink(fs::symlink_status(file, error));
}

// The first bytes of a file; nothing if it is a link, or no file.
std::string StartOf(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(file, error))) return "";
  std::string start(64, 0);
  std::ifstream stream(file, std::ios::binary);
  stream.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(stream.gcount()));
  return start;
}

// How the files begin that an evaluation writes. Its results begin with the name of the program.
bool IsOfEvaluation(const fs::path& file) {
  const std::string start = StartOf(file);
  const std::string name = file.filename().string();
  if (name == "results.json") return start.find("\"shadowtutor\"") != std::string::npos;
  if (name == "runs.csv") return start.starts_with("clip,camera,scene,strategy,");
  if (name == "frames.csv") return start.starts_with("clip,label,frame,");
  if (name == "live.csv") return start.starts_with("strategy,label,bandwidth_mbit,");
  return start.starts_with("{\"made_from\"");
}

// Throws unless all files of this kind in a folder of results are an evaluation's. Returns whether
// there is one.
bool RefuseForeignStored(const std::string& folder, const char* part) {
  bool found = false;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(folder) / part, error)) {
    if (entry.path().extension() != ".json") continue;
    const std::string name = (fs::path(part) / entry.path().filename()).string();
    if (!IsOfEvaluation(entry.path())) RefuseForeign(folder, name, "an earlier evaluation");
    found = true;
  }
  return found;
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
  const bool has_card = IsThere(teacher::LabelFolder::CardIn(folder));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path name = entry.path().filename();
    // With a card, the labelling compares what they were made from. Links lead to somebody's files.
    const bool replaced = IsLabelName(name) || name == "card.yaml";
    if (replaced && (!has_card || IsLink(entry.path())))
      RefuseForeign(folder, name.string(), "an earlier labelling");
  }
}

void RefuseForeignResults(const std::string& folder) {
  for (const char* name : {"results.json", "runs.csv", "frames.csv", "live.csv"}) {
    const fs::path file = fs::path(folder) / name;
    if (IsThere(file) && !IsOfEvaluation(file)) {
      RefuseForeign(folder, name, "an earlier evaluation");
    }
  }
  for (const char* part : {"clips", "runs", "samples", "labels", "live"}) {
    if (IsLink(fs::path(folder) / part)) {
      RefuseForeign(folder, std::string("the link ") + part, "an earlier evaluation");
    }
  }
  eval::RefuseForeignPage(folder);
  const bool ours = RefuseForeignStored(folder, "clips");
  RefuseForeignStored(folder, "runs");
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(folder) / "samples", error)) {
    if (entry.path().extension() != ".jpg") continue;
    if (!ours || IsLink(entry.path())) {
      RefuseForeign(folder, "samples/" + entry.path().filename().string(), "an earlier evaluation");
    }
  }
}

namespace {

// Whether a file begins as those of this kind do. An empty one is of any kind.
bool IsOfKind(const std::string& name, FileKind kind) {
  std::ifstream file(name, std::ios::binary);
  std::string start(9, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
  if (start.empty()) return true;
  if (kind == FileKind::kPng) return start.starts_with("\x89PNG");
  return start.size() == 9 && start[8] == '{';  // safetensors: 8 bytes of length, then JSON
}

}  // namespace

std::unique_ptr<PendingFile> ClaimFile(const std::string& name, FileKind kind) {
  const std::string what = kind == FileKind::kPng ? "picture" : "student";
  if (!FindTarget(name).regular) {
    throw Error(ErrorCode::kInvalidArgument,
                name + " is a pipe or a device; a " + what + " needs a file");
  }
  if (!IsOfKind(name, kind)) {
    throw Error(ErrorCode::kInvalidArgument, name + " is there already and is no " + what +
                                                 "; choose another name, or remove it");
  }
  return std::make_unique<PendingFile>(name);
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
