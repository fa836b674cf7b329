// A policy: everything that a server chooses for a session. It says what is trained on a key frame,
// how and for how long, what the device shows, and when key frames come. It is plain data; nothing
// asks for its name.
#ifndef SHADOWTUTOR_DISTILL_POLICY_H_
#define SHADOWTUTOR_DISTILL_POLICY_H_

#include <string>
#include <string_view>
#include <vector>

#include "distill/key_frame_pictures.h"
#include "distill/key_frame_schedule.h"
#include "distill/training_types.h"

namespace shadowtutor::distill {

struct Policy {
  std::string name = "paper";  // of the preset that it began as, for reports

  TrainerOptions trainer;
  ScheduleOptions schedule;

  /// What is different where updates travel coded (wire/coded_update.h), so that they are small.
  struct Coded {
    double share = 1;  // TrainerOptions::share
    // These replace the trainer's values; 0: they do not.
    int max_updates = 0;
    double learning_rate = 0;
    double averaging = 0;
    /// The step of the quantiser, in learning rates: what is less than about half of it waits for
    /// the next update.
    double step = 2;
    /// The quantiser's step is halved, up to three times, while the mIoU that the client's student
    /// has on the key frame is so far below that of the trained one.
    double tolerance = 0.01;
  } coded;

  KeyFramePictures pictures;  // where the client's user wants nothing else

  /// The device shows only classes that occurred in so many of the last key frames' labels; where
  /// the student says another one, it shows the best of those. 0: it shows all classes.
  int shown_labels = 0;
  /// A class occurs in a label if it has this share of its pixels, or more. Teachers see specks of
  /// classes that are not there.
  double shown_area = 0;
  /// Before the first update of a session the device shows the background alone, because no class
  /// has occurred in a label yet. Needs shown_labels.
  bool hide_untaught = false;

  /// A key frame is answered after so many distillation steps, and the rest of them come in further
  /// updates, each of as many steps; 0: all steps come in one update.
  int part_updates = 0;
  /// While the server has nothing else to do, it goes on training on the last key frame, up to so
  /// many steps more. Needs part_updates.
  int idle_updates = 0;
};

/// The names of the presets: "paper", "frugal", "balanced", "best". The first is the paper, to the
/// last bit.
std::vector<std::string> PolicyNames();
/// The preset of that name. Throws Error kInvalidArgument, which lists the names, for any other.
Policy FindPolicy(std::string_view name);

/// How a session trains: with policy.trainer, or, where updates are coded, with what policy.coded
/// makes of it.
TrainerOptions TrainerFor(const Policy& policy, bool coded);

/// Throws Error kInvalidArgument for a policy with values out of range.
void Validate(const Policy& policy);

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_POLICY_H_
