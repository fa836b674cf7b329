// The same bytes through both kinds of classes: protoc's and the plain ones.
#ifndef SHADOWTUTOR_MESSAGES_TESTING_ROUND_TRIP_H_
#define SHADOWTUTOR_MESSAGES_TESTING_ROUND_TRIP_H_

#include <optional>
#include <string>
#include <string_view>

namespace shadowtutor::messages {

/// The messages that travel by themselves, and that of testing/kinds.proto.
enum class Root { kClientMessage, kServerMessage, kSegmentRequest, kSegmentReply, kKinds };
inline constexpr int kRoots = 5;

/// What the class's object writes that was read from `bytes`, without fields that the class does
/// not know; nullopt: it refused to read them.
std::optional<std::string> ProtobufRoundTrip(Root root, std::string_view bytes);
std::optional<std::string> PlainRoundTrip(Root root, std::string_view bytes);

}  // namespace shadowtutor::messages

#endif  // SHADOWTUTOR_MESSAGES_TESTING_ROUND_TRIP_H_
