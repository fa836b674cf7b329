// Feeds the recorded session of tests/data/session to the C functions of a page, and prints what
// came of each frame. engine_test.mjs does the same with the module for browsers, and compares.
//
// Usage: page_replay FILE.events
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "client/testing/recorded_session.h"
#include "core/atomic_file.h"
#include "page/page.h"
#include "page/testing/replay.h"

namespace {

using shadowtutor::client::kRecordedFrames;
using shadowtutor::client::kRecordedSize;

// FNV-1a.
uint32_t Checksum(std::span<const uint8_t> bytes) {
  uint32_t sum = 2166136261u;
  for (const uint8_t byte : bytes) sum = (sum ^ byte) * 16777619u;
  return sum;
}

// The number or truth value of a member of a flat JSON object, as text.
std::string Member(const std::string& json, const std::string& name) {
  const size_t at = json.find('"' + name + "\":");
  if (at == std::string::npos) return "?";
  const size_t begin = at + name.size() + 3;
  return json.substr(begin, json.find_first_of(",}", begin) - begin);
}

void Run(const char* file) {
  const shadowtutor::page::Replay replay(
      shadowtutor::client::ParseEvents(shadowtutor::ReadFile(file, 1'000'000)));
  st_page_threads(2);
  st_page* page = st_page_new(R"({"frameCodec":"h264"})");
  const auto hear = [&](const std::vector<uint8_t>& message) {
    if (st_page_received(page, message.data(), message.size()) != 0) {
      throw std::runtime_error(st_page_error(page));
    }
  };
  st_page_opened(page);
  size_t size = 0;
  st_page_outgoing(page, &size);
  hear(replay.welcome());
  for (uint64_t index = 0; index < kRecordedFrames; ++index) {
    if (const auto* update = replay.UpdateBefore(index)) hear(*update);
    shadowtutor::page::WriteRgba(shadowtutor::client::RecordedFrame(index),
                                 st_page_frame(page, kRecordedSize.width, kRecordedSize.height));
    const uint8_t* labels = st_page_process(page);
    if (!labels) throw std::runtime_error(st_page_error(page));
    const uint32_t sum = Checksum({labels, kRecordedSize.pixels()});
    const std::string report = st_page_report(page);
    const std::string key_frame = Member(report, "keyFrame");
    size = 0;
    if (key_frame == "true") {
      const uint8_t picture[] = {1, 2, 3};
      st_page_key_frame(page, picture, sizeof picture);
      st_page_outgoing(page, &size);
    }
    std::printf("frame %d: labels %08x, key frame %s, bytes %d, version %s, metric %.4f\n",
                static_cast<int>(index), static_cast<unsigned>(sum), key_frame.c_str(),
                static_cast<int>(size), Member(report, "version").c_str(),
                std::stod(Member(report, "metric")));
  }
  st_page_delete(page);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: page_replay FILE.events\n");
    return 2;
  }
  try {
    Run(argv[1]);
    std::fflush(stdout);
    // Under Node the thread that runs destructors is the one that starts threads. It would wait for
    // some of the engine's that have not started yet.
    std::_Exit(0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "page_replay: %s\n", error.what());
    return 1;
  }
}
