// Segments a camera, or a video, with a student that a server teaches.
//
//   camera_client SERVER [CAMERA_OR_FILE]      for example: camera_client 127.0.0.1:7200 0
#include <shadowtutor/client.h>

#include <cctype>
#include <cstdio>
#include <opencv2/videoio.hpp>
#include <string>

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: camera_client SERVER [CAMERA_OR_FILE]\n"), 2;
  const std::string source = argc > 2 ? argv[2] : "0";
  const bool camera = source.size() == 1 && std::isdigit(static_cast<unsigned char>(source[0]));
  cv::VideoCapture video;
  if (!(camera ? video.open(source[0] - '0') : video.open(source))) {
    return std::fprintf(stderr, "%s cannot be opened\n", source.c_str()), 1;
  }
  try {
    shadowtutor::ConnectOptions options;
    options.wait = !camera;  // a file can wait for its tutor, a camera cannot
    auto client = shadowtutor::Client::Connect(argv[1], options);
    const auto classes = client.student().classes();
    cv::Mat frame;
    shadowtutor::LabelMap labels;
    while (video.read(frame)) {
      const auto report = client.Process(
          {frame.data, frame.cols, frame.rows, static_cast<ptrdiff_t>(frame.step)}, labels);
      // Here an application would draw or use labels.at(x, y), an index into `classes`.
      size_t background = 0;
      for (const uint8_t label : labels.labels()) background += label == 0;
      std::printf(
          "frame %llu: %.1f ms, stride %d, metric %.3f, %s covers %.0f %%\n",
          static_cast<unsigned long long>(report.index), report.predict_ms, report.stride,
          report.metric, classes[0].name.c_str(),
          100.0 * static_cast<double>(background) / static_cast<double>(labels.labels().size()));
    }
  } catch (const shadowtutor::Error& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}
