#include "pretrain/data_spec.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"
#include "video/testing/test_files.h"

namespace shadowtutor::pretrain {
namespace {

DataSpec Parse(std::string_view yaml) {
  const testing::TemporaryFolder folder;
  WriteFileAtomically(folder / "data.yaml", yaml);
  return LoadDataSpec(folder / "data.yaml");
}

TEST(DataSpec, ReadsEveryKey) {
  const testing::TemporaryFolder folder;
  WriteFileAtomically(folder / "data.yaml", std::string_view(R"(
classes: [sky, dog]
background: sky
teacher: card.yaml
images:
  - photos
  - {folder: /abs, labels: masks, repeat: 3}
videos:
  - {file: a.mp4, every: 5, frames: 20, teacher: other.yaml}
cutouts:
  - stamps
  - {folder: dogs, class: dog}
validation:
  share: 0.2
  images:
    - {folder: held, labels: held_masks}
)"));
  const DataSpec spec = LoadDataSpec(folder / "data.yaml");
  EXPECT_EQ(spec.classes, (std::vector<std::string>{"sky", "dog"}));
  EXPECT_EQ(spec.background, "sky");
  EXPECT_EQ(spec.teacher, folder / "card.yaml");
  ASSERT_EQ(spec.images.size(), 3u);
  EXPECT_EQ(spec.images[0].folder, folder / "photos");
  EXPECT_EQ(spec.images[1].folder, "/abs");
  EXPECT_EQ(spec.images[1].labels, folder / "masks");
  EXPECT_EQ(spec.images[1].repeat, 3);
  EXPECT_FALSE(spec.images[1].validation);
  EXPECT_TRUE(spec.images[2].validation);
  ASSERT_EQ(spec.videos.size(), 1u);
  EXPECT_EQ(spec.videos[0].every, 5);
  EXPECT_EQ(spec.videos[0].frames, 20);
  EXPECT_EQ(spec.videos[0].teacher, folder / "other.yaml");
  ASSERT_EQ(spec.cutouts.size(), 2u);
  EXPECT_EQ(spec.cutouts[1].class_name, "dog");
  EXPECT_EQ(spec.validation_share, 0.2);
}

TEST(DataSpec, NamesFileLineAndRemedy) {
  const auto complaint = [](std::string_view yaml) -> std::string {
    try {
      Parse(yaml);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.what();
    }
    return "none";
  };
  EXPECT_NE(complaint("images: [a]\nimage: b\n").find("data.yaml:2: `image` is not a key here"),
            std::string::npos);
  EXPECT_NE(complaint("classes: [a, b]\n").find("nothing to learn from"), std::string::npos);
  EXPECT_NE(complaint("images:\n  - {labels: x}\n").find(":2: `folder` is missing"),
            std::string::npos);
  EXPECT_NE(complaint("images: [{folder: a, repeat: 0}]\n").find("from 1 to 100"),
            std::string::npos);
  for (const char* yaml :
       {"images: a", "images: [a", "- a", "images: [[a]]", "images: ['']",
        "images: [a]\nvalidation: {share: 2}", "videos: [{file: a, every: x}]"}) {
    EXPECT_NE(complaint(yaml), "none") << yaml;
  }
}

TEST(DataSpec, AMissingFileIsNotFound) {
  try {
    LoadDataSpec("/nowhere/data.yaml");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

}  // namespace
}  // namespace shadowtutor::pretrain
