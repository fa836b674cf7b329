// What the reader says of files that are truncated, damaged, hostile or no videos, and what it must
// not call so.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "video/testing/file_server.h"
#include "video/testing/reader_fixture.h"

namespace shadowtutor::video {
namespace {

namespace fs = std::filesystem;
using testing::ErrorOf;
using testing::Ffmpeg;
using testing::Quoted;
using testing::ReadText;
using testing::Says;
using testing::WriteText;

class BrokenFilesTest : public ReaderTest {
 protected:
  static void Zero(const fs::path& file, double from, double to) {
    std::string bytes = ReadText(file);
    const auto size = static_cast<double>(bytes.size());
    for (auto i = static_cast<size_t>(size * from); i < static_cast<size_t>(size * to); ++i) {
      bytes[i] = 0;
    }
    WriteText(file, bytes);
  }

  static std::vector<std::string> LogOf(const fs::path& file) {
    std::vector<std::string> log;
    SourceOptions options;
    options.log = [&](const std::string& line) { log.push_back(line); };
    const auto source = OpenSource(file.string(), options);
    Image frame;
    while (source->Read(frame)) {
    }
    return log;
  }
};

TEST_F(BrokenFilesTest, ARecordingThatBreaksOffIsTold) {
  const std::string h264 = "-c:v libx264 -g 10 ";
  const struct {
    const char* name;
    std::string encoding;
  } cases[] = {{"a.mp4", h264 + "-movflags +faststart"},
               {"a.mkv", h264},
               {"a.webm", "-c:v libvpx -deadline realtime"},
               {"a.avi", "-c:v mpeg4"},
               {"a.flv", "-c:v flv"},
               {"a.gif", ""},
               {"a.png", "-f apng"}};
  for (const auto& [name, encoding] : cases) {
    const fs::path file = Make(name, "128x96", encoding, 4);
    const Clip whole = ReadAll(file);
    EXPECT_EQ(whole.error, "") << name;
    EXPECT_EQ(whole.frames.size(), 100u) << name;
    CutOff(file, 0.6);
    const Clip cut = ReadAll(file);
    EXPECT_NE(cut.error.find("breaks off after frame " + std::to_string(cut.frames.size())),
              std::string::npos)
        << name << ": " << cut.error;
    EXPECT_GT(cut.frames.size(), 30u) << name;
    EXPECT_LT(cut.frames.size(), 80u) << name;
  }
}

TEST_F(BrokenFilesTest, PicturesThatBreakOffAreRefused) {
  for (const char* name : {"a.jpg", "a.png", "a.bmp", "a.webp", "a.tiff", "a.ppm"}) {
    const fs::path file = Make(name, "160x120", "-frames:v 1");
    EXPECT_EQ(ReadAll(file).frames.size(), 1u) << name;
    CutOff(file, 0.9);
    const Error error = ErrorOf([&] { OpenSource(file.string()); });
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << name;
    EXPECT_TRUE(Says(error, name)) << error.what();
  }
}

TEST_F(BrokenFilesTest, DamageInTheMiddleIsTold) {
  const fs::path file = Make("a.mp4", "128x96", "-c:v libx264 -movflags +faststart", 4);
  std::string bytes = ReadText(file);
  const size_t middle = bytes.size() / 2;
  for (size_t i = 0; i < 2000; ++i) bytes[middle + i] = static_cast<char>(i * 7);
  WriteText(file, bytes);
  const std::vector<std::string> log = LogOf(file);
  ASSERT_EQ(log.size(), 1u);
  EXPECT_NE(log[0].find("is damaged near "), std::string::npos) << log[0];
}

TEST_F(BrokenFilesTest, TooLargePicturesCostASentence) {
  const fs::path wide = Make("wide.avi", "8200x16", "-c:v mjpeg");
  const fs::path big = Make("big.png", "64x48", "-frames:v 1");
  std::string bytes = ReadText(big);
  for (const size_t side : {16, 20}) bytes[side + 2] = static_cast<char>(0x7f);  // 32560 and more
  WriteText(big, bytes);
  const Error error = ErrorOf([&] { OpenSource(wide.string()); });
  EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted) << error.what();
  EXPECT_TRUE(Says(error, "8200x16")) << error.what();
  EXPECT_TRUE(Says(ErrorOf([&] { OpenSource(big.string()); }), "big.png"));
}

TEST_F(BrokenFilesTest, WhatAnEditListHidesIsNoFrameAndNoLoss) {
  const fs::path whole = Make("whole.mp4", "64x48", "-c:v libx264 -g 100", 4);
  const fs::path cut = folder_ / "cut.mp4";
  Ffmpeg("-ss 2 -i " + Quoted(whole) + " -c copy " + Quoted(cut));
  const auto source = OpenSource(cut.string());
  EXPECT_EQ(source->frame_count(), 50);
  const Clip clip = ReadAll(cut);
  EXPECT_EQ(clip.error, "");
  EXPECT_EQ(BytesOf(clip), FramesByFfmpeg(cut));
  EXPECT_EQ(clip.frames.size(), 50u);
  EXPECT_DOUBLE_EQ(clip.times.at(0), 0);
}

TEST_F(BrokenFilesTest, WholeFilesAreNotCalledTruncated) {
  const fs::path base = Make("base.mp4", "64x48", "-c:v libx264 -g 25 -bf 3", 3);
  const std::string from_base = "-i " + Quoted(base) + " ";
  const struct {
    const char* name;
    std::string arguments;
    size_t frames;
  } cases[] = {
      // Clocks that do not begin at 0, as recorders write them that begin a new file now and then.
      {"offset.mkv", "-f lavfi -i testsrc2=s=64x48:d=1 -output_ts_offset 100 -c:v libx264 ", 25},
      {"copyts.mkv", "-ss 2 -copyts " + from_base + "-c copy ", 25},
      {"offset.flv", "-f lavfi -i testsrc2=s=64x48:r=1/20:d=60 -c:v libx264 -bf 2 ", 3},
      // What lasts longer than the video.
      {"sound.mkv", from_base + "-f lavfi -i sine=d=6 -c:v copy -c:a flac ", 75},
      {"fragments.mp4", from_base + "-c copy -movflags frag_keyframe+empty_moov ", 75},
      {"cut.ts", "-ss 1 " + from_base + "-c copy ", 50},
  };
  for (const auto& [name, arguments, frames] : cases) {
    const fs::path file = folder_ / name;
    Ffmpeg(arguments + Quoted(file));
    const Clip clip = ReadAll(file);
    EXPECT_EQ(clip.error, "") << name;
    EXPECT_EQ(clip.frames.size(), frames) << name;
  }
  // Containers that were written to a pipe, and announce nothing or nonsense.
  for (const char* kind : {"avi", "ivf", "matroska", "flv"}) {
    const fs::path file = folder_ / (std::string("pipe.") + kind);
    const std::string codec = kind == std::string("ivf") ? "-c:v libvpx" : "-c:v libx264 -bf 0";
    testing::RunCommand("sh -c \"ffmpeg -v error -nostdin " + from_base + "-an " + codec + " -f " +
                        kind + " - | cat > " + Quoted(file) + "\"");
    const Clip clip = ReadAll(file);
    EXPECT_EQ(clip.error, "") << kind;
    EXPECT_EQ(clip.frames.size(), 75u) << kind;
  }
}

TEST_F(BrokenFilesTest, AShortEndIsMissedToo) {
  for (const char* name : {"a.mkv", "a.webm", "a.avi"}) {
    const std::string codec = name == std::string("a.webm")  ? "-c:v libvpx"
                              : name == std::string("a.avi") ? "-c:v mpeg4"
                                                             : "-c:v libx264 -g 5";
    const fs::path file = Make(name, "64x48", codec, 0.8);
    EXPECT_EQ(ReadAll(file).error, "") << name;
    CutOff(file, 0.9);
    EXPECT_NE(ReadAll(file).error, "") << name;
  }
}

TEST_F(BrokenFilesTest, FramesThatCannotBeDecodedAtTheEndAreTold) {
  const fs::path file = Make("a.mov", "64x48", "-c:v mjpeg -movflags faststart", 2);
  Zero(file, 0.5, 1);
  const Clip clip = ReadAll(file);
  EXPECT_NE(clip.error.find("what follows cannot be decoded"), std::string::npos) << clip.error;
  EXPECT_LT(clip.frames.size(), 40u);
}

TEST_F(BrokenFilesTest, DamageThatTheContainerSkipsIsTold) {
  const fs::path file = Make("a.ts", "128x96", "-c:v libx264", 4);
  Zero(file, 0.4, 0.5);
  EXPECT_EQ(LogOf(file).size(), 1u);
}

TEST_F(BrokenFilesTest, TheContentDecidesWhatIsAPicture) {
  fs::rename(Make("a.png", "64x48", "-frames:v 1"), folder_ / "picture");
  EXPECT_EQ(ReadAll(folder_ / "picture").frames.size(), 1u);
  fs::rename(Make("b.gif", "64x48", ""), folder_ / "animation.png");
  EXPECT_EQ(ReadAll(folder_ / "animation.png").frames.size(), 5u);
  fs::rename(Make("c.mp4", "64x48", "-c:v libx264"), folder_ / "video.jpg");
  EXPECT_EQ(ReadAll(folder_ / "video.jpg").frames.size(), 5u);
  fs::rename(Make("d.jpg", "64x48", "-frames:v 1"), folder_ / "picture.mp4");
  EXPECT_EQ(ReadAll(folder_ / "picture.mp4").frames.size(), 1u);
}

TEST_F(BrokenFilesTest, ATransferThatBreaksOffIsTold) {
  using testing::FileServer;
  const struct {
    const char* name;
    std::string encoding;
  } cases[] = {{"a.mp4", "-c:v libx264 -g 10 -movflags +faststart"},
               {"a.mkv", "-c:v libx264 -g 10"},
               {"a.avi", "-c:v mpeg4"}};
  for (const auto& [name, encoding] : cases) {
    const std::string file = ReadText(Make(name, "128x96", encoding, 4));
    for (const auto length : {FileServer::Length::kStated, FileServer::Length::kUnknown,
                              FileServer::Length::kChunked}) {
      const FileServer whole(file, length), cut(file, length, 0.6);
      const Clip all = ReadAll(whole.Address(std::string("/") + name));
      EXPECT_EQ(all.error, "") << name << ' ' << static_cast<int>(length);
      EXPECT_EQ(all.frames.size(), 100u) << name;
      const Clip part = ReadAll(cut.Address(std::string("/") + name));
      EXPECT_NE(part.error, "") << name << ' ' << static_cast<int>(length);
      EXPECT_GT(part.frames.size(), 30u) << name;
      EXPECT_LT(part.frames.size(), 80u) << name;
    }
  }
}

TEST_F(BrokenFilesTest, PicturesBehindAddressesAreWholeOrRefused) {
  using testing::FileServer;
  for (const char* name : {"/a.png", "/a.jpg"}) {
    const std::string file = ReadText(Make(name + 1, "160x120", "-frames:v 1"));
    const FileServer whole(file, FileServer::Length::kUnknown);
    EXPECT_EQ(ReadAll(whole.Address(name)).frames.size(), 1u) << name;
    const FileServer cut(file, FileServer::Length::kUnknown, 0.8);
    EXPECT_EQ(ErrorOf([&] { OpenSource(cut.Address(name)); }).code(), ErrorCode::kDataLoss) << name;
  }
}

TEST_F(BrokenFilesTest, TextIsNoVideo) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "line " + std::to_string(i) + "\n";
  WriteText(folder_ / "notes.txt", text);
  EXPECT_EQ(ErrorOf([&] { OpenSource((folder_ / "notes.txt").string()); }).code(),
            ErrorCode::kDataLoss);
}

