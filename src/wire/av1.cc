// AV1: what of it is sent and accepted, and how libaom is asked for it.
#include <array>
#include <cmath>
#include <string>

#include "core/text.h"
#include "wire/header_bits.h"
#include "wire/libav_codec.h"

namespace shadowtutor::wire {
namespace {

// libaom's quantizer for the PSNR that x264 comes to at a rate factor: for key frames of two clips,
// measured as docs/traffic.md says.
constexpr std::array<CrfPoint, 6> kQuantizers = {
    {{0, 0}, {16, 17}, {22, 32}, {30, 52}, {36, 61}, {39, 63}}};

void AddOptions(AVDictionary*& options, double crf) {
  av_dict_set(&options, "usage", "realtime", 0);
  av_dict_set(&options, "cpu-used", "7", 0);
  av_dict_set_int(&options, "crf", std::lround(QuantizerOf(kQuantizers, crf)), 0);
  av_dict_set(&options, "b", "0", 0);              // the quality is constant, not the rate
  av_dict_set(&options, "lag-in-frames", "0", 0);  // no look-ahead, so no hidden frames
  av_dict_set(&options, "g", "9999", 0);           // key frames only when they are asked for
}

[[noreturn]] void Refuse(const std::string& why) { RefuseUnit(Av1Codec(), why); }

// A number as in OBU headers: seven bits a byte, the lowest first. Takes it off `bytes`.
size_t TakeLeb128(std::span<const uint8_t>& bytes) {
  size_t value = 0;
  for (int i = 0; i < 4 && !bytes.empty(); ++i) {  // 28 bits are more than any access unit has
    const uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    value |= size_t{byte & 0x7fu} << (7 * i);
    if ((byte & 0x80) == 0) return value;
  }
  Refuse("the length of a part is missing or impossible");
}

// Reads a sequence header to its end (AV1 bitstream specification, 5.5). All that this protocol
// does not use has to be off, so that each picture has the sequence's size and nothing is added to
// it.
void CheckSequence(std::span<const uint8_t> bytes, FrameSize padded) {
  HeaderBits header(bytes);
  if (header.Take(3) != 0) Refuse("it is not 4:2:0 of 8 bits");  // the profile
  if (header.Take(2) != 0) Refuse("it is a still picture");
  if (header.Take(2) != 0) Refuse("it has timing information");  // or display delays
  if (header.Take(5) != 0 || header.Take(12) != 0) Refuse("it is scalable");
  if (header.Take(5) > 7) header.Flag();  // level and tier
  const int width_bits = static_cast<int>(header.Take(4)) + 1;
  const int height_bits = static_cast<int>(header.Take(4)) + 1;
  const int width = static_cast<int>(header.Take(width_bits)) + 1;
  const FrameSize size{width, static_cast<int>(header.Take(height_bits)) + 1};
  if (size != padded) {
    Refuse("its size is " + SizeText(size) + " where the frame's is " + SizeText(padded));
  }
  if (header.Flag()) Refuse("its pictures are numbered");
  header.Take(3 + 4);  // size of superblocks, and tools of prediction
  if (header.Flag())
    header.Take(2);  // order hints, and tools that need them
  else
    Refuse("its pictures have no order");
  // CheckPicture relies on these two.
  if (!header.Flag() || !header.Flag()) Refuse("it has screen content tools fixed");
  header.Take(3);  // bits of order hints
  if (header.Flag()) Refuse("its pictures are scaled up");
  header.Take(2);                                                // filters
  if (header.Take(2) != 0) Refuse("it is not 4:2:0 of 8 bits");  // high bit depth, monochrome
  if (header.Flag()) {
    constexpr uint32_t kSrgb = 13, kIdentity = 0;
    header.Take(8);
    const uint32_t transfer = header.Take(8), matrix = header.Take(8);
    if (transfer == kSrgb || matrix == kIdentity) Refuse("it is not 4:2:0 of 8 bits");
  }
  if (header.Flag()) Refuse("it is not in limited range");
  header.Take(2 + 1);  // place of chroma samples, separate quantizers
  if (header.Flag()) Refuse("it has film grain");
  if (header.Ended()) Refuse("its sequence header is truncated");
}

// Reads a picture's header as far as to know that it is shown and has the sequence's size (5.9.2).
void CheckPicture(std::span<const uint8_t> bytes) {
  constexpr uint32_t kKeyFrame = 0, kInterFrame = 1;
  HeaderBits header(bytes);
  if (header.Flag()) Refuse("it shows an earlier picture again");
  const uint32_t type = header.Take(2);
  if (type != kKeyFrame && type != kInterFrame) Refuse("its picture is of a kind that is not sent");
  if (!header.Flag()) Refuse("its picture is hidden");
  if (type == kInterFrame) header.Flag();  // error resilience
  header.Flag();                           // whether probabilities stay as they are
  if (header.Flag()) header.Flag();        // screen content tools, and whole motion vectors
  if (header.Flag()) Refuse("its picture has a size of its own");
  if (header.Ended()) Refuse("its picture's header is truncated");
}

// An access unit is a temporal unit of at most one temporal delimiter, at most one sequence header
// and exactly one frame, in this order.
void Check(std::span<const uint8_t> unit, FrameSize padded) {
  constexpr uint32_t kSequenceHeader = 1, kTemporalDelimiter = 2, kFrame = 6;
  // What may come next: 0 everything, 1 a sequence header or a frame, 2 a frame, 3 nothing.
  int done = 0;
  while (!unit.empty()) {
    HeaderBits header(unit.first(1));
    const bool forbidden = header.Flag();
    const uint32_t type = header.Take(4);
    const bool extension = header.Flag(), has_length = header.Flag();
    if (forbidden || extension || !has_length) Refuse("a part of it has an unusual header");
    unit = unit.subspan(1);
    const size_t length = TakeLeb128(unit);
    if (length > unit.size()) Refuse("it is truncated");
    const std::span<const uint8_t> part = unit.first(length);
    unit = unit.subspan(length);
    if (type == kTemporalDelimiter && done < 1) {
      done = 1;
    } else if (type == kSequenceHeader && done < 2) {
      CheckSequence(part, padded);
      done = 2;
    } else if (type == kFrame && done < 3) {
      CheckPicture(part);
      done = 3;
    } else {
      Refuse("it has other parts than one sequence header and one picture");
    }
  }
  if (done < 3) Refuse("it holds no picture");
}

}  // namespace

const LibavCodec& Av1Codec() {
  static const LibavCodec codec = {
      .name = "AV1",
      .encoder = "libaom-av1",
      .encoder_library = "libaom",
      .decoders = {"libdav1d", "libaom-av1"},
      .max_references = 8,
      .coarsest_crf = kQuantizers.back().crf,
      .first_crf_is_fixed = true,
      .add_options = AddOptions,
      .set_crf = nullptr,
      .check = Check,
  };
  return codec;
}

}  // namespace shadowtutor::wire
