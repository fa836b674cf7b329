// Finds and loads the module that runs TorchScript networks (torch_module.h).
#include <dlfcn.h>

#include <cstring>
#include <filesystem>
#include <vector>

#include "teacher/networks_internal.h"
#include "teacher/torch_module.h"

namespace shadowtutor::teacher::internal {
namespace {

// The places of the module: beside the program, where a package installs it, and the search path of
// the dynamic linker.
std::vector<std::string> Places() {
  std::vector<std::string> places;
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const std::filesystem::path folder = program.parent_path();
    for (const auto& place :
         {folder / kTorchModuleFile, folder.parent_path() / "lib/shadowtutor" / kTorchModuleFile}) {
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
    if (version && open && std::strcmp(version(), SHADOWTUTOR_VERSION) == 0) return open;
    reasons += (reasons.empty() ? "" : "; ") + place + " belongs to another version";
  }
  throw Error(ErrorCode::kFailedPrecondition,
              "TorchScript models need the module " + std::string(kTorchModuleFile) +
                  ", which is built where libtorch is installed (Debian: libtorch-dev) and lies "
                  "beside the program: " +
                  OneLine(reasons));
}

}  // namespace

std::unique_ptr<Network> OpenTorchNetwork(const ModelCard& card) {
  static const TorchOpen open = Load();
  return std::unique_ptr<Network>(open(card));
}

}  // namespace shadowtutor::teacher::internal
