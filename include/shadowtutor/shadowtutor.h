/* The C interface: for C, and for every language that can call C.
 *
 * Rules
 *   - Handles are pointers to incomplete types. Whoever gets one through a pointer to a pointer
 *     owns it and gives it back to its _free function. All _free functions accept NULL.
 *   - Every struct that is handed over begins with struct_size, which the caller sets to sizeof of
 *     the struct; a newer library then knows which fields an older program has. Set it by
 *     SHADOWTUTOR_INIT: shadowtutor_connect_options options = SHADOWTUTOR_INIT(options);
 *     A field that is 0 or NULL stands for its default. No struct is passed by value.
 *   - Functions that can fail return a shadowtutor_status. What went wrong is said, as a sentence
 *     for people, by shadowtutor_last_error(), until the same thread calls another function that
 *     can fail. When a function fails, what it would have given back through pointers is NULL or as
 *     it was.
 *   - Strings are UTF-8. Strings and bytes that are handed over are copied. Those that are given
 *     back belong to their handle and live as long as it does, unless a function says less.
 *   - Pictures are BGR, 8 bits a channel. Labels are one byte a pixel, row by row without gaps.
 *   - Thread safety: a student may be used from any thread; every other handle from one thread at a
 *     time.
 *   - Functions marked [client] are in libshadowtutor-client, those marked [server] in
 *     libshadowtutor-server, all others in libshadowtutor.
 *
 * Versions
 *   SHADOWTUTOR_API_MAJOR changes when programs must be changed or compiled anew,
 *   SHADOWTUTOR_API_MINOR when something was added. A program that was compiled with MAJOR.MINOR
 *   runs with any library of the same MAJOR and the same or a higher MINOR.
 */
#ifndef SHADOWTUTOR_SHADOWTUTOR_H_
#define SHADOWTUTOR_SHADOWTUTOR_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHADOWTUTOR_API_MAJOR 0
#define SHADOWTUTOR_API_MINOR 1

/* clang-format off */
#ifdef __cplusplus
#define SHADOWTUTOR_INIT(object) {sizeof(object)}
#else
#define SHADOWTUTOR_INIT(object) {.struct_size = sizeof(object)}
#endif
/* clang-format on */

/* The version of the library that runs: "0.2.0", and of its C interface. */
const char* shadowtutor_version(void);
int shadowtutor_api_major(void);
int shadowtutor_api_minor(void);

typedef enum shadowtutor_status {
  SHADOWTUTOR_OK = 0,
  SHADOWTUTOR_INVALID_ARGUMENT = 1,    /* an argument or an input file is wrong */
  SHADOWTUTOR_NOT_FOUND = 2,           /* a file, a class or a server address does not exist */
  SHADOWTUTOR_DATA_LOSS = 3,           /* truncated, corrupt or hostile bytes */
  SHADOWTUTOR_FAILED_PRECONDITION = 4, /* valid, but not now or not with this partner */
  SHADOWTUTOR_RESOURCE_EXHAUSTED = 5,  /* a documented bound, or memory */
  SHADOWTUTOR_UNAVAILABLE = 6,         /* trying again may help */
  SHADOWTUTOR_DEADLINE_EXCEEDED = 7,
  SHADOWTUTOR_CANCELLED = 8,
  SHADOWTUTOR_INTERNAL = 9,        /* a defect in ShadowTutor */
  SHADOWTUTOR_UNAUTHENTICATED = 10 /* the server does not know the client's token */
} shadowtutor_status;

/* The sentence of this thread's last failure; "" if there was none. Never NULL. */
const char* shadowtutor_last_error(void);

/* A picture that belongs to the caller. */
typedef struct shadowtutor_image {
  size_t struct_size;
  const uint8_t* bgr;
  int32_t width, height;
  ptrdiff_t stride; /* bytes from one row to the next; 0: rows without gaps */
} shadowtutor_image;

/* Bytes that the library made. */
typedef struct shadowtutor_bytes shadowtutor_bytes;
const uint8_t* shadowtutor_bytes_data(const shadowtutor_bytes* bytes);
size_t shadowtutor_bytes_size(const shadowtutor_bytes* bytes);
void shadowtutor_bytes_free(shadowtutor_bytes* bytes);

/* The most threads that one prediction or distillation step uses; 0: all cores. */
shadowtutor_status shadowtutor_set_max_threads(int32_t threads);

/* ---- Students: student.h ------------------------------------------------------------------- */

typedef struct shadowtutor_student shadowtutor_student;

