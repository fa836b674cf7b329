#include "core/address_text.h"

#include <gtest/gtest.h>

namespace shadowtutor {
namespace {

TEST(AddressText, HidesUserAndPassword) {
  EXPECT_EQ(WithoutCredentials("rtsp://me:secret@host:554/a@b"), "rtsp://host:554/a@b");
  EXPECT_EQ(WithoutCredentials("rtsp://me:s@cret@host"), "rtsp://host");
  EXPECT_EQ(WithoutCredentials("http://host/a@b"), "http://host/a@b");
}

}  // namespace
}  // namespace shadowtutor
