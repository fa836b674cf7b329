// A study runs every chosen strategy with every delay on every clip, and stores each finished run.
//
// In the study's folder:
//   labels/CLIP-KEY/      a teacher's answers, computed once (teacher/label_store.h)
//   clips/CLIP.json       a clip's size, rate, number of frames, teacher and classes
//   runs/CLIP-LABEL.json  each finished run, with the parameters that it was made with
//   samples/              pictures
//   results.json, runs.csv, frames.csv
// A study that is started again runs what is missing, and runs anew what changed parameters or
// files have made invalid.
#ifndef SHADOWTUTOR_EVAL_STUDY_STUDY_H_
#define SHADOWTUTOR_EVAL_STUDY_STUDY_H_

#include "eval/study/study_request.h"
#include "eval/study/study_results.h"

namespace shadowtutor::eval {

/// Runs what is missing and writes the results. A clip that fails is listed in `failures` only, and
/// the other clips go on; if all fail, no results are written. Throws Error: kInvalidArgument (no
/// clips, no strategies, two clips of one name), kCancelled (`stop` returned true; finished runs
/// are kept, results.json stays as it was), kUnavailable (the folder cannot be written to).
StudyResults RunStudy(const StudyRequest& request);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_STUDY_H_
