#include "teacher/runtime_module.h"

#include <dlfcn.h>

#include <cstring>
#include <filesystem>
#include <vector>

#include "shadowtutor/version.h"

namespace shadowtutor::teacher::internal {
namespace {

// The file that holds this code, the program itself or libshadowtutor-teacher; empty if it is not
// known.
std::filesystem::path OwnFile() {
  std::error_code error;
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&LoadRuntimeModule), &info) && info.dli_fname) {
    const auto file = std::filesystem::canonical(info.dli_fname, error);
    if (!error) return file;
  }
  // A program that was started by its name alone.
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path() : program;
}

std::vector<std::string> Places(const char* file) {
  std::vector<std::string> places;
  const std::filesystem::path folder = OwnFile().parent_path();
  if (!folder.empty()) {
    // Of a library in SHADOWTUTOR_LIBDIR the second, of a program in bin/ the third.
    for (const auto& place : {folder / file, folder / "shadowtutor" / file,
                              folder.parent_path() / SHADOWTUTOR_LIBDIR / "shadowtutor" / file}) {
      std::error_code error;
      if (std::filesystem::exists(place, error)) places.push_back(place.string());
    }
  }
  places.emplace_back(file);
  return places;
}

}  // namespace

LoadedModule LoadRuntimeModule(const RuntimeModule& module) {
  LoadedModule loaded;
  for (const std::string& place : Places(module.file)) {
    std::string& reasons = loaded.reasons;
    void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      const char* reason = dlerror();
      reasons += std::string(reasons.empty() ? "" : "; ") + (reason ? reason : "unknown reason");
      continue;
    }
    const auto version = reinterpret_cast<ModuleVersion>(dlsym(library, module.version_symbol));
    const auto open = reinterpret_cast<ModuleOpen>(dlsym(library, module.open_symbol));
    if (version && open && std::strcmp(version(), Version()) == 0) {
      loaded.open = open;
      return loaded;
    }
    reasons += (reasons.empty() ? "" : "; ") + place + " belongs to another version";
  }
  return loaded;
}

}  // namespace shadowtutor::teacher::internal
