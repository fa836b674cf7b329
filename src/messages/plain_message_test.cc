#include "messages/plain_message.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "shadowtutor/v1/shadowtutor.pb.h"

namespace shadowtutor::messages {
namespace {

TEST(PlainMessage, HasDefaultsUntilItIsSet) {
  v1::Welcome welcome;
  EXPECT_EQ(welcome.student_version(), 0u);
  EXPECT_EQ(welcome.teacher(), "");
  EXPECT_FALSE(welcome.has_student());
  EXPECT_EQ(welcome.student().version(), 0u);
  EXPECT_FALSE(welcome.has_background());
  EXPECT_EQ(welcome.SerializeAsString(), "");
  welcome.set_background(0);
  EXPECT_TRUE(welcome.has_background());
  EXPECT_EQ(welcome.SerializeAsString(), std::string("\x40\0", 2));
  welcome.mutable_student();
  EXPECT_TRUE(welcome.has_student());
  welcome.clear_student();
  welcome.clear_background();
  EXPECT_EQ(welcome.SerializeAsString(), "");
}

TEST(PlainMessage, OneofHoldsOneMessage) {
  v1::ClientMessage message;
  EXPECT_EQ(message.message_case(), v1::ClientMessage::MESSAGE_NOT_SET);
  EXPECT_EQ(message.key_frame().width(), 0u);
  message.mutable_hello()->set_client_version("1");
  message.mutable_hello()->set_frame_width(2);
  EXPECT_EQ(message.message_case(), v1::ClientMessage::kHello);
  EXPECT_EQ(message.hello().client_version(), "1");
  message.mutable_key_frame()->set_width(7);
  EXPECT_EQ(message.message_case(), v1::ClientMessage::kKeyFrame);
  EXPECT_FALSE(message.has_hello());
  message.clear_hello();
  EXPECT_EQ(message.key_frame().width(), 7u);
  message.clear_message();
  EXPECT_EQ(message.message_case(), v1::ClientMessage::MESSAGE_NOT_SET);
}

TEST(PlainMessage, IsCopiedAndMovedAsAValue) {
  v1::ServerMessage message;
  message.mutable_welcome()->add_classes()->set_name("person");
  v1::ServerMessage copy = message;
  copy.mutable_welcome()->mutable_classes()->front().set_name("bird");
  EXPECT_EQ(message.welcome().classes().front().name(), "person");
  const std::string bytes = message.SerializeAsString();
  const v1::ServerMessage moved = std::move(message);
  EXPECT_EQ(moved.SerializeAsString(), bytes);
}

TEST(PlainMessage, ParsingReplacesWhatWasThere) {
  v1::ErrorMessage error;
  error.set_sentence("old");
  error.set_frame_index(3);
  ASSERT_TRUE(error.ParseFromString(std::string("\x18\x01", 2)));
  EXPECT_TRUE(error.fatal());
  EXPECT_EQ(error.sentence(), "");
  EXPECT_FALSE(error.has_frame_index());
}

TEST(PlainMessage, UnknownFieldsAndEnumValues) {
  v1::KeyFrame frame;
  // Codec 77, then field 99 of a newer partner.
  ASSERT_TRUE(
      frame.ParseFromString(std::string("\x18\x4d\x9a\x06\x03"
                                        "abc",
                                        8)));
  EXPECT_EQ(static_cast<int>(frame.codec()), 77);
  EXPECT_EQ(frame.SerializeAsString(), "\x18\x4d");
}

TEST(PlainMessage, RefusesBytesThatAreNone) {
  v1::StudentRequest request;
  EXPECT_FALSE(request.ParseFromArray("", -1));
  EXPECT_TRUE(request.ParseFromArray(nullptr, 0));
  EXPECT_FALSE(request.ParseFromString("\x0a\x05why"));
  EXPECT_FALSE(request.ParseFromString("\x0a\x02\xc3\x28")) << "not UTF-8";
  EXPECT_TRUE(request.ParseFromString("\x0a\x03why"));
  EXPECT_EQ(request.reason(), "why");
}

}  // namespace
}  // namespace shadowtutor::messages
