#include "eval/study/foreign_results.h"

#include <fstream>
#include <string>
#include <system_error>

#include "shadowtutor/types.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Refuse(const fs::path& folder, const std::string& file) {
  throw Error(ErrorCode::kInvalidArgument,
              folder.string() + " holds " + file +
                  ", which is not of an earlier evaluation and would be replaced; choose another "
                  "folder",
              Setting::kOutput);
}

bool IsThere(const fs::path& file) {
  std::error_code error;
  return fs::exists(fs::symlink_status(file, error));  // also a link that leads nowhere
}

bool IsLink(const fs::path& file) {
  std::error_code error;
  return fs::is_symlink(fs::symlink_status(file, error));
}

// The first bytes of a file; nothing if it is a link, or no file.
std::string StartOf(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(file, error))) return "";
  std::string start(64, 0);
  std::ifstream stream(file, std::ios::binary);
  stream.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(stream.gcount()));
  return start;
}

// Results begin with the name of the program.
bool IsOurs(const fs::path& file) {
  const std::string start = StartOf(file);
  const std::string name = file.filename().string();
  if (name == "results.json") return start.find("\"shadowtutor\"") != std::string::npos;
  if (name == "runs.csv") return start.starts_with(kRunsCsvStart);
  if (name == "frames.csv") return start.starts_with(kFramesCsvStart);
  if (name == "live.csv") return start.starts_with(kLiveCsvStart);
  return start.starts_with(kStoredStart);
}

// Throws unless all stored results in a folder are an evaluation's. Returns whether there is one.
bool RefuseForeignStored(const fs::path& folder, const char* part) {
  bool found = false;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder / part, error)) {
    if (entry.path().extension() != ".json") continue;
    if (!IsOurs(entry.path())) {
      Refuse(folder, (fs::path(part) / entry.path().filename()).string());
    }
    found = true;
  }
  return found;
}

}  // namespace

void RefuseForeignResults(const fs::path& folder) {
  for (const char* name : {"results.json", "runs.csv", "frames.csv", "live.csv"}) {
    if (IsThere(folder / name) && !IsOurs(folder / name)) Refuse(folder, name);
  }
  for (const char* part : {"clips", "runs", "samples", "labels", "live"}) {
    if (IsLink(folder / part)) Refuse(folder, std::string("the link ") + part);
  }
  const bool ours = RefuseForeignStored(folder, "clips");
  RefuseForeignStored(folder, "runs");
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder / "samples", error)) {
    if (entry.path().extension() != ".jpg") continue;
    if (!ours || IsLink(entry.path())) {
      Refuse(folder, "samples/" + entry.path().filename().string());
    }
  }
}

}  // namespace shadowtutor::eval
