// `shadowtutor`: the command line. Every subcommand has a file of its own beside this one.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "cli/hints.h"
#include "cli/interrupt.h"
#include "cli/program.h"
#include "cli/standard_output.h"
#include "core/address_text.h"
#include "core/untrusted_text.h"
#include "shadowtutor/types.h"

namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 2;
constexpr size_t kMaxPrintedBytes = 4096;

// 2 when the command line or a file named on it is wrong, so that trying again is pointless; that
// of an interrupted program when a signal stopped the command; 1 for everything else.
int ExitCodeFor(const shadowtutor::Error& error) {
  using shadowtutor::ErrorCode;
  if (error.code() == ErrorCode::kInvalidArgument) return kUsage;
  // Servers, too, may send this code.
  const bool stopped = error.code() == ErrorCode::kCancelled && shadowtutor::cli::Interrupted();
  return stopped ? shadowtutor::cli::kInterruptedExitCode : kFailure;
}

// The arguments that are addresses with a password in them.
std::vector<std::string> secret_arguments;

// Whatever an error's sentence quotes, such as an argument or a library's message, it shows no
// password.
std::string Shown(std::string sentence) {
  for (const std::string& argument : secret_arguments) {
    sentence = shadowtutor::WithoutCredentialsIn(sentence, argument);
  }
  return shadowtutor::WithoutCredentialsIn(sentence);
}

void PrintError(const char* sentence) {
  // Some of it may come from the other side of a connection.
  std::fprintf(stderr, "shadowtutor: %s\n",
               shadowtutor::Showable(Shown(sentence), kMaxPrintedBytes).c_str());
}

// An empty value, such as that of a variable that is not set in a script, is never meant: it would
// be taken for an option that was not given.
void RefuseEmptyValues(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    const bool of_option = argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    if (!argument.empty() && !of_option) continue;
    if (of_option) argument.pop_back();
    throw shadowtutor::Error(shadowtutor::ErrorCode::kInvalidArgument,
                             "the value after " +
                                 (of_option ? argument : std::string(argv[i - 1])) +
                                 " is empty; give one, or leave the option away");
  }
}

int Run(int argc, char** argv) {
  RefuseEmptyValues(argc, argv);
  CLI::App app;
  int exit_code = 0;
  shadowtutor::cli::MakeProgram(app, exit_code);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return "shadowtutor: " + Shown(error.what()) + " (--help shows the options)\n";
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version come this way too, with the code 0.
    return app.exit(error) == 0 ? 0 : kUsage;
  } catch (const shadowtutor::Error& error) {
    // Commands run inside parse: the one that threw is the one that was parsed.
    const auto commands = app.get_subcommands();
    const std::string command = commands.empty() ? "" : commands.front()->get_name();
    throw shadowtutor::Error(error.code(),
                             shadowtutor::cli::WithOptions(command, error.what(), error.about()));
  }
  return exit_code;
}

int RunAndExplain(int argc, char** argv) {
  try {
    for (int i = 1; i < argc; ++i) {
      const std::string argument = argv[i];
      if (shadowtutor::WithoutCredentials(argument) != argument)
        secret_arguments.push_back(argument);
    }
    return Run(argc, argv);
  } catch (const shadowtutor::Error& error) {
    PrintError(error.what());
    return ExitCodeFor(error);
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr,
                 "shadowtutor: out of memory; use smaller frames or fewer clients, or raise the "
                 "limit (ulimit -v)\n");
    return kFailure;
  } catch (const std::system_error& error) {
    // Thread's constructor says nothing but "resource temporarily unavailable".
    const bool threads = error.code() == std::errc::resource_unavailable_try_again;
    PrintError(threads
                   ? "no more threads can be started; raise the limit (ulimit -u, -v), or close "
                     "other programs"
                   : error.what());
    return kFailure;
  } catch (const std::exception& error) {
    PrintError(error.what());
    return kFailure;
  }
}

}  // namespace

int main(int argc, char** argv) {
  shadowtutor::cli::PrepareStandardOutput();
  return shadowtutor::cli::FlushStandardOutput(RunAndExplain(argc, argv));
}
