#include "eval/study/identity.h"

#include <cstdio>

#include "core/address_text.h"
#include "core/checksum.h"
#include "core/fingerprint.h"
#include "teacher/teacher_fingerprint.h"

namespace shadowtutor::eval {
namespace fs = std::filesystem;

std::string ShortHash(std::string_view text) {
  const uint64_t hash = Fnv1a64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

std::string FileIdentity(const std::string& path) {
  try {
    return SourceFingerprint(path);
  } catch (const Error&) {
    return WithoutCredentials(path);  // it cannot be read, which whoever opens it will say
  }
}

std::string TeacherIdentity(const fs::path& card) {
  try {
    const teacher::TeacherFingerprint teacher = teacher::FingerprintOfTeacher(card);
    return teacher.card + " " + teacher.network;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kNotFound) {
      if (fs::exists(card)) return "unreadable";  // which whoever opens the teacher will say
    }
    throw;
  }
}

std::string ClassIdentity(const ClassList& classes) {
  std::string names;
  for (const ClassInfo& info : classes) names += info.name + "\n";
  return ShortHash(names);
}

}  // namespace shadowtutor::eval
