#include "libav/handles.h"

namespace shadowtutor::libav {

std::string ErrorText(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

}  // namespace shadowtutor::libav
