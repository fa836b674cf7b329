#include "cli/settings.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "cli/policy_options.h"
#include "cli/program.h"
#include "cli/serve.h"
#include "core/atomic_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor::cli {
namespace {

namespace fs = std::filesystem;

// What `shadowtutor serve` would be started with.
class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() : folder_(fs::path(::testing::TempDir()) / "settings_test") {
    fs::create_directories(folder_);
  }
  ~SettingsTest() override {
    for (const std::string& name : variables_) unsetenv(name.c_str());
    fs::remove_all(folder_);
  }

  void Set(const std::string& name, const std::string& value) {
    variables_.push_back("SHADOWTUTOR_SERVE_" + name);
    setenv(variables_.back().c_str(), value.c_str(), 1);
  }
  std::string Config(const std::string& text) {
    WriteFileAtomically(folder_ / "serve.conf", text, false);
    return "--config " + (folder_ / "serve.conf").string() + " ";
  }
  ServeArguments Parse(const std::string& line) {
    CLI::App app;
    CLI::App* command = app.add_subcommand("serve");
    CLI::App* other = app.add_subcommand("other");
    other->add_option("--seed");
    ServeArguments arguments;
    AddServeOptions(*command, arguments);
    settings_ = AddSettings(*command);
    app.parse(line.starts_with("other") ? line : "serve " + line);
    return arguments;
  }
  std::string Refusal(const std::string& line) {
    try {
      Parse(line);
    } catch (const CLI::ParseError& error) {
      return std::string("CLI11: ") + error.what();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << error.what();
      return error.what();
    }
    return "taken";
  }
  void ExpectRefusal(const std::string& line, const std::vector<std::string>& parts) {
    const std::string refusal = Refusal(line);
    for (const std::string& part : parts) {
      EXPECT_NE(refusal.find(part), std::string::npos) << line << " -> " << refusal;
    }
  }

  const fs::path folder_;
  std::vector<std::string> variables_;
  std::shared_ptr<const Settings> settings_;
};

TEST_F(SettingsTest, AFileHasAllOptions) {
  const ServeArguments arguments =
      Parse(Config("teacher = /cards/c.yaml\nseed = 7\nmax-frame = 640x480\nquiet = yes\ninsecure\n"
                   "listen = '[::]:7200'\npolicy = best\nthreshold = 0.5\nfresh-head = false\n"
                   "teacher-timeout = 1.5\n"));
  EXPECT_EQ(arguments.card, "/cards/c.yaml");
  EXPECT_EQ(arguments.seed, 7u);
  EXPECT_EQ(arguments.max_frame, "640x480");
  EXPECT_TRUE(arguments.quiet);
  EXPECT_TRUE(arguments.server.insecure);
  EXPECT_FALSE(arguments.fresh_head);
  EXPECT_EQ(arguments.server.listen, "[::]:7200");
  const rpc::ServerOptions server = ServerOptionsOf(arguments);
  EXPECT_EQ(server.policy.name, "best");
  EXPECT_EQ(server.policy.trainer.threshold, 0.5);
  EXPECT_EQ(server.teacher_timeout, std::chrono::milliseconds(1500));
}

TEST_F(SettingsTest, VariablesOverrideTheFileAndTheCommandLineBoth) {
  const std::string config = Config(
      "teacher = c\nseed = 1\ntrainers = 1\nmax-sessions = 1\nquiet = true\ninsecure = true\n"
      "threshold = 0.1\nmin-stride = 3\n");
  Set("SEED", "2");
  Set("TRAINERS", "2");
  Set("THRESHOLD", "0.2");
  Set("QUIET", "off");
  Set("MAX_CONNECTIONS", "9");
  Set("MAX_FRAME", "");  // as if it were not set
  const ServeArguments arguments =
      Parse(config + "--trainers 3 --min-stride 4 --insecure=false --threshold 0.3");
  EXPECT_EQ(arguments.seed, 2u);
  EXPECT_EQ(arguments.server.trainers, 3);
  EXPECT_EQ(arguments.server.max_sessions, 1);
  EXPECT_EQ(arguments.server.max_connections, 9);
  EXPECT_FALSE(arguments.quiet);
  EXPECT_FALSE(arguments.server.insecure);
  EXPECT_EQ(arguments.max_frame, ServeArguments().max_frame);
  EXPECT_EQ(ServerOptionsOf(arguments).policy.trainer.threshold, 0.3);
  EXPECT_EQ(ServerOptionsOf(arguments).policy.schedule.stride.min_stride, 4);
}

