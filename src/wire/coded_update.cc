#include "wire/coded_update.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "core/half.h"
#include "shadowtutor/types.h"
#include "wire/range_coder.h"
#include "wire/update_codec.h"

namespace shadowtutor::wire {
namespace {

// The first byte of a payload: what follows.
constexpr uint8_t kWeights = 0;  // the new weights in fp32, little endian
constexpr uint8_t kChanges =
    1;  // step, fine step (each the upper half of a float), coded multiples
constexpr size_t kHeaderBytes = 5;

constexpr int32_t kMostSteps = 0xffff;
constexpr float kFine = 0.25f;  // the step of norms and biases, of that of other weights
constexpr float kLeastStep = 1e-9f, kLargestStep = 1e3f;
// A change of this share of a step, or more, becomes a step. Above one half, because a zero is far
// cheaper than anything else.
constexpr float kRoundsUp = 0.6f;

// A multiple is sent as significance, sign, then "larger?" for each size up to this one, then the
// rest in Elias' gamma code.
constexpr int kUnary = 14;

// The two ends of the same walk over the multiples: one says each decision, the other is told.
class Writer {
 public:
  bool Bit(AdaptiveBit& context, bool bit) {
    encoder_.Encode(context, bit);
    return bit;
  }
  uint32_t Equal(uint32_t value, int bits) {
    encoder_.EncodeEqual(value, bits);
    return value;
  }
  RangeEncoder& encoder() { return encoder_; }

 private:
  RangeEncoder encoder_;
};

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : decoder_(bytes) {}
  bool Bit(AdaptiveBit& context, bool) { return decoder_.Decode(context); }
  uint32_t Equal(uint32_t, int bits) { return decoder_.DecodeEqual(bits); }
  RangeDecoder& decoder() { return decoder_; }

 private:
  RangeDecoder decoder_;
};

// What is learned while an update is coded, apart for fine tensors and others.
struct Contexts {
  AdaptiveBit changed[3][3][3][3];  // left, above, in the channel before, earlier updates
  AdaptiveBit negative[3][3];       // left, above: unchanged, up, down
  AdaptiveBit larger[3][3];         // than one step: left, above
  AdaptiveBit still_larger[kUnary];
};

[[noreturn]] void Damaged(const std::string& how) {
  throw Error(ErrorCode::kDataLoss, "a coded update is damaged: " + how);
}

template <typename Coder>
int32_t Magnitude(Coder& coder, Contexts& contexts, AdaptiveBit& larger, int32_t magnitude) {
  if (!coder.Bit(larger, magnitude > 1)) return 1;
  int32_t size = 2;
  while (coder.Bit(contexts.still_larger[size - 2], magnitude > size)) {
    if (++size < 2 + kUnary) continue;
    // The rest, from 1 on: its number of bits but one in unary, then these bits.
    const auto rest = static_cast<uint32_t>(magnitude - size + 1);
    const int wanted = std::bit_width(rest) - 1;
    int bits = 0;
    while (coder.Equal(bits < wanted, 1)) {
      if (++bits > 16) Damaged("a change is too large");
    }
    uint32_t value = 1;
    for (int i = bits - 1; i >= 0; --i) value = value << 1 | coder.Equal((rest >> i) & 1, 1);
    return static_cast<int32_t>(value) + size - 1;
  }
  return size;
}

}  // namespace

CodedUpdates::CodedUpdates(const nn::NetworkLayout& layout,
                           const nn::ParameterSelection& selection) {
  auto tensors = std::make_shared<std::vector<Tensor>>();
  for (const nn::ParameterInfo& parameter : layout.parameters()) {
    const bool selected =
        std::any_of(selection.ranges().begin(), selection.ranges().end(), [&](const auto& range) {
          return parameter.offset >= range.begin && parameter.offset < range.begin + range.count;
        });
    if (!selected) continue;
    Tensor tensor{.count = parameter.count};
    if (parameter.shape.size() == 4) {
      tensor.kernel = static_cast<size_t>(parameter.shape[2] * parameter.shape[3]);
      tensor.row = static_cast<size_t>(parameter.shape[1]) * tensor.kernel;
    } else {
      tensor.fine = true;
    }
    tensors->push_back(tensor);
  }
  tensors_ = std::move(tensors);
  history_.resize(selection.size());
}

