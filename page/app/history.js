// What the page shows of the last minute: rates, and the events of the timeline. Everything older is forgotten.

export const SPAN = 60000;        // milliseconds
const RATE_SPAN = 10000;          // that rates are of
// What a video call would take, in bits per pixel: measured with H.264 on whole frames (docs/traffic.md of the project).
const VIDEO_BITS_PER_PIXEL = 0.04;

export class History {
  frames = [];     // times
  predictMs = [];  // [time, milliseconds]
  keyFrames = [];  // times
  metrics = [];    // [time, mIoU]
  away = [];       // [from, to]; to is Infinity while it lasts
  #bytes = [];     // [time, up, down], totals
  lastTaught = 0;
  lesson = null;   // the last answer to a key frame, as the report's `lastUpdate` has it

  frame(now, report) {
    this.frames.push(now);
    if (report.hasStudent) this.predictMs.push([now, report.predictMs]);
    if (report.keyFrame) this.keyFrames.push(now);
    const up = report.bytesUp, down = report.bytesDown;
    const last = this.#bytes.at(-1);
    if (!last || last[1] !== up || last[2] !== down || now - last[0] > 1000) this.#bytes.push([now, up, down]);
    if (report.updateApplied) {
      this.lastTaught = now;
      if (report.lastUpdate?.part === 0) this.lesson = report.lastUpdate;
      this.metrics.push([now, report.metric]);
    }
    this.#forget(now);
  }

  /** The server is away from now on, or it is not. */
  connected(now, online) {
    const last = this.away.at(-1);
    const away = last?.[1] === Infinity;
    if (online && away) last[1] = now;
    if (!online && !away) this.away.push([now, Infinity]);
  }

  /** Frames a second. */
  rate(now) {
    const frames = this.frames.filter((time) => now - time <= 2000);
    return frames.length > 1 ? (frames.length - 1) / (frames.at(-1) - frames[0]) * 1000 : 0;
  }

  /** The median of the last two seconds; NaN without a frame. */
  milliseconds(now) {
    const times = this.predictMs.filter(([time]) => now - time <= 2000).map(([, ms]) => ms).sort((a, b) => a - b);
    return times[Math.floor(times.length / 2)];
  }

  /** Kilobits a second: {up, down, video}, of key frames, updates, and what all frames would take as a video. */
  traffic(now, pixels) {
    const within = this.#bytes.filter(([time]) => now - time <= RATE_SPAN);
    const video = this.rate(now) * pixels * VIDEO_BITS_PER_PIXEL / 1000;
    if (within.length < 2) return { up: 0, down: 0, video };
    const [first, last] = [within[0], within.at(-1)];
    const kilobits = (bytes) => bytes * 8 / Math.max(now - first[0], 1000);
    return { up: kilobits(last[1] - first[1]), down: kilobits(last[2] - first[2]), video };
  }

  #forget(now) {
    const old = (time) => now - time > SPAN;
    for (const list of [this.frames, this.keyFrames]) while (list.length && old(list[0])) list.shift();
    for (const list of [this.predictMs, this.#bytes]) while (list.length && old(list[0][0])) list.shift();
    // The line of the metric begins at the edge.
    while (this.metrics.length > 1 && old(this.metrics[1][0])) this.metrics.shift();
    while (this.away.length && old(this.away[0][1])) this.away.shift();
  }
}
