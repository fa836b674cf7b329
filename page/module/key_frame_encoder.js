// Key frames as pictures: predicted from one another as VP9 where the browser lets us choose each one's quality
// (WebCodecs), which takes far fewer bytes; otherwise as JPEG, which every browser makes.

import { I420_COLORS, toI420 } from './i420.js';

const JPEG_QUALITY = 0.8;
const WORST_JPEG_QUALITY = 0.3;
const VP9 = 'vp09.00.40.08';    // profile 0, up to 2048x1088
const VP9_MOST_PIXELS = 2048 * 1088;
// Of VP9's quantisers, 0 to 63: where to begin, for a picture that is predicted and for one that is not, and the bounds.
// 54 is the coarsest that the server's policies allow of their own clients (crf 32).
const QUANTIZER = { first: 30, later: 40, finest: 10, coarsest: 54 };
const QUANTIZERS_PER_DOUBLING = 8;
const PATIENCE = 2000;          // milliseconds that a picture may take

/** What to offer the server: 'vp9' or 'jpeg'. */
export async function bestCodec() {
  if (typeof VideoEncoder !== 'function') return 'jpeg';
  try {
    const { supported } = await VideoEncoder.isConfigSupported(vp9(640, 360));
    return supported ? 'vp9' : 'jpeg';
  } catch {
    return 'jpeg';
  }
}

function vp9(width, height) {
  return { codec: VP9, width, height, bitrateMode: 'quantizer', latencyMode: 'realtime' };
}

export class KeyFrameEncoder {
  #quality = JPEG_QUALITY;
  #scale = 1;          // of the JPEGs' quality, so that they have the wanted size
  #video = null;

  constructor(quality) {
    this.quality = quality;
  }

  /** Of JPEGs, 0.3 to 1; nothing: the default. */
  set quality(value) {
    this.#quality = Math.min(1, Math.max(WORST_JPEG_QUALITY, value || JPEG_QUALITY));
  }

  /**
   * The picture of `canvas` as bytes, for which `report`, the engine's, says how: `frameCodec`, `restart`, and
   * about how many bytes it may have: `wantedBytes` (0: no matter), `firstWantedBytes`.
   */
  async encode(canvas, report) {
    if (report.frameCodec === 'jpeg') return this.#jpeg(canvas, report.wantedBytes);
    this.#video ??= new VideoStream();
    try {
      return await this.#video.encode(canvas, report);
    } catch (error) {
      this.#video.close();
      this.#video = null;
      throw error;
    }
  }

  async #jpeg(canvas, wanted) {
    if (!wanted) this.#scale = 1;
    const quality = Math.max(WORST_JPEG_QUALITY, this.#quality * this.#scale);
    // What is drawn next is not in it: the browser copies the pixels now.
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
    if (blob.type !== 'image/jpeg') throw new Error('this browser makes no JPEGs');
    const bytes = new Uint8Array(await blob.arrayBuffer());
    if (wanted) this.#scale = Math.min(1, Math.max(WORST_JPEG_QUALITY, this.#scale * Math.sqrt(wanted / bytes.length)));
    return bytes;
  }
}

class VideoStream {
  #encoder;
  #size = '';
  #quantizer = { first: QUANTIZER.first, later: QUANTIZER.later };
  #time = 0;
  #done = () => {};
  #failed = () => {};

  constructor() {
    this.#encoder = new VideoEncoder({
      output: (chunk) => {
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        this.#done(bytes);
      },
      error: (error) => this.#failed(error),
    });
  }

  async encode(canvas, { restart, wantedBytes, firstWantedBytes }) {
    const { width, height } = canvas;
    if (width * height > VP9_MOST_PIXELS) throw new Error(`pictures of ${width}x${height} are too large for VP9 here`);
    const first = restart || this.#size !== `${width}x${height}`;
    if (this.#size !== `${width}x${height}`) {
      this.#encoder.configure(vp9(width, height));
      this.#size = `${width}x${height}`;
    }
    const kind = first ? 'first' : 'later';
    // The browser's own conversion would be in full range, which the server does not take.
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    const frame = new VideoFrame(toI420(data, width, height), {
      format: 'I420', codedWidth: width, codedHeight: height, timestamp: this.#time++ * 1e6, colorSpace: I420_COLORS,
    });
    let timer = 0;
    const bytes = await new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
      timer = setTimeout(() => reject(new Error('the browser took too long to encode it')), PATIENCE);
      this.#encoder.encode(frame, { keyFrame: first, vp9: { quantizer: Math.round(this.#quantizer[kind]) } });
      frame.close();
    }).finally(() => clearTimeout(timer));
    this.#learn(kind, bytes.length, first ? firstWantedBytes : wantedBytes);
    return bytes;
  }

  // Finer or coarser next time; a first picture only where it was too large.
  #learn(kind, bytes, wanted) {
    if (!wanted) return;
    const change = QUANTIZERS_PER_DOUBLING * Math.log2(bytes / wanted);
    if (kind === 'first' && change <= 0) return;
    this.#quantizer[kind] = Math.min(QUANTIZER.coarsest, Math.max(QUANTIZER.finest, this.#quantizer[kind] + change / 2));
  }

  close() {
    if (this.#encoder.state !== 'closed') this.#encoder.close();
  }
}
