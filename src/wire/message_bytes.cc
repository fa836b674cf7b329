#include "wire/message_bytes.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "distill/policy_parts.h"
#include "wire/byte_stream.h"
#include "wire/limits.h"

namespace shadowtutor::wire {
namespace {

// A message is this, its kind in one byte, and its fields in the order in which Put writes them.
// Another order of fields, or another field, needs another last letter.
constexpr uint8_t kMagic[] = {'S', 'T', 'M', '1'};

enum Kind : uint8_t { kWelcome, kUpdate, kWholeStudent, kError };

// A part's name or its text; there are 40 parts or so.
constexpr size_t kMaxPartBytes = 256;
constexpr size_t kMaxParts = 1024;

void Put(ByteWriter& to, const distill::Policy& policy) {
  to.Text(policy.name);
  const std::span<const distill::PolicyPart> parts = distill::PolicyParts();
  to.Number(parts.size());
  for (const distill::PolicyPart& part : parts) {
    to.Text(part.name);
    to.Text(part.text(policy));
  }
}

// Parts that this version does not know are those of a newer one, which a client can do without.
distill::Policy PolicyFrom(ByteReader& from) {
  distill::Policy policy;
  policy.name = from.Text(kMaxPartBytes);
  const std::span<const distill::PolicyPart> known = distill::PolicyParts();
  for (size_t left = from.Length(kMaxParts); left > 0; --left) {
    const std::string name = from.Text(kMaxPartBytes), text = from.Text(kMaxPartBytes);
    const auto part = std::find_if(known.begin(), known.end(),
                                   [&](const auto& candidate) { return candidate.name == name; });
    if (part != known.end()) part->set(policy, text);
  }
  distill::Validate(policy);
  return policy;
}

void Put(ByteWriter& to, const WholeStudent& student) {
  to.Number(student.version);
  to.Bytes(student.safetensors);
  to.Number(student.checksum);
  to.Bytes(student.coded);
  to.Number(student.weights);
}

WholeStudent WholeStudentFrom(ByteReader& from) {
  WholeStudent student;
  student.version = from.Number();
  student.safetensors = from.Bytes(kMaxMessageBytes);
  student.checksum = from.Number();
  student.coded = from.Bytes(kMaxMessageBytes);
  student.weights = from.Number();
  return student;
}

UpdateCodec CodecFrom(ByteReader& from) {
  const uint8_t codec = from.Byte();
  if (codec > static_cast<uint8_t>(UpdateCodec::kCoded)) ByteReader::Refuse();
  return static_cast<UpdateCodec>(codec);
}

int SmallNumberFrom(ByteReader& from) {
  return static_cast<int>(from.Length(std::numeric_limits<int>::max()));
}

void Put(ByteWriter& to, const Welcome& welcome) {
  to.Number(welcome.protocol_version);
  to.Text(welcome.server_version);
  to.Byte(welcome.student.has_value());
  if (welcome.student) Put(to, *welcome.student);
  to.Number(welcome.student_version);
  to.Number(welcome.student_checksum);
  Put(to, welcome.policy);
  to.Byte(static_cast<uint8_t>(welcome.update_codec));
}

Welcome WelcomeFrom(ByteReader& from) {
  Welcome welcome;
  if (from.Number() != kProtocolVersion) {
    throw Error(ErrorCode::kFailedPrecondition,
                "the tutor speaks another version of the protocol; update whichever is older");
  }
  welcome.server_version = from.Text(kMaxTextBytes);
  if (from.Byte() != 0) welcome.student = WholeStudentFrom(from);
  welcome.student_version = from.Number();
  welcome.student_checksum = from.Number();
  welcome.policy = PolicyFrom(from);
  welcome.update_codec = CodecFrom(from);
  return welcome;
}

void Put(ByteWriter& to, const Update& update) {
  to.Number(update.frame_index);
  to.Number(static_cast<uint64_t>(update.part));
  to.Real(update.metric);
  to.Real(update.initial_metric);
  to.Number(static_cast<uint64_t>(update.steps));
  to.Number(update.base_version);
  to.Number(update.new_version);
  to.Byte(static_cast<uint8_t>(update.codec));
  to.Bytes(update.payload);
  to.Number(update.checksum);
  to.Bytes(update.shown_classes);
  to.Real(update.teacher_ms);
  to.Real(update.train_ms);
}

double Share(double value) {
  if (!(value >= 0 && value <= 1)) ByteReader::Refuse();
  return value;
}

Update UpdateFrom(ByteReader& from) {
  Update update;
  update.frame_index = from.Number();
  update.part = SmallNumberFrom(from);
  update.metric = Share(from.Real());
  update.initial_metric = Share(from.Real());
  update.steps = SmallNumberFrom(from);
  update.base_version = from.Number();
  update.new_version = from.Number();
  update.codec = CodecFrom(from);
  update.payload = from.Bytes(kMaxMessageBytes);
  update.checksum = from.Number();
  update.shown_classes = from.Bytes(kMaxClasses);
  update.teacher_ms = from.Real();
  update.train_ms = from.Real();
  const auto not_ascending = [](uint8_t one, uint8_t next) { return one >= next; };
  const std::vector<uint8_t>& shown = update.shown_classes;
  if (std::adjacent_find(shown.begin(), shown.end(), not_ascending) != shown.end())
    ByteReader::Refuse();
  return update;
}

void Put(ByteWriter& to, const ErrorMessage& error) {
  to.Byte(static_cast<uint8_t>(error.code));
  to.Text(std::string_view(error.sentence).substr(0, kMaxSentenceBytes));
  to.Byte(error.fatal);
  to.Byte(error.frame_index.has_value());
  to.Number(error.frame_index.value_or(0));
}

ErrorMessage ErrorFrom(ByteReader& from) {
  ErrorMessage error;
  const uint8_t code = from.Byte();
  if (code > static_cast<uint8_t>(ErrorCode::kInternal)) ByteReader::Refuse();
  error.code = static_cast<ErrorCode>(code);
  error.sentence = from.Text(kMaxSentenceBytes);
  error.fatal = from.Byte() != 0;
  const bool has_index = from.Byte() != 0;
  const uint64_t index = from.Number();
  if (has_index) error.frame_index = index;
  return error;
}

ServerMessage FieldsFrom(Kind kind, ByteReader& from) {
  switch (kind) {
    case kWelcome:
      return WelcomeFrom(from);
    case kUpdate:
      return UpdateFrom(from);
    case kWholeStudent:
      return WholeStudentFrom(from);
    case kError:
      return ErrorFrom(from);
  }
  ByteReader::Refuse();
}

struct MessageWriter {
  ByteWriter& to;
  void operator()(const Welcome& welcome) const { Begin(kWelcome, welcome); }
  void operator()(const Update& update) const { Begin(kUpdate, update); }
  void operator()(const WholeStudent& student) const { Begin(kWholeStudent, student); }
  void operator()(const ErrorMessage& error) const { Begin(kError, error); }
  void operator()(const HandOverRequest&) const {
    throw Error(ErrorCode::kInternal, "a request to hand over has no form in bytes");
  }

  template <typename Message>
  void Begin(Kind kind, const Message& message) const {
    for (const uint8_t letter : kMagic) to.Byte(letter);
    to.Byte(kind);
    Put(to, message);
  }
};

}  // namespace

std::vector<uint8_t> ToBytes(const ServerMessage& message) {
  ByteWriter to;
  std::visit(MessageWriter{to}, message);
  return to.Take();
}

ServerMessage ServerMessageFrom(std::span<const uint8_t> bytes) {
  if (bytes.size() > kMaxMessageBytes) ByteReader::Refuse();
  ByteReader from(bytes);
  for (const uint8_t letter : kMagic) {
    if (from.Byte() != letter) ByteReader::Refuse();
  }
  const uint8_t kind = from.Byte();
  ServerMessage message;
  try {
    message = FieldsFrom(static_cast<Kind>(kind), from);
  } catch (const Error& error) {
    // A policy that no server makes.
    if (error.code() == ErrorCode::kInvalidArgument) ByteReader::Refuse();
    throw;
  }
  from.ExpectEnd();
  return message;
}

}  // namespace shadowtutor::wire
