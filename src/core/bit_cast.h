// The bits of a number as another type.
#ifndef SHADOWTUTOR_CORE_BIT_CAST_H_
#define SHADOWTUTOR_CORE_BIT_CAST_H_

#include <type_traits>

namespace shadowtutor {

/// std::bit_cast, which the C++ library of Debian's Emscripten does not have. Thread safety: any
/// thread.
template <typename To, typename From>
constexpr To BitCast(const From& from) {
  static_assert(sizeof(To) == sizeof(From) && std::is_trivially_copyable_v<To> &&
                std::is_trivially_copyable_v<From>);
  return __builtin_bit_cast(To, from);
}

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_BIT_CAST_H_
