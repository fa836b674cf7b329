// What the functions of the C interface (shadowtutor/shadowtutor.h) share: the handles, structs of
// other versions, and exceptions as codes.
#ifndef SHADOWTUTOR_API_C_HANDLES_H_
#define SHADOWTUTOR_API_C_HANDLES_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "shadowtutor/client.h"
#include "shadowtutor/shadowtutor.h"
#include "shadowtutor/student.h"
#include "shadowtutor/trainer.h"

struct shadowtutor_student {
  shadowtutor::Student student;
};

struct shadowtutor_client {
  shadowtutor::Client client;
  shadowtutor::LabelMap labels = {};
};

struct shadowtutor_bytes {
  std::vector<uint8_t> bytes;
};

namespace shadowtutor::api {

/// What shadowtutor_last_error gives.
const char* LastError() noexcept;

/// Keeps the sentence for shadowtutor_last_error and returns the code, of the exception that is
/// being handled. To be called in a catch block.
shadowtutor_status StatusOfException() noexcept;

/// Calls `body` and turns what it throws into a status.
template <typename Body>
shadowtutor_status Guarded(Body&& body) noexcept {
  try {
    body();
    return SHADOWTUTOR_OK;
  } catch (...) {
    return StatusOfException();
  }
}

/// Throws Error kInvalidArgument, which names the argument, when it is NULL.
void Require(const void* pointer, const char* name);

/// What the caller handed over, as this version has it: fields that an older program does not know
/// are 0. Throws Error kInvalidArgument when struct_size was not set.
template <typename Struct>
Struct Taken(const Struct* given) {
  Struct taken = {};
  if (given) {
    if (given->struct_size < sizeof given->struct_size) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the struct_size of a struct is not set; begin with SHADOWTUTOR_INIT");
    }
    std::memcpy(&taken, given, std::min(given->struct_size, sizeof taken));
  }
  return taken;
}

/// Gives the caller as much of `made` as the caller knows. `to` may be NULL. Throws as Taken.
template <typename Struct>
void Give(Struct made, Struct* to) {
  if (!to) return;
  made.struct_size = Taken(to).struct_size;
  std::memcpy(to, &made, std::min(to->struct_size, sizeof made));
}

/// Throws Error kInvalidArgument for NULL.
ImageView ViewOf(const shadowtutor_image* image);

/// Before anything is done with a picture and its labels. Throws Error kInvalidArgument for NULL
/// and when `size` is not one label for each of the picture's pixels, and as wire::CheckFrameSize.
void CheckLabels(const shadowtutor_image* frame, const uint8_t* labels, size_t size);
/// Copies the labels to the caller, who has room for `size` of them.
void CopyLabels(const LabelMap& labels, uint8_t* to, size_t size);

inline std::string TextOf(const char* text) { return text ? text : ""; }

}  // namespace shadowtutor::api

#endif  // SHADOWTUTOR_API_C_HANDLES_H_
