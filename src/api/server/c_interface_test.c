/* The C interface as a C compiler sees it, called by c_interface_test.cc. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shadowtutor/shadowtutor.h"

enum { kWidth = 64, kHeight = 48, kPixels = kWidth * kHeight };

static uint8_t picture[3 * kPixels], expected[kPixels], labels[kPixels];

/* A bright square that moves over dark ground. */
static void Draw(uint64_t frame) {
  const int left = (int)(frame % 24);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const int inside = y >= 12 && y < 36 && x >= left && x < left + 24;
      expected[y * kWidth + x] = (uint8_t)inside;
      memset(picture + 3 * (y * kWidth + x), inside ? 220 : 40, 3);
    }
  }
}

static double Right(void) {
  int right = 0;
  for (int i = 0; i < kPixels; ++i) right += labels[i] == expected[i];
  return (double)right / kPixels;
}

static int32_t Label(void* context, const shadowtutor_image* frame, uint64_t index, uint8_t* to) {
  (void)index;
  ++*(int*)context;
  if (frame->width != kWidth || frame->height != kHeight) return 1;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const ptrdiff_t stride = frame->stride ? frame->stride : 3 * kWidth;
      to[y * kWidth + x] = frame->bgr[y * stride + 3 * x] > 127;
    }
  }
  return 0;
}

