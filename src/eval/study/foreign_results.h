// What in a folder of results no evaluation has written.
#ifndef SHADOWTUTOR_EVAL_STUDY_FOREIGN_RESULTS_H_
#define SHADOWTUTOR_EVAL_STUDY_FOREIGN_RESULTS_H_

#include <filesystem>
#include <string_view>

namespace shadowtutor::eval {

// The beginnings of the files that an evaluation writes, by which it knows them again.

inline constexpr std::string_view kStoredStart = "{\"made_from\"";
inline constexpr std::string_view kRunsCsvStart = "clip,camera,scene,strategy,";
inline constexpr std::string_view kFramesCsvStart = "clip,label,frame,";
inline constexpr std::string_view kLiveCsvStart = "strategy,label,bandwidth_mbit,";

/// Throws Error kInvalidArgument when the folder holds files that an evaluation would replace and
/// that no evaluation wrote, or links of their names; of the page, eval/page knows. What a run that
/// was killed left is right. Thread safety: any thread.
void RefuseForeignResults(const std::filesystem::path& folder);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_FOREIGN_RESULTS_H_
