// `shadowtutor teacher check`: shows a teacher's labels, and what may be wrong with its card.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/outputs.h"
#include "cli/value_types.h"
#include "teacher/teacher_check.h"
#include "video/image_png.h"
#include "video/open_source.h"
#include "video/sinks.h"
#include "video/source.h"

namespace shadowtutor::cli {
namespace {

struct CheckOptions {
  std::string card, image, overlay;
  int runs = 3;
  bool json = false;
};

nlohmann::ordered_json SharesAsJson(const std::vector<teacher::ClassShare>& shares) {
  auto list = nlohmann::ordered_json::object();
  for (const auto& [name, share] : shares) list[name] = share;
  return list;
}

void PrintJson(const teacher::TeacherCheck& check) {
  nlohmann::ordered_json json;
  json["works"] = check.works;
  json["network"] = check.description;
  json["frame"] = {check.frame.width, check.frame.height};
  json["input_range"] = nullptr;
  if (check.has_input_range) json["input_range"] = {check.input_low, check.input_high};
  json["sureness"] = check.sureness ? nlohmann::ordered_json(*check.sureness) : nullptr;
  if (check.works) {
    json["seconds_per_frame"] = check.seconds_per_frame;
    json["teacher_classes"] = SharesAsJson(check.teacher_shares);
    json["student_classes"] = SharesAsJson(check.student_shares);
    if (check.has_instances) {
      json["candidates"] = check.candidates;
      json["instances"] = nlohmann::ordered_json::array();
      for (const teacher::CheckedInstance& instance : check.instances) {
        const Box& box = instance.box;
        nlohmann::ordered_json shown;
        if (instance.score) shown = {{"class", instance.name}, {"score", *instance.score}};
        shown["box"] = {box.x, box.y, box.width, box.height};
        json["instances"].push_back(shown);
      }
    }
  }
  json["findings"] = check.findings;
  std::printf("%s\n", json.dump(2).c_str());
}

void PrintShares(const char* title, const std::vector<teacher::ClassShare>& shares) {
  std::printf("%s\n", title);
  for (const auto& [name, share] : shares)
    std::printf("  %5.1f %%  %s\n", 100 * share, name.c_str());
}

void PrintText(const teacher::TeacherCheck& check) {
  std::printf("%s", check.description.c_str());
  if (check.has_input_range) {
    std::printf("; fed values from %.3g to %.3g", check.input_low, check.input_high);
  }
  std::printf("\n");
  if (check.works) {
    PrintShares("the teacher sees", check.teacher_shares);
    PrintShares("students learn", check.student_shares);
    if (check.has_instances) {
      if (check.has_input_range) {
        std::printf("instances: %zu of %d candidates\n", check.instances.size(), check.candidates);
      } else {
        std::printf("instances: %zu\n", check.instances.size());
      }
      constexpr size_t kShown = 20;
      for (size_t i = 0; i < check.instances.size() && i < kShown; ++i) {
        const teacher::CheckedInstance& instance = check.instances[i];
        if (instance.score) std::printf("  %.2f  %s", *instance.score, instance.name.c_str());
        std::printf("  %dx%d at %d,%d\n", instance.box.width, instance.box.height, instance.box.x,
                    instance.box.y);
      }
    }
    if (check.sureness) std::printf("sureness: %.2f\n", *check.sureness);
    std::printf("time per frame: %.0f ms\n", 1000 * check.seconds_per_frame);
  }
  if (check.findings.empty()) {
    std::printf("nothing looks wrong with the card\n");
    return;
  }
  std::printf("%s\n", check.works ? "worth a look:" : "it does not work:");
  for (const std::string& finding : check.findings) std::printf("  - %s\n", finding.c_str());
}

int Check(const CheckOptions& options) {
  std::vector<InputPath> inputs = {{"the picture", options.image}};
  AddCard(inputs, options.card);
  RefuseOverlaps(inputs, {{options.overlay}});
  std::unique_ptr<PendingFile> picture;
  if (!options.overlay.empty()) picture = ClaimFile(options.overlay, FileKind::kPng);
  Image image;
  if (!video::OpenSource(options.image)->Read(image)) {
    throw Error(ErrorCode::kDataLoss, options.image + " has no frame in it");
  }
  const teacher::TeacherCheck check = teacher::CheckTeacher(options.card, image, options.runs);
  if (picture && check.works) {
    picture->Write(
        video::EncodeImagePng(video::Overlay(image, check.label, check.classes, check.background)));
    picture->Commit();
  }
  options.json ? PrintJson(check) : PrintText(check);
  return check.works ? 0 : 1;
}

}  // namespace

void AddTeacherCommand(CLI::App& app, int& exit_code) {
  CLI::App* teacher = app.add_subcommand("teacher", "Look at a teacher and its model card");
  teacher->require_subcommand(1);
  CLI::App* command = teacher->add_subcommand(
      "check",
      "What a teacher sees in a picture, how long it takes, what may be wrong with its card");
  const auto options = std::make_shared<CheckOptions>();
  command->add_option("card", options->card, "Model card (docs/teachers.md), or FILE.py:FUNCTION")
      ->type_name(kFileValue)
      ->required();
  command->add_option("image", options->image, "A picture, or a video, whose first frame is taken")
      ->type_name(kFileValue)
      ->required();
  command->add_option("--out", options->overlay, "Write the picture with the labels over it (PNG)")
      ->type_name(kFileValue);
  command->add_option("--runs", options->runs, "Runs whose median time is given")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_flag("--json", options->json, "For machines");
  command->footer(
      "Of a model on an inference server (a card with `server`) it first says whether the server "
      "is "
      "there, and what in the model's inputs and outputs does not fit the card.");
  command->callback([options, &exit_code] { exit_code = Check(*options); });
}

}  // namespace shadowtutor::cli
