// What is AV1's own: headers that are refused, and its second decoder. All else of it is in
// video_coder_test.cc.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/testing/code_of.h"
#include "wire/testing/moving_scene.h"
#include "wire/testing/refusal.h"
#include "wire/video_coder.h"

namespace shadowtutor::wire {
namespace {

constexpr FrameSize kSize{64, 48};
using Bytes = std::vector<uint8_t>;

class Av1 : public testing::Test {
 protected:
  Av1() {
    VideoEncoder encoder(FrameCodec::kAv1, kSize, 24);
    Split(encoder.Encode(MovingScene(kSize, 0)));
    second_ = encoder.Encode(MovingScene(kSize, 1));
  }
  // Takes a key frame's unit apart, which has a temporal delimiter, a sequence header of less than
  // 128 bytes and a frame.
  void Split(const Bytes& unit) {
    ASSERT_EQ(unit[0], 0x12);
    ASSERT_EQ(unit[2], 0x0a);
    const size_t end = 4 + size_t{unit[3]};
    sequence_.assign(unit.begin() + 4, unit.begin() + static_cast<ptrdiff_t>(end));
    ASSERT_EQ(unit[end], 0x32);
    size_t begin = end + 1;
    while (unit[begin++] & 0x80) continue;
    frame_.assign(unit.begin() + static_cast<ptrdiff_t>(begin), unit.end());
  }
  static Bytes Part(uint8_t header, const Bytes& content) {
    Bytes part = {header};
    size_t length = content.size();
    for (; length > 127; length >>= 7) part.push_back(static_cast<uint8_t>(length | 0x80));
    part.push_back(static_cast<uint8_t>(length));
    part.insert(part.end(), content.begin(), content.end());
    return part;
  }
  static Bytes Unit(const std::vector<Bytes>& parts) {
    Bytes unit;
    for (const Bytes& part : parts) unit.insert(unit.end(), part.begin(), part.end());
    return unit;
  }
  static Bytes Flipped(Bytes bytes, size_t bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(0x80 >> bit % 8);
    return bytes;
  }
  // The place of the last bit that is set, which ends a sequence header.
  static size_t LastBit(const Bytes& bytes) {
    size_t bit = 8 * bytes.size() - 1;
    while ((bytes[bit / 8] >> (7 - bit % 8) & 1) == 0) --bit;
    return bit;
  }
  testing::AssertionResult Refused(const Bytes& unit, const std::string& part) {
    const std::string sentence = Refusal(decoder_, unit, kSize);
    if (sentence.find(part) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "it says: " << sentence;
  }
  testing::AssertionResult SequenceRefused(size_t bit, const std::string& part) {
    return Refused(Unit({kDelimiter, Part(0x0a, Flipped(sequence_, bit)), Part(0x32, frame_)}),
                   part);
  }
  testing::AssertionResult FrameRefused(size_t bit, const std::string& part) {
    return Refused(Unit({kDelimiter, Part(0x0a, sequence_), Part(0x32, Flipped(frame_, bit))}),
                   part);
  }

  const Bytes kDelimiter = {0x12, 0};
  Bytes sequence_, frame_, second_;
  VideoDecoder decoder_{FrameCodec::kAv1};
};

TEST_F(Av1, RefusesSequencesThatThePictureIsNotAllOf) {
  EXPECT_TRUE(SequenceRefused(2, "4:2:0"));
  EXPECT_TRUE(SequenceRefused(3, "still picture"));
  EXPECT_TRUE(SequenceRefused(5, "timing"));
  EXPECT_TRUE(SequenceRefused(6, "timing"));
  EXPECT_TRUE(SequenceRefused(11, "scalable"));  // two operating points
  EXPECT_TRUE(SequenceRefused(23, "scalable"));  // a temporal layer
  // The level has 5 bits and the numbers of bits of the sides 4 each; these sides have 6 bits.
  EXPECT_TRUE(SequenceRefused(37, "its size is"));
  EXPECT_TRUE(SequenceRefused(43, "its size is"));
  EXPECT_TRUE(SequenceRefused(49, "numbered"));
  // From the end: film grain, separate quantizers, the place of chroma samples, range.
  const size_t end = LastBit(sequence_);
  EXPECT_TRUE(SequenceRefused(end - 1, "film grain"));
  EXPECT_TRUE(SequenceRefused(end - 5, "limited range"));
  // Before these three numbers of colours of 8 bits each, a flag for them, and monochrome.
  EXPECT_TRUE(SequenceRefused(end - 5 - 26, "4:2:0"));
  EXPECT_TRUE(SequenceRefused(end - 5 - 27, "4:2:0"));
  EXPECT_TRUE(SequenceRefused(end - 5 - 30, "scaled up"));
  const Bytes half(sequence_.begin(), sequence_.begin() + 7);
  EXPECT_NE(Refusal(decoder_, Unit({Part(0x0a, half), Part(0x32, frame_)}), kSize), "");
}

TEST_F(Av1, RefusesWhatIsNotOneShownPicture) {
  EXPECT_TRUE(FrameRefused(0, "shows an earlier picture"));
  EXPECT_TRUE(FrameRefused(1, "of a kind"));
  EXPECT_TRUE(FrameRefused(3, "hidden"));
  const Bytes sequence = Part(0x0a, sequence_), frame = Part(0x32, frame_);
  EXPECT_TRUE(Refused(Unit({kDelimiter, sequence, frame, frame}), "other parts"));
  EXPECT_TRUE(Refused(Unit({kDelimiter, sequence, sequence, frame}), "other parts"));
  EXPECT_TRUE(Refused(Unit({kDelimiter, kDelimiter, frame}), "other parts"));
  EXPECT_TRUE(Refused(Unit({frame, sequence}), "other parts"));
  EXPECT_TRUE(Refused(Unit({kDelimiter, sequence}), "no picture"));
  EXPECT_TRUE(Refused(Unit({sequence, Part(0x36, frame_)}), "unusual header"));  // a layer
  EXPECT_TRUE(Refused(Unit({sequence, Part(0xb2, frame_)}), "unusual header"));
  EXPECT_TRUE(Refused(Unit({sequence, Part(0x30, frame_)}), "unusual header"));  // no length
  EXPECT_TRUE(Refused(Unit({sequence, Part(0x1a, frame_)}), "other parts"));     // a header alone
  EXPECT_TRUE(Refused(Unit({sequence, {0x32, 0xff, 0xff, 0xff, 0xff, 0xff}}), "length"));
  EXPECT_TRUE(Refused(Unit({sequence, {0x32, 0x7f, 0}}), "truncated"));
  EXPECT_EQ(decoder_.Decode(Unit({kDelimiter, sequence, frame}), kSize).size(), kSize);
}

TEST_F(Av1, RefusesPicturesWithASizeOfTheirOwn) {
  decoder_.Decode(Unit({kDelimiter, Part(0x0a, sequence_), Part(0x32, frame_)}), kSize);
  // Not shown again, an inter frame, shown, neither resilience nor fixed probabilities nor screen
  // content tools, and a size of its own.
  EXPECT_TRUE(Refused(Part(0x32, {0x31, 0, 0, 0}), "a size of its own"));
  EXPECT_TRUE(Refused(Part(0x32, {0x32}), "truncated"));
}

TEST_F(Av1, BothDecodersGiveTheSamePixels) {
  const Bytes first = Unit({kDelimiter, Part(0x0a, sequence_), Part(0x32, frame_)});
  VideoDecoder dav1d(FrameCodec::kAv1, "libdav1d"), libaom(FrameCodec::kAv1, "libaom-av1");
  for (const Bytes& unit : {first, second_}) {
    EXPECT_EQ(dav1d.Decode(unit, kSize).bytes(), libaom.Decode(unit, kSize).bytes());
  }
  EXPECT_NE(Refusal(libaom, std::span(first).first(first.size() - 20), kSize), "");
}

}  // namespace
}  // namespace shadowtutor::wire
