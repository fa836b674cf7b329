// What a key frame looks like from afar, to find students that have learned a scene like it.
#ifndef SHADOWTUTOR_SERVER_SCENE_H_
#define SHADOWTUTOR_SERVER_SCENE_H_

#include <array>

#include "shadowtutor/types.h"

namespace shadowtutor::server {

/// The mean colours of 8x8 fields of a picture, row by row, three channels each; as a whole with
/// mean 0 and variance 1, so that exposure does not count. A picture of one colour gives zeros.
using Scene = std::array<float, size_t{8} * 8 * 3>;

/// Looks at 16x16 pixels of each field at most.
Scene SceneOf(ImageView frame);

/// The mean squared difference: 0 for the same picture, about 2 for pictures that have nothing in
/// common.
double Distance(const Scene& a, const Scene& b);

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_SCENE_H_