TEST_F(BrokenFilesTest, APlaylistOfItselfEnds) {
  const fs::path file = folder_ / "itself.m3u8";
  WriteText(file, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nitself.m3u8\n");
  EXPECT_EQ(ErrorOf([&] { OpenSource(file.string()); }).code(), ErrorCode::kDataLoss);
}

TEST_F(BrokenFilesTest, TiffThatFfmpegDecodesToBlackIsRefused) {
  const fs::path file = Make("a.tiff", "64x48", "-frames:v 1 -compression_algo raw");
  std::string bytes = ReadText(file);
  const size_t compression = bytes.find(std::string("\x03\x01\x03\0\1\0\0\0", 8));  // tag 259
  ASSERT_NE(compression, std::string::npos);
  bytes[compression + 8] = 7;  // JPEG
  WriteText(file, bytes);
  const Error error = ErrorOf([&] { OpenSource(file.string()); });
  EXPECT_TRUE(Says(error, "compression")) << error.what();
}

TEST_F(BrokenFilesTest, PhotosThatAreTooLargeAreNotCalledDamaged) {
  for (const char* name : {"a.jpg", "a.png", "a.webp"}) {
    const fs::path file = Make(name, "6000x4000", "-frames:v 1");
    const Error error = ErrorOf([&] { OpenSource(file.string()); });
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted) << error.what();
    EXPECT_TRUE(Says(error, "6000x4000")) << error.what();
  }
}

