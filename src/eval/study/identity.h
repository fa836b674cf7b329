// Texts that identify what a stored result was made from. A text changes when its file, card or
// class list changes.
#ifndef SHADOWTUTOR_EVAL_STUDY_IDENTITY_H_
#define SHADOWTUTOR_EVAL_STUDY_IDENTITY_H_

#include <filesystem>
#include <string>
#include <string_view>

#include "shadowtutor/types.h"

namespace shadowtutor::eval {

/// The fingerprint of a file's or folder's content (core/fingerprint.h); for an address the address
/// without passwords, and 8 digits of a hash of its query, which tells such addresses apart; for a
/// missing file `path` itself. Errors of the file system do not throw.
std::string FileIdentity(const std::string& path);

/// The fingerprints of what a model card says and of the network or the labels that it names.
/// Throws Error as teacher::LoadModelCard and OpenTeacher.
std::string TeacherIdentity(const std::filesystem::path& card);

/// The names of the classes, in their order.
std::string ClassIdentity(const ClassList& classes);

/// A hash of `text` as 16 hexadecimal digits.
std::string ShortHash(std::string_view text);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_IDENTITY_H_
