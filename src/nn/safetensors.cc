#include "nn/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "shadowtutor/types.h"

namespace shadowtutor::nn {
namespace {

static_assert(std::endian::native == std::endian::little,
              "arrays are copied as they lie in the file, which is little endian");

struct TypeRow {
  std::string_view name;
  size_t bytes;
};
// In the order of TensorType.
constexpr std::array<TypeRow, 13> kTypes = {{{"BOOL", 1},
                                             {"U8", 1},
                                             {"I8", 1},
                                             {"I16", 2},
                                             {"U16", 2},
                                             {"F16", 2},
                                             {"BF16", 2},
                                             {"I32", 4},
                                             {"U32", 4},
                                             {"F32", 4},
                                             {"F64", 8},
                                             {"I64", 8},
                                             {"U64", 8}}};

constexpr size_t kLengthBytes = 8;
constexpr std::string_view kMetadata = "__metadata__";

[[noreturn]] void Corrupt(const std::string& what) {
  throw Error(ErrorCode::kDataLoss, "not a sound safetensors file: " + what);
}

// A name from a file in quotes, shortened and without unprintable bytes, for error sentences.
std::string Quoted(std::string_view name) {
  std::string text = "'";
  for (const char c : name.substr(0, 64)) text += c >= ' ' && c < 0x7f ? c : '?';
  return text + (name.size() > 64 ? "...'" : "'");
}

// The bytes of an array of this type and shape; nullopt when the number overflows.
std::optional<size_t> BytesOf(TensorType type, std::span<const size_t> shape) {
  size_t bytes = ElementBytes(type);
  for (const size_t side : shape) {
    if (side != 0 && bytes > std::numeric_limits<size_t>::max() / side) return std::nullopt;
    bytes *= side;
  }
  return bytes;
}

struct Entry {
  std::string name;
  std::optional<TensorType> type;
  std::optional<std::vector<size_t>> shape;
  std::optional<std::vector<size_t>> offsets;
};

// Receives the header's events from the JSON parser. So no tree is built, which deep nesting could
// make too large, and names that come twice are noticed. A function that returns false ends the
// parse.
class HeaderReader {
 public:
  using json = nlohmann::json;

  const std::string& problem() const { return problem_; }
  std::vector<Entry>& entries() { return entries_; }
  std::map<std::string, std::string>& metadata() { return metadata_; }

  bool null() { return Unexpected("null"); }
  bool boolean(bool) { return Unexpected("a truth value"); }
  bool number_integer(json::number_integer_t) { return Unexpected("a negative number"); }
  bool number_float(json::number_float_t, const std::string&) { return Unexpected("a fraction"); }
  bool binary(json::binary_t&) { return Unexpected("binary data"); }

  bool number_unsigned(json::number_unsigned_t value) {
    if (!array_) return Unexpected("a number");
    const bool offsets = field_ == Field::kOffsets;
    if (array_->size() == (offsets ? 2 : kMaxSafetensorsRank)) {
      return Stop((offsets ? "more than two offsets for " : "too many dimensions for ") +
                  Quoted(entries_.back().name));
    }
    // Where a size has 32 bits, a larger number must not come out as a small one.
    array_->push_back(
        static_cast<size_t>(std::min<uint64_t>(value, std::numeric_limits<size_t>::max())));
    return true;
  }

  bool string(std::string& value) {
    if (place_ == Place::kMetadata) {
      if (!metadata_.emplace(key_, value).second) {
        return Stop("the metadata " + Quoted(key_) + " is given twice");
      }
      return true;
    }
    if (place_ != Place::kTensor || array_ || field_ != Field::kType) return Unexpected("a text");
    Entry& entry = entries_.back();
    if (entry.type) return Stop(Quoted(entry.name) + " has two dtypes");
    for (size_t i = 0; i < kTypes.size(); ++i) {
      if (kTypes[i].name == value) entry.type = static_cast<TensorType>(i);
    }
    return entry.type || Stop(Quoted(entry.name) + " has the unknown dtype " + Quoted(value));
  }

