// A device with a server: predicts the frames of scene.h, sends key frames to the server at the
// address on the command line, and ends well when an update of it was put to use.
//
// scripts/check-device-library checks which libraries it was linked with; client_smoke_test runs it
// against a server.

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "client/client.h"
#include "distill/miou.h"
#include "rpc/client/grpc_link.h"
#include "scene.h"

namespace {

using namespace shadowtutor;         // NOLINT: one short program, whose subject is this namespace
using namespace shadowtutor::tests;  // NOLINT: its scene

int Run(const std::string& address) {
  rpc::GrpcLinkOptions options;
  options.address = address;
  options.frame_size = kSize;
  options.update_codec = wire::UpdateCodec::kCoded;
  options.log = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  auto opened = std::make_unique<rpc::GrpcLink>(options);
  const rpc::GrpcLink& link = *opened;
  if (!opened->WaitForWelcome(std::chrono::seconds(30))) {
    throw Error(ErrorCode::kDeadlineExceeded, "the server does not answer; is it one?");
  }
  client::ClientOptions client_options;
  client_options.staleness = client::Staleness::kWait;
  client::Client client(nullptr, 0, std::move(opened), client_options);

  LabelMap labels;
  int updates = 0;
  double last = 0;
  for (uint64_t frame = 0; frame < kFrames; ++frame) {
    updates += client.Process(Film(frame), labels).update_applied ? 1 : 0;
    last = distill::MeanIoU(labels, Teach(frame), 2);
  }
  const rpc::GrpcLinkStats stats = link.stats();
  std::printf("client: mIoU %.3f after %d updates of %llu key frames, %llu bytes up, %llu down\n",
              last, updates, static_cast<unsigned long long>(stats.key_frames),
              static_cast<unsigned long long>(stats.bytes_up),
              static_cast<unsigned long long>(stats.bytes_down));
  return updates > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: client_smoke HOST:PORT\n");
    return 2;
  }
  try {
    return Run(argv[1]);
  } catch (const shadowtutor::Error& error) {
    std::fprintf(stderr, "client_smoke: %s\n", error.what());
    return 1;
  }
}
