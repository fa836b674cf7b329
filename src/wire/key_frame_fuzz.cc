// Fuzzes the decoding of key frames: any bytes make it either throw Error or return a frame of the
// declared size. The first byte is the codec, the next two the sides; then come payloads, each
// after its length in two bytes, the lower one first. key_frame_fuzz_test.cc makes good ones to
// begin with.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "shadowtutor/types.h"
#include "wire/codec_names.h"
#include "wire/key_frame_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace wire = shadowtutor::wire;
  constexpr int kMostPayloads = 8;
  std::span<const uint8_t> rest(data, size);
  if (rest.size() < 3) return 0;
  static const size_t codecs = wire::FrameCodecNames().size();
  const auto codec = static_cast<wire::FrameCodec>(rest[0] % codecs);
  const shadowtutor::FrameSize declared{rest[1] + 1, rest[2] + 1};
  rest = rest.subspan(3);
  wire::KeyFrameDecoder decoder;
  for (int i = 0; i < kMostPayloads && rest.size() >= 2; ++i) {
    const size_t length = std::min<size_t>(rest[0] | rest[1] << 8, rest.size() - 2);
    const std::span<const uint8_t> payload = rest.subspan(2, length);
    rest = rest.subspan(2 + length);
    try {
      if (decoder.Decode(codec, payload, declared).size() != declared) {
        std::fprintf(stderr, "a decoded frame has another size\n");
        std::abort();
      }
    } catch (const shadowtutor::Error&) {  // refused, as hostile bytes should be
    }
  }
  return 0;
}
