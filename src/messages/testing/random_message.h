// Messages with random fields.
#ifndef SHADOWTUTOR_MESSAGES_TESTING_RANDOM_MESSAGE_H_
#define SHADOWTUTOR_MESSAGES_TESTING_RANDOM_MESSAGE_H_

#include <random>
#include <string>

#include "messages/testing/round_trip.h"

namespace shadowtutor::messages {

/// The bytes of a message as libprotobuf writes them. About half of its fields are set, of a oneof
/// at most one, and among the values are the smallest and largest of their types.
std::string RandomMessage(Root root, std::mt19937& random);

}  // namespace shadowtutor::messages

#endif  // SHADOWTUTOR_MESSAGES_TESTING_RANDOM_MESSAGE_H_
