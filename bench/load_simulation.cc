#include "load_simulation.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "load_order.h"
#include "server/admission.h"
#include "server/frame_pace.h"

namespace shadowtutor::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::chrono::milliseconds kTick{200};

// As in server/admission.cc: what of a key frame's training does not depend on its steps.
double CostOf(double step_share) { return 0.25 + 0.75 * step_share; }

class Simulation {
 public:
  Simulation(const LoadSettings& settings, const SimulatedMachine& machine,
             const std::string& order)
      : settings_(settings),
        machine_(machine),
        trainers_(settings.trainers > 0 ? settings.trainers
                                        : std::min(machine.cores, settings.devices)),
        admission_({.max_load = settings.max_load,
                    .schedule = settings.policy.schedule,
                    .teacher_calls = settings.teacher.calls,
                    .trainers = trainers_}),
        teaching_(MakeJobOrder(order)),
        training_(MakeJobOrder(order)) {
    for (int i = 0; i < settings.devices; ++i) {
      devices_.emplace_back(settings.mix, static_cast<size_t>(i));
      sessions_.emplace_back();
      // They come one after the other.
      opens_.emplace_back(now_ + i * std::chrono::milliseconds(50), i);
    }
  }

  LoadFigures Run() {
    begin_ = now_ + std::chrono::duration_cast<Clock::duration>(Seconds(settings_.warm_up));
    const auto end =
        begin_ + std::chrono::duration_cast<Clock::duration>(Seconds(settings_.seconds));
    while (now_ < end) Step(end);
    for (const Device& device : devices_) figures_.refused += !device.open();
    figures_.seconds = settings_.seconds;
    figures_.teacher_busy /= settings_.seconds * settings_.teacher.machines;
    figures_.trainers_busy /= settings_.seconds * trainers_;
    figures_.min_stride = admission_.terms().min_stride;
    figures_.step_share = admission_.terms().step_share;
    return std::move(figures_);
  }

 private:
  struct Session {
    server::FramePace pace;
    Clock::time_point deadline{}, began{};
    int told_stride = 0;
    bool taught = false;
    double step_share = 1;
  };
  struct Batch {
    std::vector<uint64_t> owners;
    Clock::time_point ends;
  };

  // To the next event, of which all that are due happen.
  void Step(Clock::time_point end) {
    Clock::time_point next = std::min(end, tick_);
    if (!opens_.empty()) next = std::min(next, opens_.front().first);
    for (const Device& device : devices_) {
      if (device.open() && device.next()) next = std::min(next, *device.next());
    }
    for (const Batch& batch : batches_) next = std::min(next, batch.ends);
    for (const auto& [owner, left] : trained_) {
      next = std::min(next, now_ + std::chrono::ceil<Clock::duration>(Seconds(left / Speed())));
    }
    Advance(next);
    Open();
    Send();
    FinishLabels();
    FinishTraining();
    if (now_ >= tick_) {
      admission_.Tick(now_);
      tick_ += kTick;
    }
    Begin();
  }

  // Seconds of one core's work that a key frame in training gets done in a second.
  double Speed() const {
    double side_by_side = static_cast<double>(trained_.size());
    if (settings_.teacher.busy) side_by_side += static_cast<double>(batches_.size());
    const double cores = std::max(1.0, machine_.cores / std::max(1.0, side_by_side));
    const double crowd = std::max(1.0, side_by_side / machine_.cores);
    return 1 / ((1 - machine_.parallel + machine_.parallel / cores) * crowd);
  }

  void Advance(Clock::time_point next) {
    const double speed = Speed();
    const double time = Seconds(next - now_).count();
    for (auto& [owner, left] : trained_) left -= time * speed;
    if (now_ >= begin_) {
      figures_.teacher_busy += time * static_cast<double>(batches_.size());
      figures_.trainers_busy += time * static_cast<double>(trained_.size());
    }
    now_ = next;
  }

