#include "api/c_handles.h"

#include <exception>
#include <new>

#include "wire/frame_codec.h"

namespace shadowtutor::api {

namespace {

// A sentence that is longer is cut. No memory is needed to keep one.
thread_local char last_error[1024] = "";

void Keep(const char* sentence) noexcept {
  std::strncpy(last_error, sentence, sizeof last_error - 1);
}

shadowtutor_status StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return SHADOWTUTOR_INVALID_ARGUMENT;
    case ErrorCode::kNotFound:
      return SHADOWTUTOR_NOT_FOUND;
    case ErrorCode::kDataLoss:
      return SHADOWTUTOR_DATA_LOSS;
    case ErrorCode::kFailedPrecondition:
      return SHADOWTUTOR_FAILED_PRECONDITION;
    case ErrorCode::kResourceExhausted:
      return SHADOWTUTOR_RESOURCE_EXHAUSTED;
    case ErrorCode::kUnavailable:
      return SHADOWTUTOR_UNAVAILABLE;
    case ErrorCode::kDeadlineExceeded:
      return SHADOWTUTOR_DEADLINE_EXCEEDED;
    case ErrorCode::kCancelled:
      return SHADOWTUTOR_CANCELLED;
    case ErrorCode::kUnauthenticated:
      return SHADOWTUTOR_UNAUTHENTICATED;
    case ErrorCode::kInternal:
      break;
  }
  return SHADOWTUTOR_INTERNAL;
}

}  // namespace

const char* LastError() noexcept { return last_error; }

shadowtutor_status StatusOfException() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    Keep(error.what());
    return StatusOf(error.code());
  } catch (const std::bad_alloc&) {
    Keep("there is not enough memory");
    return SHADOWTUTOR_RESOURCE_EXHAUSTED;
  } catch (const std::exception& error) {
    Keep(error.what());
  } catch (...) {
    Keep("something that is no exception was thrown");
  }
  return SHADOWTUTOR_INTERNAL;
}

void Require(const void* pointer, const char* name) {
  if (pointer) return;
  throw Error(ErrorCode::kInvalidArgument, std::string(name) + " is NULL");
}

ImageView ViewOf(const shadowtutor_image* image) {
  Require(image, "the picture");
  const shadowtutor_image taken = Taken(image);
  Require(taken.bgr, "the picture's bgr");
  return {taken.bgr, taken.width, taken.height, taken.stride};
}

void CheckLabels(const shadowtutor_image* frame, const uint8_t* labels, size_t size) {
  const ImageView view = ViewOf(frame);
  Require(labels, "labels");
  wire::CheckFrameSize(view.size());
  if (size != view.size().pixels()) {
    throw Error(ErrorCode::kInvalidArgument, "there is room for " + std::to_string(size) +
                                                 " labels, but the picture has " +
                                                 std::to_string(view.size().pixels()) + " pixels");
  }
}

void CopyLabels(const LabelMap& labels, uint8_t* to, size_t size) {
  std::memcpy(to, labels.labels().data(), std::min(size, labels.labels().size()));
}

}  // namespace shadowtutor::api

using shadowtutor::api::Guarded;

const char* shadowtutor_last_error(void) { return shadowtutor::api::LastError(); }

const uint8_t* shadowtutor_bytes_data(const shadowtutor_bytes* bytes) {
  return bytes ? bytes->bytes.data() : nullptr;
}

size_t shadowtutor_bytes_size(const shadowtutor_bytes* bytes) {
  return bytes ? bytes->bytes.size() : 0;
}

void shadowtutor_bytes_free(shadowtutor_bytes* bytes) { delete bytes; }

shadowtutor_status shadowtutor_set_max_threads(int32_t threads) {
  return Guarded([&] { shadowtutor::SetMaxThreads(threads); });
}
