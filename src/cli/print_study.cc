#include "cli/print_study.h"

#include <cstdio>

#include "eval/page/report_page.h"
#include "eval/study/study_table.h"

namespace shadowtutor::cli {

void PrintStudy(const eval::StudyResults& results, const std::filesystem::path& folder) {
  std::printf("%s\n", eval::StudyTables(results).c_str());
  eval::WriteReportPage(folder);
  std::printf("%s: report.html, results.json, runs.csv, frames.csv\n", folder.c_str());
}

}  // namespace shadowtutor::cli
