/* A client for a web page, as C functions for the page's worker: the student, and its side of a
 * conversation with a server over a WebSocket that the worker owns (docs/protocol.md, "Over
 * WebSockets"; the path is /tutor).
 *
 *   page = st_page_new(options)
 *   the WebSocket opens            st_page_opened; then, as after every call below, send what
 *                                  st_page_outgoing has, until it has nothing
 *   a binary message comes         st_page_received; if that is not 0, close the WebSocket
 *   it is closed, whoever did it   st_page_closed; connect again after a pause, but see -2, -3
 *   once a second                  st_page_tick, also while there is no WebSocket
 *   for every frame                pixels to st_page_frame, st_page_process, then st_page_report;
 *                                  after one whose report has "keyFrame": true, encode this frame
 *                                  as the report's "frameCodec", and st_page_key_frame once
 *
 * A page that has had a student keeps it: while there is no server, st_page_process goes on with
 * the last one, and the next session begins with it.
 *
 * Strings are UTF-8. A returned pointer is valid until the next call for the same page, and
 * nothing but its memory's growth moves it: in WebAssembly take the view of the memory after the
 * call, as `new Uint8Array(engine.wasmMemory.buffer)` in the build with threads, and as
 * `engine.HEAPU8` without. Nothing is thrown. Thread safety: one thread at a time for all pages. */
#ifndef SHADOWTUTOR_PAGE_PAGE_H_
#define SHADOWTUTOR_PAGE_PAGE_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct st_page st_page;

/* How many threads predict, this one included, in a build with threads; at least 1. To be called
 * before the first st_page_new. Otherwise as many as there are cores, but at most 4. */
void st_page_threads(int threads);

/* `options` is a JSON object. All of its members may be left out:
 *   "frameWidth", "frameHeight"   of the camera, in pixels, for the server's information
 *   "keyFramesPerSecond"          as st_page_key_frames_per_second; 0
 *   "frameCodec"                  what the page can encode besides JPEG: "h264" (Annex B) or
 *                                 "vp9", each without reordered frames; "jpeg". The server may
 *                                 choose JPEG nevertheless; the report says
 *   "clientVersion"               what the server's log calls this client
 * Returns NULL when it cannot; st_page_error(NULL) says why. */
st_page* st_page_new(const char* options);
/* Ends it; `page` may be NULL. */
void st_page_delete(st_page* page);
/* Why the last call for this page failed: a sentence; "" if it did not. */
const char* st_page_error(st_page* page);

/* A WebSocket is open. The hello is then the next outgoing message, and the server has 10 s to
 * answer it. */
void st_page_opened(st_page* page);
/* The WebSocket is closed. What was outstanding is dropped. */
void st_page_closed(st_page* page);
/* Handles a message that came. 0: fine. Otherwise st_page_error says why the WebSocket must be
 * closed. -1: it was lost, the server is busy or shutting down, or an answer is overdue; connecting
 * again may help. -2: connecting again would end the same way, until server or page is another
 * one: they do not fit each other, or the server sent what is no message of the protocol. -3:
 * nothing is wrong; the server asks to connect again at once, after a quarter of a second at most.
 * Further messages of this WebSocket are ignored with the same result. */
int st_page_received(st_page* page, const uint8_t* message, size_t size);
/* After -1: the milliseconds after which the server would have connecting tried again; 0: it did
 * not say. To be asked before st_page_closed. */
int st_page_retry_after(st_page* page);
/* The next message to send, and its bytes; NULL when there is none, or no WebSocket. The message
 * counts as sent. */
const uint8_t* st_page_outgoing(st_page* page, size_t* size);
/* Looks whether an answer is overdue. Result as that of st_page_received. */
int st_page_tick(st_page* page);

/* Where to write the pixels of the next frame, width * height * 4 bytes: R, G, B and a fourth that
 * is not read, row by row from above. NULL for a size that is out of bounds: a side below 1 or over
 * 8192, over 16.8 million pixels. The size may change from frame to frame. */
uint8_t* st_page_frame(st_page* page, int width, int height);
/* Predicts that frame, after updates that came were put to use: width * height labels, a byte
 * each, the numbers of classes in st_page_classes. NULL while there is no student, when
 * st_page_error is "", or when it failed. */
const uint8_t* st_page_process(st_page* page);
/* A JSON object about the frame of the last st_page_process and the link.
 * The frame:
 *   "index"           0 for the first frame that was predicted
 *   "keyFrame"        whether the server wants this frame; then "restart": whether its picture must
 *                     not be predicted from earlier ones, where "frameCodec" is a video's
 *   "updateApplied"   whether the student was changed before it predicted this frame
 *   "stride"          frames from one key frame to the next, at present
 *   "metric"          how well the student agreed with the teacher at the last update, mean IoU;
 *                     -1 before the first one
 *   "predictMs", "applyMs", "swapMs"
 *                     milliseconds: of the prediction; from an update's arrival until it was in
 *                     use; by which updates delayed this prediction
 * The student:
 *   "hasStudent", "version"
 *   "lastUpdate"      of the last update that was applied, null before the first one: "frameIndex"
 *                     of its key frame, "part", "metric", "initialMetric" before training, "steps",
 *                     "teacherMs", "trainMs", "bytes" of its weights
 * The link:
 *   "connected"       whether there is a session; then "session": its name, otherwise ""
 *   "teacher", "policy", "minStride", "maxStride", "wantedBytes", "firstWantedBytes"
 *                     what the last server said: its teacher, the policy's name and strides, and
 *                     about how many bytes it wants of a picture that is predicted from others, and
 *                     at most of one that is not
 *   "frameCodec"      how key frames are to be encoded: "jpeg", "h264", "vp9"
 *   "sessions", "keyFrames", "updates", "bytesUp", "bytesDown", "bytesStudents"
 *                     totals since st_page_new. The bytes are those of key frames, of updates, and
 *                     of whole students that came
 *   "refusal"         why the server refused this client when it tried last; null if it did not
 *   "notice"          what the server said last about a key frame that got no update; "" after the
 *                     next update
 *   "threads"         that predict */
const char* st_page_report(st_page* page);
/* {"background": 0 or null, "classes": [{"name": "person", "color": "#rrggbb"}]}: the classes of
 * the labels; none before the first session. */
const char* st_page_classes(st_page* page);

/* The picture of the last frame whose report had "keyFrame": a JPEG file, or an access unit; `size`
 * 0: it could not be encoded, and a later frame takes its place. Ignored when no key frame waits
 * for its picture any more, because the connection was lost. Other than 0: the picture was not
 * taken, and st_page_error says why; the session goes on. */
int st_page_key_frame(st_page* page, const uint8_t* picture, size_t size);
/* At most so many key frames a second, 1/86400 to 1000, whatever the server wants; 0: no such
 * bound. Other values change nothing, and st_page_error says so. */
void st_page_key_frames_per_second(st_page* page, double rate);
/* Kilobits a second of both directions together, over any 10 s, are at most `rate` from now on; 0:
 * no bound. Key frames for which there is no room wait. Other values change nothing, and
 * st_page_error says so. */
void st_page_budget(st_page* page, double rate);

#ifdef __cplusplus
}
#endif

#endif /* SHADOWTUTOR_PAGE_PAGE_H_ */
