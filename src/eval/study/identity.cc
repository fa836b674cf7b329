#include "eval/study/identity.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "core/address_text.h"
#include "core/atomic_file.h"
#include "core/checksum.h"
#include "teacher/model_card.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxCardBytes = size_t{1} << 20;

std::string SizeAndTime(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  const auto time = fs::last_write_time(file, error);
  return std::to_string(error ? 0 : size) + " " +
         std::to_string(error ? 0 : time.time_since_epoch().count());
}

// What a query shows, such as the number of a camera, belongs to the identity, but it may also hold
// a password. So few digits of the hash do not give one away.
std::string AddressIdentity(const std::string& address) {
  std::string shown = WithoutCredentials(address);
  const size_t query = address.find('?');
  if (shown == address || query == std::string::npos) return shown;
  return shown + " " + ShortHash(std::string_view(address).substr(query)).substr(0, 8);
}

}  // namespace

std::string ShortHash(std::string_view text) {
  const uint64_t hash = Fnv1a64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

std::string FileIdentity(const std::string& path) {
  std::error_code error;
  const fs::path canonical = fs::canonical(path, error);
  if (error) return AddressIdentity(path);
  if (!fs::is_directory(canonical, error)) {
    return canonical.string() + " " + SizeAndTime(canonical);
  }
  std::vector<std::string> files;
  for (fs::directory_iterator entry(canonical, error), end; !error && entry != end;
       entry.increment(error)) {
    files.push_back(entry->path().filename().string() + " " + SizeAndTime(entry->path()));
  }
  std::sort(files.begin(), files.end());
  std::string all;
  for (const std::string& file : files) all += file + "\n";
  return canonical.string() + " " + std::to_string(files.size()) + " " + ShortHash(all);
}

std::string TeacherIdentity(const fs::path& card) {
  const teacher::ModelCard model = teacher::LoadModelCard(card);
  const auto text = ReadFile(card, kMaxCardBytes);
  const fs::path& behind = model.kind == teacher::Kind::kReplay ? model.folder : model.file;
  std::string operators;
  if (!model.operators.empty()) operators = FileIdentity(model.operators.string()) + " ";
  return FileIdentity(behind.string()) + " " + operators +
         ShortHash({reinterpret_cast<const char*>(text.data()), text.size()});
}

std::string ClassIdentity(const ClassList& classes) {
  std::string names;
  for (const ClassInfo& info : classes) names += info.name + "\n";
  return ShortHash(names);
}

}  // namespace shadowtutor::eval
