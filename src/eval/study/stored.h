// Results on disk, each of which is valid as long as what it was made from stays the same.
#ifndef SHADOWTUTOR_EVAL_STUDY_STORED_H_
#define SHADOWTUTOR_EVAL_STUDY_STORED_H_

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace shadowtutor::eval {

/// What a result was made from, by name.
using StoredKey = std::map<std::string, std::string>;

/// The JSON text that Store wrote to `file` with the same key; absent when the file does not exist,
/// is damaged, or has another key.
std::optional<std::string> LoadStored(const std::filesystem::path& file, const StoredKey& key);

/// Writes a result and its key; `json` is the text of one JSON value. Throws Error kUnavailable
/// when it cannot be written.
void Store(const std::filesystem::path& file, const StoredKey& key, const std::string& json);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_STORED_H_
