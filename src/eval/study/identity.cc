#include "eval/study/identity.h"

#include <cstdio>
#include <system_error>

#include "core/address_text.h"
#include "core/checksum.h"
#include "core/fingerprint.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher_fingerprint.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;

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
  if (!fs::exists(path, error)) return AddressIdentity(path);
  try {
    return SourceFingerprint(path);
  } catch (const Error&) {
    return path;  // it cannot be read, which whoever opens it will say
  }
}

std::string TeacherIdentity(const fs::path& card) {
  try {
    const teacher::TeacherFingerprint teacher = teacher::FingerprintOfTeacher(card);
    return teacher.card + " " + teacher.network;
  } catch (const Error&) {
    teacher::OpenTeacher(card);  // knows better what is wrong
    throw;
  }
}

std::string ClassIdentity(const ClassList& classes) {
  std::string names;
  for (const ClassInfo& info : classes) names += info.name + "\n";
  return ShortHash(names);
}

}  // namespace shadowtutor::eval
