// `shadowtutor student init|info|convert`: makes, describes and converts files of students.
#include "cli/student.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/student_info.h"
#include "cli/commands.h"
#include "cli/outputs.h"
#include "cli/value_types.h"
#include "core/overlap.h"
#include "nn/checkpoint_io.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::cli {
namespace {

void AddClassOptions(CLI::App& command, ClassOptions& options) {
  command.add_option("--colors", options.colors, "One #rrggbb for each class, separated by commas")
      ->delimiter(',');
  command.add_option("--background", options.background,
                     "The class that stands for everything else; 'none' when there is no such "
                     "class [default: the class called 'background']");
  command.add_option("--seed", options.seed, "Seed of the random weights")->capture_default_str();
}

Rgb ParseColor(const std::string& text) {
  const bool sound = text.size() == 7 && text[0] == '#' &&
                     text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
  if (!sound) {
    throw Error(ErrorCode::kInvalidArgument,
                "'" + text + "' is not a colour; write it as #rrggbb, for example #ff8000");
  }
  const unsigned long value = std::stoul(text.substr(1), nullptr, 16);
  return {static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8),
          static_cast<uint8_t>(value)};
}

int IndexOf(const std::vector<std::string>& names, const std::string& name) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<int>(i);
  }
  return -1;
}

void PrintWritten(const nn::Checkpoint& student, const std::string& file) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file, error);
  std::printf("%s: %zu parameters, %zu classes", file.c_str(), student.layout->size(),
              student.classes.size());
  // A pipe has no size.
  error ? std::printf("\n") : std::printf(", %ju bytes\n", static_cast<uintmax_t>(bytes));
}

void AddInit(CLI::App& parent) {
  struct Options {
    ClassOptions classes;
    std::string out;
    double width = 1;
    int depth = 1;
    bool fp16 = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand("init", "Write a student with fresh random weights");
  command->add_option("--classes", options->classes.names, "Class names, separated by commas")
      ->delimiter(',')
      ->required();
  AddClassOptions(*command, options->classes);
  command
      ->add_option("--student-width", options->width,
                   "Channels, as a multiple of the published network's: 0.5, 1 or 2, or any from "
                   "0.25 to 2")
      ->capture_default_str();
  command
      ->add_option("--student-depth", options->depth,
                   "Residual blocks in each of the network's six stages; the published network's "
                   "have 1")
      ->check(CLI::Range(1, nn::kMaxDepth))
      ->capture_default_str();
  command->add_option("--out", options->out, "The .safetensors file to write")
      ->type_name(kFileValue)
      ->required();
  command->add_flag("--fp16", options->fp16, "Half precision: half the bytes, weights rounded");
  command->callback([options] {
    const auto lock = ClaimFile(options->out, FileKind::kStudent);
    const int background = BackgroundOf(options->classes);
    const ClassList classes = ClassesOf(options->classes, background);
    const auto student = nn::FreshStudent(
        nn::ScaledSpec(static_cast<int>(classes.size()), options->width, options->depth), classes,
        background, options->classes.seed);
    nn::SaveCheckpoint(student, options->out,
                       options->fp16 ? nn::WeightType::kF16 : nn::WeightType::kF32);
    PrintWritten(student, options->out);
  });
}

void AddInfo(CLI::App& parent) {
  struct Options {
    std::string file;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand("info", "Show what a student file holds");
  command->add_option("file", options->file, "A .safetensors file")
      ->type_name(kFileValue)
      ->required();
  command->add_flag("--json", options->json, "For machines");
  command->callback([options] {
    const auto student = nn::LoadCheckpoint(options->file);
    const auto describe = options->json ? app::StudentJson : app::StudentText;
    std::fputs(describe(student, options->file, std::filesystem::file_size(options->file)).c_str(),
               stdout);
  });
}

void AddConvert(CLI::App& parent) {
  struct Options {
    ClassOptions classes;
    std::string in, out;
    bool fp16 = false, fp32 = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand(
      "convert", "Write a student in another precision or with a fresh head for other classes");
  command->add_option("in", options->in, "The .safetensors file to read")
      ->type_name(kFileValue)
      ->required();
  command->add_option("out", options->out, "The .safetensors file to write")
      ->type_name(kFileValue)
      ->required();
  auto* fp16 = command->add_flag("--fp16", options->fp16, "Write half precision");
  command->add_flag("--fp32", options->fp32, "Write single precision (the default)")
      ->excludes(fp16);
  auto* names = command
                    ->add_option("--classes", options->classes.names,
                                 "Other classes: the last layer is drawn anew, all else is kept")
                    ->delimiter(',');
  AddClassOptions(*command, options->classes);
  for (const char* name : {"--colors", "--background", "--seed"}) {
    command->get_option(name)->needs(names);
  }
  command->callback([options] {
    RefuseOverlaps({{"the student to read", options->in}}, {{options->out}});
    const auto lock = ClaimFile(options->out, FileKind::kStudent);
    auto student = nn::LoadCheckpoint(options->in);
    if (!options->classes.names.empty()) {
      const int background = BackgroundOf(options->classes);
      student = nn::WithFreshHead(student, ClassesOf(options->classes, background), background,
                                  options->classes.seed);
    }
    nn::SaveCheckpoint(student, options->out,
                       options->fp16 ? nn::WeightType::kF16 : nn::WeightType::kF32);
    PrintWritten(student, options->out);
  });
}

}  // namespace

int BackgroundOf(const ClassOptions& options) {
  if (!options.background) return IndexOf(options.names, "background");
  const int index = IndexOf(options.names, *options.background);
  if (index < 0 && *options.background != "none") {
    throw Error(ErrorCode::kInvalidArgument, "the background class '" + *options.background +
                                                 "' is not among --classes; add it there, or say "
                                                 "--background none");
  }
  return index;
}

ClassList ClassesOf(const ClassOptions& options, int background) {
  if (!options.colors.empty() && options.colors.size() != options.names.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                "--colors gives " + std::to_string(options.colors.size()) + " colours for " +
                    std::to_string(options.names.size()) + " classes; give one for each");
  }
  ClassList classes;
  for (size_t i = 0; i < options.names.size(); ++i) {
    const int index = static_cast<int>(i);
    const Rgb own = index == background ? Rgb{} : DefaultClassColor(index);
    classes.push_back(
        {options.names[i], options.colors.empty() ? own : ParseColor(options.colors[i])});
  }
  return classes;
}

// The three commands either throw or succeed, so the exit code is not changed.
void AddStudentCommand(CLI::App& app, int& /*exit_code*/) {
  CLI::App* student =
      app.add_subcommand("student", "Make, inspect and convert students (.safetensors files)");
  student->require_subcommand(1);
  AddInit(*student);
  AddInfo(*student);
  AddConvert(*student);
}

}  // namespace shadowtutor::cli
