#include "eval/study/clip_set.h"

#include <gtest/gtest.h>

#include <string>

#include "shadowtutor/types.h"
#include "video/testing/test_files.h"

namespace shadowtutor::eval {
namespace {

using testing::ErrorOf;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

class ClipSetTest : public ::testing::Test {
 protected:
  std::vector<ClipSpec> Load(const std::string& text) {
    WriteText(folder_ / "set.yaml", text);
    return LoadClipSet(folder_ / "set.yaml");
  }
  void ExpectComplaint(const std::string& text, int line, const std::string& part) {
    const Error error = ErrorOf([&] { Load(text); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << error.what();
    EXPECT_TRUE(Says(error, "set.yaml:" + std::to_string(line) + ":")) << error.what();
    EXPECT_TRUE(Says(error, part)) << error.what();
  }

  TemporaryFolder folder_;
};

TEST_F(ClipSetTest, ReadsClipsWithDefaultsAndPathsFromTheFile) {
  const auto clips = Load(R"(
teacher: cards/voc.yaml
student: students/general.safetensors
frames: 500
clips:
  - name: dog
    camera: fixed
    scene: people
    video: videos/dog.mp4
  - name: "street, at night"
    video: /elsewhere/street.mp4
    labels: labels/street
    frames: 300
    student: ../street.safetensors
  - {name: stream, video: "http://camera/street.mp4", teacher: other.yaml}
)");
  ASSERT_EQ(clips.size(), 3u);
  EXPECT_EQ(clips[0].name, "dog");
  EXPECT_EQ(clips[0].camera, "fixed");
  EXPECT_EQ(clips[0].scene, "people");
  EXPECT_EQ(clips[0].source, (folder_ / "videos/dog.mp4").string());
  EXPECT_EQ(clips[0].card, folder_ / "cards/voc.yaml");
  EXPECT_EQ(clips[0].student, folder_ / "students/general.safetensors");
  EXPECT_EQ(clips[0].frames, 500u);
  EXPECT_EQ(clips[1].source, "/elsewhere/street.mp4");
  EXPECT_EQ(clips[1].card, folder_ / "labels/street/card.yaml");
  EXPECT_EQ(clips[1].frames, 300u);
  EXPECT_EQ(clips[1].student, folder_.path().parent_path() / "street.safetensors");
  EXPECT_TRUE(clips[1].camera.empty());
  EXPECT_EQ(clips[2].source, "http://camera/street.mp4");
  EXPECT_EQ(clips[2].card, folder_ / "other.yaml");
}

TEST_F(ClipSetTest, NamesFileLineAndKey) {
  const std::string clip = "clips:\n  - name: a\n    video: a.mp4\n    teacher: t.yaml\n";
  EXPECT_NO_THROW(Load(clip));
  ExpectComplaint("clips: [", 1, "not YAML");
  ExpectComplaint("- a\n", 1, "`clips`");
  ExpectComplaint("teacher: t.yaml\n", 1, "`clips` is missing");
  ExpectComplaint("clips: []\n", 1, "at least one");
  ExpectComplaint("clips: 3\n", 1, "must be a list");
  ExpectComplaint("clips:\n  - 3\n", 2, "a clip is a map");
  ExpectComplaint(clip + "fps: 7\n", 5, "unknown key `fps`; known are clips");
  ExpectComplaint(clip + "    size: 3\n", 5, "unknown key `size` in a clip; known are name");
  ExpectComplaint(clip + "    name: b\n", 5, "`name` is there twice");
  ExpectComplaint("clips:\n  - video: a.mp4\n", 2, "`name` is missing");
  ExpectComplaint("clips:\n  - name: a\n", 2, "`video` is missing");
  ExpectComplaint("clips:\n  - name: a\n    video: a.mp4\n", 2, "neither `teacher`");
  ExpectComplaint(clip + "    labels: l\n", 5, "give `teacher` or `labels`, not both");
  ExpectComplaint(clip + "    frames: 0\n", 5, "whole number above 0");
  ExpectComplaint(clip + "    frames: -3\n", 5, "whole number above 0");
  ExpectComplaint(clip + "    frames: many\n", 5, "whole number above 0");
  ExpectComplaint(clip + "    scene: [a]\n", 5, "`scene` must be a word");
  ExpectComplaint(clip + "    scene: {}\n", 5, "`scene` must be a word");
  ExpectComplaint(clip + "  - {name: a, video: b.mp4, teacher: t.yaml}\n", 5, "two clips");
  EXPECT_EQ(ErrorOf([&] { LoadClipSet(folder_ / "none.yaml"); }).code(), ErrorCode::kNotFound);
}

TEST_F(ClipSetTest, NamesThatMeetInTheFileSystemAreRefused) {
  ExpectComplaint("teacher: t.yaml\nclips:\n  - {name: a/b, video: a}\n  - {name: a b, video: a}\n",
                  4, "or nearly so");
}

TEST(FileNameOf, IsAPlainName) {
  EXPECT_EQ(FileNameOf("naive H.264"), "naive_H.264");
  EXPECT_EQ(FileNameOf("../x"), "_._x");
  EXPECT_EQ(FileNameOf(""), "_");
  EXPECT_EQ(FileNameOf("P-8"), "P-8");
}

}  // namespace
}  // namespace shadowtutor::eval
