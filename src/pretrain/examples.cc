#include "pretrain/examples.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>

#include "core/address_text.h"
#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/fingerprint.h"
#include "core/text.h"
#include "pretrain/random.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher.h"
#include "teacher/teacher_fingerprint.h"
#include "video/label_png.h"
#include "video/open_source.h"
#include "video/source.h"

namespace shadowtutor::pretrain {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostFiles = 1'000'000;
constexpr int kDeepestFolder = 16;
constexpr size_t kToleratedExamples = 16;
constexpr std::array<const char*, 8> kImageExtensions = {".png", ".jpg",  ".jpeg", ".bmp",
                                                         ".tif", ".tiff", ".webp", ".ppm"};

std::string LowerExtension(const fs::path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

bool IsImage(const fs::path& file) {
  const std::string extension = LowerExtension(file);
  return std::any_of(kImageExtensions.begin(), kImageExtensions.end(),
                     [&](const char* known) { return extension == known; });
}

// All files below a folder for which `wanted` returns true, sorted by path, so that the order does
// not depend on the file system.
template <typename Wanted>
std::vector<fs::path> FilesBelow(const fs::path& folder, const Wanted& wanted, const char* what) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::follow_directory_symlink,
                                         error);
  if (error) {
    throw Error(ErrorCode::kNotFound,
                "cannot list the folder " + folder.string() + ": " + error.message());
  }
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    // Links may form a circle.
    if (entry.depth() >= kDeepestFolder) entry.disable_recursion_pending();
    // What file managers leave is no data.
    if (entry->path().filename().string().front() == '.') {
      entry.disable_recursion_pending();
      continue;
    }
    if (!wanted(entry->path()) || !entry->is_regular_file(unreadable)) continue;
    if (files.size() >= kMostFiles) {
      throw Error(ErrorCode::kResourceExhausted,
                  folder.string() + " holds more than " + std::to_string(kMostFiles) + " files");
    }
    files.push_back(entry->path());
  }
  if (files.empty()) {
    throw Error(ErrorCode::kNotFound, "the folder " + folder.string() + " holds no " + what);
  }
  std::sort(files.begin(), files.end());
  return files;
}

uint64_t Hash(const std::string& text) {
  return Fnv1a64(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

// A file name made of two hashes of `text`. With 128 bits, no two texts have the same by accident.
std::string NameOf(const std::string& text) {
  char name[40];
  std::snprintf(name, sizeof name, "%016llx%016llx", static_cast<unsigned long long>(Hash(text)),
                static_cast<unsigned long long>(Hash("again" + text)));
  return name;
}

// Of a picture or a label. Larger files are compared by their size and parts of them, because all
// of them are read before every run.
std::string ContentOf(const fs::path& file) {
  constexpr uint64_t kMostBytes = uint64_t{256} << 10;
  return FileFingerprint(file, kMostBytes);
}

void MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(ErrorCode::kUnavailable,
                "cannot make the folder " + folder.string() + ": " + error.message());
  }
}

class Collector {
 public:
  Collector(const DataSpec& spec, const ExampleOptions& options) : spec_(spec), options_(options) {}

  Examples Collect() {
    for (const ImageSet& set : spec_.images) AddImages(set);
    for (const VideoSet& set : spec_.videos) AddVideo(set);
    Label(0, 1);
    FingerprintLabels();
    Split();
    for (const CutoutSet& set : spec_.cutouts) AddCutouts(set);
    return std::move(examples_);
  }

  void LabelOnly(size_t rank, size_t ranks) {
    for (const ImageSet& set : spec_.images) AddImages(set);
    for (const VideoSet& set : spec_.videos) AddVideo(set);
    Label(rank, ranks);
  }

 private:
  struct Candidate {
    Example example;
    fs::path teacher;  // empty: the label is a file that the user gave
    int repeat = 1;
    bool validation = false;
  };

  void Stop() const {
    if (options_.stop && options_.stop()) {
      throw Error(ErrorCode::kCancelled, "stopped; the labels made so far are kept");
    }
  }

  // Reports a file that cannot be used. Throws if there are too many, as PictureCache::Get does.
  void Skip(const std::string& why) {
    if (options_.report) options_.report("skipped: " + why);
    ++skipped_;
    if (skipped_ > std::max(kToleratedExamples, candidates_.size() / 10)) {
      throw Error(ErrorCode::kDataLoss, "too many files cannot be used (" +
                                            std::to_string(skipped_) + "); the last one: " + why);
    }
  }

