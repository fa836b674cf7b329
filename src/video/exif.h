// How a picture must be turned to be upright, as cameras and telephones write it into their files.
#ifndef SHADOWTUTOR_VIDEO_EXIF_H_
#define SHADOWTUTOR_VIDEO_EXIF_H_

#include <cstdint>
#include <span>

namespace shadowtutor::video {

/// The Exif orientation in the bytes of a JPEG, PNG, WebP or TIFF file, 1 to 8. 1 when the file has
/// none, when it is damaged, and for files of other kinds (BigTIFF among them). The stored rows and
/// columns become an upright picture by:
///
/// | 1 | nothing                                         |
/// | 2 | mirroring left and right                        |
/// | 3 | turning by 180 degrees                          |
/// | 4 | mirroring top and bottom                        |
/// | 5 | exchanging rows and columns                     |
/// | 6 | turning by 90 degrees clockwise                 |
/// | 7 | exchanging rows and columns, then turning by 180 |
/// | 8 | turning by 90 degrees counter-clockwise         |
///
/// From 5 on, width and height change places. Only the file's main picture counts, not its
/// thumbnail. Of several orientations the first counts. Reads no byte outside of `file`, does not
/// allocate, and takes time linear in the size of the file at most. Thread safety: any thread.
int ExifOrientation(std::span<const uint8_t> file);

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_EXIF_H_