TEST_F(SettingsTest, VariablesNameTheFileToo) {
  Config("teacher = /c.yaml\n");
  Set("CONFIG", (folder_ / "serve.conf").string());
  EXPECT_EQ(Parse("").card, "/c.yaml");
  // The command line's file instead of it, not both.
  WriteFileAtomically(folder_ / "other.conf", std::string_view("teacher = /d.yaml"), false);
  EXPECT_EQ(Parse("--config " + (folder_ / "other.conf").string()).card, "/d.yaml");
}

TEST_F(SettingsTest, RelativePathsInAFileCountFromItsFolder) {
  const std::string config =
      Config("teacher = cards/c.yaml\ntls-cert = /etc/server.pem\ntls-key = server.key\n");
  const ServeArguments arguments = Parse(config);
  EXPECT_EQ(arguments.card, (folder_ / "cards/c.yaml").string());
  EXPECT_EQ(arguments.server.tls.certificate, "/etc/server.pem");
  EXPECT_EQ(arguments.server.tls.key, folder_ / "server.key");
  // Elsewhere from the current one.
  EXPECT_EQ(Parse(config + "--teacher c.yaml").card, "c.yaml");
  Set("TEACHER", "d.yaml");
  EXPECT_EQ(Parse(config).card, "d.yaml");
}

TEST_F(SettingsTest, WhatIsWrongIsToldWithItsPlaceAndItsName) {
  ExpectRefusal(Config("teacher = c\nteachr = d\n"),
                {"serve.conf, line 2", "'teachr'", "serve --help"});
  ExpectRefusal(Config("max_frame = 1x1\n"), {"write max-frame"});
  ExpectRefusal(Config("--seed = 1\n"), {"write seed"});
  ExpectRefusal(Config("help = true\n"), {"no option 'help'"});
  ExpectRefusal(Config("config = other.conf\n"), {"line 1", "cannot name another"});
  ExpectRefusal(Config("teacher = c\n\nseed = many\n"), {"serve.conf, line 3", "seed", "'many'"});
  ExpectRefusal(Config("student-depth = 0\n"), {"line 1", "student-depth", "'0'"});
  ExpectRefusal(Config("policy = thrifty\n"), {"line 1", "'thrifty'", "frugal"});
  ExpectRefusal(Config("quiet = perhaps\n"), {"line 1", "quiet", "true or false"});
  ExpectRefusal(Config("threshold = high\n"), {"line 1", "must be a number"});
  ExpectRefusal(Config("cut = nowhere\n"), {"line 1", "cut", "'nowhere'"});
  ExpectRefusal("--config " + (folder_ / "none").string(), {"no such file", "none"});
  // What CLI11 finds when it knows all.
  ExpectRefusal(Config("seed = 1\n"), {"--teacher is required"});
  ExpectRefusal(Config("teacher = c\nstudent = s\nstudent-width = 2\n"), {"excludes"});
  ExpectRefusal(Config("teacher = c\nfresh-head = true\n"), {"requires --student"});
  EXPECT_EQ(Refusal(Config("teacher = c\nfresh-head = false\n")), "taken");
  // What is overridden may be wrong.
  EXPECT_EQ(Refusal(Config("teacher = c\nseed = many\n") + "--seed 1"), "taken");
  Set("SEED", "few");
  ExpectRefusal("--teacher c", {"environment", "SHADOWTUTOR_SERVE_SEED", "'few'"});
}

TEST_F(SettingsTest, VariablesThatAreNoOptionsAreRefused) {
  Set("TEACHR", "c");
  ExpectRefusal("--teacher c", {"SHADOWTUTOR_SERVE_TEACHR", "correct its name"});
  EXPECT_EQ(Refusal("other"), "taken");
}

TEST_F(SettingsTest, HelpAndOtherCommandsLookAtNothing) {
  const std::string config = Config("nonsense\n");
  Set("SEED", "few");
  EXPECT_EQ(Refusal("other --seed 3"), "taken");
  ExpectRefusal(config + "--help", {"CLI11: This should be caught"});
}

TEST_F(SettingsTest, ErrorsThatComeLaterNameThePlace) {
  Set("TRAINERS", "1");
  Parse(Config("teacher = c\nlisten = nowhere\n\nmax-frame = big\n") + "--seed 1");
  EXPECT_EQ(settings_->WithPlaces("an address (--listen)"),
            "an address (--listen) (listen: " + (folder_ / "serve.conf").string() + ", line 2)");
  EXPECT_NE(settings_->WithPlaces("--max-frame takes a size").find("line 4"), std::string::npos);
  EXPECT_EQ(settings_->WithPlaces("--max-frames and --seed"), "--max-frames and --seed");
  EXPECT_NE(settings_->WithPlaces("--trainers").find("SHADOWTUTOR_SERVE_TRAINERS: the environment"),
            std::string::npos);
}

}  // namespace
}  // namespace shadowtutor::cli
