// The compiled engine: chooses the build that this browser can run, loads it, and gives its C functions
// (src/page/page.h) the shape of an object. Everything that goes in or out is copied, because the engine's memory
// moves when it grows, and is shared between threads where there are some.

// A function with one vector instruction, and one with a `try`: whoever takes them has what the builds use.
const VECTORS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
const EXCEPTIONS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 8, 1, 6, 0, 6, 64, 25, 11, 11];

const MOST_THREADS = 4;

function runs(code) {
  return WebAssembly.validate(new Uint8Array(code));
}

/** Why the engine cannot run in this browser, as a sentence; '' if it can. */
export function obstacle() {
  if (typeof WebAssembly !== 'object') return 'This browser has no WebAssembly, or it is switched off.';
  if (!runs(VECTORS) || !runs(EXCEPTIONS)) {
    return 'This browser is too old: its WebAssembly has no vectors or no exceptions. ' +
      'Chrome 95, Firefox 100 and Safari 16.4 have both, and so have all newer ones.';
  }
  if (typeof OffscreenCanvas !== 'function') {
    return 'This browser is too old: it cannot draw in a worker (OffscreenCanvas). Chrome 69, Firefox 105 and Safari 16.4 can.';
  }
  return '';
}

/** Why there are no threads here, as half a sentence; '' if there can be some. */
export function withoutThreads() {
  if (typeof SharedArrayBuffer !== 'function' || !globalThis.crossOriginIsolated) {
    return 'the page is not cross-origin isolated (headers COOP and COEP)';
  }
  if ((navigator.hardwareConcurrency || 1) < 2) return 'this device has one processor';
  return '';
}

/**
 * Loads the engine. `threads`: how many it may use, 0 for as many as are good for it. Returns an Engine, whose
 * `threadsOff` says why it runs on one thread.
 */
export async function loadEngine({ threads = 0, options = {} } = {}) {
  const problem = obstacle();
  if (problem) throw new Error(problem);
  let off = threads === 1 ? 'one was asked for' : withoutThreads();
  if (!off) {
    const count = Math.min(threads || MOST_THREADS, MOST_THREADS, navigator.hardwareConcurrency);
    try {
      const { default: create } = await import('./shadowtutor-engine-threads.js');
      return new Engine(await create(), { ...options, threads: count }, '');
    } catch (error) {
      off = `the build with threads did not start (${error.message ?? error})`;
    }
  }
  const { default: create } = await import('./shadowtutor-engine.js');
  return new Engine(await create(), options, off);
}

/**
 * A failure of the connection to the server; `final`: connecting again would fail in the same way; `move`: it is none,
 * the server asks to connect again at once; `retryAfterMs`: after which time the server would have it tried, 0: it does
 * not say.
 */
export class ConnectionFailure extends Error {
  constructor(sentence, final, move = false, retryAfterMs = 0) {
    super(sentence);
    this.name = 'ConnectionFailure';
    this.final = final;
    this.move = move;
    this.retryAfterMs = retryAfterMs;
  }
}

class Engine {
  #module;
  #page = 0;
  #size;      // where C writes a size

  constructor(module, { threads, ...options }, threadsOff) {
    this.#module = module;
    this.threadsOff = threadsOff;
    this.#size = module._malloc(4);
    if (threads) module._st_page_threads(threads);
    const text = this.#give(new TextEncoder().encode(JSON.stringify(options) + '\0'));
    this.#page = module._st_page_new(text);
    module._free(text);
    if (!this.#page) throw new Error(this.#text(module._st_page_error(0)));
  }

  close() {
    this.#module._st_page_delete(this.#page);
    this.#page = 0;
  }

  // The connection.

  opened() {
    this.#module._st_page_opened(this.#page);
  }
  closed() {
    this.#module._st_page_closed(this.#page);
  }
  /** Takes a message of the server. Throws a ConnectionFailure when the connection must be closed. */
  received(bytes) {
    const at = this.#give(bytes);
    const result = this.#module._st_page_received(this.#page, at, bytes.length);
    this.#module._free(at);
    this.#check(result);
  }
  /** Looks at the deadlines; throws as `received`. To be called every second. */
  tick() {
    this.#check(this.#module._st_page_tick(this.#page));
  }
  /** The next message for the server; null when there is none. */
  outgoing() {
    const at = this.#module._st_page_outgoing(this.#page, this.#size);
    return at ? this.#take(at, new DataView(this.#heap.buffer).getUint32(this.#size, true)) : null;
  }

  // Frames.

  /** Predicts a frame of RGBA pixels: a class for each; null while there is no student. */
  process(rgba, width, height) {
    const at = this.#module._st_page_frame(this.#page, width, height);
    if (!at) throw new Error(this.#error());
    this.#heap.set(rgba, at);
    const labels = this.#module._st_page_process(this.#page);
    if (labels) return this.#take(labels, width * height);
    const error = this.#error();
    if (error) throw new Error(error);
    return null;
  }
  /** What happened at the last frame, and what the connection has done so far (src/page/page.h). */
  report() {
    return JSON.parse(this.#text(this.#module._st_page_report(this.#page)));
  }
  /** {background, classes: [{name, color}]}. */
  classes() {
    return JSON.parse(this.#text(this.#module._st_page_classes(this.#page)));
  }
  /** The picture of the last frame, where its report says `keyFrame`; empty if there is none. */
  keyFrame(bytes) {
    const at = this.#give(bytes);
    this.#module._st_page_key_frame(this.#page, at, bytes.length);
    this.#module._free(at);
  }
  /** Key frames a second, and kilobits a second of both directions, at most; 0: no bound. */
  limit(keyFramesPerSecond, kilobitsPerSecond) {
    this.#module._st_page_key_frames_per_second(this.#page, keyFramesPerSecond);
    this.#module._st_page_budget(this.#page, kilobitsPerSecond);
  }

  // The engine's memory. Where another thread made it grow, the module's own view of it is too short.
  get #heap() {
    return this.#module.wasmMemory ? new Uint8Array(this.#module.wasmMemory.buffer) : this.#module.HEAPU8;
  }
  #give(bytes) {
    const at = this.#module._malloc(Math.max(bytes.length, 1));
    if (!at) throw new Error('there is not enough memory for this page; close others');
    this.#heap.set(bytes, at);
    return at;
  }
  #take(at, length) {
    const copy = new Uint8Array(length);
    copy.set(this.#heap.subarray(at, at + length));
    return copy;
  }
  #text(at) {
    const end = this.#heap.indexOf(0, at);
    return new TextDecoder().decode(this.#take(at, end - at));
  }
  #error() {
    return this.#text(this.#module._st_page_error(this.#page));
  }
  #check(result) {
    if (result === 0) return;
    throw new ConnectionFailure(this.#error(), result === -2, result === -3, this.#module._st_page_retry_after(this.#page));
  }
}
