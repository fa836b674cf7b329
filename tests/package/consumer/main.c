/* Labels a picture with a student, as a program of others does: consumer STUDENT [OUTPUT]. The
 * labels go to OUTPUT, a byte a pixel. */
#include <shadowtutor/shadowtutor.h>
#include <stdio.h>

enum { kWidth = 320, kHeight = 240 };

static int Fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, shadowtutor_last_error());
  return 1;
}

int main(int argc, char** argv) {
  static uint8_t picture[kHeight][kWidth][3];
  static uint8_t labels[kHeight * kWidth];
  shadowtutor_student* student = NULL;
  shadowtutor_predictor* predictor = NULL;
  if (argc < 2) return 2;
  /* A disc before a pattern. */
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const int inside = (x - 150) * (x - 150) + (y - 120) * (y - 120) < 70 * 70;
      picture[y][x][0] = (uint8_t)(inside ? 60 : 100 + (x * 7 + y * 13) % 32);
      picture[y][x][1] = (uint8_t)(inside ? 90 + y / 4 : 140);
      picture[y][x][2] = (uint8_t)(inside ? 220 : 80 + x / 8);
    }
  }
  if (shadowtutor_student_load(argv[1], &student) != SHADOWTUTOR_OK) return Fail("student");
  if (shadowtutor_predictor_new(student, &predictor) != SHADOWTUTOR_OK) return Fail("predictor");
  shadowtutor_image image = SHADOWTUTOR_INIT(image);
  image.bgr = &picture[0][0][0];
  image.width = kWidth;
  image.height = kHeight;
  if (shadowtutor_predictor_predict(predictor, &image, labels, sizeof labels) != SHADOWTUTOR_OK)
    return Fail("predict");
  int foreground = 0;
  for (int i = 0; i < kHeight * kWidth; ++i) foreground += labels[i] != 0;
  printf("libshadowtutor %s: student %016llx, %d of %d pixels are foreground\n",
         shadowtutor_version(), (unsigned long long)shadowtutor_student_checksum(student),
         foreground, kHeight * kWidth);
  shadowtutor_predictor_free(predictor);
  shadowtutor_student_free(student);
  if (argc > 2) {
    FILE* file = fopen(argv[2], "wb");
    const int written = file && fwrite(labels, 1, sizeof labels, file) == sizeof labels;
    if (!file || fclose(file) != 0 || !written) {
      perror(argv[2]);
      return 1;
    }
  }
  return 0;
}
