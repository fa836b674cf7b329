#include "cli/outputs.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "shadowtutor/types.h"
#include "teacher/model_card.h"

namespace shadowtutor::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kStandardOutput[] = "-";

}  // namespace

void AddCard(std::vector<InputPath>& inputs, const std::string& card) {
  if (card.empty()) return;
  inputs.push_back({"the teacher's card", card});
  try {
    const teacher::ModelCard read = teacher::LoadModelCard(card);
    const bool python = read.kind == teacher::Kind::kPython;
    inputs.push_back({python ? "the teacher's file" : "the teacher's network", read.file});
    inputs.push_back({"the teacher's library", read.operators});
    inputs.push_back({"the teacher's labels", read.folder});
  } catch (const Error&) {
    // Nothing to add.
  }
}

namespace {

// Whether a file begins as those of this kind do. An empty one is of any kind.
bool IsOfKind(const std::string& name, FileKind kind) {
  std::error_code error;
  if (!fs::exists(name, error) || fs::file_size(name, error) == 0) return true;
  std::ifstream file(name, std::ios::binary);
  std::string start(9, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
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
