// Fingerprints of teachers, by which what a teacher has made is known to be still valid.
#ifndef SHADOWTUTOR_TEACHER_TEACHER_FINGERPRINT_H_
#define SHADOWTUTOR_TEACHER_TEACHER_FINGERPRINT_H_

#include <filesystem>
#include <string>

namespace shadowtutor::teacher {

struct TeacherFingerprint {
  std::string card;  // what the card says
  // The contents of the network's files, of the label folder, or of the file of a Python function;
  // of a model on a server its address, name and version.
  std::string network;
};

/// `card` does not change with what has no effect on labels: comments, the order of keys, notes,
/// colours, the device, the names of files. `network` covers the weights that lie in other files
/// and a library of operators, and nothing that a Python file imports or opens. Reads the network's
/// files whole (core/fingerprint.h). Throws Error as LoadModelCard, and kUnavailable when a file
/// cannot be read. Thread safety: any thread.
TeacherFingerprint FingerprintOfTeacher(const std::filesystem::path& card);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_TEACHER_FINGERPRINT_H_
