// `shadowtutor_reference`: writes what a package has beside the program, made from the program's
// own commands and options. A part of the build, not of the product.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "cli/reference/command_tree.h"
#include "cli/reference/completion.h"
#include "cli/reference/man_page.h"
#include "cli/reference/sample_settings.h"
#include "core/atomic_file.h"

namespace {

namespace fs = std::filesystem;
namespace reference = shadowtutor::cli::reference;

int Usage() {
  std::fputs(
      "shadowtutor_reference man FOLDER          the manual pages\n"
      "shadowtutor_reference completions FOLDER  what bash, zsh and fish complete\n"
      "shadowtutor_reference settings FILE       the sample of a configuration file of `serve`\n",
      stderr);
  return 2;
}

void Write(const fs::path& file, const std::string& text) {
  shadowtutor::WriteFileAtomically(file, text, false);
}

int Run(const std::string& what, const fs::path& where) {
  const reference::CommandText program = reference::DescribeProgram();
  if (what == "settings") {
    Write(where, reference::SampleSettings(*program.Find("serve")));
  } else if (what == "man") {
    fs::create_directories(where);
    for (const reference::ManPage& page : reference::ManPages(program))
      Write(where / page.name, page.text);
  } else if (what == "completions") {
    fs::create_directories(where);
    Write(where / "shadowtutor.bash", reference::BashCompletion(program));
    Write(where / "_shadowtutor", reference::ZshCompletion(program));
    Write(where / "shadowtutor.fish", reference::FishCompletion(program));
  } else {
    return Usage();
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return Usage();
  try {
    return Run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "shadowtutor_reference: %s\n", error.what());
    return 1;
  }
}
