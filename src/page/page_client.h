// The client of a page: its link, the student, and what the page is told of both.
#ifndef SHADOWTUTOR_PAGE_PAGE_CLIENT_H_
#define SHADOWTUTOR_PAGE_PAGE_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/client.h"
#include "page/page_link.h"
#include "shadowtutor/types.h"
#include "wire/messages.h"

namespace shadowtutor::page {

struct PageOptions : PageLinkOptions {
  double key_frames_per_second = 0;  // as client::ClientOptions has it
};

/// The options in a JSON object (page/page.h). Throws Error kInvalidArgument for what is none, for
/// members that do not exist and for values out of range.
PageOptions ParsePageOptions(const std::string& json);

/// Thread safety: one thread at a time.
class PageClient {
 public:
  /// Throws as client::Client.
  explicit PageClient(const PageOptions& options);

  PageLink& link() { return *link_; }

  /// Where to write the next frame as R, G, B and a byte that is not read. Throws Error as
  /// wire::CheckFrameSize.
  uint8_t* Frame(FrameSize size);
  /// Algorithm 3 for that frame. The labels are valid until the next call; null while there is no
  /// student. Throws as client::Client::Process.
  const LabelMap* Process();
  /// About the frame of the last Process.
  const client::FrameReport& report() const { return report_; }
  /// JSON (page/page.h).
  std::string Report();
  std::string Classes() const;
  /// Throws as client::Client.
  void SetKeyFramesPerSecond(double rate) { client_->SetKeyFramesPerSecond(rate); }
  /// Throws Error kFailedPrecondition while there is no student.
  const nn::Checkpoint& student() const { return client_->student(); }
  uint64_t version() const { return client_->version(); }

 private:
  PageLink* link_ = nullptr;  // the client's
  std::unique_ptr<client::Client> client_;
  FrameSize size_;
  std::vector<uint8_t> rgba_;
  Image frame_;
  LabelMap labels_;
  client::FrameReport report_;
  std::optional<wire::Update> last_update_;  // without its payload
  size_t last_update_bytes_ = 0;
};

}  // namespace shadowtutor::page

#endif  // SHADOWTUTOR_PAGE_PAGE_CLIENT_H_
