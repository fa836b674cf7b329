#include "messages/convert_student.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "messages/convert_fields.h"
#include "wire/limits.h"

namespace shadowtutor::messages {
namespace {

// Floats are copied as they lie in memory, and the protocol has them in little endian.
static_assert(std::endian::native == std::endian::little);

// `from` is a `repeated string`.
template <typename Names>
std::vector<std::string> ClassNames(const Names& from) {
  if (static_cast<size_t>(from.size()) > size_t{kMaxClasses})
    Refuse("the client's student has over 255 classes");
  std::vector<std::string> names;
  for (const std::string& name : from) names.push_back(Text(name, "class name"));
  return names;
}

}  // namespace

v1::HeldStudent ToProto(wire::HeldStudent held) {
  v1::HeldStudent to;
  to.set_version(held.version);
  for (std::string& name : held.class_names) to.add_class_names(std::move(name));
  to.set_parameter_count(held.parameter_count);
  to.set_cut(std::string(nn::StageName(held.cut)));
  to.set_frozen_checksum(held.frozen_checksum);
  to.set_trained(held.trained.data(), held.trained.size() * sizeof(float));
  to.set_trained_checksum(held.trained_checksum);
  return to;
}

wire::HeldStudent FromProto(const v1::HeldStudent& from) {
  wire::HeldStudent held;
  held.version = from.version();
  held.class_names = ClassNames(from.class_names());
  held.parameter_count = from.parameter_count();
  held.cut = nn::ParseStage(Text(from.cut(), "cut"));
  held.frozen_checksum = from.frozen_checksum();
  const std::string& bytes = from.trained();
  if (bytes.size() % sizeof(float) != 0 || bytes.size() / sizeof(float) > wire::kMaxStudentFloats) {
    throw Error(ErrorCode::kDataLoss,
                "the weights of the client's student have an impossible size of " +
                    std::to_string(bytes.size()) + " bytes");
  }
  held.trained.resize(bytes.size() / sizeof(float));
  if (!bytes.empty()) std::memcpy(held.trained.data(), bytes.data(), bytes.size());
  for (float weight : held.trained) {
    if (!std::isfinite(weight)) {
      throw Error(ErrorCode::kDataLoss,
                  "the client's student has weights that are not finite; start with another one");
    }
  }
  held.trained_checksum = from.trained_checksum();
  return held;
}

v1::NamedStudent ToProto(wire::NamedStudent named) {
  v1::NamedStudent to;
  to.set_checksum(named.checksum);
  for (std::string& name : named.class_names) to.add_class_names(std::move(name));
  return to;
}

wire::NamedStudent FromProto(const v1::NamedStudent& from) {
  return {from.checksum(), ClassNames(from.class_names())};
}

v1::WholeStudent ToProto(const wire::WholeStudent& student) {
  v1::WholeStudent to;
  to.set_version(student.version);
  to.set_safetensors(ToBytes(student.safetensors));
  to.set_coded(ToBytes(student.coded));
  to.set_weights(student.weights);
  to.set_checksum(student.checksum);
  return to;
}

wire::WholeStudent FromProto(const v1::WholeStudent& from) {
  return {from.version(), FromBytes(from.safetensors()), from.checksum(), FromBytes(from.coded()),
          from.weights()};
}

}  // namespace shadowtutor::messages
