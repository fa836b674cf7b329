// For tests of what a video decoder refuses.
#ifndef SHADOWTUTOR_WIRE_TESTING_REFUSAL_H_
#define SHADOWTUTOR_WIRE_TESTING_REFUSAL_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>

#include "shadowtutor/types.h"
#include "wire/video_coder.h"

namespace shadowtutor::wire {

/// The sentence with which the decoder refuses the access unit; empty when it does not.
inline std::string Refusal(VideoDecoder& decoder, std::span<const uint8_t> unit,
                           FrameSize declared) {
  try {
    decoder.Decode(unit, declared);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << error.what();
    return error.what();
  }
  return "";
}

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_TESTING_REFUSAL_H_