  bool start_object(size_t) {
    if (place_ == Place::kOutside) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTop && key_ == kMetadata) {
      if (std::exchange(metadata_seen_, true)) return Stop("it has two __metadata__");
      place_ = Place::kMetadata;
    } else if (place_ == Place::kTop) {
      if (!names_.insert(key_).second) return Stop(Quoted(key_) + " is there twice");
      if (entries_.size() == kMaxSafetensorsTensors) {
        return Stop("it has more than " + std::to_string(kMaxSafetensorsTensors) + " tensors");
      }
      entries_.push_back({key_, {}, {}, {}});
      place_ = Place::kTensor;
    } else {
      return Unexpected("an object");
    }
    return true;
  }

  bool key(std::string& value) {
    key_ = value;
    if (place_ != Place::kTensor) return true;
    if (key_ == "dtype") {
      field_ = Field::kType;
    } else if (key_ == "shape") {
      field_ = Field::kShape;
    } else if (key_ == "data_offsets") {
      field_ = Field::kOffsets;
    } else {
      return Stop(Quoted(entries_.back().name) + " has the unknown field " + Quoted(key_));
    }
    return true;
  }

  bool end_object() {
    place_ = place_ == Place::kTop ? Place::kOutside : Place::kTop;
    return true;
  }

  bool start_array(size_t) {
    if (place_ != Place::kTensor || array_ || field_ == Field::kType) {
      return Unexpected("an array");
    }
    Entry& entry = entries_.back();
    auto& target = field_ == Field::kShape ? entry.shape : entry.offsets;
    if (target) return Stop(Quoted(entry.name) + " has a field twice");
    array_ = &target.emplace();
    return true;
  }

  bool end_array() {
    array_ = nullptr;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const json::exception&) {
    return Stop("its header stops being JSON at byte " + std::to_string(position));
  }

 private:
  enum class Place { kOutside, kTop, kMetadata, kTensor };
  enum class Field { kType, kShape, kOffsets };

  bool Stop(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool Unexpected(const char* what) {
    return Stop(std::string("its header has ") + what + " where none is allowed, near " +
                Quoted(key_));
  }

  Place place_ = Place::kOutside;
  Field field_ = Field::kType;
  std::string key_;
  std::vector<size_t>* array_ = nullptr;  // the list of numbers being read, in the last entry
  std::vector<Entry> entries_;
  std::set<std::string> names_;
  std::map<std::string, std::string> metadata_;
  bool metadata_seen_ = false;
  std::string problem_;
};

TensorView Checked(const Entry& entry, std::span<const uint8_t> data) {
  const std::string name = Quoted(entry.name);
  if (!entry.type || !entry.shape || !entry.offsets || entry.offsets->size() != 2) {
    Corrupt(name + " lacks its dtype, its shape or its two offsets");
  }
  const size_t begin = (*entry.offsets)[0], end = (*entry.offsets)[1];
  if (begin > end || end > data.size()) {
    Corrupt(name + " lies outside the file (the file may be truncated)");
  }
  const auto bytes = BytesOf(*entry.type, *entry.shape);
  if (!bytes || *bytes != end - begin) Corrupt("the shape of " + name + " does not fit its bytes");
  return {entry.name, *entry.type, *entry.shape, data.subspan(begin, end - begin)};
}

// Checks that the arrays fill the data from beginning to end without gaps or overlaps.
void CheckCoverage(const std::vector<TensorView>& tensors, std::span<const uint8_t> data) {
  std::vector<std::pair<size_t, size_t>> ranges;
  for (const auto& tensor : tensors) {
    const size_t begin = static_cast<size_t>(tensor.bytes.data() - data.data());
    ranges.emplace_back(begin, begin + tensor.bytes.size());
  }
  std::sort(ranges.begin(), ranges.end());
  size_t filled = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != filled) Corrupt("its tensors overlap or leave a gap");
    filled = end;
  }
  if (filled != data.size()) Corrupt("bytes follow its last tensor");
}