  void Open() {
    while (!opens_.empty() && opens_.front().first <= now_) {
      const int number = opens_.front().second;
      opens_.pop_front();
      if (const auto wait = admission_.Refuse(now_)) {
        const std::pair again{now_ + *wait, number};
        opens_.insert(std::upper_bound(opens_.begin(), opens_.end(), again), again);
        continue;
      }
      const auto index = static_cast<size_t>(number);
      admission_.Opened(index, now_);
      sessions_[index].told_stride = admission_.terms().min_stride;
      devices_[index].Open(now_);
    }
  }

  void Send() {
    for (size_t i = 0; i < devices_.size(); ++i) {
      Device& device = devices_[i];
      if (!device.open() || !device.next() || *device.next() > now_) continue;
      Session& session = sessions_[i];
      session.pace.Came(device.Send(now_), now_);
      admission_.Came(i, session.pace);
      figures_.tally.sent += now_ >= begin_;
      const int stride = std::max(session.told_stride, settings_.mix.min_stride);
      session.deadline = session.pace.Deadline(stride, now_);
      teaching_->Add(i, session.deadline);
    }
  }

  // The server's calls, and what the teacher does of them.
  void Begin() {
    const TeacherCost& teacher = settings_.teacher;
    while (calls_ < teacher.calls && teaching_->CanTake()) {
      const uint64_t owner = teaching_->Take(now_);
      sessions_[owner].began = now_;
      called_.push_back(owner);
      ++calls_;
    }
    while (!called_.empty() && batches_.size() < static_cast<size_t>(teacher.machines)) {
      Batch batch;
      while (!called_.empty() && batch.owners.size() < static_cast<size_t>(teacher.batch)) {
        batch.owners.push_back(called_.front());
        called_.pop_front();
      }
      batch.ends = now_ + std::chrono::duration_cast<Clock::duration>(Seconds(teacher.ms / 1e3));
      batches_.push_back(std::move(batch));
    }
    while (trained_.size() < static_cast<size_t>(trainers_) && training_->CanTake()) {
      const uint64_t owner = training_->Take(now_);
      Session& session = sessions_[owner];
      session.began = now_;
      session.step_share = session.taught ? admission_.terms().step_share : 1;
      session.told_stride = admission_.terms().min_stride;
      trained_[owner] = machine_.one_core_ms / 1e3 * CostOf(session.step_share);
    }
  }

  void FinishLabels() {
    for (size_t i = 0; i < batches_.size();) {
      if (batches_[i].ends > now_) {
        ++i;
        continue;
      }
      for (const uint64_t owner : batches_[i].owners) {
        const Clock::duration took = now_ - sessions_[owner].began;
        admission_.Labelled(took);
        teaching_->Done(owner, took);
        training_->Add(owner, sessions_[owner].deadline);
        --calls_;
      }
      batches_.erase(batches_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void FinishTraining() {
    for (auto entry = trained_.begin(); entry != trained_.end();) {
      if (entry->second > 1e-7) {
        ++entry;
        continue;
      }
      const uint64_t owner = entry->first;
      entry = trained_.erase(entry);
      Session& session = sessions_[owner];
      const Clock::duration took = now_ - session.began;
      admission_.Trained(took, session.step_share);
      training_->Done(owner, took);
      session.taught = true;
      session.pace.Answered(now_);
      admission_.Answered(owner, now_);
      devices_[owner].Answered(now_, session.told_stride,
                               now_ >= begin_ ? &figures_.tally : nullptr);
    }
  }

  const LoadSettings settings_;
  const SimulatedMachine machine_;
  const int trainers_;
  Clock::time_point now_{}, begin_{}, tick_{};
  server::Admission admission_;
  std::unique_ptr<JobOrder> teaching_, training_;
  std::vector<Device> devices_;
  std::vector<Session> sessions_;
  std::deque<std::pair<Clock::time_point, int>> opens_;  // earliest first
  int calls_ = 0;
  std::deque<uint64_t> called_;  // calls that the teacher has not begun
  std::vector<Batch> batches_;
  std::map<uint64_t, double> trained_;  // seconds of one core that are left
  LoadFigures figures_;
};

}  // namespace

LoadFigures SimulateLoad(const LoadSettings& settings, const SimulatedMachine& machine,
                         const std::string& order) {
  return Simulation(settings, machine, order).Run();
}

}  // namespace shadowtutor::bench