// Codes all multiples. A Writer is told them, a Reader fills them in.
template <typename Coder>
void CodedUpdates::Walk(Coder& coder, std::span<const Tensor> tensors,
                        std::span<const uint8_t> history, std::span<int32_t> multiples) {
  std::vector<Contexts> contexts(2);
  AdaptiveBit any[2];
  // What became of the weights of a tensor so far: 0 unchanged, 1 one step, 2 more; and 0
  // unchanged, 1 up, 2 down. Two rows of zeros lie before them.
  std::vector<uint8_t> sizes, signs;
  size_t at = 0;
  for (const Tensor& tensor : tensors) {
    const auto values = multiples.subspan(at, tensor.count);
    const auto earlier = history.subspan(at, tensor.count);
    at += tensor.count;
    const bool changes = std::any_of(values.begin(), values.end(), [](int32_t v) { return v; });
    if (!coder.Bit(any[tensor.fine], changes)) {
      std::fill(values.begin(), values.end(), 0);
      continue;
    }
    Contexts& c = contexts[tensor.fine];
    const size_t before = 2 * tensor.row + 2;
    sizes.assign(before + tensor.count, 0);
    signs.assign(before + tensor.count, 0);
    const auto two = [](int a, int b) { return std::min(2, a + b); };
    for (size_t i = 0; i < tensor.count; ++i) {
      const uint8_t* size = &sizes[before + i];
      const uint8_t* sign = &signs[before + i];
      const size_t row = tensor.row, kernel = tensor.kernel;
      const int left = two(size[-1], size[-2]);
      const int above = two(*(size - row), *(size - 2 * row));
      const int channel = two(*(size - kernel), *(size - 2 * kernel));
      int32_t value = values[i];
      if (coder.Bit(c.changed[left][above][channel][earlier[i]], value != 0)) {
        const bool negative = coder.Bit(c.negative[sign[-1]][*(sign - row)], value < 0);
        const int32_t magnitude =
            Magnitude(coder, c, c.larger[left][above], value < 0 ? -value : value);
        if (magnitude > kMostSteps) Damaged("a change is too large");
        value = negative ? -magnitude : magnitude;
        sizes[before + i] = static_cast<uint8_t>(std::min(magnitude, int32_t{2}));
        signs[before + i] = negative ? 2 : 1;
      } else {
        value = 0;
      }
      values[i] = value;
    }
  }
}

std::vector<uint8_t> CodedUpdates::Encode(std::span<const float> base,
                                          std::span<const float> target, float step) const {
  std::vector<int32_t> multiples;
  return EncodeMultiples(base, target, step, multiples);
}

CodedUpdates::Update CodedUpdates::EncodeAndRemember(std::span<const float> base,
                                                     std::span<const float> target, float step) {
  Update update;
  std::vector<int32_t> multiples;
  update.payload = EncodeMultiples(base, target, step, multiples);
  if (multiples.empty()) {
    update.weights.assign(target.begin(), target.end());
    Replace(base, update.weights);
  } else {
    update.weights = Change(base, multiples, update.payload);
  }
  return update;
}

