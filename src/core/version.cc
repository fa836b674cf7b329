#include "shadowtutor/version.h"

#define SHADOWTUTOR_TEXT_OF(number) #number
#define SHADOWTUTOR_TEXT(number) SHADOWTUTOR_TEXT_OF(number)

namespace shadowtutor {

const char* Version() {
  return SHADOWTUTOR_TEXT(SHADOWTUTOR_VERSION_MAJOR) "." SHADOWTUTOR_TEXT(
      SHADOWTUTOR_VERSION_MINOR) "." SHADOWTUTOR_TEXT(SHADOWTUTOR_VERSION_PATCH);
}

}  // namespace shadowtutor
