// Pixels as videos have them.

/**
 * The RGBA pixels of a picture with even sides as I420 in limited range by the matrix of BT.601, which is what the
 * server takes a video's colours for: the luma of all pixels, then both chromas, averaged over 2x2 pixels.
 */
export function toI420(rgba, width, height) {
  const luma = width * height;
  const out = new Uint8Array(luma * 3 / 2);
  let chroma = luma;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      let red = 0, green = 0, blue = 0;
      for (let pixel = 0; pixel < 4; ++pixel) {
        const at = (y + (pixel >> 1)) * width + x + (pixel & 1);
        const r = rgba[4 * at], g = rgba[4 * at + 1], b = rgba[4 * at + 2];
        out[at] = 16 + (66 * r + 129 * g + 25 * b + 128 >> 8);
        red += r;
        green += g;
        blue += b;
      }
      out[chroma] = 128 + (-38 * red - 74 * green + 112 * blue + 512 >> 10);
      out[chroma + luma / 4] = 128 + (112 * red - 94 * green - 18 * blue + 512 >> 10);
      ++chroma;
    }
  }
  return out;
}

/** Of a VideoFrame made of that. */
export const I420_COLORS = { primaries: 'smpte170m', transfer: 'smpte170m', matrix: 'smpte170m', fullRange: false };
