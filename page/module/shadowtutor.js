// Segments a video on this device with a student that a ShadowTutor server teaches meanwhile.
//
//   import { ShadowTutor } from './shadowtutor.js';
//   const tutor = new ShadowTutor({ server: 'https://example.org:8080', video });
//   tutor.on('mask', ({ frame, labels, width, height }) => draw(...));
//
// Types and every option: shadowtutor.d.ts.
import { tokenProtocols, tutorAddress } from './connection.js';
import { obstacle } from './engine.js';

export const version = '0.2.0';

const EVENTS = ['mask', 'classes', 'state', 'ready', 'error'];
const DEFAULTS = { width: 640, keyFramesPerSecond: 0, budget: 0, quality: 0, codec: '', threads: 0, whileHidden: false };

export class ShadowTutor {
  #video;
  #options;
  #worker = null;
  #listeners = new Map(EVENTS.map((name) => [name, new Set()]));
  #busy = false;      // the worker has a frame
  #ready = false;
  #closed = false;
  #asked = 0;         // for the next frame: the callback's number
  #lastTime = -1;     // of the video, so that no picture is predicted twice

  constructor({ server, token = '', insecure = false, video, ...options }) {
    if (!video || typeof video.play !== 'function') throw new TypeError('`video` must be a <video> element');
    const problem = obstacle();
    if (problem) throw new Error(problem);
    this.#video = video;
    this.#options = { ...DEFAULTS, ...known(options) };
    const address = tutorAddress(server ?? globalThis.location.href);
    tokenProtocols(token, address, insecure);  // throws now what would fail later
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'shadowtutor' });
    this.#worker.onmessage = ({ data }) => this.#take(data);
    this.#worker.onerror = (event) => {
      this.#emit('error', new Error(`the student's worker failed: ${event.message || 'its files could not be loaded'}`));
    };
    this.#worker.postMessage({ type: 'start', address, token, insecure, version, ...this.#options });
    document.addEventListener('visibilitychange', this.#onVisibility);
    video.addEventListener('seeked', this.#onSeeked);
  }

  /** Calls `listener` at every `event`. Returns this. */
  on(event, listener) {
    this.#of(event).add(listener);
    return this;
  }

  off(event, listener) {
    this.#of(event).delete(listener);
    return this;
  }

  /** Changes options while it runs. */
  set(options) {
    Object.assign(this.#options, known(options));
    this.#post({ type: 'set', ...this.#options });
  }

  /** false: no connection to the server, until `network(true)`; the student goes on with what it knows. */
  network(on) {
    this.#post({ type: 'network', on: Boolean(on) });
  }

  /** Ends the worker and the connection. The video goes on. */
  close() {
    if (this.#closed) return;
    this.#post({ type: 'stop' });
    this.#closed = true;
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#video.removeEventListener('seeked', this.#onSeeked);
    this.#cancel();
    for (const listeners of this.#listeners.values()) listeners.clear();
  }

  #of(event) {
    const listeners = this.#listeners.get(event);
    if (!listeners) throw new TypeError(`there is no event '${event}', only ${EVENTS.join(', ')}`);
    return listeners;
  }

  #emit(event, what) {
    for (const listener of this.#listeners.get(event)) listener(what);
  }

  #post(message, transfer = []) {
    if (!this.#closed) this.#worker.postMessage(message, transfer);
  }

  #take(data) {
    if (this.#closed) {
      data.frame?.close();
      return;
    }
    switch (data.type) {
      case 'ready':
        this.#ready = true;
        this.#emit('ready', { threads: data.threads, threadsOff: data.threadsOff });
        this.#next();
        break;
      case 'mask':
        this.#busy = false;
        try {
          this.#emit('mask', data);
        } finally {
          data.frame.close();
          if (data.report.error) this.#emit('error', new Error(data.report.error));
          this.#next();
        }
        break;
      case 'classes':
        this.#emit('classes', { background: data.background, classes: data.classes });
        break;
      case 'state':
        this.#emit('state', data.state);
        break;
      case 'wake':
        this.#grab();
        break;
      default:
        this.#emit('error', new Error(data.message));
    }
  }

  #onVisibility = () => {
    // A hidden page is not called for its video's frames.
    if (this.#busy || this.#closed) return;
    this.#cancel();
    this.#next();
  };

  // Not every browser calls for the new frame of a video that stands still.
  #onSeeked = () => {
    if (this.#busy || this.#closed || !this.#ready) return;
    this.#cancel();
    this.#grab();
  };

  #cancel() {
    if (this.#video.cancelVideoFrameCallback) this.#video.cancelVideoFrameCallback(this.#asked);
    else cancelAnimationFrame(this.#asked);
  }

  // Waits for the video's next frame.
  #next() {
    if (this.#closed || !this.#ready) return;
    const video = this.#video;
    if (video.paused && !video.seeking && video.readyState >= 2 && video.currentTime !== this.#lastTime) {
      this.#grab();  // moved while the last frame was predicted
    } else if (document.hidden) {
      if (this.#options.whileHidden) this.#post({ type: 'wake', after: 33 });
    } else if (this.#video.requestVideoFrameCallback) {
      this.#asked = this.#video.requestVideoFrameCallback(() => this.#grab());
    } else {
      this.#asked = requestAnimationFrame(() => this.#grab());
    }
  }

  async #grab() {
    if (this.#busy || this.#closed) return;
    const video = this.#video;
    if (video.readyState < 2 || video.videoWidth === 0 || video.currentTime === this.#lastTime) {
      return this.#next();
    }
    this.#busy = true;
    this.#lastTime = video.currentTime;
    let frame;
    try {
      frame = await createImageBitmap(video);
    } catch {  // the source is just changing
      this.#lastTime = -1;
      setTimeout(() => {
        this.#busy = false;
        this.#next();
      }, 33);
      return;
    }
    if (this.#closed) return frame.close();
    this.#post({ type: 'frame', frame }, [frame]);
  }
}

function known(options) {
  for (const name of Object.keys(options)) {
    if (!(name in DEFAULTS)) throw new TypeError(`there is no option '${name}', only ${Object.keys(DEFAULTS).join(', ')}`);
  }
  return options;
}
