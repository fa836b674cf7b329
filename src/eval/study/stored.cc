#include "eval/study/stored.h"

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval {
namespace {

using Json = nlohmann::ordered_json;

// Enough for a run of ten million frames.
constexpr size_t kMaxStoredBytes = size_t{1} << 28;

Json AsJson(const StoredKey& key) {
  Json json = Json::object();
  for (const auto& [name, value] : key) json[name] = value;
  return json;
}

// Used for both sides of a comparison, so that paths that are not UTF-8 compare equal, too.
std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::optional<std::string> LoadStored(const std::filesystem::path& file, const StoredKey& key) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::nullopt;
  try {
    const auto bytes = ReadFile(file, kMaxStoredBytes);
    const Json json = Json::parse(bytes.begin(), bytes.end());
    if (Text(json.at("made_from")) != Text(AsJson(key))) return std::nullopt;
    return Text(json.at("result"));
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void Store(const std::filesystem::path& file, const StoredKey& key, const std::string& json) {
  Json whole;
  whole["made_from"] = AsJson(key);
  whole["result"] = Json::parse(json);
  WriteFileAtomically(file, Text(whole) + "\n");
}

}  // namespace shadowtutor::eval
