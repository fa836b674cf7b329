// Small pieces of text that sentences and files have in common.
#ifndef SHADOWTUTOR_CORE_TEXT_H_
#define SHADOWTUTOR_CORE_TEXT_H_

#include <chrono>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor {

/// What printf would print, however long it is. Thread safety of all: any thread.
[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...);

/// "1280x720".
std::string SizeText(FrameSize size);

/// "10 s", "0.25 s".
std::string SecondsText(std::chrono::milliseconds time);

/// "#ff8000": red, green and blue.
std::string ColorText(Rgb color);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_TEXT_H_