typedef struct shadowtutor_student_options {
  size_t struct_size;
  int32_t background; /* index of the background class plus 1; 0: none */
  int32_t depth;      /* residual blocks in each stage; 0: 1 */
  double width;       /* channels, as a multiple of the published network's; 0: 1 */
  uint64_t seed;      /* the same seed gives the same weights on every machine; 0: 1 */
} shadowtutor_student_options;

shadowtutor_status shadowtutor_student_load(const char* file, shadowtutor_student** student);
shadowtutor_status shadowtutor_student_parse(const uint8_t* bytes, size_t size,
                                             shadowtutor_student** student);
/* `options` may be NULL. */
shadowtutor_status shadowtutor_student_new(const char* const* class_names, size_t class_count,
                                           const shadowtutor_student_options* options,
                                           shadowtutor_student** student);
shadowtutor_status shadowtutor_student_save(const shadowtutor_student* student, const char* file);
size_t shadowtutor_student_class_count(const shadowtutor_student* student);
/* NULL for an index that is no class. */
const char* shadowtutor_student_class_name(const shadowtutor_student* student, size_t index);
/* 0xRRGGBB; 0 for an index that is no class. */
uint32_t shadowtutor_student_class_color(const shadowtutor_student* student, size_t index);
/* Index of the background class; -1: none. */
int32_t shadowtutor_student_background(const shadowtutor_student* student);
/* Equal for students with the same weights. */
uint64_t shadowtutor_student_checksum(const shadowtutor_student* student);
void shadowtutor_student_free(shadowtutor_student* student);

/* ---- Predicting with a student that nobody teaches ------------------------------------------ */

typedef struct shadowtutor_predictor shadowtutor_predictor;

/* The predictor does not need the handle `student` any more. */
shadowtutor_status shadowtutor_predictor_new(const shadowtutor_student* student,
                                             shadowtutor_predictor** predictor);
/* Writes width * height labels. */
shadowtutor_status shadowtutor_predictor_predict(shadowtutor_predictor* predictor,
                                                 const shadowtutor_image* frame, uint8_t* labels,
                                                 size_t labels_size);
void shadowtutor_predictor_free(shadowtutor_predictor* predictor);

/* ---- The client: client.h ------------------------------------------------------------------- */

typedef struct shadowtutor_client shadowtutor_client;

typedef struct shadowtutor_connect_options {
  size_t struct_size;
  const shadowtutor_student* student; /* what the client begins with; NULL: the server's */
  const char* authority;              /* PEM files, for TLS */
  const char* certificate;
  const char* key;
  int32_t tls;                  /* not 0: TLS with the system's authorities */
  int32_t insecure;             /* not 0: allows plain text to other machines */
  int32_t wait;                 /* not 0: frames wait for overdue updates, for files */
  int32_t retry;                /* not 0: keeps trying until the timeout when nobody answers */
  int32_t timeout_ms;           /* for the server's welcome and student; 0: 15000 */
  double key_frames_per_second; /* the most; 0: as many as the server wants */
  const char* token_file;       /* its only line is the token of this device; NULL: none */
} shadowtutor_connect_options;

/* [client] Connects to HOST:PORT and waits until there is a student. `options` may be NULL. */
shadowtutor_status shadowtutor_client_connect(const char* server,
                                              const shadowtutor_connect_options* options,
                                              shadowtutor_client** client);

/* A transport of your own: link.h. The functions are called on the thread that calls the client,
 * with `context`. `done` may be NULL; it is called when the client needs the link no more. */
typedef struct shadowtutor_link {
  size_t struct_size;
  void* context;
  int32_t (*connected)(void* context);
  /* Not 0: the key frame was taken. */
  int32_t (*send_key_frame)(void* context, const shadowtutor_image* frame, uint64_t frame_index);
  void (*request_student)(void* context, const char* why);
  /* Sets `message` and `size` and returns 1, or returns 0 when there is none after `wait_ms`. The
   * bytes must stay as they are until the next call. */
  int32_t (*receive)(void* context, int32_t wait_ms, const uint8_t** message, size_t* size);
  void (*done)(void* context);
} shadowtutor_link;

/* `student` may be NULL: the client then waits for the trainer's. */
shadowtutor_status shadowtutor_client_new(const shadowtutor_student* student,
                                          const shadowtutor_link* link,
                                          shadowtutor_client** client);

