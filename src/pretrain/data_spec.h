// What a student is pre-trained on: folders of images, videos and cut-outs, and who labels them.
#ifndef SHADOWTUTOR_PRETRAIN_DATA_SPEC_H_
#define SHADOWTUTOR_PRETRAIN_DATA_SPEC_H_

#include <filesystem>
#include <string>
#include <vector>

namespace shadowtutor::pretrain {

/// A folder of images, searched with its subfolders. Labels are PNGs of the same relative name in
/// `labels` (class index per pixel, 255: not known); without a folder of labels the teacher labels.
struct ImageSet {
  std::filesystem::path folder;
  std::filesystem::path labels;   // empty: the teacher's
  std::filesystem::path teacher;  // model card; empty: DataSpec::teacher
  int repeat = 1;                 // how often each image comes in an epoch
  bool validation = false;        // never trained on
};

/// A video, of which every `every`-th frame is taken, `frames` at most; the teacher labels them.
struct VideoSet {
  std::filesystem::path file;
  std::filesystem::path teacher;
  int every = 10;
  int frames = 200;
  int repeat = 1;
  bool validation = false;
};

/// A folder of PNGs with transparency, searched with its subfolders, which are pasted into the
/// images. Their class is `class_name`, or the name of the first subfolder that is one.
struct CutoutSet {
  std::filesystem::path folder;
  std::string class_name;
};

struct DataSpec {
  std::vector<std::string> classes;  // empty: the start student's, or the teacher's
  std::string background;            // empty: the class called "background"
  std::filesystem::path teacher;     // of sets that name none
  std::vector<ImageSet> images;
  std::vector<VideoSet> videos;
  std::vector<CutoutSet> cutouts;
  double validation_share = 0.1;  // of the images, where no set is for validation
};

inline constexpr int kMostRepeats = 100;
inline constexpr int kMostVideoFrames = 10'000;

/// Reads a YAML file (docs/students.md has the keys); relative paths in it start at its folder.
/// Throws Error: kNotFound, kInvalidArgument (names file, line, key and remedy), kResourceExhausted
/// (over 1 MiB).
DataSpec LoadDataSpec(const std::filesystem::path& file);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_DATA_SPEC_H_
