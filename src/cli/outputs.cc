#include "cli/outputs.h"

#include <cstdio>

#include "shadowtutor/types.h"
#include "teacher/model_card.h"

namespace shadowtutor::cli {
namespace {

constexpr char kStandardOutput[] = "-";

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
  return {.path = name == kStandardOutput ? std::string() : name};
}

}  // namespace shadowtutor::cli
