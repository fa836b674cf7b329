// What tests compare of a study's results.
#ifndef SHADOWTUTOR_EVAL_STUDY_TESTING_WITHOUT_TIMES_H_
#define SHADOWTUTOR_EVAL_STUDY_TESTING_WITHOUT_TIMES_H_

#include "eval/study/study.h"

namespace shadowtutor::eval {

/// The results without what was measured by a clock.
inline StudyResults WithoutTimes(StudyResults results) {
  for (RunRecord& run : results.runs) run.totals.encode_ms = run.totals.server_ms = 0;
  return results;
}

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_TESTING_WITHOUT_TIMES_H_
