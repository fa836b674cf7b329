// Fuzzes the plain classes of messages against libprotobuf: whatever the bytes are, both read them
// or both refuse them, and what one has read it writes as the other does. The first byte is the
// message; plain_fuzz_test.cc makes good ones to begin with.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "messages/testing/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace messages = shadowtutor::messages;
  if (size == 0) return 0;
  const auto root = static_cast<messages::Root>(data[0] % messages::kRoots);
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto protobuf = messages::ProtobufRoundTrip(root, bytes);
  const auto plain = messages::PlainRoundTrip(root, bytes);
  if (protobuf != plain) {
    std::fprintf(stderr, "message %d: libprotobuf %s, the plain class %s\n", static_cast<int>(root),
                 protobuf ? "reads it" : "refuses", plain ? "reads it" : "refuses");
    std::abort();
  }
  return 0;
}