std::vector<uint8_t> CodedUpdates::EncodeMultiples(std::span<const float> base,
                                                   std::span<const float> target, float step,
                                                   std::vector<int32_t>& multiples) const {
  if (!(step >= kLeastStep && step <= kLargestStep)) {
    throw Error(ErrorCode::kInvalidArgument,
                "the quantiser's step must be 1e-9 to 1e3, not " + std::to_string(step));
  }
  if (base.size() != size()) {
    throw Error(ErrorCode::kInvalidArgument, "a coded update needs " + std::to_string(size()) +
                                                 " weights, not " + std::to_string(base.size()));
  }
  CheckUpdate(base, target);
  const auto plain = [&] {
    std::vector<uint8_t> payload = EncodeUpdate(UpdateCodec::kFp32, base, target);
    payload.insert(payload.begin(), kWeights);
    return payload;
  };

  const uint16_t halves[2] = {UpperHalfOf(step), UpperHalfOf(step * kFine)};
  multiples.assign(size(), 0);
  size_t at = 0;
  for (const Tensor& tensor : *tensors_) {
    const double unit = static_cast<double>(FloatFromUpperHalf(halves[tensor.fine]));
    for (const size_t end = at + tensor.count; at < end; ++at) {
      if (target[at] == base[at]) continue;  // most of them
      const double steps = (static_cast<double>(target[at]) - static_cast<double>(base[at])) / unit;
      const double size = std::floor(std::fabs(steps) + (1 - kRoundsUp));
      // No coded update is of use to a student that changes so much.
      if (size > kMostSteps) {
        multiples.clear();
        return plain();
      }
      multiples[at] = static_cast<int32_t>(steps < 0 ? -size : size);
    }
  }
  Writer writer;
  Walk(writer, *tensors_, history_, multiples);
  const std::vector<uint8_t> coded = writer.encoder().Finish();
  if (coded.size() + kHeaderBytes >= UpdateBytes(UpdateCodec::kCoded, size())) {
    multiples.clear();
    return plain();
  }
  std::vector<uint8_t> payload = {kChanges};
  for (const uint16_t half : halves) {
    payload.push_back(static_cast<uint8_t>(half));
    payload.push_back(static_cast<uint8_t>(half >> 8));
  }
  payload.insert(payload.end(), coded.begin(), coded.end());
  return payload;
}

std::vector<float> CodedUpdates::Decode(std::span<const float> base,
                                        std::span<const uint8_t> payload) {
  if (base.size() != size()) {
    throw Error(ErrorCode::kInvalidArgument, "a coded update is for " + std::to_string(size()) +
                                                 " weights, not " + std::to_string(base.size()));
  }
  if (payload.empty()) Damaged("it is empty");
  if (payload.size() > MaxBytes()) Damaged("it is too long");
  if (payload[0] == kWeights) {
    std::vector<float> weights = DecodeUpdate(UpdateCodec::kFp32, base, payload.subspan(1));
    Replace(base, weights);
    return weights;
  }
  if (payload[0] != kChanges) Damaged("it is of an unknown kind");
  if (payload.size() < kHeaderBytes) Damaged("it ends in its header");
  Reader reader(payload.subspan(kHeaderBytes));
  std::vector<int32_t> multiples(size());
  Walk(reader, *tensors_, history_, multiples);
  if (!reader.decoder().EndsWell()) Damaged("it does not end where it should");
  return Change(base, multiples, payload);
}

void CodedUpdates::Replace(std::span<const float> base, std::span<const float> weights) {
  for (size_t i = 0; i < size(); ++i) Remember(i, weights[i] != base[i]);
}

std::vector<float> CodedUpdates::Change(std::span<const float> base,
                                        std::span<const int32_t> multiples,
                                        std::span<const uint8_t> header) {
  const auto half = [&](size_t i) {
    const float step = FloatFromUpperHalf(static_cast<uint16_t>(header[i] | header[i + 1] << 8));
    if (!(step >= kLeastStep / 8 && step <= 2 * kLargestStep)) Damaged("its step is impossible");
    return step;
  };
  const float steps[2] = {half(1), half(3)};
  std::vector<float> weights(size());
  size_t at = 0;
  for (const Tensor& tensor : *tensors_) {
    for (const size_t end = at + tensor.count; at < end; ++at) {
      weights[at] = base[at] + static_cast<float>(multiples[at]) * steps[tensor.fine];
      if (!std::isfinite(weights[at])) {
        throw Error(ErrorCode::kDataLoss,
                    "an update makes weight " + std::to_string(at) + " NaN or infinite");
      }
    }
  }
  for (size_t i = 0; i < size(); ++i) Remember(i, multiples[i] != 0);
  return weights;
}

}  // namespace shadowtutor::wire
