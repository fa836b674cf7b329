#include "eval/page/report_page.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "eval/page/embedded.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval {
namespace {

using json = nlohmann::ordered_json;  // the page shows things in the file's order

constexpr size_t kMostResultBytes = size_t{256} << 20;
constexpr size_t kMostImageBytes = size_t{8} << 20;
constexpr size_t kMostImages = 400;
constexpr size_t kMostSettings = 200;
constexpr char kSettings[] = "settings";

// The length of the UTF-8 sequence at the start of `text`; 0 if there is none. Overlong forms and
// surrogates are left to the JSON parser's own check, which follows.
size_t SequenceLength(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t length = lead < 0x80             ? 1
                        : (lead & 0xe0) == 0xc0 ? 2
                        : (lead & 0xf0) == 0xe0 ? 3
                        : (lead & 0xf8) == 0xf0 ? 4
                                                : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xc0) != 0x80) return 0;
  }
  return length;
}

// File names need not be UTF-8; invalid bytes become the replacement character.
std::string AsUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const size_t length = SequenceLength(bytes);
    if (length == 0) {
      text += "\xef\xbf\xbd";
      bytes.remove_prefix(1);
    } else {
      text += bytes.substr(0, length);
      bytes.remove_prefix(length);
    }
  }
  return text;
}

std::string Base64(const std::vector<uint8_t>& bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](size_t j) { return j < bytes.size() ? uint32_t{bytes[j]} : 0; };
    const uint32_t three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    for (size_t digit = 0; digit < 4; ++digit) {
      text += i + digit <= bytes.size() ? kDigits[three >> (18 - 6 * digit) & 63] : '=';
    }
  }
  return text;
}

const char* MediaType(const std::filesystem::path& file) {
  const std::string extension = file.extension().string();
  if (extension == ".jpg" || extension == ".jpeg") return "image/jpeg";
  if (extension == ".png") return "image/png";
  return nullptr;
}

// The image as a data URL; nullopt if it cannot be read. `name` comes from a file, so it must not
// lead out of the folder.
std::optional<std::string> ImageAddress(const std::filesystem::path& folder,
                                        const std::string& name) {
  const std::filesystem::path relative = std::filesystem::path(name).lexically_normal();
  const char* type = MediaType(relative);
  if (relative.is_absolute() || relative.empty() || *relative.begin() == ".." || !type) {
    return std::nullopt;
  }
  try {
    return std::string("data:") + type + ";base64," +
           Base64(ReadFile(folder / relative, kMostImageBytes));
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Replaces the images' names by the images themselves, or by null for those that cannot be read.
void InlineImages(const std::filesystem::path& folder, json& results) {
  const auto samples = results.find("samples");
  if (samples == results.end() || !samples->is_array()) return;
  size_t images = 0;
  for (json& sample : *samples) {
    if (!sample.is_object() || !sample.contains("images") || !sample["images"].is_object())
      continue;
    for (auto& [label, image] : sample["images"].items()) {
      std::optional<std::string> address;
      if (image.is_string() && images++ < kMostImages) {
        address = ImageAddress(folder, image.get<std::string>());
      }
      image = address ? json(*std::move(address)) : json(nullptr);
    }
  }
}

json ReadResults(const std::filesystem::path& file) {
  const auto bytes = ReadFile(file, kMostResultBytes);
  const std::string text = AsUtf8({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  json results = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() + " is not an evaluation's results: " + why +
                    "; an evaluation that keeps its results in a folder writes such a file",
                Setting::kOutput);
  };
  if (results.is_discarded()) refuse("it is not JSON");
  for (const char* key : {"clips", "runs"}) {
    if (!results.is_object() || !results.contains(key) || !results[key].is_array()) {
      refuse(std::string("it has no list of ") + key);
    }
    for (const json& item : results[key]) {
      if (!item.is_object()) refuse(std::string("an entry of ") + key + " is not an object");
    }
  }
  return results;
}

// The folders in FOLDER/settings that hold results, by name.
std::vector<std::filesystem::path> SettingFolders(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder / kSettings, error)) {
    std::error_code missing;
    if (std::filesystem::is_regular_file(entry.path() / "results.json", missing)) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  if (found.size() > kMostSettings) found.resize(kMostSettings);
  return found;
}

// Adds the runs of further settings, without what belongs to single frames.
void AddSettings(const std::filesystem::path& folder, json& results) {
  results.erase(kSettings);
  for (const std::filesystem::path& setting : SettingFolders(folder)) {
    json runs = ReadResults(setting / "results.json")["runs"];
    for (json& run : runs) {
      for (const char* key : {"miou", "key_frame_indices", "strides", "policy_parts"})
        run.erase(key);
    }
    results[kSettings].push_back(
        {{"name", AsUtf8(setting.filename().string())}, {"runs", std::move(runs)}});
  }
}

// JSON between <script> tags: no "</script>" or "<!--" may end or open anything there.
std::string ForScriptElement(const json& value) {
  std::string text;
  for (const char c : value.dump(-1, ' ', false, json::error_handler_t::replace)) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

// The page with each "{{name}}" replaced by its part; the parts themselves are not searched for
// names.
std::string Fill(std::string_view page,
                 const std::vector<std::pair<std::string_view, std::string_view>>& parts) {
  std::string text;
  while (!page.empty()) {
    const size_t open = page.find("{{");
    text += page.substr(0, open);
    if (open == std::string_view::npos) break;
    const size_t close = page.find("}}", open);
    if (close == std::string_view::npos) {
      throw Error(ErrorCode::kInternal, "the report page's template has an open {{");
    }
    const std::string_view name = page.substr(open + 2, close - open - 2);
    bool known = false;
    for (const auto& [key, part] : parts) {
      if (key != name) continue;
      text += part;
      known = true;
    }
    if (!known) {
      throw Error(ErrorCode::kInternal,
                  "the report page's template names an unknown part: " + std::string(name));
    }
    page.remove_prefix(close + 2);
  }
  return text;
}

}  // namespace

void RefuseForeignPage(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "report.html";
  std::error_code error;
  const auto status = std::filesystem::symlink_status(file, error);
  if (!std::filesystem::exists(status)) return;
  if (std::filesystem::is_regular_file(status)) {
    std::string start(2048, 0);
    std::ifstream(file, std::ios::binary)
        .read(start.data(), static_cast<std::streamsize>(start.size()));
    // Pages of earlier versions have no mark, but always the same title.
    for (const char* mark : {"<meta name=\"generator\" content=\"shadowtutor\">",
                             "<title>ShadowTutor: evaluation</title>"}) {
      if (start.find(mark) != std::string::npos) return;
    }
  }
  throw Error(
      ErrorCode::kInvalidArgument,
      file.string() + " is no page of an earlier evaluation and would be replaced; move it away",
      Setting::kOutput);
}

void WriteReportPage(const std::filesystem::path& folder) {
  RefuseForeignPage(folder);
  json results = ReadResults(folder / "results.json");
  InlineImages(folder, results);
  AddSettings(folder, results);
  WriteFileAtomically(folder / "report.html",
                      Fill(page::kHtml, {{"css", page::kCss},
                                         {"script", page::kScript},
                                         {"chart-css", page::kChartCss},
                                         {"chart-script", page::kChartScript},
                                         {"chart-licence", page::kChartLicence},
                                         {"results", ForScriptElement(results)}}));
}

}  // namespace shadowtutor::eval
