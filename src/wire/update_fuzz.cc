// Fuzzes the decoding of updates: any payload makes it either throw Error or return finite weights.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "shadowtutor/types.h"
#include "wire/update_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace wire = shadowtutor::wire;
  if (size < 2) return 0;
  // The first byte chooses the codec and the base's value. The base gets the size that the payload
  // is for, so that most payloads are really decoded.
  const auto codec = data[0] & 1 ? wire::UpdateCodec::kFp16 : wire::UpdateCodec::kFp32;
  const std::span<const uint8_t> payload(data + 1, size - 1);
  const size_t per_weight = wire::UpdateBytes(codec, 2) - wire::UpdateBytes(codec, 1);
  const std::vector<float> base(payload.size() / per_weight, data[0] & 2 ? 3e38f : 0.5f);
  try {
    for (const float weight : wire::DecodeUpdate(codec, base, payload)) {
      if (!std::isfinite(weight)) {
        std::fprintf(stderr, "a decoded weight is not finite\n");
        std::abort();
      }
    }
  } catch (const shadowtutor::Error&) {  // refused, as hostile bytes should be
  }
  return 0;
}
