#include "eval/page/report_page.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;

class ReportPage : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              (std::string("report_page_") +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "samples");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Page(const std::string& results) {
    WriteFileAtomically(folder_ / "results.json", results);
    WriteReportPage(folder_);
    const auto bytes = ReadFile(folder_ / "report.html", size_t{64} << 20);
    return {bytes.begin(), bytes.end()};
  }

  // What the page's script will read.
  static nlohmann::json Inlined(const std::string& page) {
    constexpr std::string_view kOpen = "<script type=\"application/json\" id=\"results\">";
    const size_t begin = page.find(kOpen) + kOpen.size();
    return nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  }

  ErrorCode RefusalOf(const std::string& results) {
    try {
      Page(results);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  }

  fs::path folder_;
};

constexpr const char* kEmpty = R"({"clips": [], "runs": []})";

TEST_F(ReportPage, IsOneFileWithoutANetwork) {
  const std::string page = Page(kEmpty);
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_EQ(page.find("{{"), std::string::npos);
  for (const char* outside : {"src=\"http", "href=\"http", "<link", "@import", "url("}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(Inlined(page), nlohmann::json::parse(kEmpty));
}

TEST_F(ReportPage, NothingInTheResultsEndsTheScriptElement) {
  nlohmann::json results = nlohmann::json::parse(kEmpty);
  const std::string name = "</script><script>alert(1)</script><!--<script>{{css}}\u2028";
  results["command"] = name;
  const std::string page = Page(results.dump());
  EXPECT_EQ(page.find("alert(1)</script"), std::string::npos);
  EXPECT_EQ(Inlined(page)["command"], name);
}

TEST_F(ReportPage, NamesNeedNotBeUtf8) {
  const std::string page =
      Page("{\"clips\": [], \"runs\": [], \"command\": \"caf\xe9.mp4 \xe2\x82\"}");
  EXPECT_EQ(Inlined(page)["command"], "caf\ufffd.mp4 \ufffd\ufffd");
}

TEST_F(ReportPage, ImagesAreInIt) {
  for (const std::string_view content : {"", "M", "Ma", "Man", "Many"}) {
    WriteFileAtomically(folder_ / "samples" / (std::to_string(content.size()) + ".png"), content);
  }
  nlohmann::json results = nlohmann::json::parse(kEmpty);
  results["samples"] = {{{"clip", "a"},
                         {"frame", 3},
                         {"images",
                          {{"0", "samples/0.png"},
                           {"1", "samples/1.png"},
                           {"2", "samples/2.png"},
                           {"3", "samples/3.png"},
                           {"4", "samples/../samples/4.png"},
                           {"missing", "samples/none.jpg"},
                           {"odd", 7}}}}};
  const auto images = Inlined(Page(results.dump()))["samples"][0]["images"];
  const std::string head = "data:image/png;base64,";
  EXPECT_EQ(images["0"], head);
  EXPECT_EQ(images["1"], head + "TQ==");
  EXPECT_EQ(images["2"], head + "TWE=");
  EXPECT_EQ(images["3"], head + "TWFu");
  EXPECT_EQ(images["4"], head + "TWFueQ==");
  EXPECT_TRUE(images["missing"].is_null());
  EXPECT_TRUE(images["odd"].is_null());
}

TEST_F(ReportPage, FurtherSettingsAreInItWithoutTheirFrames) {
  for (const char* name : {"b", "a"}) {
    fs::create_directories(folder_ / "settings" / name);
    WriteFileAtomically(folder_ / "settings" / name / "results.json",
                        std::string_view(R"({"clips": [], "runs": [{"label": "P-8", "bytes_up": 5,
                          "miou": [0.5], "key_frame_indices": [0], "strides": [[0, 8]],
                          "policy_parts": {"cut": "dec2"}}]})"));
  }
  fs::create_directories(folder_ / "settings" / "not finished");
  WriteFileAtomically(folder_ / "settings" / "note.txt", std::string_view("no folder"));
  const nlohmann::json settings =
      Inlined(Page(R"({"clips": [], "runs": [], "settings": 7})")).at("settings");
  ASSERT_EQ(settings.size(), 2u);
  EXPECT_EQ(settings[0],
            nlohmann::json::parse(R"({"name": "a", "runs": [{"label": "P-8", "bytes_up": 5}]})"));
  EXPECT_EQ(settings[1]["name"], "b");

  WriteFileAtomically(folder_ / "settings" / "b" / "results.json", std::string_view("{}"));
  EXPECT_EQ(RefusalOf(kEmpty), ErrorCode::kInvalidArgument);
}

TEST_F(ReportPage, NoOtherFileGetsIntoIt) {
  const fs::path outside = fs::path(testing::TempDir()) / "report_page_outside.png";
  WriteFileAtomically(outside, std::string_view("secret"));
  WriteFileAtomically(folder_ / "notes.txt", std::string_view("secret"));
  nlohmann::json results = nlohmann::json::parse(kEmpty);
  results["samples"] = {{{"images",
                          {{"absolute", outside.string()},
                           {"above", "../report_page_outside.png"},
                           {"hidden", "samples/../../report_page_outside.png"},
                           {"text", "notes.txt"}}}}};
  const nlohmann::json shown = Inlined(Page(results.dump()));
  for (const auto& image : shown["samples"][0]["images"]) {
    EXPECT_TRUE(image.is_null());
  }
  fs::remove(outside);
}

TEST_F(ReportPage, RefusesWhatAreNoResults) {
  EXPECT_THROW(WriteReportPage(folder_), Error);
  EXPECT_EQ(RefusalOf(""), ErrorCode::kInvalidArgument);
  EXPECT_EQ(RefusalOf("{\"clips\": ["), ErrorCode::kInvalidArgument);
  EXPECT_EQ(RefusalOf("[]"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(RefusalOf("{\"clips\": []}"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(RefusalOf("{\"clips\": [], \"runs\": [7]}"), ErrorCode::kInvalidArgument);
  EXPECT_FALSE(fs::exists(folder_ / "report.html"));
}

}  // namespace
}  // namespace shadowtutor::eval
