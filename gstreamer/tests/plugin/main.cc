// GStreamer as a program starts it, with the plugin of this build and a registry of its own.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

int main(int argc, char** argv) {
  std::string folder = std::filesystem::temp_directory_path() / "gst_plugin_test.XXXXXX";
  if (!mkdtemp(folder.data())) {
    std::perror(folder.c_str());
    return 1;
  }
  setenv("TEST_TMPDIR", (folder + "/").c_str(), 1);  // testing::TempDir()
  testing::InitGoogleTest(&argc, argv);
  setenv("GST_PLUGIN_PATH", SHADOWTUTOR_GST_PLUGINS, 1);
  setenv("GST_REGISTRY", (folder + "/registry").c_str(), 1);
  setenv("GST_REGISTRY_FORK", "no", 1);
  gst_init(nullptr, nullptr);
  const int result = RUN_ALL_TESTS();
  std::filesystem::remove_all(folder);
  return result;
}
