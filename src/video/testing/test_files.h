// For tests: temporary folders, small files, and errors.
#ifndef SHADOWTUTOR_VIDEO_TESTING_TEST_FILES_H_
#define SHADOWTUTOR_VIDEO_TESTING_TEST_FILES_H_

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::testing {

/// A new folder, which the destructor removes with all of its files.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "shadowtutor.XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void WriteText(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

inline std::string ReadText(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// An image of a single colour.
inline Image PlainImage(int width, int height, uint8_t b, uint8_t g, uint8_t r) {
  Image image(width, height);
  for (size_t i = 0; i < image.bytes().size(); i += 3) {
    image.bytes()[i] = b;
    image.bytes()[i + 1] = g;
    image.bytes()[i + 2] = r;
  }
  return image;
}

/// The Error that `body` throws; throws itself if there is none.
template <typename Body>
Error ErrorOf(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  throw std::runtime_error("nothing was thrown where an Error was expected");
}

inline bool Says(const Error& error, const std::string& part) {
  return std::string(error.what()).find(part) != std::string::npos;
}

}  // namespace shadowtutor::testing

#endif  // SHADOWTUTOR_VIDEO_TESTING_TEST_FILES_H_
