#include "core/untrusted_text.h"

#include <gtest/gtest.h>

#include <string>

namespace shadowtutor {
namespace {

TEST(Showable, LeavesTextAsItIs) {
  for (const char* text : {"", "client 0.2.0", "Größe 640×480, 人", "back\\slash \"quoted\""}) {
    EXPECT_EQ(Showable(text, 100), text);
  }
}

TEST(Showable, WhatActsOnATerminalOrALogIsEscaped) {
  EXPECT_EQ(Showable("a\nforged line\r\t\x1b[31mred\x7f", 100),
            "a\\nforged line\\r\\t\\x1b[31mred\\x7f");
  EXPECT_EQ(Showable("\xc2\x9b"
                     "31m \xe2\x80\xae"
                     "drawkcab \xe2\x80\xa8 \xef\xbb\xbf",
                     100),
            "\\x9b31m \\u202edrawkcab \\u2028 \\ufeff");
  EXPECT_EQ(Showable(std::string_view("a\0b", 3), 100), "a\\x00b");
}

TEST(Showable, WhatIsNotUtf8IsEscaped) {
  EXPECT_EQ(Showable("\xff\xc3(\xe2\x82", 100), "\\xff\\xc3(\\xe2\\x82");
  EXPECT_EQ(Showable("\xc0\xaf \xed\xa0\x80 \xf5\x80\x80\x80", 100),
            "\\xc0\\xaf \\xed\\xa0\\x80 \\xf5\\x80\\x80\\x80");
}

TEST(IsUtf8, TakesWholeCharactersAlone) {
  for (const char* text : {"", "plain", "zwölf 犬 😀", "\x7f\n", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  for (const char* text : {"\xff", "cut \xe7\x8a", "\xc3(", "\xc0\xaf", "\xe0\x80\xaf",
                           "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80"}) {
    EXPECT_FALSE(IsUtf8(text)) << Showable(text, 100);
  }
}

TEST(Showable, IsCutAtItsLength) {
  EXPECT_EQ(Showable(std::string(16, 'x'), 16), std::string(16, 'x'));
  EXPECT_EQ(Showable(std::string(17, 'x'), 16), std::string(13, 'x') + "...");
  EXPECT_EQ(Showable(std::string(1'000'000, '\n'), 16), "\\n\\n\\n\\n\\n\\n...");
  EXPECT_EQ(Showable(std::string(12, 'x') + "×××", 16), std::string(12, 'x') + "...");
  for (size_t length = 16; length < 40; ++length) {
    const std::string once =
        Showable("\xff\x1b×a\xe2\x80\xae人\n\xff\x1b×a\xe2\x80\xae人\n", length);
    EXPECT_LE(once.size(), length);
    EXPECT_EQ(Showable(once, length), once);
  }
}

TEST(WithoutFolders, OnlyNamesAreLeft) {
  EXPECT_EQ(WithoutFolders("cannot read /home/anna/labels/7.png: no such file"),
            "cannot read 7.png: no such file");
  EXPECT_EQ(WithoutFolders("/srv/x.onnx does not run"), "x.onnx does not run");
  EXPECT_EQ(WithoutFolders("there is no label for frame 3 in '/srv/anna maria/my labels'; make it"),
            "there is no label for frame 3 in 'my labels'; make it");
  EXPECT_EQ(WithoutFolders("file:///srv/a/b.png (see \"/etc/x\")"), "file://b.png (see \"x\")");
  EXPECT_EQ(WithoutFolders("file=/a/b, then:/c/d"), "file=b, then:d");
  EXPECT_EQ(WithoutFolders("/"), "");
}

TEST(WithoutFolders, LeavesWhatIsNoAbsolutePath) {
  for (const char* text : {"use 640x480 or 1/2 of it, and/or less", "rtsp://host/path is not there",
                           "docs/teachers.md explains it", "", "http://", "a:b"}) {
    EXPECT_EQ(WithoutFolders(text), text);
  }
}

}  // namespace
}  // namespace shadowtutor
