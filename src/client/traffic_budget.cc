#include "client/traffic_budget.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "shadowtutor/types.h"

namespace shadowtutor::client {
namespace {

// What kilobits per second come to in a window, in bytes.
double WindowBytes(double kilobits_per_second) {
  return kilobits_per_second * 1000 / 8 * static_cast<double>(kBudgetWindow.count());
}

bool Fits(uint64_t bytes, double kilobits_per_second) {
  return kilobits_per_second == 0 || static_cast<double>(bytes) <= WindowBytes(kilobits_per_second);
}

}  // namespace

uint64_t BudgetOptions::WindowUp() const {
  double least = std::numeric_limits<double>::infinity();
  if (up > 0) least = std::min(least, WindowBytes(up));
  if (both > 0) least = std::min(least, WindowBytes(both));
  return least < 1e15 ? static_cast<uint64_t>(least) : std::numeric_limits<uint64_t>::max();
}

int BudgetOptions::LaterKeyFrameBytes() const {
  constexpr double kKeyFrames = 13;  // 4.2 % of 300 frames
  constexpr double kLeast = 500;     // in less than that there is hardly a picture
  double least = std::numeric_limits<int>::max();
  if (up > 0) least = std::min(least, WindowBytes(up) / kKeyFrames);
  if (both > 0) least = std::min(least, WindowBytes(both) / 2 / kKeyFrames);
  return static_cast<int>(std::max(least, kLeast));
}

TrafficBudget::TrafficBudget(const BudgetOptions& options) : options_(options) {
  for (const double bound : {options.both, options.up, options.down}) {
    if (!(bound >= 0 && std::isfinite(bound))) {
      throw Error(ErrorCode::kInvalidArgument,
                  "a budget must be a number of kilobits per second, or 0 for none");
    }
  }
}

void TrafficBudget::Note(uint64_t bytes_up, uint64_t bytes_down, Clock::time_point now) {
  const Bytes more{bytes_up - total_.up, bytes_down - total_.down};
  if (more.up == 0 && more.down == 0) return;
  total_ = {bytes_up, bytes_down};
  window_.push_back({now, more});
  in_window_.up += more.up;
  in_window_.down += more.down;
  // A key frame goes out after it was asked for, so its bytes begin an exchange.
  if (more.up > 0 && counted_ != exchanges_) {
    counted_ = exchanges_;
    before_ = now_;
    now_ = {};
  }
  now_.up += expected_up_ > 0 ? std::min(more.up, expected_up_) : more.up;
  now_.down += more.down;
}

void TrafficBudget::Sent(const KeyFrameBytes& expected, bool first_of_stream) {
  ++exchanges_;
  expected_up_ = first_of_stream ? expected.predicted : 0;
}

bool TrafficBudget::Allows(Clock::time_point now, const KeyFrameBytes& expected,
                           bool first_of_stream) {
  while (!window_.empty() && window_.front().at + kBudgetWindow <= now) {
    in_window_.up -= window_.front().bytes.up;
    in_window_.down -= window_.front().bytes.down;
    window_.pop_front();
  }
  if (exchanges_ == 0) return true;
  // What was asked for and has not gone out yet, and then the next one.
  const uint64_t ahead = exchanges_ - counted_ + 1;
  const auto next = [](uint64_t a, uint64_t b) { return std::max(a, b) + std::max(a, b) / 4; };
  const uint64_t one = next(now_.up, before_.up);
  const uint64_t up =
      in_window_.up + (ahead - 1) * one + (first_of_stream ? std::max(one, expected.first) : one);
  const uint64_t down = in_window_.down + ahead * next(now_.down, before_.down);
  return Fits(up, options_.up) && Fits(down, options_.down) && Fits(up + down, options_.both);
}

}  // namespace shadowtutor::client
