// `shadowtutor report`: writes an evaluation's report page again.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/value_types.h"
#include "eval/page/report_page.h"

namespace shadowtutor::cli {

void AddReportCommand(CLI::App& app, int& exit_code) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "report", "Make FOLDER/report.html, one self-contained page, from FOLDER/results.json");
  command->add_option("folder", *folder, "Where `shadowtutor eval --out` left its results")
      ->type_name(kFolderValue)
      ->required();
  command->callback([folder, &exit_code] {
    eval::WriteReportPage(*folder);
    std::printf("%s\n", (std::filesystem::path(*folder) / "report.html").c_str());
    exit_code = 0;
  });
}

}  // namespace shadowtutor::cli
