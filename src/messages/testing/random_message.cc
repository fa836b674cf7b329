#include "messages/testing/random_message.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <limits>
#include <memory>

#include "kinds.pb.h"
#include "shadowtutor/v1/shadowtutor.pb.h"

namespace shadowtutor::messages {
namespace {

namespace pb = google::protobuf;

template <typename Number>
Number RandomNumber(std::mt19937& random) {
  using Limits = std::numeric_limits<Number>;
  const Number some[] = {0,
                         static_cast<Number>(-0.0),
                         1,
                         static_cast<Number>(-1),
                         127,
                         static_cast<Number>(128 + random() % 100000),
                         Limits::lowest(),
                         Limits::min(),
                         Limits::max()};
  return some[random() % std::size(some)];
}

std::string RandomText(std::mt19937& random) {
  const std::string some[] = {"", "a", "zwölf 犬 😀", std::string(1, '\0'),
                              std::string(random() % 300, 'x')};
  return some[random() % std::size(some)];
}

std::string RandomBytes(std::mt19937& random) {
  std::string bytes(random() % 5 == 0 ? 20000 : random() % 200, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

void Fill(pb::Message& message, std::mt19937& random);

void SetRandom(pb::Message& message, const pb::FieldDescriptor& field, std::mt19937& random) {
  const pb::Reflection& to = *message.GetReflection();
  using Field = pb::FieldDescriptor;
  if (field.is_repeated()) {
    for (uint32_t i = random() % 4; i > 0; --i) {
      if (field.cpp_type() == Field::CPPTYPE_MESSAGE) {
        Fill(*to.AddMessage(&message, &field), random);
      } else {
        to.AddString(&message, &field,
                     field.type() == Field::TYPE_BYTES ? RandomBytes(random) : RandomText(random));
      }
    }
    return;
  }
  switch (field.cpp_type()) {
    case Field::CPPTYPE_DOUBLE:
      return to.SetDouble(&message, &field, RandomNumber<double>(random));
    case Field::CPPTYPE_FLOAT:
      return to.SetFloat(&message, &field, RandomNumber<float>(random));
    case Field::CPPTYPE_INT64:
      return to.SetInt64(&message, &field, RandomNumber<int64_t>(random));
    case Field::CPPTYPE_UINT64:
      return to.SetUInt64(&message, &field, RandomNumber<uint64_t>(random));
    case Field::CPPTYPE_INT32:
      return to.SetInt32(&message, &field, RandomNumber<int32_t>(random));
    case Field::CPPTYPE_UINT32:
      return to.SetUInt32(&message, &field, RandomNumber<uint32_t>(random));
    case Field::CPPTYPE_BOOL:
      return to.SetBool(&message, &field, random() % 2 == 0);
    case Field::CPPTYPE_ENUM:
      return to.SetEnumValue(&message, &field, RandomNumber<int32_t>(random));
    case Field::CPPTYPE_STRING:
      return to.SetString(
          &message, &field,
          field.type() == Field::TYPE_BYTES ? RandomBytes(random) : RandomText(random));
    case Field::CPPTYPE_MESSAGE:
      return Fill(*to.MutableMessage(&message, &field), random);
  }
}

void Fill(pb::Message& message, std::mt19937& random) {
  const pb::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    if (random() % 2 == 0) SetRandom(message, *type.field(i), random);
  }
}

template <typename Message>
std::string Random(std::mt19937& random) {
  Message message;
  Fill(message, random);
  return message.SerializeAsString();
}

}  // namespace

std::string RandomMessage(Root root, std::mt19937& random) {
  switch (root) {
    case Root::kClientMessage:
      return Random<v1::ClientMessage>(random);
    case Root::kServerMessage:
      return Random<v1::ServerMessage>(random);
    case Root::kSegmentRequest:
      return Random<v1::SegmentRequest>(random);
    case Root::kSegmentReply:
      return Random<v1::SegmentReply>(random);
    case Root::kKinds:
      break;
  }
  return Random<kinds::Kinds>(random);
}

}  // namespace shadowtutor::messages
