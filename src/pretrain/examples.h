// Collects the labelled pictures that a DataSpec describes: finds the files, extracts frames of
// videos, and lets teachers label pictures without labels. Frames and labels are kept in a cache
// folder, so that this work is done once.
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

/// An image file and the file of its label, with the fingerprints of their contents
/// (core/fingerprint.h).
struct Example {
  std::filesystem::path image;
  std::filesystem::path label;  // PNG, in the student's classes
  bool label_shrunk = false;    // whether the label has the size of the shrunk image
  std::string image_content;
  std::string label_content;
};

struct Cutout {
  std::filesystem::path file;
  uint8_t class_index = 0;
  std::string content;  // fingerprint
};

struct Examples {
  std::vector<Example> training;
  std::vector<uint32_t> epoch;  // indices into training, repeated as often as an epoch has them
  std::vector<Example> validation;
  std::vector<Cutout> cutouts;
};

struct ExampleOptions {
  ClassList classes;  // the student's
  int background = -1;
  int longest_side = 640;       // pictures are shrunk to it, in pixels
  std::filesystem::path cache;  // folder for labels of teachers and frames of videos
  size_t max_validation = 200;  // the most images for validation; more are left out
  std::function<bool()> stop;   // asked between files; true stops the work
  std::function<void(const std::string& line)> report;           // called for skipped files
  std::function<void(int64_t done, int64_t total)> on_labelled;  // called after each new label
};

/// The model cards of the teachers that label something of the spec, sorted, without duplicates.
std::vector<std::filesystem::path> TeachersOf(const DataSpec& spec);

/// The classes of the data: those that the spec lists, else those of its first teacher. Throws
/// Error kInvalidArgument when there is neither.
void ClassesOfData(const DataSpec& spec, ClassList& classes, int& background);

/// Throws Error: kNotFound (a folder is missing or empty), kInvalidArgument (a set has neither
/// labels nor a teacher, or a cut-out has no class), kDataLoss (too many files cannot be used),
/// kCancelled (`stop` returned true; labels made so far are kept).
Examples CollectExamples(const DataSpec& spec, const ExampleOptions& options);

/// Of the labels that teachers make, makes those that are missing of every `ranks`-th, beginning
/// with number `rank`, so that several processes with the same cache label together. Throws as
/// CollectExamples, but leaves out pictures that cannot be used, which CollectExamples then
/// reports.
void LabelShare(const DataSpec& spec, const ExampleOptions& options, int rank, int ranks);

/// Reads an example's image and label. Throws Error when they cannot be used together.
Picture LoadExample(const Example& example, int longest_side, int classes);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_EXAMPLES_H_