  fs::path TeacherOf(const fs::path& own, const fs::path& what) const {
    if (!own.empty()) return own;
    if (!spec_.teacher.empty()) return spec_.teacher;
    throw Error(ErrorCode::kInvalidArgument,
                WithoutCredentials(what.string()) +
                    " comes without labels; give a folder of label PNGs (`labels:` in a data file) "
                    "or a teacher (`teacher:`)",
                Setting::kLabels);
  }

  // The path in the cache of a teacher's label. Its name depends on what the teacher's card says,
  // the contents of its network and of the picture (`of`), the classes and the size.
  fs::path LabelPath(const fs::path& teacher, const std::string& of) {
    std::string& identity = teacher_identities_[teacher.string()];
    if (identity.empty()) {
      const teacher::TeacherFingerprint fingerprint = teacher::FingerprintOfTeacher(teacher);
      identity = fingerprint.card + "|" + fingerprint.network;
      for (const ClassInfo& info : options_.classes) identity += "|" + info.name;
      identity += "|" + std::to_string(options_.background);
    }
    return options_.cache / "labels" /
           (NameOf(identity + "|" + of + "|" + std::to_string(options_.longest_side)) + ".png");
  }

  void AddImages(const ImageSet& set) {
    const auto files = FilesBelow(set.folder, IsImage, "images");
    const bool labelled = !set.labels.empty();
    const fs::path teacher = labelled ? fs::path() : TeacherOf(set.teacher, set.folder);
    for (const fs::path& file : files) {
      Stop();
      Candidate candidate{
          .example = {}, .teacher = teacher, .repeat = set.repeat, .validation = set.validation};
      candidate.example.image = file;
      try {
        candidate.example.image_content = ContentOf(file);
      } catch (const Error& error) {
        Skip(error.what());
        continue;
      }
      if (labelled) {
        candidate.example.label = set.labels / fs::relative(file, set.folder);
        candidate.example.label.replace_extension(".png");
        std::error_code error;
        if (!fs::exists(candidate.example.label, error)) {
          Skip("there is no label " + candidate.example.label.string());
          continue;
        }
      } else {
        candidate.example.label = LabelPath(teacher, candidate.example.image_content);
        candidate.example.label_shrunk = true;
      }
      candidates_.push_back(std::move(candidate));
    }
  }

  // Writes the frames to image files in the cache, shrunk to the size that training needs.
  void AddVideo(const VideoSet& set) {
    const fs::path teacher = TeacherOf(set.teacher, set.file);
    const fs::path folder =
        options_.cache / "frames" /
        NameOf(SourceFingerprint(set.file.string()) + "|" + std::to_string(set.every) + "|" +
               std::to_string(set.frames) + "|" + std::to_string(options_.longest_side));
    const fs::path complete = folder / "complete";
    std::error_code error;
    if (!fs::exists(complete, error)) {
      MakeFolder(folder);
      const auto source = video::OpenSource(set.file.string());
      if (source->live()) {
        throw Error(
            ErrorCode::kInvalidArgument,
            WithoutCredentials(set.file.string()) + " is a live source; record it to a file first");
      }
      Image frame;
      int taken = 0;
      for (int64_t index = 0; taken < set.frames && source->Read(frame); ++index) {
        Stop();
        if (index % set.every != 0) continue;
        WriteFileAtomically(folder / video::LabelFileName(static_cast<uint64_t>(index)),
                            EncodeImagePng(Shrunk(frame, options_.longest_side)));
        ++taken;
      }
      WriteFileAtomically(complete, std::string_view("yes\n"));
    }
    for (const fs::path& file : FilesBelow(folder, IsImage, "frames")) {
      const std::string content = ContentOf(file);
      candidates_.push_back({.example = {.image = file,
                                         .label = LabelPath(teacher, content),
                                         .label_shrunk = true,
                                         .image_content = content,
                                         .label_content = {}},
                             .teacher = teacher,
                             .repeat = set.repeat,
                             .validation = set.validation});
    }
  }

  static bool HasLabel(const Example& example) {
    std::error_code error;
    if (!fs::exists(example.label, error)) return false;
    try {
      video::ReadLabelPng(example.label);
      return true;
    } catch (const Error&) {
      return false;  // the file is damaged, so the label is made again
    }
  }

