// Every bound on what travels and every deadline on what waits, for both sides of the connection.
// docs/protocol.md has the same table in prose. Frame sides and areas are bounded by
// shadowtutor/types.h.
#ifndef SHADOWTUTOR_RPC_LIMITS_H_
#define SHADOWTUTOR_RPC_LIMITS_H_

#include <chrono>
#include <cstddef>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {

/// One message, either way. A raw frame of kMaxFramePixels (48 MiB) fits, with room to spare.
inline constexpr size_t kMaxMessageBytes = size_t{64} << 20;
static_assert(kMaxFramePixels * 3 < kMaxMessageBytes);
/// A student, whole or in part: 12 times the published network.
inline constexpr size_t kMaxStudentFloats = size_t{6} << 20;
/// Any text in a message: names, reasons, versions.
inline constexpr size_t kMaxTextBytes = 4096;
/// An error's sentence, which travels in a header too; longer ones are cut.
inline constexpr size_t kMaxSentenceBytes = 1024;
/// gRPC metadata of a call.
inline constexpr size_t kMaxMetadataBytes = 8192;

/// Sessions at a time, unless the server is told otherwise, and the most that it can be told.
inline constexpr int kDefaultMaxSessions = 16;
inline constexpr int kMaxSessions = 256;
/// Streams that one connection may open.
inline constexpr int kMaxStreamsPerConnection = 16;

/// Offloading: frames that a session may have unanswered, and the bytes that they may have together
/// (one frame may always be there). A client that asks for no number gets the default.
inline constexpr int kMaxOffloadInFlight = 8;
inline constexpr int kDefaultOffloadInFlight = 2;
inline constexpr size_t kMaxOffloadBytes = kMaxMessageBytes;

/// From the client's start of a connection to its being there.
inline constexpr std::chrono::milliseconds kConnectTimeout{5'000};
/// From the stream's start to the Hello (server), and from the Hello to the Welcome (client).
inline constexpr std::chrono::milliseconds kHelloTimeout{10'000};
/// From a key frame to its answer (client). A teacher may take seconds, and other sessions go
/// first.
inline constexpr std::chrono::milliseconds kUpdateTimeout{60'000};
/// For one frame by the teacher (server): less than a client waits, so that it hears why.
inline constexpr std::chrono::milliseconds kTeacherTimeout{30'000};
/// Between two attempts to connect (client): doubled from the first to the most, a fifth more or
/// less by chance, so that the clients of a server that fell do not all come back at once.
inline constexpr std::chrono::milliseconds kReconnectFirst{500};
inline constexpr std::chrono::milliseconds kReconnectMost{15'000};
/// A session that sends nothing for so long is ended (server). A live source at the largest stride
/// sends a key frame every few seconds, a paused one none at all.
inline constexpr std::chrono::milliseconds kIdleTimeout{600'000};
/// A message that the client does not take for so long ends its session (server).
inline constexpr std::chrono::milliseconds kWriteTimeout{60'000};
/// From the request to shut down to the hard end of every stream (server).
inline constexpr std::chrono::milliseconds kShutdownTimeout{5'000};

/// HTTP/2 pings by both sides while nothing else travels: a partner that vanished is noticed after
/// at most the sum of the two.
inline constexpr std::chrono::milliseconds kKeepAliveTime{20'000};
inline constexpr std::chrono::milliseconds kKeepAliveTimeout{10'000};
/// Pings that come faster than this are taken for an attack by the server.
inline constexpr std::chrono::milliseconds kMinPingInterval{5'000};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_LIMITS_H_
