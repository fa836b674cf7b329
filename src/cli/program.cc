#include "cli/program.h"

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "shadowtutor/version.h"

namespace shadowtutor::cli {

void MakeProgram(CLI::App& app, int& exit_code) {
  app.name("shadowtutor");
  app.description(
      "ShadowTutor: video segmentation on weak devices, taught by a heavy network on a server");
  app.set_version_flag("--version", std::string("shadowtutor ") + Version());
  app.require_subcommand(1);
  for (const auto add : {AddServeCommand, AddRunCommand, AddTopCommand, AddLabelCommand,
                         AddTeacherCommand, AddStudentCommand, AddPretrainCommand, AddEvalCommand,
                         AddBenchCommand, AddPlanCommand, AddReportCommand}) {
    add(app, exit_code);
  }
}

}  // namespace shadowtutor::cli
