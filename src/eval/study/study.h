// A study: strategies times delays times clips, with what is done kept on disk.
//
// In the study's folder:
//   labels/CLIP-KEY/      a teacher's answers, computed once (teacher/label_store.h)
//   clips/CLIP.json       what was found out about a clip
//   runs/CLIP-LABEL.json  each run that is done, with the parameters that it was made with
//   samples/              pictures
//   results.json, runs.csv, frames.csv
// A study that is started again does what is missing and what its parameters, or the files that it
// was made from, have changed.
#ifndef SHADOWTUTOR_EVAL_STUDY_STUDY_H_
#define SHADOWTUTOR_EVAL_STUDY_STUDY_H_

#include "eval/study/study_request.h"
#include "eval/study/study_results.h"

namespace shadowtutor::eval {

/// Runs what is missing and writes the results. A clip that fails is in `failures` and nowhere
/// else; the rest goes on, and where all fail no results are written. Throws Error:
/// kInvalidArgument (no clips, no strategies, two clips of one name), kCancelled (`stop` said so;
/// the runs that are done are kept, results.json is as it was), kUnavailable (the folder cannot be
/// written to).
StudyResults RunStudy(const StudyRequest& request);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_STUDY_H_
