#include "bare_client.h"

#include <stdexcept>
#include <utility>
#include <variant>

#include "messages/convert.h"

namespace shadowtutor {

bool BareClient::Say(wire::ClientMessage message) {
  return SayBare(messages::ToProto(std::move(message)));
}

wire::ServerMessage BareClient::Hear() {
  v1::ServerMessage message;
  if (!HearBare(message)) throw std::runtime_error("the stream ended: " + Finish().sentence);
  return messages::FromProto(std::move(message));
}

wire::Welcome BareClient::Greet() {
  Say(wire::Hello{});
  return std::get<wire::Welcome>(Hear());
}

}  // namespace shadowtutor
