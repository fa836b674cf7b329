// The messages of a session between client and server as plain structs. Update, the answer to a key
// frame, is in wire/messages.h. The .proto file under proto/shadowtutor/v1 has the same fields and
// explains each of them.
#ifndef SHADOWTUTOR_WIRE_PROTOCOL_H_
#define SHADOWTUTOR_WIRE_PROTOCOL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "distill/policy.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/messages.h"
#include "wire/named_student.h"

namespace shadowtutor::wire {

/// Increased with every change that makes client and server incompatible.
inline constexpr uint32_t kProtocolVersion = 1;

/// The student that a client holds when it opens a session: its weights from `cut` on, and a
/// checksum of those before. With the cut at nn::kFullDistillation it is a whole student, which any
/// server with the same classes can go on with.
struct HeldStudent {
  uint64_t version = 0;
  std::vector<std::string> class_names;  // in the order of the labels
  uint64_t parameter_count = 0;          // layout->size()
  nn::Stage cut = nn::kPartialDistillation;
  uint64_t frozen_checksum = 0;  // WeightChecksum of the weights before the cut
  std::vector<float> trained;    // the weights from the cut on
  uint64_t trained_checksum = 0;
};

/// The client's first message.
struct Hello {
  uint32_t protocol_version = kProtocolVersion;
  std::string client_version;
  FrameSize frame_size;  // of the source; a key frame may have another size
  FrameCodec frame_codec = FrameCodec::kJpeg;
  UpdateCodec update_codec = UpdateCodec::kFp32;
  std::optional<HeldStudent> held;   // absent: the client has no student and needs a whole one
  bool takes_parts = false;          // whether a key frame may be answered by several updates
  bool takes_coded_student = false;  // whether the Welcome's student may be coded
  /// In place of `held`: the session begins with this student if the server knows it.
  std::optional<NamedStudent> named;
};

/// Answers a Hello whose named student the server does not know. The client sends its Hello once
/// more, with `held`.
struct HandOverRequest {};

/// All weights of a student, for a client that has none or whose weights differ.
struct WholeStudent {
  uint64_t version = 0;
  std::vector<uint8_t> safetensors;  // a safetensors file, for nn::ParseCheckpoint
  uint64_t checksum = 0;             // WeightChecksum of the trained part
  /// Not empty: `safetensors` ends before its weights, which are here (UnpackStudent), so many.
  std::vector<uint8_t> coded;
  uint64_t weights = 0;

  size_t bytes() const { return safetensors.size() + coded.size(); }
};

/// The server's answer to Hello.
struct Welcome {
  uint32_t protocol_version = kProtocolVersion;
  std::string server_version;
  std::string session_id;
  std::optional<WholeStudent> student;  // absent: the session begins with what the client holds
  uint64_t student_version = 0;         // of the student that the session begins with
  uint64_t student_checksum = 0;        // WeightChecksum of its trained part
  ClassList classes;
  int background = -1;
  distill::Policy policy;  // the parameters of the algorithms, which the server chooses
  FrameCodec frame_codec = FrameCodec::kJpeg;     // the codec of the client's key frames
  UpdateCodec update_codec = UpdateCodec::kFp32;  // the codec of the server's updates
  std::string teacher;                            // a description of the teacher
  int min_stride = 0;                             // as in Update
};

/// A frame for the teacher to label and the server to train on.
struct KeyFrame {
  uint64_t frame_index = 0;   // from 0, counting all frames of the source
  uint64_t held_version = 0;  // the version of the student that the client holds
  FrameCodec codec = FrameCodec::kJpeg;
  FrameSize size;
  std::vector<uint8_t> data;
};

/// Asks for a WholeStudent, because the client's weights are not the server's.
struct StudentRequest {
  std::string reason;
};

/// After a fatal error the stream ends. After any other the session goes on; an error with a
/// frame index takes the place of the Update for that key frame.
struct ErrorMessage {
  ErrorCode code = ErrorCode::kInternal;
  std::string sentence;
  bool fatal = false;
  std::optional<uint64_t> frame_index;
  uint32_t retry_after_ms = 0;  // after which another session may be opened; 0: unknown
  /// With `fatal`: nothing is wrong; the client shall connect again at once.
  bool move = false;
};

/// After the fatal error `why` a conversation ends; `move` as ErrorMessage's.
inline ErrorMessage FatalError(const Error& why, bool move = false) {
  const auto retry_after_ms = static_cast<uint32_t>(why.retry_after().count());
  return {why.code(), why.what(), true, {}, retry_after_ms, move};
}

using ClientMessage = std::variant<Hello, KeyFrame, StudentRequest>;
using ServerMessage = std::variant<Welcome, Update, WholeStudent, ErrorMessage, HandOverRequest>;

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_PROTOCOL_H_