TEST_F(BrokenFilesTest, AnyBytesGiveFramesOrAnError) {
  const std::string encodings[][2] = {{"a.mp4", "-c:v libx264"}, {"a.mkv", "-c:v libvpx"},
                                      {"a.avi", "-c:v mjpeg"},   {"a.gif", ""},
                                      {"a.jpg", "-frames:v 1"},  {"a.png", "-frames:v 1"},
                                      {"a.webp", "-frames:v 1"}, {"a.tiff", "-frames:v 1"},
                                      {"a.bmp", "-frames:v 1"}};
  uint32_t random = 1;
  for (const auto& [name, encoding] : encodings) {
    const std::string whole = ReadText(Make(name, "48x32", encoding));
    for (int round = 0; round < 20; ++round) {
      std::string bytes = whole;
      for (int i = 0; i <= round; ++i) {
        random = random * 1664525 + 1013904223;
        bytes[(random >> 8) % bytes.size()] = static_cast<char>(random >> 3);
      }
      const fs::path file = folder_ / ("hostile_" + name);
      WriteText(file, bytes);
      try {
        const auto source = OpenSource(file.string());
        Image frame;
        while (source->Read(frame)) ASSERT_FALSE(frame.empty());
      } catch (const Error&) {  // refused
      }
    }
  }
}

}  // namespace
}  // namespace shadowtutor::video
