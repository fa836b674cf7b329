// `shadowtutor top`: the sessions of a running server in the terminal.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/value_types.h"
#include "core/text.h"
#include "rpc/token.h"
#include "shadowtutor/types.h"
#include "watch/http_get.h"
#include "watch/server_state.h"
#include "watch/terminal.h"
#include "watch/top_table.h"

namespace shadowtutor::cli {
namespace {

using std::chrono::milliseconds;
using watch::TopSort;
using Clock = std::chrono::steady_clock;

// How soon a signal ends the waiting for the next look.
constexpr milliseconds kSlice{100};

struct TopArguments {
  std::string address = "http://127.0.0.1:8080", token_file, authority, sort = "age";
  bool once = false, json = false, insecure = false;
  double interval = 1, timeout = 5;
};

milliseconds Milliseconds(double seconds) { return milliseconds(std::llround(seconds * 1000)); }

watch::HttpOptions HttpOptionsOf(const TopArguments& options, const watch::WebAddress& address) {
  watch::HttpOptions http;
  http.authority = options.authority;
  http.timeout = Milliseconds(options.timeout);
  if (options.token_file.empty()) return http;
  http.token = rpc::ReadToken(options.token_file);
  if (!address.tls && !address.loopback && !options.insecure) {
    throw Error(ErrorCode::kInvalidArgument,
                "the token would travel to " + address.text() +
                    " in plain text; use https://, or allow plain text if the network is yours "
                    "alone",
                Setting::kPlainText);
  }
  return http;
}

void Print(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::printf("%s\n", line.c_str());
}

// One look after the other as lines of JSON.
int StreamJson(const TopArguments& options, const watch::WebAddress& address,
               const watch::HttpOptions& http) {
  while (true) {
    const Clock::time_point next = Clock::now() + Milliseconds(options.interval);
    // In ASCII, on one line: what a server says does nothing to a terminal.
    std::printf("%s\n", nlohmann::json::parse(watch::FetchServerState(address, http))
                            .dump(-1, ' ', /*ensure_ascii=*/true)
                            .c_str());
    if (options.once) return 0;
    if (std::fflush(stdout) != 0) return 1;
    while (Clock::now() < next) {
      if (Interrupted()) return 0;
      timespec slice{0, std::chrono::nanoseconds(kSlice).count()};
      nanosleep(&slice, nullptr);
    }
    if (Interrupted()) return 0;
  }
}

std::optional<TopSort> SortOf(char key) {
  switch (key) {
    case 'a':
      return TopSort::kAge;
    case 'm':
      return TopSort::kMetric;
    case 'w':
      return TopSort::kWait;
    case 'b':
      return TopSort::kBytes;
    case 'f':
      return TopSort::kFrames;
    default:
      return std::nullopt;
  }
}

int ShowInTerminal(const TopArguments& options, const watch::WebAddress& address,
                   const watch::HttpOptions& http, watch::ServerState state) {
  watch::Terminal terminal;
  BeforeSecondSignal(watch::Terminal::Restore);  // a look at the server cannot be interrupted
  watch::TopView view{watch::ParseTopSort(options.sort), 0, 0};
  std::string trouble;
  Clock::time_point next = Clock::now() + Milliseconds(options.interval);
  while (true) {
    const watch::TerminalSize size = terminal.size();
    view.width = size.width;
    view.height = std::max(1, size.height - 1);  // the last line says what keys do
    std::vector<std::string> lines = watch::TopLines(address.text(), state, view);
    lines.resize(static_cast<size_t>(view.height));
    const std::string last =
        trouble.empty() ? "q quits; by a age, m metric, w wait, b bytes, f frames" : trouble;
    lines.push_back(last.substr(0, static_cast<size_t>(std::max(0, size.width - 1))));
    if (!terminal.Show(lines) || Interrupted()) return 0;
    const auto left = std::chrono::ceil<milliseconds>(next - Clock::now());
    const char key = left > milliseconds(0) ? terminal.WaitForKey(std::min(left, kSlice)) : '\0';
    if (key == 'q' || key == 'Q') return 0;
    view.sort = SortOf(key).value_or(view.sort);
    if (Clock::now() < next) continue;
    next = Clock::now() + Milliseconds(options.interval);
    try {
      state = watch::ParseServerState(watch::FetchServerState(address, http));
      trouble.clear();
    } catch (const Error& error) {
      trouble = error.what();  // it may come back
    }
  }
}

int Top(const TopArguments& options) {
  InstallInterruptHandler();
  const watch::WebAddress address = watch::ParseWebAddress(options.address);
  const watch::HttpOptions http = HttpOptionsOf(options, address);
  if (options.json) return StreamJson(options, address, http);
  const watch::ServerState state = watch::ParseServerState(watch::FetchServerState(address, http));
  if (options.once || !watch::Terminal::Available()) {
    Print(watch::TopLines(address.text(), state, {watch::ParseTopSort(options.sort), 0, 0}));
    return 0;
  }
  return ShowInTerminal(options, address, http, state);
}

}  // namespace

void AddTopCommand(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "top", "Show the sessions of a running server in the terminal, as its dashboard does");
  const auto options = std::make_shared<TopArguments>();
  command
      ->add_option("address", options->address,
                   "Address of the server's web server (serve --web), http://host:port or https://")
      ->capture_default_str();
  command
      ->add_option("--token-file", options->token_file,
                   "File whose only line is the web server's token (serve --web-token-file)")
      ->type_name(kFileValue);
  command
      ->add_option("--tls-ca", options->authority,
                   "Trust this authority (PEM) instead of the system's")
      ->type_name(kFileValue);
  command->add_flag("--insecure", options->insecure,
                    "Send the token in plain text to other machines");
  command
      ->add_option("--sort", options->sort,
                   "What comes first: the oldest, the least metric, the longest wait, the most "
                   "bytes or frames")
      ->check(CLI::IsMember(
          std::vector<std::string>(std::begin(watch::kTopSorts), std::end(watch::kTopSorts))))
      ->capture_default_str();
  command->add_option("--interval", options->interval, "Seconds from one look to the next")
      ->check(CLI::Range(0.2, 3600.0))
      ->capture_default_str();
  command->add_option("--timeout", options->timeout, "Seconds that the server may take to answer")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  command->add_flag("--once", options->once,
                    "One table and the end, as where standard output is no terminal");
  command->add_flag("--json", options->json,
                    "Print what the server says as JSON (docs/serving.md), a line for each look");
  command->callback([options, &exit_code] { exit_code = Top(*options); });
}

}  // namespace shadowtutor::cli
