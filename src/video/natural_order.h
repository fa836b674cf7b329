// The order in which the images of a folder are read.
#ifndef SHADOWTUTOR_VIDEO_NATURAL_ORDER_H_
#define SHADOWTUTOR_VIDEO_NATURAL_ORDER_H_

#include <string_view>

namespace shadowtutor::video {

/// Whether the name `a` comes before the name `b` when numbers count by their value, so that
/// `frame_2` comes before `frame_10`:
///
/// * A run of the digits 0 to 9 is one number, of any length. Numbers are compared by value.
/// * All else is compared byte by byte, without regard to the locale: `B` comes before `a`. A name
///   comes before those that continue it.
/// * Names that differ only in leading zeros are equal so far. Then the first number that differs
///   decides, and the one with fewer zeros comes first: `f1`, `f01`, `f2`, `f02`.
///
/// This is a strict total order: of two different names, exactly one comes before the other.
/// Thread safety: any thread.
bool NaturalLess(std::string_view a, std::string_view b);

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_NATURAL_ORDER_H_
