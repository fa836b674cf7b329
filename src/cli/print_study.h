// What a study that is complete tells the user.
#ifndef SHADOWTUTOR_CLI_PRINT_STUDY_H_
#define SHADOWTUTOR_CLI_PRINT_STUDY_H_

#include <filesystem>

#include "eval/study/study_results.h"

namespace shadowtutor::cli {

/// Prints the tables, writes the page of the study's folder, and prints which files there are.
/// Throws as eval::WriteReportPage.
void PrintStudy(const eval::StudyResults& results, const std::filesystem::path& folder);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_PRINT_STUDY_H_
