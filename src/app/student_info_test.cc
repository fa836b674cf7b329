#include "app/student_info.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "shadowtutor/types.h"

namespace shadowtutor::app {
namespace {

nn::Checkpoint Student() {
  return nn::FreshStudent({.classes = 2}, {{"cat", {255, 128, 0}}, {"background", {}}}, 1, 1);
}

TEST(StudentInfo, TextAndJsonSayTheSame) {
  const nn::Checkpoint student = Student();
  const auto json = nlohmann::json::parse(StudentJson(student, "a.safetensors", 12345));
  EXPECT_EQ(json["file"], "a.safetensors");
  EXPECT_EQ(json["file_bytes"], 12345);
  EXPECT_EQ(json["parameters"], student.layout->size());
  EXPECT_EQ(json["classes"][0]["color"], "#ff8000");
  EXPECT_EQ(json["background"], 1);
  EXPECT_EQ(json["shapes"].size(), student.layout->parameters().size());
  const size_t trained = student.layout->TrainedSize(nn::kPartialDistillation);
  EXPECT_EQ(json["partial"]["parameters"], trained);
  EXPECT_EQ(json["partial"]["stages"][0], "dec2");

  const std::string text = StudentText(student, "a.safetensors", 12345);
  EXPECT_TRUE(text.starts_with("a.safetensors: " + std::to_string(student.layout->size()) +
                               " parameters, depth 1, 12345 bytes\n"))
      << text;
  EXPECT_NE(text.find("   0  #ff8000  cat\n   1  #000000  background  (background)\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("trains dec2, "), std::string::npos) << text;
  EXPECT_NE(text.find(std::to_string(trained) + " parameters, "), std::string::npos) << text;
}

TEST(StudentInfo, AFileNameThatIsNoUtf8IsStillJson) {
  EXPECT_NO_THROW(nlohmann::json::parse(StudentJson(Student(), "\xff", 1)));
}

}  // namespace
}  // namespace shadowtutor::app
