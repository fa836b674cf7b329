#include "web/static_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace shadowtutor::web {
namespace {

constexpr StaticFile kFiles[] = {
    {"/index.html", "<p>page</p>", ""},
    {"/module/engine.wasm", "much much much much", "little"},
};

std::string HeaderOf(const Answer& answer, std::string_view name) {
  const auto header = std::find_if(answer.headers.begin(), answer.headers.end(),
                                   [&](const auto& each) { return each.first == name; });
  return header == answer.headers.end() ? "" : header->second;
}

TEST(StaticFiles, ThePageIsIsolatedAndLoadsNothingFromElsewhere) {
  const auto answer = StaticAnswer(kFiles, "/", "", "");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->type, "text/html; charset=utf-8");
  EXPECT_EQ(answer->body, "<p>page</p>");
  EXPECT_EQ(HeaderOf(*answer, "Cross-Origin-Opener-Policy"), "same-origin");
  EXPECT_EQ(HeaderOf(*answer, "Cross-Origin-Embedder-Policy"), "require-corp");
  const std::string policy = HeaderOf(*answer, "Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'")) << policy;
  EXPECT_EQ(policy.find("unsafe-inline"), std::string::npos);
  EXPECT_EQ(policy.find("'unsafe-eval'"), std::string::npos);
}

TEST(StaticFiles, CompressedForWhoeverTakesIt) {
  const auto of = [](const char* accepts) {
    return *StaticAnswer(kFiles, "/module/engine.wasm", accepts, "");
  };
  EXPECT_EQ(of("gzip, deflate, br").body, "little");
  EXPECT_EQ(HeaderOf(of("gzip"), "Content-Encoding"), "gzip");
  EXPECT_EQ(of("gzip;q=0.5").body, "little");
  for (const char* without : {"", "br", "gzip;q=0", "gzip;q=0.0, br"}) {
    EXPECT_EQ(of(without).body, "much much much much") << without;
    EXPECT_EQ(HeaderOf(of(without), "Content-Encoding"), "") << without;
  }
  EXPECT_EQ(of("").type, "application/wasm");
}

TEST(StaticFiles, WhatABrowserHasIsNotSentAgain) {
  const auto first = StaticAnswer(kFiles, "/", "", "");
  const std::string tag = HeaderOf(*first, "ETag");
  const auto again = StaticAnswer(kFiles, "/", "", tag);
  EXPECT_EQ(again->status, 304);
  EXPECT_EQ(again->body, "");
  EXPECT_EQ(StaticAnswer(kFiles, "/", "", "\"else\"")->status, 200);
  const StaticFile changed[] = {{"/index.html", "<p>another</p>", ""}};
  EXPECT_EQ(StaticAnswer(changed, "/", "", tag)->status, 200);
}

TEST(StaticFiles, NothingElse) {
  for (const char* path : {"/app", "/module/", "/../index.html", "", "/index.html/"}) {
    EXPECT_FALSE(StaticAnswer(kFiles, path, "", "")) << path;
  }
}

// Of the page itself, if this build has it.
TEST(StaticFiles, EveryEmbeddedFileHasAKnownType) {
  for (const StaticFile& file : EmbeddedFiles()) {
    const auto answer = StaticAnswer(EmbeddedFiles(), file.path, "", "");
    ASSERT_TRUE(answer);
    EXPECT_NE(answer->type, "application/octet-stream") << file.path;
    EXPECT_FALSE(answer->body.empty()) << file.path;
    if (!file.gzip.empty()) {
      EXPECT_EQ(file.gzip.substr(0, 2), "\x1f\x8b") << file.path;
      EXPECT_LT(file.gzip.size(), file.body.size()) << file.path;
    }
  }
}

}  // namespace
}  // namespace shadowtutor::web