  // Makes those labels that are missing of every `ranks`-th, from number `rank` on. Drops
  // candidates that cannot be labelled.
  void Label(size_t rank, size_t ranks) {
    std::map<fs::path, std::vector<size_t>> work;
    int64_t total = 0, done = 0;
    std::set<fs::path> begun;  // equal pictures have one label
    for (size_t i = 0; i < candidates_.size(); ++i) {
      const size_t number = begun.size();
      if (candidates_[i].teacher.empty() || !begun.insert(candidates_[i].example.label).second ||
          number % ranks != rank || HasLabel(candidates_[i].example)) {
        continue;
      }
      work[candidates_[i].teacher].push_back(i);
      ++total;
    }
    std::vector<bool> bad(candidates_.size());
    for (const auto& [card, indices] : work) {
      MakeFolder(options_.cache / "labels");
      const auto teacher = teacher::OpenTeacher(card, options_.classes, options_.background);
      for (const size_t i : indices) {
        Stop();
        const Example& example = candidates_[i].example;
        try {
          const Image image = Shrunk(DecodeImage(example.image), options_.longest_side);
          const teacher::Answer answer = teacher->Label(image, i);
          if (answer.label.size() != image.size()) {
            throw Error(ErrorCode::kInternal, "the teacher's label has another size");
          }
          WriteFileAtomically(example.label, video::EncodeLabelPng(answer.label));
        } catch (const Error& error) {
          if (error.code() == ErrorCode::kUnavailable) throw;  // the disk's fault, or the teacher's
          bad[i] = true;
          Skip(example.image.string() + ": " + error.what());
        }
        ++done;
        if (options_.on_labelled) options_.on_labelled(done, total);
      }
    }
    Keep([&](size_t i) { return !bad[i]; });
  }

  template <typename Wanted>
  void Keep(Wanted&& wanted) {
    size_t kept = 0;
    for (size_t i = 0; i < candidates_.size(); ++i) {
      if (!wanted(i)) continue;
      if (kept != i) candidates_[kept] = std::move(candidates_[i]);
      ++kept;
    }
    candidates_.resize(kept);
  }

  void FingerprintLabels() {
    Keep([&](size_t i) {
      Stop();
      Example& example = candidates_[i].example;
      try {
        example.label_content = ContentOf(example.label);
        return true;
      } catch (const Error& error) {
        Skip(error.what());
        return false;
      }
    });
  }

  // Splits the images into those for training and for validation. If no set is for validation, a
  // share of the images is chosen by a hash of their names, so that the choice stays the same when
  // images are added.
  void Split() {
    const bool explicit_sets = std::any_of(candidates_.begin(), candidates_.end(),
                                           [](const Candidate& c) { return c.validation; });
    // Similar names have similar hashes, so a random number is drawn with the hash as the seed.
    const auto draw = [](const Candidate& candidate) {
      return Random(Hash(candidate.example.image.filename().string())).Uniform();
    };
    // At least one image is for validation.
    double share = explicit_sets ? 0 : spec_.validation_share;
    if (share > 0 && candidates_.size() > 1) {
      double lowest = 1;
      for (const Candidate& candidate : candidates_) lowest = std::min(lowest, draw(candidate));
      share = std::max(share, std::nextafter(lowest, 1.0));
    }
    for (const Candidate& candidate : candidates_) {
      const bool validation = candidate.validation || draw(candidate) < share;
      if (validation) {
        if (examples_.validation.size() < options_.max_validation) {
          examples_.validation.push_back(candidate.example);
        }
      } else {
        examples_.epoch.insert(examples_.epoch.end(), static_cast<size_t>(candidate.repeat),
                               static_cast<uint32_t>(examples_.training.size()));
        examples_.training.push_back(candidate.example);
      }
    }
    if (examples_.training.empty()) {
      throw Error(ErrorCode::kNotFound, "no image is left to learn from");
    }
  }

  std::optional<uint8_t> ClassIndex(const std::string& name) const {
    for (size_t i = 0; i < options_.classes.size(); ++i) {
      if (options_.classes[i].name == name) return static_cast<uint8_t>(i);
    }
    return std::nullopt;
  }

