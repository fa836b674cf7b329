/* A device's client in C: raw BGR frames from standard input, labels to a file, a byte a pixel:
 * client SERVER WIDTH HEIGHT OUTPUT. Prints the student at every update that it takes. */
#include <shadowtutor/shadowtutor.h>
#include <stdio.h>
#include <stdlib.h>

static int Fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, shadowtutor_last_error());
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  shadowtutor_image image = SHADOWTUTOR_INIT(image);
  image.width = atoi(argv[2]);
  image.height = atoi(argv[3]);
  const size_t size = (size_t)image.width * (size_t)image.height;
  uint8_t* pixels = malloc(3 * size);
  uint8_t* labels = malloc(size);
  FILE* output = fopen(argv[4], "wb");
  if (!pixels || !labels || !output) return 2;
  image.bgr = pixels;
  shadowtutor_connect_options options = SHADOWTUTOR_INIT(options);
  options.wait = 1; /* where an update is due it is waited for, so that every run is the same */
  options.timeout_ms = 60000;
  shadowtutor_client* client = NULL;
  if (shadowtutor_client_connect(argv[1], &options, &client)) return Fail("connect");
  int frames = 0, updates = 0;
  for (; fread(pixels, 3, size, stdin) == size; ++frames) {
    shadowtutor_frame_report report = SHADOWTUTOR_INIT(report);
    if (shadowtutor_client_process(client, &image, labels, size, &report)) return Fail("process");
    if (fwrite(labels, 1, size, output) != size) return 1;
    if (report.key_frame) printf("frame %d: key frame\n", frames);
    if (!report.update_applied) continue;
    shadowtutor_student* student = NULL;
    if (shadowtutor_client_student(client, &student)) return Fail("student");
    printf("frame %d: student %016llx, metric %.4f\n", frames,
           (unsigned long long)shadowtutor_student_checksum(student), report.metric);
    shadowtutor_student_free(student);
    ++updates;
  }
  printf("%d frames, %d updates\n", frames, updates);
  shadowtutor_client_free(client);
  free(pixels);
  free(labels);
  return fclose(output) != 0;
}
