// What key frames should have that travel as video. The server says so in its policy, because what
// suffers first from coarse pictures is the teacher, not the student.
#ifndef SHADOWTUTOR_DISTILL_KEY_FRAME_PICTURES_H_
#define SHADOWTUTOR_DISTILL_KEY_FRAME_PICTURES_H_

namespace shadowtutor::distill {

/// The most bytes that anyone may want of a key frame.
inline constexpr int kMaxKeyFrameBytes = 100'000'000;

/// Rate factors are those of x264: 0 is the finest, 51 the worst.
struct KeyFramePictures {
  /// Of those that are predicted from others, about.
  int bytes = 4000;
  /// Of the first of a stream, which is predicted from nothing, at most: what does not move keeps
  /// its quality for good.
  int first_bytes = 70'000;
  /// No rate factor worse than this is chosen for the sake of the bytes.
  double coarsest_crf = 32;

  bool operator==(const KeyFramePictures&) const = default;
};

/// Throws Error kInvalidArgument for values out of range.
void Validate(const KeyFramePictures& pictures);

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_KEY_FRAME_PICTURES_H_
