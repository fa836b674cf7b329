// Key frames as pictures: JPEG, which every browser makes.

const DEFAULT_QUALITY = 0.8;
const WORST_QUALITY = 0.3;

export class KeyFrameEncoder {
  #quality = DEFAULT_QUALITY;
  #scale = 1;  // of the quality, so that pictures have the wanted size

  constructor(quality) {
    this.quality = quality;
  }

  /** 0.3 to 1; nothing: the default. */
  set quality(value) {
    this.#quality = Math.min(1, Math.max(WORST_QUALITY, value || DEFAULT_QUALITY));
  }

  /**
   * The picture of `canvas` as bytes. `report`: the engine's, whose `wantedBytes`, if not 0, is what the picture
   * may take, about.
   */
  async encode(canvas, report) {
    const wanted = report.wantedBytes;
    if (!wanted) this.#scale = 1;
    const quality = Math.max(WORST_QUALITY, this.#quality * this.#scale);
    // What is drawn next is not in it: the browser copies the pixels now.
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
    if (blob.type !== 'image/jpeg') throw new Error('this browser makes no JPEGs');
    const bytes = new Uint8Array(await blob.arrayBuffer());
    if (wanted) this.#scale = Math.min(1, Math.max(0.3, this.#scale * Math.sqrt(wanted / bytes.length)));
    return bytes;
  }
}
