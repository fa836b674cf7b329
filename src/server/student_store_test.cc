#include "server/student_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/testing/code_of.h"
#include "server/testing/fakes.h"
#include "video/testing/test_files.h"

namespace shadowtutor::server {
namespace {

namespace fs = std::filesystem;

using shadowtutor::testing::TemporaryFolder;

constexpr uint64_t kOrigin = 7;

// The pictures of different places have nothing in common.
Image Picture(int number) {
  Image picture(80, 80);
  for (int y = 0; y < 80; ++y) {
    for (int x = 0; x < 3 * 80; ++x) {
      picture.row(y)[x] =
          static_cast<uint8_t>((x / 30 * 7919 + y / 10 * 104729) * (number + 3) % 251);
    }
  }
  return picture;
}
Scene Place(int number) { return SceneOf(Picture(number)); }

StoredStudent Student(int place, float weight, uint64_t origin = kOrigin) {
  return {origin, Place(place), {weight, 2 * weight, -weight}};
}

class StudentStoreTest : public ::testing::Test {
 protected:
  void Open(size_t most = 100) {
    store_.reset();
    store_ = std::make_unique<StudentStore>(
        folder(), most, [this](const std::string& line) { log_.push_back(line); });
  }
  void Put(const std::string& owner, StoredStudent student) {
    store_->Put(owner, std::move(student));
    store_->Flush();
  }
  // The first weights of what is found.
  std::vector<float> Weights(const std::string& owner, int place, size_t count = 10,
                             uint64_t origin = kOrigin) {
    std::vector<float> weights;
    for (const auto& found : store_->Nearest(owner, origin, Place(place), count)) {
      weights.push_back(found.trained.at(0));
    }
    return weights;
  }
  fs::path folder() const { return folder_ / "students"; }
  std::vector<fs::path> Files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder())) {
      if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
    }
    return files;
  }

  TemporaryFolder folder_;
  std::vector<std::string> log_;
  std::unique_ptr<StudentStore> store_;
};

using Floats = std::vector<float>;

TEST_F(StudentStoreTest, FindsTheOneUsedLastAndThoseOfTheNearestScenes) {
  Open();
  for (int place = 0; place < 5; ++place) Put("a", Student(place, static_cast<float>(place + 1)));
  EXPECT_EQ(Weights("a", 1, 2), (Floats{5, 2}));
  EXPECT_EQ(Weights("a", 4, 1), (Floats{5}));
  EXPECT_EQ(store_->Nearest("a", kOrigin, Place(1), 9).at(1).trained, (Floats{2, 4, -2}));
  EXPECT_EQ(Weights("a", 1, 9).size(), 5u);
}

TEST_F(StudentStoreTest, WhatIsUsedStays) {
  Open(2);
  Put("a", Student(0, 1));
  Put("a", Student(1, 2));
  store_->Used("a", store_->Nearest("a", kOrigin, Place(0), 2).at(1).name);
  EXPECT_EQ(Weights("a", 5, 1), (Floats{1}));
  Put("a", Student(2, 3));
  EXPECT_EQ(Weights("a", 0), (Floats{3, 1}));
  Open(2);
  EXPECT_EQ(Weights("a", 0), (Floats{3, 1}));
}

TEST_F(StudentStoreTest, KeepsOwnersAndOriginsApart) {
  Open();
  Put("a", Student(0, 1));
  Put("b", Student(0, 2));
  Put("a", Student(0, 3, kOrigin + 1));
  EXPECT_EQ(Weights("a", 0), (Floats{1}));
  EXPECT_EQ(Weights("b", 0), (Floats{2}));
  EXPECT_EQ(Weights("a", 0, 9, kOrigin + 1), (Floats{3}));
  EXPECT_EQ(Weights("", 0), (Floats{}));
}

TEST_F(StudentStoreTest, ANewerStudentOfTheSamePlaceReplacesTheOlder) {
  Open();
  Put("a", Student(0, 1));
  Put("a", Student(1, 2));
  Put("a", Student(0, 3));
  EXPECT_EQ(Weights("a", 0), (Floats{3, 2}));
  EXPECT_EQ(Files().size(), 2u);
}

TEST_F(StudentStoreTest, HasABoundAndTakesFromWhoHasMost) {
  Open(4);
  Put("b", Student(0, 9));
  for (int place = 0; place < 6; ++place) Put("a", Student(place, static_cast<float>(place + 1)));
  EXPECT_EQ(store_->size(), 4u);
  EXPECT_EQ(Files().size(), 4u);
  EXPECT_EQ(Weights("b", 0), (Floats{9}));
  EXPECT_EQ(Weights("a", 5).size(), 3u);
  Open(2);
  EXPECT_EQ(Files().size(), 2u);
}

TEST_F(StudentStoreTest, IsThereAgainAfterARestart) {
  Open();
  Put("a", Student(0, 1));
  store_->Put("a", Student(1, 2));  // the end of the store writes it
  Open();
  EXPECT_EQ(Weights("a", 0), (Floats{2, 1}));
  EXPECT_TRUE(log_.empty());
}

TEST_F(StudentStoreTest, FilesThatAreDamagedAreTold) {
  Open();
  Put("a", Student(0, 1));
  Put("a", Student(1, 2));
  const std::vector<fs::path> files = Files();
  // One changes while the store is open, one before it is.
  for (const fs::path& file : files) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(-1, std::ios::end);
    stream.put('\x7f');
  }
  EXPECT_EQ(Weights("a", 0), (Floats{}));
  EXPECT_EQ(log_.size(), 2u);
  EXPECT_EQ(store_->size(), 0u);

  fs::create_directories(files[0].parent_path());
  std::ofstream(files[0]) << "something else";
  log_.clear();
  Open();
  EXPECT_EQ(store_->size(), 0u);
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_NE(log_[0].find(files[0].string()), std::string::npos);
  EXPECT_TRUE(fs::exists(files[0]));  // it may be somebody else's
}

TEST_F(StudentStoreTest, OneServerPerFolder) {
  Open();
  EXPECT_EQ(CodeOf([&] { StudentStore(folder(), 1, {}); }), ErrorCode::kFailedPrecondition);
  std::ofstream(folder_ / "file") << "";
  EXPECT_EQ(CodeOf([&] { StudentStore(folder_ / "file", 1, {}); }), ErrorCode::kUnavailable);
}

TEST_F(StudentStoreTest, AFolderThatIsGoneCostsTheStudentAlone) {
  Open();
  Put("a", Student(0, 1));
  fs::remove_all(folder());
  std::ofstream(folder()) << "";  // and cannot be made again
  Put("a", Student(1, 2));
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_EQ(Weights("a", 0), (Floats{}));
}

TEST(Scene, DoesNotSeeExposureAndSizeButPlaces) {
  const Image picture = Picture(0);
  Image brighter = picture;
  for (uint8_t& byte : brighter.bytes()) byte = static_cast<uint8_t>(byte / 2 + 60);
  EXPECT_LT(Distance(SceneOf(picture), SceneOf(brighter)), 0.01);
  EXPECT_GT(Distance(Place(0), Place(1)), StudentStore::kSameScene);
  EXPECT_EQ(SceneOf(Image(5, 3)), Scene{});
}

}  // namespace
}  // namespace shadowtutor::server
