#include "shadowtutor/client.h"

#include <utility>

#include "api/client_impl.h"
#include "api/message_link.h"

namespace shadowtutor {

client::ClientOptions api::OptionsOf(const ClientOptions& options) {
  client::ClientOptions inner;
  inner.staleness = options.wait ? client::Staleness::kWait : client::Staleness::kGoOn;
  inner.key_frames_per_second = options.key_frames_per_second;
  return inner;
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Client::Client(std::optional<Student> student, std::unique_ptr<Link> link,
               const ClientOptions& options)
    : Client(std::make_unique<Impl>(student ? student->checkpoint() : nullptr,
                                    std::make_unique<api::MessageLink>(std::move(link)),
                                    api::OptionsOf(options), nullptr)) {}

Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

FrameReport Client::Process(ImageView frame, LabelMap& labels) {
  const client::FrameReport inner = impl_->client.Process(frame, labels);
  FrameReport report;
  report.index = inner.index;
  report.key_frame = inner.key_frame;
  report.update_applied = inner.update_applied;
  report.stride = inner.stride;
  report.metric = inner.metric;
  report.predict_ms = inner.predict_ms;
  report.waited_ms = inner.waited_ms;
  return report;
}

bool Client::HasStudent() { return impl_->client.HasStudent(); }

Student Client::student() const {
  return Student(std::make_shared<const nn::Checkpoint>(impl_->client.student()));
}

LinkStats Client::stats() const { return impl_->stats ? impl_->stats() : LinkStats(); }

}  // namespace shadowtutor
