// What the tests against older releases share: a server of this release that its clients take for
// an older one.
#ifndef SHADOWTUTOR_TESTS_OLDER_PEERS_H_
#define SHADOWTUTOR_TESTS_OLDER_PEERS_H_

#include <set>
#include <string>

#include "core/mutex.h"
#include "message_relay.h"

namespace shadowtutor::tests {

/// Takes from a message what it did not have before policies, parts, the newer codecs and named
/// students.
void MakeOlder(v1::ClientMessage& message);
void MakeOlder(v1::ServerMessage& message);

/// Stands before a server, and takes from every message what an older server would not have read or
/// sent.
///
/// Thread safety: any thread.
class OlderServer final : public MessageRelay {
 public:
  using MessageRelay::MessageRelay;
  ~OlderServer() override { End(); }

  /// What has passed so far.
  struct Seen {
    int hellos = 0;
    std::set<v1::FrameCodec> key_frames;
    std::set<v1::UpdateCodec> updates;
    std::set<v1::LabelCodec> labels;
  };
  Seen seen() const ST_EXCLUDES(mutex_);

 private:
  void Pass(v1::ClientMessage& message) override ST_EXCLUDES(mutex_);
  void Pass(v1::ServerMessage& message) override ST_EXCLUDES(mutex_);
  void Pass(v1::SegmentRequest& message) override;
  void Pass(v1::SegmentReply& message) override ST_EXCLUDES(mutex_);

  mutable Mutex mutex_;
  Seen seen_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::tests

#endif  // SHADOWTUTOR_TESTS_OLDER_PEERS_H_
