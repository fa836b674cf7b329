// What key frames of a video cost in each codec: bytes, PSNR, and milliseconds of one core. The
// table is that of docs/traffic.md.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

#include "shadowtutor/types.h"
#include "video/open_source.h"
#include "wire/codec_names.h"
#include "wire/key_frame_codec.h"

namespace shadowtutor::bench {
namespace {

// Of the pixels in BGR, in decibels.
double Psnr(const Image& a, const Image& b) {
  double squares = 0;
  for (size_t i = 0; i < a.bytes().size(); ++i) {
    const double difference = a.bytes()[i] - b.bytes()[i];
    squares += difference * difference;
  }
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.bytes().size()) / squares);
}

double CpuMilliseconds() {
  return 1e3 * static_cast<double>(std::clock()) / static_cast<double>(CLOCKS_PER_SEC);
}

struct Costs {
  double kilobytes = 0, psnr = 0, encode_ms = 0, decode_ms = 0;
  int frames = 0;
};

void Add(const Costs& cost, Costs& sum) {
  sum.kilobytes += cost.kilobytes;
  sum.psnr += cost.psnr;
  sum.encode_ms += cost.encode_ms;
  sum.decode_ms += cost.decode_ms;
  ++sum.frames;
}

void Print(const char* name, const Costs& first, const Costs& others) {
  const double n = others.frames;
  std::printf("| %s | %.1f | %.1f | %.1f | %.2f | %.1f | %.1f |\n", name, first.kilobytes,
              first.psnr, others.kilobytes / n, others.psnr / n, others.encode_ms / n,
              others.decode_ms / n);
}

int Main(int argc, char** argv) {
  std::string source_name;
  std::vector<std::string> codecs = {"h264", "vp9", "av1"};
  int every = 24;
  wire::KeyFrameQuality quality;
  CLI::App app("What key frames cost in each codec: a table in Markdown");
  app.add_option("source", source_name, "A video")->required();
  app.add_option("--frame-codec", codecs, "Only these")
      ->delimiter(',')
      ->check(CLI::IsMember(wire::FrameCodecNames()));
  app.add_option("--every", every, "Every so many-th frame is a key frame")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--h264-crf", quality.crf, "As of run");
  app.add_option("--key-frame-bytes", quality.pictures.bytes, "As of a policy")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::printf("| | first: kB | dB | others: kB | dB | encode ms | decode ms |\n");
  std::printf("| --- | --- | --- | --- | --- | --- | --- |\n");
  for (const std::string& name : codecs) {
    const wire::FrameCodec codec = wire::ParseFrameCodec(name);
    const auto encoder = wire::MakeKeyFrameEncoder(codec, quality);
    wire::KeyFrameDecoder decoder;
    const auto source = video::OpenSource(source_name);
    Costs first, others;
    Image frame;
    for (int64_t index = 0; source->Read(frame); ++index) {
      if (index % every != 0) continue;
      Costs cost;
      double start = CpuMilliseconds();
      const std::vector<uint8_t> payload = encoder->Encode(frame);
      cost.encode_ms = CpuMilliseconds() - start;
      start = CpuMilliseconds();
      const Image decoded = decoder.Decode(codec, payload, frame.size());
      cost.decode_ms = CpuMilliseconds() - start;
      cost.kilobytes = 1e-3 * static_cast<double>(payload.size());
      cost.psnr = Psnr(frame, decoded);
      Add(cost, first.frames == 0 ? first : others);
    }
    if (others.frames == 0) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the video has less than two key frames; take a longer one or a smaller --every");
    }
    Print(name.c_str(), first, others);
  }
  return 0;
}

}  // namespace
}  // namespace shadowtutor::bench

int main(int argc, char** argv) {
  try {
    return shadowtutor::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "key_frames: %s\n", error.what());
    return 1;
  }
}
