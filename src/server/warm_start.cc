#include "server/warm_start.h"

#include <cstdio>
#include <utility>

namespace shadowtutor::server {

void WarmStart::Offer(const std::string& owner, tutor::Session& session,
                      const tutor::LabelledFrame& key_frame) {
  if (!store_) return;
  owner_ = owner;
  scene_ = SceneOf(key_frame.frame);
  if (!session.untaught()) return;
  offered_.clear();
  std::vector<std::vector<float>> starts;
  for (StudentStore::Found& found :
       store_->Nearest(owner_, session.origin(), scene_, kMostOffers)) {
    offered_.push_back(std::move(found.name));
    starts.push_back(std::move(found.trained));
  }
  session.OfferStarts(std::move(starts));
}

std::string WarmStart::Trained(const tutor::Session& session) {
  if (!store_) return {};
  ++learned_;
  const auto& start = session.start();
  if (!start) return {};
  store_->Used(owner_, offered_.at(start->index));
  char text[120];
  std::snprintf(text, sizeof(text),
                "begins with the stored student %s: mIoU %.3f, the server's %.3f",
                offered_.at(start->index).c_str(), start->metric, start->own_metric);
  return text;
}

void WarmStart::Leave(const tutor::Session& session) {
  if (!store_ || learned_ < kLearned) return;
  const std::span<const float> trained = session.trained();
  store_->Put(owner_, {session.origin(), scene_, {trained.begin(), trained.end()}});
}

}  // namespace shadowtutor::server
