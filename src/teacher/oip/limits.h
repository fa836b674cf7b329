// The bounds of what an inference server may make us read, and how long we wait for it. What a
// user chooses is in teacher::ServerSpec.
#ifndef SHADOWTUTOR_TEACHER_OIP_LIMITS_H_
#define SHADOWTUTOR_TEACHER_OIP_LIMITS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace shadowtutor::teacher::oip {

/// An answer, which gRPC reads no further. The scores of 150 classes at 640x640 fit.
inline constexpr size_t kMaxAnswerBytes = size_t{256} << 20;
/// An output of an answer.
inline constexpr int64_t kMaxElements = int64_t{1} << 26;
inline constexpr int kMaxOutputs = 64;
inline constexpr int kMaxDimensions = 8;

/// A server's sentence, as far as it is shown.
inline constexpr size_t kMaxServerText = 300;
/// The names that a sentence lists of a model's tensors.
inline constexpr int kMaxNames = 16;
inline constexpr size_t kMaxTokenBytes = 6144;  // a server takes 8 KiB of metadata in all

/// Between two tries of a call; doubled from one to the next.
inline constexpr std::chrono::milliseconds kFirstPause{100}, kLongestPause{2'000};
/// To connect.
inline constexpr std::chrono::milliseconds kConnectTimeout{5'000};
/// To find out why there is no connection.
inline constexpr std::chrono::milliseconds kLookTimeout{2'000};

}  // namespace shadowtutor::teacher::oip

#endif  // SHADOWTUTOR_TEACHER_OIP_LIMITS_H_