void CheckBound(size_t bytes, size_t most, const char* what) {
  if (bytes > most) {
    throw Error(ErrorCode::kResourceExhausted, std::string(what) + " has " + std::to_string(bytes) +
                                                   " bytes; at most " + std::to_string(most) +
                                                   " are allowed");
  }
}

}  // namespace

size_t ElementBytes(TensorType type) { return kTypes[static_cast<size_t>(type)].bytes; }
std::string_view TensorTypeName(TensorType type) { return kTypes[static_cast<size_t>(type)].name; }

const TensorView* Safetensors::Find(std::string_view name) const {
  const auto found = std::lower_bound(
      tensors.begin(), tensors.end(), name,
      [](const TensorView& tensor, std::string_view n) { return tensor.name < n; });
  return found != tensors.end() && found->name == name ? &*found : nullptr;
}

Safetensors ParseSafetensors(std::span<const uint8_t> bytes) {
  CheckBound(bytes.size(), kMaxSafetensorsBytes, "the safetensors file");
  if (bytes.size() < kLengthBytes) Corrupt("it is too short for its header's length");
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > bytes.size() - kLengthBytes) Corrupt("its header is longer than the file");
  CheckBound(static_cast<size_t>(length), kMaxSafetensorsHeader, "the safetensors header");
  const auto header = bytes.subspan(kLengthBytes, static_cast<size_t>(length));
  const auto data = bytes.subspan(kLengthBytes + static_cast<size_t>(length));

  HeaderReader reader;
  if (!nlohmann::json::sax_parse(header.begin(), header.end(), &reader)) {
    Corrupt(reader.problem());
  }
  Safetensors file;
  for (const Entry& entry : reader.entries()) file.tensors.push_back(Checked(entry, data));
  CheckCoverage(file.tensors, data);
  std::sort(file.tensors.begin(), file.tensors.end(),
            [](const TensorView& a, const TensorView& b) { return a.name < b.name; });
  file.metadata = std::move(reader.metadata());
  return file;
}

std::vector<uint8_t> SerializeSafetensors(std::span<const TensorView> tensors,
                                          const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[std::string(kMetadata)] = metadata;
  if (tensors.size() > kMaxSafetensorsTensors) {
    throw Error(ErrorCode::kResourceExhausted, "too many tensors for one safetensors file");
  }
  size_t offset = 0;
  for (const auto& tensor : tensors) {
    if (tensor.name == kMetadata || header.contains(tensor.name)) {
      throw Error(ErrorCode::kInvalidArgument,
                  "two tensors are called " + Quoted(tensor.name) + ", or the name is reserved");
    }
    if (BytesOf(tensor.type, tensor.shape) != tensor.bytes.size()) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the shape of " + Quoted(tensor.name) + " does not fit its bytes");
    }
    const size_t end = offset + tensor.bytes.size();
    header[tensor.name] = {{"dtype", std::string(TensorTypeName(tensor.type))},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorCode::kInvalidArgument, "a name or the metadata is not UTF-8 text");
  }
  // As other writers do, pads the header with spaces so that the data begins at a multiple of 8.
  text.append((8 - text.size() % 8) % 8, ' ');
  CheckBound(text.size(), kMaxSafetensorsHeader, "the safetensors header");
  CheckBound(kLengthBytes + text.size() + offset, kMaxSafetensorsBytes, "the safetensors file");

  std::vector<uint8_t> bytes(kLengthBytes + text.size() + offset);
  const uint64_t length = text.size();
  std::memcpy(bytes.data(), &length, kLengthBytes);
  std::memcpy(bytes.data() + kLengthBytes, text.data(), text.size());
  uint8_t* to = bytes.data() + kLengthBytes + text.size();
  for (const auto& tensor : tensors) {
    if (!tensor.bytes.empty()) std::memcpy(to, tensor.bytes.data(), tensor.bytes.size());
    to += tensor.bytes.size();
  }
  return bytes;
}

}  // namespace shadowtutor::nn
