/* Segments raw frames from standard input and writes one byte a pixel to standard output.
 *
 *   ffmpeg -v error -i clip.mp4 -f rawvideo -pix_fmt bgr24 - | c_client SERVER WIDTH HEIGHT >labels
 */
#include <shadowtutor/shadowtutor.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  shadowtutor_connect_options options = SHADOWTUTOR_INIT(options);
  shadowtutor_frame_report report = SHADOWTUTOR_INIT(report);
  shadowtutor_image frame = SHADOWTUTOR_INIT(frame);
  shadowtutor_client* client = NULL;
  uint8_t *pixels, *labels;
  size_t size;
  int failed = 0;

  if (argc < 4 || atoi(argv[2]) < 1 || atoi(argv[3]) < 1) {
    fprintf(stderr, "usage: c_client SERVER WIDTH HEIGHT\n");
    return 2;
  }
  frame.width = atoi(argv[2]);
  frame.height = atoi(argv[3]);
  size = (size_t)frame.width * (size_t)frame.height;
  pixels = malloc(3 * size);
  labels = malloc(size);
  frame.bgr = pixels;
  options.wait = 1; /* a file can wait for its tutor */
  if (!pixels || !labels || shadowtutor_client_connect(argv[1], &options, &client)) {
    fprintf(stderr, "%s\n", shadowtutor_last_error());
    return 1;
  }
  while (!failed && fread(pixels, 3, size, stdin) == size) {
    failed = shadowtutor_client_process(client, &frame, labels, size, &report) ||
             fwrite(labels, 1, size, stdout) != size;
    fprintf(stderr, "frame %llu: %.1f ms, metric %.3f\n", (unsigned long long)report.index,
            report.predict_ms, report.metric);
  }
  if (failed) fprintf(stderr, "%s\n", shadowtutor_last_error());
  shadowtutor_client_free(client);
  free(pixels);
  free(labels);
  return failed;
}
