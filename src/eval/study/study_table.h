// A study's tables for a terminal, in the form of the paper's: a row per category of clips.
#ifndef SHADOWTUTOR_EVAL_STUDY_STUDY_TABLE_H_
#define SHADOWTUTOR_EVAL_STUDY_STUDY_TABLE_H_

#include <string>

#include "eval/study/study_request.h"
#include "eval/study/study_results.h"

namespace shadowtutor::eval {

/// Mean mIoU, that of the first frames, key frames, traffic and flicker, a column per run label;
/// the server's time and the times to 80 and 85 % for the strategies that train. A category's row
/// is the mean over its clips; the last row is the mean over the categories, as the paper takes it.
std::string StudyTables(const StudyResults& results);

/// "clip 1/5 dog  P-8  frame 120/289  mIoU 71.20 %  12:30 min left": one line, without a line
/// break.
std::string StudyProgressLine(const StudyProgress& progress);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_STUDY_TABLE_H_