  void AddCutouts(const CutoutSet& set) {
    const auto files = FilesBelow(
        set.folder, [](const fs::path& file) { return LowerExtension(file) == ".png"; }, "PNGs");
    std::optional<uint8_t> chosen;
    if (!set.class_name.empty()) {
      chosen = ClassIndex(set.class_name);
      if (!chosen) {
        throw Error(ErrorCode::kInvalidArgument,
                    "the cut-outs' class '" + set.class_name + "' is not one of the student's");
      }
    } else if (options_.classes.size() == 2 && options_.background >= 0) {
      chosen = static_cast<uint8_t>(1 - options_.background);
    }
    for (const fs::path& file : files) {
      Stop();
      const fs::path inside = fs::relative(file, set.folder);
      const auto by_folder = ClassIndex(inside.begin()->string());
      const auto class_index = by_folder && set.class_name.empty() ? by_folder : chosen;
      if (!class_index) {
        throw Error(ErrorCode::kInvalidArgument,
                    file.string() +
                        " lies in no subfolder that has a class's name; sort the cut-outs into "
                        "such folders, or give the data file's `cutouts` entry a `class`");
      }
      examples_.cutouts.push_back({file, *class_index, ContentOf(file)});
    }
  }

  const DataSpec& spec_;
  const ExampleOptions& options_;
  std::map<std::string, std::string> teacher_identities_;
  std::vector<Candidate> candidates_;
  size_t skipped_ = 0;
  Examples examples_;
};

}  // namespace

std::vector<fs::path> TeachersOf(const DataSpec& spec) {
  std::vector<fs::path> cards;
  const auto add = [&](const fs::path& own) {
    const fs::path& card = own.empty() ? spec.teacher : own;
    if (!card.empty()) cards.push_back(card);
  };
  for (const ImageSet& set : spec.images) {
    if (set.labels.empty()) add(set.teacher);
  }
  for (const VideoSet& set : spec.videos) add(set.teacher);
  std::sort(cards.begin(), cards.end());
  cards.erase(std::unique(cards.begin(), cards.end()), cards.end());
  return cards;
}

void ClassesOfData(const DataSpec& spec, ClassList& classes, int& background) {
  classes.clear();
  background = -1;
  if (!spec.classes.empty()) {
    for (const std::string& name : spec.classes) classes.push_back({name, {}});
    const std::string wanted = spec.background.empty() ? "background" : spec.background;
    for (size_t i = 0; i < classes.size(); ++i) {
      if (classes[i].name == wanted) background = static_cast<int>(i);
      classes[i].color = DefaultClassColor(static_cast<int>(i));
    }
    if (background < 0 && !spec.background.empty() && spec.background != "none") {
      throw Error(ErrorCode::kInvalidArgument,
                  "the background class '" + spec.background + "' is not among the classes");
    }
    if (background >= 0) classes[static_cast<size_t>(background)].color = Rgb{};
    return;
  }
  fs::path card = spec.teacher;
  for (const ImageSet& set : spec.images) {
    if (card.empty()) card = set.teacher;
  }
  for (const VideoSet& set : spec.videos) {
    if (card.empty()) card = set.teacher;
  }
  if (card.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "label PNGs hold numbers; give the names of their classes (`classes:` in a data "
                "file), in the order of the numbers",
                Setting::kClasses);
  }
  const auto teacher = teacher::OpenTeacher(card);
  classes = teacher->classes();
  background = teacher->background();
}

Examples CollectExamples(const DataSpec& spec, const ExampleOptions& options) {
  return Collector(spec, options).Collect();
}

void LabelShare(const DataSpec& spec, const ExampleOptions& options, int rank, int ranks) {
  Collector(spec, options).LabelOnly(static_cast<size_t>(rank), static_cast<size_t>(ranks));
}

Picture LoadExample(const Example& example, int longest_side, int classes) {
  Image image = DecodeImage(example.image);
  const FrameSize own = image.size();
  image = Shrunk(image, longest_side);
  LabelMap label = video::ReadLabelPng(example.label);
  const FrameSize expected = example.label_shrunk ? image.size() : own;
  if (label.size() != expected) {
    throw Error(ErrorCode::kInvalidArgument,
                "the label " + example.label.string() + " is " + SizeText(label.size()) + ", but " +
                    example.image.string() + " is " + SizeText(expected));
  }
  for (const uint8_t value : label.labels()) {
    if (value >= classes && value != kUnknown) {
      throw Error(ErrorCode::kInvalidArgument, "the label " + example.label.string() +
                                                   " holds the class " + std::to_string(value) +
                                                   "; there are " + std::to_string(classes) +
                                                   " (0 and up), and 255 for what is not known");
    }
  }
  label = ShrunkLabel(label, image.size());
  return MakePicture(std::move(image), std::move(label));
}

}  // namespace shadowtutor::pretrain