#define CHECK(what)                                                                             \
  if (!(what)) {                                                                                \
    fprintf(stderr, "line %d: " #what " is not so (%s)\n", __LINE__, shadowtutor_last_error()); \
    return __LINE__;                                                                            \
  }

static shadowtutor_student* NewStudent(void) {
  const char* const names[] = {"ground", "square"};
  shadowtutor_student_options options = SHADOWTUTOR_INIT(options);
  shadowtutor_student* student = NULL;
  options.background = 1;
  options.width = 0.25;
  shadowtutor_student_new(names, 2, &options, &student);
  return student;
}

int TeachOverTheNetwork(void) {
  /* Static, because a check that fails leaves the server running. */
  static int calls;
  shadowtutor_server* server = NULL;
  shadowtutor_client* client = NULL;
  shadowtutor_student* student = NewStudent();
  shadowtutor_connect_options options = SHADOWTUTOR_INIT(options);
  shadowtutor_frame_report report = SHADOWTUTOR_INIT(report);
  shadowtutor_image image = SHADOWTUTOR_INIT(image);
  CHECK(student);
  CHECK(!strcmp(shadowtutor_student_class_name(student, 1), "square"));
  CHECK(!shadowtutor_student_class_name(student, 2));
  CHECK(shadowtutor_student_background(student) == 0);
  CHECK(!shadowtutor_server_new(Label, &calls, student, NULL, &server));
  options.wait = 1;
  CHECK(!shadowtutor_client_connect(shadowtutor_server_address(server), &options, &client));
  image.bgr = picture;
  image.width = kWidth;
  image.height = kHeight;
  for (uint64_t frame = 0; frame < 160; ++frame) {
    Draw(frame);
    CHECK(!shadowtutor_client_process(client, &image, labels, sizeof labels, &report));
    CHECK(report.index == frame);
  }
  CHECK(Right() > 0.8);
  CHECK(report.metric > 0.8);
  CHECK(calls >= 2);
  CHECK(shadowtutor_client_connected(client));
  shadowtutor_client_free(client);
  shadowtutor_server_free(server);
  shadowtutor_student_free(student);
  return 0;
}

/* A trainer and a client with nothing between them but a pointer. */
typedef struct {
  shadowtutor_trainer* trainer;
  shadowtutor_bytes* message; /* on its way */
  shadowtutor_bytes* read;    /* the one that the client has */
  int key_frames, done;
} Both;

static int32_t Connected(void* context) {
  (void)context;
  return 1;
}
static int32_t SendKeyFrame(void* context, const shadowtutor_image* frame, uint64_t index) {
  Both* both = context;
  ++both->key_frames;
  return !shadowtutor_trainer_train(both->trainer, index, frame, expected, sizeof expected, NULL,
                                    &both->message);
}
static void RequestStudent(void* context, const char* why) {
  Both* both = context;
  (void)why;
  shadowtutor_trainer_whole_student(both->trainer, &both->message);
}
static int32_t Receive(void* context, int32_t wait_ms, const uint8_t** message, size_t* size) {
  Both* both = context;
  (void)wait_ms;
  if (!both->message) return 0;
  shadowtutor_bytes_free(both->read);
  both->read = both->message;
  both->message = NULL;
  *message = shadowtutor_bytes_data(both->read);
  *size = shadowtutor_bytes_size(both->read);
  return 1;
}
static void Done(void* context) { ((Both*)context)->done = 1; }

int TeachOverALinkOfOnesOwn(void) {
  Both both = {0};
  shadowtutor_link link = SHADOWTUTOR_INIT(link);
  shadowtutor_client* client = NULL;
  shadowtutor_student *student = NewStudent(), *taught = NULL, *trained = NULL;
  shadowtutor_image image = SHADOWTUTOR_INIT(image);
  image.bgr = picture;
  image.width = kWidth;
  image.height = kHeight;
  CHECK(!shadowtutor_trainer_new(student, NULL, &both.trainer));
  CHECK(!shadowtutor_trainer_greeting(both.trainer, &both.message));
  CHECK(shadowtutor_client_new(student, &link, &client) == SHADOWTUTOR_INVALID_ARGUMENT);
  CHECK(!client);
  link.context = &both;
  link.connected = Connected;
  link.send_key_frame = SendKeyFrame;
  link.request_student = RequestStudent;
  link.receive = Receive;
  link.done = Done;
  CHECK(!shadowtutor_client_new(student, &link, &client));
  for (uint64_t frame = 0; frame < 160; ++frame) {
    Draw(frame);
    CHECK(!shadowtutor_client_process(client, &image, labels, sizeof labels, NULL));
  }
  CHECK(Right() > 0.8);
  CHECK(both.key_frames >= 2);
  CHECK(!shadowtutor_client_student(client, &taught));
  CHECK(!shadowtutor_trainer_student(both.trainer, &trained));
  CHECK(shadowtutor_student_checksum(taught) == shadowtutor_student_checksum(trained));
  CHECK(shadowtutor_student_checksum(taught) != shadowtutor_student_checksum(student));
  shadowtutor_client_free(client);
  CHECK(both.done);
  shadowtutor_trainer_free(both.trainer);
  shadowtutor_bytes_free(both.read);
  shadowtutor_student_free(taught);
  shadowtutor_student_free(trained);
  shadowtutor_student_free(student);
  return 0;
}

int SayWhatIsWrong(void) {
  const char* const names[] = {"ground", "square"};
  shadowtutor_student_options options = SHADOWTUTOR_INIT(options);
  shadowtutor_student *student = (shadowtutor_student*)&student, *seeded = NULL;
  shadowtutor_predictor* predictor = NULL;
  shadowtutor_trainer* trainer = NULL;
  shadowtutor_bytes* message = NULL;
  shadowtutor_image image = SHADOWTUTOR_INIT(image);
  shadowtutor_image forgotten = {0};
  CHECK(shadowtutor_student_load("/no/such.safetensors", &student) == SHADOWTUTOR_NOT_FOUND);
  CHECK(!student);
  CHECK(strstr(shadowtutor_last_error(), "such.safetensors"));
  CHECK(shadowtutor_student_load(NULL, &student) == SHADOWTUTOR_INVALID_ARGUMENT);
  CHECK(shadowtutor_student_load("x", NULL) == SHADOWTUTOR_INVALID_ARGUMENT);
  student = NewStudent();
  CHECK(!shadowtutor_predictor_new(student, &predictor));
  image.bgr = picture;
  image.width = kWidth;
  image.height = kHeight;
  CHECK(!shadowtutor_predictor_predict(predictor, &image, labels, sizeof labels));
  CHECK(shadowtutor_predictor_predict(predictor, &image, labels, 7) ==
        SHADOWTUTOR_INVALID_ARGUMENT);
  CHECK(shadowtutor_predictor_predict(predictor, &forgotten, labels, sizeof labels) ==
        SHADOWTUTOR_INVALID_ARGUMENT);
  CHECK(strstr(shadowtutor_last_error(), "struct_size"));
  image.width = 0;
  CHECK(shadowtutor_predictor_predict(predictor, &image, labels, sizeof labels) ==
        SHADOWTUTOR_INVALID_ARGUMENT);
  CHECK(!shadowtutor_trainer_new(student, NULL, &trainer));
  image.width = kWidth;
  image.height = -1;
  CHECK(shadowtutor_trainer_train(trainer, 0, &image, labels, sizeof labels, NULL, &message) ==
        SHADOWTUTOR_INVALID_ARGUMENT);
  CHECK(!message);
  shadowtutor_trainer_free(trainer);
  shadowtutor_predictor_free(predictor);
  shadowtutor_student_free(student);
  shadowtutor_student_free(NULL);
  shadowtutor_client_free(NULL);
  shadowtutor_server_free(NULL);
  student = NULL;
  options.seed = 1;
  CHECK(!shadowtutor_student_new(names, 2, NULL, &student));
  CHECK(!shadowtutor_student_new(names, 2, &options, &seeded));
  CHECK(shadowtutor_student_checksum(student) == shadowtutor_student_checksum(seeded));
  shadowtutor_student_free(student);
  shadowtutor_student_free(seeded);
  CHECK(shadowtutor_api_major() == SHADOWTUTOR_API_MAJOR);
  return 0;
}

/* A program that was compiled before the last fields of the report were there. */
int AnOlderProgram(void) {
  Both both = {0};
  shadowtutor_link link = {sizeof link,    &both,   Connected, SendKeyFrame,
                           RequestStudent, Receive, NULL};
  shadowtutor_client* client = NULL;
  shadowtutor_student* student = NewStudent();
  shadowtutor_image image = {sizeof image, picture, kWidth, kHeight, 0};
  shadowtutor_frame_report report;
  memset(&report, 0x5a, sizeof report);
  report.struct_size = offsetof(shadowtutor_frame_report, stride);
  CHECK(!shadowtutor_trainer_new(student, NULL, &both.trainer));
  CHECK(!shadowtutor_client_new(student, &link, &client));
  Draw(0);
  CHECK(!shadowtutor_client_process(client, &image, labels, sizeof labels, &report));
  CHECK(report.index == 0);
  CHECK(report.struct_size == offsetof(shadowtutor_frame_report, stride));
  CHECK(report.stride == 0x5a5a5a5a);
  shadowtutor_client_free(client);
  shadowtutor_trainer_free(both.trainer);
  shadowtutor_student_free(student);
  return 0;
}
