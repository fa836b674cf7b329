// All size limits and deadlines of the protocol, for both sides of the connection. docs/protocol.md
// explains them. The limits of frame sides and areas are in shadowtutor/types.h.
#ifndef SHADOWTUTOR_WIRE_LIMITS_H_
#define SHADOWTUTOR_WIRE_LIMITS_H_

#include <chrono>
#include <cstddef>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {

/// Bytes of one message in either direction. A raw frame of kMaxFramePixels has 48 MiB and fits.
inline constexpr size_t kMaxMessageBytes = size_t{64} << 20;
static_assert(kMaxFramePixels * 3 < kMaxMessageBytes);
/// Weights of a student, or of a part of one: 12 times those of the published network.
inline constexpr size_t kMaxStudentFloats = size_t{6} << 20;
/// Bytes of any text in a message: names, reasons, versions.
inline constexpr size_t kMaxTextBytes = 4096;
/// Bytes of an error's sentence, which is also sent in an HTTP header; longer ones are cut.
inline constexpr size_t kMaxSentenceBytes = 1024;
/// Bytes of a line of the server's log, and of what a client says of itself in it.
inline constexpr size_t kMaxLogLineBytes = 1024;
inline constexpr size_t kMaxLoggedVersionBytes = 64;
inline constexpr size_t kMaxLoggedReasonBytes = 256;
/// Bytes of the gRPC metadata of a call.
inline constexpr size_t kMaxMetadataBytes = 8192;

/// Sessions that a server accepts at the same time: the default, and the highest setting.
inline constexpr int kDefaultMaxSessions = 16;
inline constexpr int kMaxSessions = 256;
/// Of these, those of one connection. (From one address at most three quarters of the sessions that
/// a server accepts, so that others find a place.)
inline constexpr int kMaxSessionsPerConnection = 4;
/// Sessions that one address may open at once, and how often it may open another one afterwards.
inline constexpr int kSessionOpenings = 64;
inline constexpr std::chrono::milliseconds kSessionOpeningEvery{500};
/// Whole students that a session may get at once on request, and how often another one afterwards.
/// A client that works asks for one when its weights are damaged, which should never happen.
inline constexpr int kWholeStudents = 8;
inline constexpr std::chrono::milliseconds kWholeStudentEvery{5'000};
/// Connections that a server keeps at the same time, in all and from one address.
inline constexpr int kDefaultMaxConnections = 512;
inline constexpr int kDefaultMaxConnectionsPerAddress = 64;
/// Streams that one connection may have open at the same time.
inline constexpr int kMaxStreamsPerConnection = 16;

/// Parts of answers that may wait in a client's link until its next frame, besides the answer to
/// its key frame.
inline constexpr size_t kMostWaitingUpdates = 8;

/// In a Segment call: the most unanswered frames of a session, their number when the client asks
/// for none, and the most bytes of all of them together (a single frame is always allowed).
inline constexpr int kMaxSegmentInFlight = 8;
inline constexpr int kDefaultSegmentInFlight = 2;
inline constexpr size_t kMaxSegmentBytes = kMaxMessageBytes;

/// The most messages that may wait in a server's stream for the client to read them. A client that
/// is tutored has at most an answer, a later part and whole students to read, one that has frames
/// segmented at most kMaxSegmentInFlight answers, so only a client that does not read reaches this
/// bound.
inline constexpr size_t kMaxWaitingMessages = 8;
static_assert(kMaxSegmentInFlight <= static_cast<int>(kMaxWaitingMessages));

/// How long the client waits for a connection.
inline constexpr std::chrono::milliseconds kConnectTimeout{5'000};
/// How long the client looks for the reason when it could not connect.
inline constexpr std::chrono::milliseconds kConnectionCheckTimeout{3'000};
/// How long a server's new connection may take to say its first byte, then to finish its handshake,
/// and how long it may have no stream.
inline constexpr std::chrono::milliseconds kConnectionTimeout{10'000};
/// How long the server waits for the Hello after the start of the stream, and the client for the
/// Welcome after its Hello.
inline constexpr std::chrono::milliseconds kHelloTimeout{10'000};
/// How long the client waits for the answer to a key frame. The teacher may need seconds, and may
/// have frames of other sessions to do first.
inline constexpr std::chrono::milliseconds kUpdateTimeout{60'000};
/// How long the server waits for the teacher's label of one frame. Less than kUpdateTimeout, so
/// that a client that waits still receives the error.
inline constexpr std::chrono::milliseconds kTeacherTimeout{30'000};
/// After this time the training on a key frame takes no further step; the client gets the best
/// weights so far. For slow machines only: the number of steps is bounded first.
inline constexpr std::chrono::milliseconds kTrainingTimeout{20'000};
/// When a server is full, a session whose client has sent nothing for this long is ended to make
/// room for a new one.
inline constexpr std::chrono::milliseconds kYieldTimeout{60'000};
/// The client's pause between two attempts to connect: kReconnectFirst, doubled after every attempt
/// up to kReconnectMost. Each pause is changed at random by up to a fifth, so that the clients of a
/// server that restarts do not all reconnect at the same moment.
inline constexpr std::chrono::milliseconds kReconnectFirst{500};
inline constexpr std::chrono::milliseconds kReconnectMost{15'000};
/// The server ends a session in which the client sent nothing for this long. A client of a live
/// source sends a key frame every few seconds, even at the largest stride; a paused one sends none.
inline constexpr std::chrono::milliseconds kIdleTimeout{600'000};
/// The server ends a session whose client does not take a message for this long.
inline constexpr std::chrono::milliseconds kWriteTimeout{60'000};
/// A session that is to move ends this long after the server's last answer, or when the client says
/// something more, so that the client has taken the answer.
inline constexpr std::chrono::milliseconds kMoveGrace{300};
/// How long a server that drains waits for its sessions to move.
inline constexpr std::chrono::milliseconds kDrainTimeout{30'000};
/// A client that was told to move connects again after a random part of this time, so that the
/// clients of a server do not all come to the next one at the same moment.
inline constexpr std::chrono::milliseconds kMoveMost{250};
/// How long streams may go on after the server was asked to shut down; then they are cut off.
inline constexpr std::chrono::milliseconds kShutdownTimeout{5'000};

/// Both sides send HTTP/2 pings while the connection is idle: one after kKeepAliveTime, answered
/// within kKeepAliveTimeout. So a lost partner is noticed after at most the sum of the two.
inline constexpr std::chrono::milliseconds kKeepAliveTime{20'000};
inline constexpr std::chrono::milliseconds kKeepAliveTimeout{10'000};
/// The server closes a connection whose pings come faster than this.
inline constexpr std::chrono::milliseconds kMinPingInterval{5'000};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_LIMITS_H_
