// An evaluation's figures for machines and for people.
#ifndef SHADOWTUTOR_EVAL_SIM_EVALUATION_TEXT_H_
#define SHADOWTUTOR_EVAL_SIM_EVALUATION_TEXT_H_

#include <string>

#include "eval/sim/evaluation.h"

namespace shadowtutor::eval {

/// One JSON object, ending in a newline. Keys: strategy and its parameters, frames, mean_miou
/// (0..1), key_frames, key_frame_ratio (0..1), trained_key_frames, distillation_steps,
/// steps_per_key_frame, bytes_up, bytes_down, server_ms, mean_delay, and those of AddMeasures; with
/// EvalOptions::per_frame also miou (per frame) and key_frame_indices.
std::string ReportJson(const EvalReport& report);

/// A few lines for a terminal, figures in per cent and MiB.
std::string ReportTable(const EvalReport& report);

/// "frame 120/289  mIoU 71.2 %  key frames 9": one line, without a line break.
std::string ProgressLine(const EvalProgress& progress);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_EVALUATION_TEXT_H_
