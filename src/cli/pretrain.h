// The options of `shadowtutor pretrain`.
#ifndef SHADOWTUTOR_CLI_PRETRAIN_H_
#define SHADOWTUTOR_CLI_PRETRAIN_H_

#include <string>
#include <vector>

#include "pretrain/pretrainer.h"

namespace CLI {
class App;
}

namespace shadowtutor::cli {

/// As typed, but for what `options` takes as it is.
struct PretrainArguments {
  pretrain::PretrainOptions options;
  std::string data, labels, validation;
  std::vector<std::string> images, videos, cutouts, classes, crops;
  std::string background, teacher;
  int memory_mebibytes = 1024;
  bool fp16 = false;
};

void AddPretrainOptions(CLI::App& command, PretrainArguments& arguments);

/// Reads the data file if one is named. Throws Error kInvalidArgument for options that do not go
/// together or mean nothing, and as pretrain::LoadDataSpec.
pretrain::PretrainOptions PretrainingOf(const PretrainArguments& arguments);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_PRETRAIN_H_
