// Finds and loads the module that runs TorchScript networks (torch_module.h).
#include <dlfcn.h>

#include <cstring>
#include <filesystem>
#include <vector>

#include "shadowtutor/version.h"
#include "teacher/networks_internal.h"
#include "teacher/torch_module.h"

namespace shadowtutor::teacher::internal {
namespace {

// The file that holds this code, the program itself or libshadowtutor-teacher; empty if it is not
// known.
std::filesystem::path OwnFile() {
  std::error_code error;
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&OpenTorchNetwork), &info) && info.dli_fname) {
    const auto file = std::filesystem::canonical(info.dli_fname, error);
    if (!error) return file;
  }
  // A program that was started by its name alone.
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path() : program;
}

// The places of the module: beside the file that holds this code, where a package installs it, and
// the search path of the dynamic linker.
std::vector<std::string> Places() {
  std::vector<std::string> places;
  const std::filesystem::path folder = OwnFile().parent_path();
  if (!folder.empty()) {
    // Of a library in SHADOWTUTOR_LIBDIR the second, of a program in bin/ the third.
    for (const auto& place :
         {folder / kTorchModuleFile, folder / "shadowtutor" / kTorchModuleFile,
          folder.parent_path() / SHADOWTUTOR_LIBDIR / "shadowtutor" / kTorchModuleFile}) {
      std::error_code error;
      if (std::filesystem::exists(place, error)) places.push_back(place.string());
    }
  }
  places.emplace_back(kTorchModuleFile);
  return places;
}

TorchOpen Load() {
  std::string reasons;
  for (const std::string& place : Places()) {
    // The module is never unloaded, because libtorch keeps registries until the process ends.
    void* module = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!module) {
      const char* reason = dlerror();
      reasons += std::string(reasons.empty() ? "" : "; ") + (reason ? reason : "unknown reason");
      continue;
    }
    const auto version = reinterpret_cast<TorchVersion>(dlsym(module, kTorchVersionSymbol));
    const auto open = reinterpret_cast<TorchOpen>(dlsym(module, kTorchOpenSymbol));
    if (version && open && std::strcmp(version(), Version()) == 0) return open;
    reasons += (reasons.empty() ? "" : "; ") + place + " belongs to another version";
  }
  throw Error(
      ErrorCode::kFailedPrecondition,
      "TorchScript models need the module " + std::string(kTorchModuleFile) +
          ", which the package shadowtutor-torch brings, and which a build makes beside the "
          "program where libtorch is installed (Debian: libtorch-dev): " +
          OneLine(reasons));
}

}  // namespace

std::unique_ptr<Network> OpenTorchNetwork(const ModelCard& card) {
  static const TorchOpen open = Load();
  return std::unique_ptr<Network>(open(card));
}

}  // namespace shadowtutor::teacher::internal
