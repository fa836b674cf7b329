// The conversation between client and server as plain structs: what opens it, what goes up, what
// goes wrong. The answer to a key frame, Update, is in wire/messages.h; the .proto file under
// proto/shadowtutor/v1 has the same fields and says what each is for.
#ifndef SHADOWTUTOR_WIRE_PROTOCOL_H_
#define SHADOWTUTOR_WIRE_PROTOCOL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/messages.h"

namespace shadowtutor::wire {

/// Raised when a client and a server of different numbers could not understand each other.
inline constexpr uint32_t kProtocolVersion = 1;

/// A student that the client holds: the weights from `cut` on, and proof of those before it. With
/// the cut at nn::kFullDistillation it is a whole student, which fits any server of the same
/// classes.
struct HeldStudent {
  uint64_t version = 0;
  std::vector<std::string> class_names;  // in the order of the labels
  uint64_t parameter_count = 0;          // layout->size()
  nn::Stage cut = nn::kPartialDistillation;
  uint64_t frozen_checksum = 0;  // WeightChecksum of the weights before the cut
  std::vector<float> trained;    // the weights from the cut on
  uint64_t trained_checksum = 0;
};

struct Hello {
  uint32_t protocol_version = kProtocolVersion;
  std::string client_version;
  FrameSize frame_size;  // of the source; a key frame may differ
  FrameCodec frame_codec = FrameCodec::kJpeg;
  UpdateCodec update_codec = UpdateCodec::kFp32;
  std::optional<HeldStudent> held;  // absent: needs a whole student
};

/// The parameters in force, chosen by the server.
struct Parameters {
  double threshold = 0.8;
  int max_updates = 8;
  int min_stride = 8;
  int max_stride = 64;
  double learning_rate = 0.01;
  nn::Stage cut = nn::kPartialDistillation;
};

struct WholeStudent {
  uint64_t version = 0;
  std::vector<uint8_t> safetensors;  // nn::ParseCheckpoint reads it
  uint64_t checksum = 0;             // WeightChecksum of its trained part
};

struct Welcome {
  uint32_t protocol_version = kProtocolVersion;
  std::string server_version;
  std::string session_id;
  std::optional<WholeStudent> student;  // absent: the server goes on from what the client holds
  uint64_t student_version = 0;
  uint64_t student_checksum = 0;  // WeightChecksum of its trained part
  ClassList classes;
  int background = -1;
  Parameters parameters;
  FrameCodec frame_codec = FrameCodec::kJpeg;     // what the client shall send
  UpdateCodec update_codec = UpdateCodec::kFp32;  // what the server will send
  std::string teacher;
};

struct KeyFrame {
  uint64_t frame_index = 0;
  uint64_t held_version = 0;
  FrameCodec codec = FrameCodec::kJpeg;
  FrameSize size;
  std::vector<uint8_t> data;
};

struct StudentRequest {
  std::string reason;
};

/// Fatal: the stream ends right after. Otherwise the session goes on; with a frame index it is the
/// answer to that key frame in place of an Update.
struct ErrorMessage {
  ErrorCode code = ErrorCode::kInternal;
  std::string sentence;
  bool fatal = false;
  std::optional<uint64_t> frame_index;
};

using ClientMessage = std::variant<Hello, KeyFrame, StudentRequest>;
using ServerMessage = std::variant<Welcome, Update, WholeStudent, ErrorMessage>;

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_PROTOCOL_H_
