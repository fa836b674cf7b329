// main() of the integration tests, and of the child processes that some of them start and kill.
#include <gtest/gtest.h>

#include <cstdio>
#include <exception>
#include <string>

#include "loopback.h"

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--child") {
    try {
      return shadowtutor::tests::ChildMain(argv[2], argv[3]);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
      return 1;
    }
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
