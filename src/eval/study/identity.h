// What a stored result was made from, as text that changes when any of it does.
#ifndef SHADOWTUTOR_EVAL_STUDY_IDENTITY_H_
#define SHADOWTUTOR_EVAL_STUDY_IDENTITY_H_

#include <filesystem>
#include <string>
#include <string_view>

#include "shadowtutor/types.h"

namespace shadowtutor::eval {

/// A file: its canonical path, size and time of change. A folder: the same of every file in it,
/// hashed. What is neither (an address, a missing file): the text itself. Never throws for what is
/// on disk.
std::string FileIdentity(const std::string& path);

/// A model card's text, and the identity of the model or of the labels that it names. Throws Error
/// as teacher::LoadModelCard.
std::string TeacherIdentity(const std::filesystem::path& card);

/// Names, in their order.
std::string ClassIdentity(const ClassList& classes);

/// 16 hexadecimal digits.
std::string ShortHash(std::string_view text);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_IDENTITY_H_