typedef struct shadowtutor_frame_report {
  size_t struct_size;
  uint64_t index;         /* 0 for the first frame */
  int32_t key_frame;      /* whether this frame was sent */
  int32_t update_applied; /* whether new weights were put to use before this frame */
  int32_t stride;         /* frames from one key frame to the next, at present */
  double metric;          /* mIoU on the last key frame after training; -1: none yet */
  double predict_ms, waited_ms;
} shadowtutor_frame_report;

/* Segments one frame: writes width * height labels. `report` may be NULL. Trouble with the network
 * is no error. */
shadowtutor_status shadowtutor_client_process(shadowtutor_client* client,
                                              const shadowtutor_image* frame, uint8_t* labels,
                                              size_t labels_size, shadowtutor_frame_report* report);
/* The student as it is taught by now. */
shadowtutor_status shadowtutor_client_student(const shadowtutor_client* client,
                                              shadowtutor_student** student);
/* Whether there is a session with a server; 0 for a client on a link of your own. */
int32_t shadowtutor_client_connected(const shadowtutor_client* client);
void shadowtutor_client_free(shadowtutor_client* client);

/* ---- The trainer, for a transport of your own: trainer.h ------------------------------------- */

typedef struct shadowtutor_trainer shadowtutor_trainer;

typedef struct shadowtutor_trainer_options {
  size_t struct_size;
  const char* policy;    /* "paper", "frugal", "balanced" or "best"; NULL: "balanced" */
  int32_t fp32;          /* not 0: whole weights instead of coded updates */
  int32_t sends_student; /* not 0: the greeting holds the student */
} shadowtutor_trainer_options;

typedef struct shadowtutor_trained {
  size_t struct_size;
  double metric, initial_metric; /* mIoU after and before */
  int32_t steps;                 /* distillation steps taken */
} shadowtutor_trained;

/* `options` may be NULL. */
shadowtutor_status shadowtutor_trainer_new(const shadowtutor_student* student,
                                           const shadowtutor_trainer_options* options,
                                           shadowtutor_trainer** trainer);
/* The message with which the device's session begins. */
shadowtutor_status shadowtutor_trainer_greeting(shadowtutor_trainer* trainer,
                                                shadowtutor_bytes** message);
/* `labels` are the teacher's, width * height. `trained` may be NULL. */
shadowtutor_status shadowtutor_trainer_train(shadowtutor_trainer* trainer, uint64_t frame_index,
                                             const shadowtutor_image* frame, const uint8_t* labels,
                                             size_t labels_size, shadowtutor_trained* trained,
                                             shadowtutor_bytes** message);
/* The message for a device that asks for the whole student. */
shadowtutor_status shadowtutor_trainer_whole_student(shadowtutor_trainer* trainer,
                                                     shadowtutor_bytes** message);
shadowtutor_status shadowtutor_trainer_student(const shadowtutor_trainer* trainer,
                                               shadowtutor_student** student);
void shadowtutor_trainer_free(shadowtutor_trainer* trainer);

/* ---- A server in your process: server.h ------------------------------------------------------ */

typedef struct shadowtutor_server shadowtutor_server;

/* A teacher of your own, called on a thread of the library's, one call at a time. Writes
 * width * height labels and returns 0; anything else means that the frame cannot be labelled. */
typedef int32_t (*shadowtutor_label_function)(void* context, const shadowtutor_image* frame,
                                              uint64_t frame_index, uint8_t* labels);

typedef struct shadowtutor_server_options {
  size_t struct_size;
  const char* listen;      /* HOST:PORT; NULL: 127.0.0.1 and any free port */
  const char* policy;      /* NULL: "balanced" */
  const char* certificate; /* PEM files, for TLS */
  const char* key;
  const char* authority; /* clients need a certificate of this authority */
  int32_t insecure;      /* not 0: plain text on addresses that others can reach */
  int32_t max_sessions;  /* 0: 16 */
} shadowtutor_server_options;

/* [server] Begins to serve. The classes are those of `student`, whose handle is not needed any
 * more. `options` may be NULL. */
shadowtutor_status shadowtutor_server_new(shadowtutor_label_function label, void* context,
                                          const shadowtutor_student* student,
                                          const shadowtutor_server_options* options,
                                          shadowtutor_server** server);
/* [server] HOST:PORT, with the port in use. */
const char* shadowtutor_server_address(const shadowtutor_server* server);
/* [server] Shuts down. When it returns, `label` is called no more, unless a call of it has not
 * returned for some seconds. */
void shadowtutor_server_free(shadowtutor_server* server);

#ifdef __cplusplus
}
#endif

#endif /* SHADOWTUTOR_SHADOWTUTOR_H_ */
