// From a DataSpec to labelled pictures: finds the files, lets teachers label what comes without
// labels (once; the labels are kept), and takes the frames out of videos.
#ifndef SHADOWTUTOR_PRETRAIN_EXAMPLES_H_
#define SHADOWTUTOR_PRETRAIN_EXAMPLES_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "pretrain/data_spec.h"
#include "pretrain/picture.h"
#include "shadowtutor/types.h"

namespace shadowtutor::pretrain {

/// An image file and the file of its label.
struct Example {
  std::filesystem::path image;
  std::filesystem::path label;  // PNG, in the student's classes
  bool label_shrunk = false;    // it has the size that the image is shrunk to, not the image's own
};

struct Cutout {
  std::filesystem::path file;
  uint8_t class_index = 0;
};

struct Examples {
  std::vector<Example> training;
  std::vector<uint32_t> epoch;  // indices into training; one that counts several times is repeated
  std::vector<Example> validation;
  std::vector<Cutout> cutouts;
};

struct ExampleOptions {
  ClassList classes;  // the student's
  int background = -1;
  int longest_side = 640;       // pictures are shrunk to it
  std::filesystem::path cache;  // folder for teachers' labels and videos' frames
  size_t max_validation = 200;  // images; the rest is left out
  std::function<bool()> stop;   // asked between two files
  std::function<void(const std::string& line)> report;           // what was skipped
  std::function<void(int64_t done, int64_t total)> on_labelled;  // teachers at work
};

/// The classes that the data speaks of: the spec's, else those of its (first) teacher. Throws Error
/// kInvalidArgument when there are neither.
void ClassesOfData(const DataSpec& spec, ClassList& classes, int& background);

/// Throws Error: kNotFound (a folder that is not there or holds nothing), kInvalidArgument (a set
/// with neither labels nor teacher, a cut-out without a class), kDataLoss (too much that cannot be
/// used), kCancelled (`stop` said so; what is labelled stays so).
Examples CollectExamples(const DataSpec& spec, const ExampleOptions& options);

/// Reads one. Throws Error when image and label cannot be used together.
Picture LoadExample(const Example& example, int longest_side, int classes);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_EXAMPLES_H_
