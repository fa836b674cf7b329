// An adaptive binary range coder: the entropy coder of our own payloads (updates, label maps).
//
// Each binary decision is coded with the probability that its context has learned from the
// decisions before it. Only integers are involved, so encoder and decoder agree on every machine.
// (The arithmetic is that of Martin's range coder, 1979, with the carry propagated through pending
// bytes; the mean of a fast and a slow estimate is as in many video codecs.)
#ifndef SHADOWTUTOR_WIRE_RANGE_CODER_H_
#define SHADOWTUTOR_WIRE_RANGE_CODER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace shadowtutor::wire {

/// The probability that a decision is 1, learned from what was decided. Starts at one half.
class AdaptiveBit {
 public:
  /// In units of 2^-kBits, at least 1 and below 2^kBits.
  static constexpr int kBits = 15;
  uint32_t probability() const {
    return ((static_cast<uint32_t>(fast_) + slow_) >> (17 - kBits)) | 1;
  }
  void Learn(bool bit) {
    // The first decisions move the estimates more, so that little is lost until they are good.
    if (seen_ < kSlow) ++seen_;
    const int fast = seen_ < kFast ? seen_ : kFast, slow = seen_;
    if (bit) {
      fast_ = static_cast<uint16_t>(fast_ + ((0xffff - fast_) >> fast));
      slow_ = static_cast<uint16_t>(slow_ + ((0xffff - slow_) >> slow));
    } else {
      fast_ = static_cast<uint16_t>(fast_ - (fast_ >> fast));
      slow_ = static_cast<uint16_t>(slow_ - (slow_ >> slow));
    }
  }

 private:
  static constexpr int kFast = 4,
                       kSlow = 7;  // a decision moves the estimates by 2^-4 and 2^-7, in the end
  uint16_t fast_ = 0x8000, slow_ = 0x8000;
  uint8_t seen_ = 0;  // decisions, up to kSlow
};

/// Stands behind the last decision, so that damaged bytes are mostly noticed.
inline constexpr uint32_t kRangeCoderEnd = 0xa5;

/// Thread safety: one thread at a time.
class RangeEncoder {
 public:
  void Encode(AdaptiveBit& context, bool bit) {
    const uint32_t split = (range_ >> AdaptiveBit::kBits) * context.probability();
    context.Learn(bit);
    if (bit) {
      range_ = split;
    } else {
      low_ += split;
      range_ -= split;
    }
    Normalize();
  }
  /// The lowest `count` bits of `value`, at most 16, each as likely 0 as 1.
  void EncodeEqual(uint32_t value, int count) {
    range_ >>= count;
    low_ += static_cast<uint64_t>(value) * range_;
    Normalize();
  }
  /// The bytes of all decisions. The encoder must not be used afterwards.
  std::vector<uint8_t> Finish() {
    EncodeEqual(kRangeCoderEnd, 8);
    // The shortest number within the range; the decoder reads zeros behind the end.
    for (int bits = 24; bits >= 0; bits -= 8) {
      const uint64_t mask = (uint64_t{1} << bits) - 1;
      const uint64_t value = (low_ + mask) & ~mask;
      if (value < low_ + range_) {
        low_ = value;
        break;
      }
    }
    for (int i = 0; i < 5; ++i) ShiftLow();
    for (int i = 0; i < 4 && !bytes_.empty() && bytes_.back() == 0; ++i) bytes_.pop_back();
    return std::move(bytes_);
  }
  /// Bytes so far, give or take five.
  size_t size() const { return bytes_.size() + pending_; }

 private:
  void Normalize() {
    while (range_ < (uint32_t{1} << 24)) {
      range_ <<= 8;
      ShiftLow();
    }
  }
  // Moves out the highest byte of `low_`, once no carry can change it any more.
  void ShiftLow() {
    if (low_ < 0xff000000u || low_ > 0xffffffffu) {
      const auto carry = static_cast<uint8_t>(low_ >> 32);
      if (begun_) bytes_.push_back(static_cast<uint8_t>(cache_ + carry));
      for (; pending_ > 0; --pending_) bytes_.push_back(static_cast<uint8_t>(0xff + carry));
      cache_ = static_cast<uint8_t>(low_ >> 24);
      begun_ = true;
    } else {
      ++pending_;
    }
    low_ = (low_ & 0x00ffffffu) << 8;
  }

  uint64_t low_ = 0;
  uint32_t range_ = 0xffffffffu;
  uint8_t cache_ = 0;
  bool begun_ = false;  // whether `cache_` holds a byte
  size_t pending_ = 0;  // bytes of 0xff behind `cache_`
  std::vector<uint8_t> bytes_;
};

/// Decodes what RangeEncoder made, given the same contexts in the same order. Any bytes decode to
/// something; EndsWell tells afterwards whether that makes sense.
///
/// Thread safety: one thread at a time.
class RangeDecoder {
 public:
  /// `bytes` must outlive the decoder.
  explicit RangeDecoder(std::span<const uint8_t> bytes) : bytes_(bytes) {
    for (int i = 0; i < 4; ++i) code_ = code_ << 8 | Next();
  }
  bool Decode(AdaptiveBit& context) {
    const uint32_t split = (range_ >> AdaptiveBit::kBits) * context.probability();
    const bool bit = code_ < split;
    context.Learn(bit);
    if (bit) {
      range_ = split;
    } else {
      code_ -= split;
      range_ -= split;
    }
    Normalize();
    return bit;
  }
  uint32_t DecodeEqual(int count) {
    range_ >>= count;
    const uint32_t value = code_ / range_;
    const uint32_t most = (uint32_t{1} << count) - 1;
    const uint32_t result = value < most ? value : most;  // only damaged bytes give more
    code_ -= result * range_;
    Normalize();
    return result;
  }
  /// To be called after the last decision: whether the bytes end here, and as RangeEncoder ends
  /// them. False for most damaged ones.
  bool EndsWell() {
    const bool marked = DecodeEqual(8) == kRangeCoderEnd;
    // The encoder leaves out up to four zeros.
    return marked && at_ >= bytes_.size() && at_ <= bytes_.size() + 4;
  }

 private:
  uint8_t Next() { return at_++ < bytes_.size() ? bytes_[at_ - 1] : uint8_t{0}; }
  void Normalize() {
    while (range_ < (uint32_t{1} << 24)) {
      range_ <<= 8;
      code_ = code_ << 8 | Next();
    }
  }

  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  uint32_t range_ = 0xffffffffu, code_ = 0;
};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_RANGE_CODER_H_
