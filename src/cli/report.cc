// `shadowtutor report`: makes one evaluation of its shards, and writes its report page again.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/print_study.h"
#include "cli/value_types.h"
#include "eval/page/report_page.h"
#include "eval/study/merge_shards.h"

namespace shadowtutor::cli {
namespace {

int Report(const std::filesystem::path& folder) {
  eval::RefuseForeignPage(folder);
  if (eval::HasShards(folder)) {
    const eval::StudyResults results = eval::MergeShards(folder);
    for (const eval::FailedClip& failed : results.failures) {
      std::fprintf(stderr, "shadowtutor: the clip %s was left out: %s\n", failed.clip.c_str(),
                   failed.why.c_str());
    }
    PrintStudy(results, folder);
    return results.failures.empty() ? 0 : 1;
  }
  eval::WriteReportPage(folder);
  std::printf("%s\n", (folder / "report.html").c_str());
  return 0;
}

}  // namespace

void AddReportCommand(CLI::App& app, int& exit_code) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("report",
                                         "Make FOLDER/report.html, one self-contained page, from "
                                         "FOLDER/results.json; of an evaluation "
                                         "in shards (eval --shard) make that file first");
  command->add_option("folder", *folder, "Where `shadowtutor eval --out` left its results")
      ->type_name(kFolderValue)
      ->required();
  command->callback([folder, &exit_code] { exit_code = Report(*folder); });
}

}  // namespace shadowtutor::cli
