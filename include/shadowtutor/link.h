// What lies between a device and its tutor when you bring the transport or the encoder yourself.
// Most programs need nothing of it: Client::Connect (client.h) has both. Component: device.
//
// A transport of your own carries two things: key frames to wherever a Trainer (trainer.h) is, as
// pictures in whatever form you like, and the Trainer's messages back, as bytes that you need not
// understand.
//
//   class MyLink final : public shadowtutor::Link {
//     bool Connected() override { return radio_.up(); }
//     bool SendKeyFrame(shadowtutor::ImageView frame, uint64_t index) override {
//       return radio_.Queue(MyJpeg(frame), index);
//     }
//     bool RequestStudent(const std::string&) override { return radio_.QueueRequest(); }
//     bool Receive(std::vector<uint8_t>& message, std::chrono::milliseconds wait) override {
//       return radio_.Pop(message, wait);
//     }
//   };
//   shadowtutor::Client client(student, std::make_unique<MyLink>());
#ifndef SHADOWTUTOR_LINK_H_
#define SHADOWTUTOR_LINK_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor {

/// The device's end of a transport. Its functions are called by Client, on the thread that calls
/// the client. Only Receive may block. None of them may throw.
class Link {
 public:
  virtual ~Link() = default;

  /// Whether the other end can be reached. While it cannot, the client predicts and sends nothing;
  /// once it can again, it sends nothing before another Trainer::Greeting has come.
  virtual bool Connected() = 0;
  /// Sends a key frame, which the other end passes to Trainer::Train. `frame` is valid during the
  /// call. Returns whether it was taken; if not, the next frame is offered.
  virtual bool SendKeyFrame(ImageView frame, uint64_t frame_index) = 0;
  /// Asks the other end to send Trainer::WholeStudent, because the device's weights are not the
  /// trainer's. `why` is for a log. Returns whether the request was taken; if not, or if no student
  /// comes within 60 s, it is made again.
  virtual bool RequestStudent(const std::string& why) = 0;
  /// Moves the next message of the other end into `message`, in the order in which the Trainer made
  /// them. Waits at most `wait`, which is 0 most of the time. Returns whether there was one.
  virtual bool Receive(std::vector<uint8_t>& message, std::chrono::milliseconds wait) = 0;
};

/// How key frames are encoded.
enum class KeyFrameCodec {
  kRaw,   // BGR, rows without gaps
  kJpeg,  // baseline
  kH264,  // with start codes (Annex B), and all parameter sets in each frame that begins a stream
  kVp9,
  kAv1,
};

/// An encoder of your own for Client::Connect, such as a phone's hardware encoder. (The default
/// makes JPEGs; MakeVideoEncoder in video_encoder.h makes H.264 and others with FFmpeg.)
///
/// Thread safety: called on one thread at a time, not the client's.
class KeyFrameEncoder {
 public:
  virtual ~KeyFrameEncoder() = default;

  /// Always the same.
  virtual KeyFrameCodec codec() const = 0;
  /// The bytes of the next key frame. With a video codec each is predicted from the ones before;
  /// `begin`: from none, because the size changed or the server may have missed one. May throw
  /// Error; the key frame is then not sent.
  virtual std::vector<uint8_t> Encode(ImageView frame, bool begin) = 0;
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_LINK_H_
