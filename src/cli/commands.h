// The subcommands of `shadowtutor`, one source file each. They read options and call the other
// rooms; they have no logic of their own.
#ifndef SHADOWTUTOR_CLI_COMMANDS_H_
#define SHADOWTUTOR_CLI_COMMANDS_H_

namespace CLI {
class App;
}

namespace shadowtutor::cli {

// Each adds its subcommand to `app`. When the user calls it, it runs inside CLI11's parse and
// leaves the process's exit code in `exit_code`, which must outlive the parse. Failures are thrown
// as shadowtutor::Error; main prints the sentence and chooses the exit code.

void AddServeCommand(CLI::App& app, int& exit_code);
void AddRunCommand(CLI::App& app, int& exit_code);
void AddLabelCommand(CLI::App& app, int& exit_code);
void AddTeacherCommand(CLI::App& app, int& exit_code);
void AddStudentCommand(CLI::App& app, int& exit_code);
void AddEvalCommand(CLI::App& app, int& exit_code);
void AddPretrainCommand(CLI::App& app, int& exit_code);
void AddBenchCommand(CLI::App& app, int& exit_code);
void AddPlanCommand(CLI::App& app, int& exit_code);
void AddReportCommand(CLI::App& app, int& exit_code);
void AddTopCommand(CLI::App& app, int& exit_code);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_COMMANDS_H_
