#include "messages/plain_wire.h"

#include <bit>
#include <cstring>

#include "core/untrusted_text.h"

namespace shadowtutor::messages {
namespace {

// Fixed values are copied as they lie in memory, and the encoding has them in little endian.
static_assert(std::endian::native == std::endian::little);

constexpr uint32_t kVarint = 0, kFixed64 = 1, kBytes = 2, kGroup = 3, kGroupEnd = 4, kFixed32 = 5;
constexpr int kMaxVarintBytes = 10, kMaxTagBytes = 5;

uint32_t KindOf(uint32_t tag) { return tag & 7; }

}  // namespace

void WireReader::Fail() {
  failed_ = true;
  rest_ = {};
}

uint64_t WireReader::ReadVarint(int max_bytes) {
  uint64_t value = 0;
  for (int i = 0; i < max_bytes && !rest_.empty(); ++i) {
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte < 0x80) return value;
  }
  Fail();
  return 0;
}

bool WireReader::Next() {
  if (rest_.empty()) return false;
  tag_ = static_cast<uint32_t>(ReadVarint(kMaxTagBytes));
  const uint32_t kind = KindOf(tag_);
  if (tag_ >> 3 == 0 || kind > kFixed32) Fail();
  return !failed_;
}

uint64_t WireReader::Varint() { return ReadVarint(kMaxVarintBytes); }

uint64_t WireReader::Fixed64() {
  uint64_t value = 0;
  if (rest_.size() < sizeof(value)) {
    Fail();
    return 0;
  }
  std::memcpy(&value, rest_.data(), sizeof(value));
  rest_.remove_prefix(sizeof(value));
  return value;
}

uint32_t WireReader::Fixed32() {
  uint32_t value = 0;
  if (rest_.size() < sizeof(value)) {
    Fail();
    return 0;
  }
  std::memcpy(&value, rest_.data(), sizeof(value));
  rest_.remove_prefix(sizeof(value));
  return value;
}

std::string_view WireReader::Bytes() {
  // As wide as 64 bits everywhere, so that no length becomes another one.
  const uint64_t size = ReadVarint(kMaxTagBytes);
  if (failed_ || size > rest_.size()) {
    Fail();
    return {};
  }
  const std::string_view bytes = rest_.substr(0, static_cast<size_t>(size));
  rest_.remove_prefix(bytes.size());
  return bytes;
}

std::string_view WireReader::Text() {
  const std::string_view text = Bytes();
  if (IsUtf8(text)) return text;
  Fail();
  return {};
}

void WireReader::Skip() {
  switch (KindOf(tag_)) {
    case kVarint:
      Varint();
      return;
    case kFixed64:
      Fixed64();
      return;
    case kBytes:
      Bytes();
      return;
    case kFixed32:
      Fixed32();
      return;
    case kGroup:
      return SkipGroup();
    default:  // the end of a group that did not begin
      Fail();
  }
}

// Groups within the group are counted instead of called for, but the innermost one must end first.
void WireReader::SkipGroup() {
  uint32_t open[kMaxDepth];
  int groups = 0;
  do {
    if (KindOf(tag_) == kGroup) {
      if (groups >= depth_) return Fail();
      open[groups++] = tag_ >> 3;
    } else if (KindOf(tag_) == kGroupEnd) {
      if (open[--groups] != tag_ >> 3) return Fail();
    } else {
      Skip();
    }
  } while (groups > 0 && Next());
  if (groups > 0) Fail();
}

void WireWriter::AddVarint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
}

void WireWriter::Varint(uint32_t tag, uint64_t value) {
  AddVarint(tag);
  AddVarint(value);
}

void WireWriter::Fixed64(uint32_t tag, uint64_t value) {
  AddVarint(tag);
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void WireWriter::Fixed32(uint32_t tag, uint32_t value) {
  AddVarint(tag);
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void WireWriter::Bytes(uint32_t tag, std::string_view value) {
  AddVarint(tag);
  AddVarint(value.size());
  bytes_ += value;
}

}  // namespace shadowtutor::messages
