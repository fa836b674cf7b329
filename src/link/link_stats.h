// Totals of what a client's link to its server has done so far.
#ifndef SHADOWTUTOR_LINK_LINK_STATS_H_
#define SHADOWTUTOR_LINK_LINK_STATS_H_

#include <cstdint>
#include <optional>

#include "shadowtutor/types.h"

namespace shadowtutor::link {

/// Since the start. Bytes up and down are those of the serialized key frames and updates.
struct LinkStats {
  uint64_t key_frames = 0;
  uint64_t updates = 0;
  uint64_t bytes_up = 0;
  uint64_t bytes_down = 0;
  /// Of the students that travelled, either way, until the first session began. 0: the server knew
  /// the client's.
  uint64_t bytes_first_student = 0;
  uint64_t bytes_students = 0;  // messages with whole students that came, not in bytes_down
  double encode_ms = 0;         // time for encoding the key frames, in all
  double most_encode_ms = 0;    // and for the one that took longest
  uint64_t sessions = 0;        // connections that a server welcomed
  uint64_t moves = 0;           // of these, those after which the server asked to connect again
  /// Key frames whose answer the client did not get because the connection was lost.
  uint64_t key_frames_lost = 0;
  /// Why the last attempt to connect again failed, if the server refused this client and will do so
  /// again; absent otherwise, and while there is a session.
  std::optional<Error> refusal;
  /// Whether the next key frame, if it travels as video, is predicted from none even if its size is
  /// that of the one before.
  bool next_begins_stream = true;
};

}  // namespace shadowtutor::link

#endif  // SHADOWTUTOR_LINK_LINK_STATS_H_
