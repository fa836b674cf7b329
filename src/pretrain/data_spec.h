// The description of the data for pre-training: folders of images, videos and cut-outs, and the
// source of their labels. Reads only the description, not the data.
#ifndef SHADOWTUTOR_PRETRAIN_DATA_SPEC_H_
#define SHADOWTUTOR_PRETRAIN_DATA_SPEC_H_

#include <filesystem>
#include <string>
#include <vector>

namespace shadowtutor::pretrain {

/// A folder of images and its subfolders. Their labels are PNGs with the same relative names in the
/// folder `labels` (one class index per pixel, 255: not known). Without such a folder, a teacher
/// labels the images.
struct ImageSet {
  std::filesystem::path folder;
  std::filesystem::path labels;   // empty: a teacher labels the images
  std::filesystem::path teacher;  // its model card; empty: DataSpec::teacher
  int repeat = 1;                 // how many times an epoch has each image
  bool validation = false;        // whether the images are for validation, not for training
};

/// A video, of which every `every`-th frame is used, at most `frames` of them. A teacher labels
/// them.
struct VideoSet {
  std::filesystem::path file;
  std::filesystem::path teacher;
  int every = 10;
  int frames = 200;
  int repeat = 1;
  bool validation = false;
};

/// A folder of PNGs with transparency, and its subfolders. They are pasted into the images. Their
/// class is `class_name`; if that is empty, the first subfolder of their path that has the name of
/// a class.
struct CutoutSet {
  std::filesystem::path folder;
  std::string class_name;
};

struct DataSpec {
  std::vector<std::string> classes;  // empty: those of the student to start from, or the teacher's
  std::string background;            // empty: the class called "background"
  std::filesystem::path teacher;     // model card of the teacher for sets that name none
  std::vector<ImageSet> images;
  std::vector<VideoSet> videos;
  std::vector<CutoutSet> cutouts;
  double validation_share = 0.1;  // share of images for validation, if no set is for it
};

inline constexpr int kMostRepeats = 100;
inline constexpr int kMostVideoFrames = 10'000;

/// Reads a YAML file, whose keys docs/students.md explains. Relative paths are relative to the
/// file's folder. Throws Error: kNotFound, kInvalidArgument (the sentence names file, line, key and
/// remedy), kResourceExhausted (over 1 MiB).
DataSpec LoadDataSpec(const std::filesystem::path& file);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_DATA_SPEC_H_
