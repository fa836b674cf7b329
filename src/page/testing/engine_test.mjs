// The module for browsers, under Node: a page that is fed with the recorded session of tests/data/session must come to
// what page_replay, the same functions in a program, comes to. Then what the module does with wrong input, and
// that its memory is not leaked.
//
// Usage: node engine_test.mjs ENGINE.js FILE.events REPLAY.js
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import './browser_worker.mjs';

const [engineFile, eventsFile, replayFile] = process.argv.slice(2);
const SIZE = { width: 64, height: 48 };
const FRAMES = 48;
const threads = engineFile.includes('-threads');

const script = readFileSync(engineFile, 'utf8');
assert.doesNotMatch(script, /\beval\(|new Function\(/, 'pages without unsafe-eval could not run it');

// In a folder in which Node takes them for ES modules.
const folder = mkdtempSync(join(tmpdir(), 'shadowtutor-engine-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
for (const kind of ['.js', '.wasm', '.worker.js']) {
  const file = engineFile.replace(/\.js$/, kind);
  if (existsSync(file)) copyFileSync(file, join(folder, basename(file)));
}
const { default: makeEngine } = await import(pathToFileURL(join(folder, basename(engineFile))));
const engine = await makeEngine({ wasmBinary: readFileSync(engineFile.replace(/\.js$/, '.wasm')) });

// ---- The functions of page.h with JavaScript's values

// The memory as it is now. With threads it may be another one's call that made it grow, and only `wasmMemory` knows.
const memory = () => (engine.wasmMemory ? new Uint8Array(engine.wasmMemory.buffer) : engine.HEAPU8);
const text = (pointer) => engine.UTF8ToString(pointer);

function withText(string, use) {
  const size = engine.lengthBytesUTF8(string) + 1;
  const pointer = engine._malloc(size);
  engine.stringToUTF8(string, pointer, size);
  try {
    return use(pointer);
  } finally {
    engine._free(pointer);
  }
}

function withBytes(bytes, use) {
  const pointer = engine._malloc(bytes.length || 1);
  memory().set(bytes, pointer);
  try {
    return use(pointer, bytes.length);
  } finally {
    engine._free(pointer);
  }
}

class Page {
  constructor(options) {
    this.page = withText(JSON.stringify(options), (pointer) => engine._st_page_new(pointer));
    assert.notEqual(this.page, 0, text(engine._st_page_error(0)));
  }
  error() {
    return text(engine._st_page_error(this.page));
  }
  hear(message) {
    return withBytes(message, (pointer, size) => engine._st_page_received(this.page, pointer, size));
  }
  // The next message, or null.
  say() {
    const size = engine._malloc(4);
    const pointer = engine._st_page_outgoing(this.page, size);
    const bytes = new DataView(memory().buffer).getUint32(size, true);
    engine._free(size);
    return pointer ? memory().slice(pointer, pointer + bytes) : null;
  }
  // The labels, or null.
  process(rgba, { width, height }) {
    const pixels = engine._st_page_frame(this.page, width, height);
    memory().set(rgba, pixels);
    const labels = engine._st_page_process(this.page);
    return labels ? memory().slice(labels, labels + width * height) : null;
  }
  report() {
    return JSON.parse(text(engine._st_page_report(this.page)));
  }
  delete() {
    engine._st_page_delete(this.page);
  }
}

// ---- The recorded session (src/client/testing/recorded_session.h)

function parseEvents(file) {
  const events = [];
  for (let at = 0; at < file.length; ) {
    const size = file.readUInt32LE(at + 1);
    events.push({ kind: String.fromCharCode(file[at]), bytes: file.subarray(at + 5, at + 5 + size) });
    at += 5 + size;
  }
  return events;
}

function recordedFrame(index) {
  const rgba = new Uint8Array(SIZE.width * SIZE.height * 4);
  const center = 8 + index;
  for (let y = 0, at = 0; y < SIZE.height; ++y) {
    for (let x = 0; x < SIZE.width; ++x, at += 4) {
      const dx = x - center;
      const dy = y - SIZE.height / 2;
      const inside = dx * dx + dy * dy < 12 * 12;
      const stripe = (Math.floor((x + y) / 4) % 2) * 20;
      for (let c = 0; c < 3; ++c) rgba[at + 2 - c] = inside ? 190 + 10 * c : 30 + 15 * c + stripe;
      rgba[at + 3] = 255;
    }
  }
  return rgba;
}

// FNV-1a.
function checksum(bytes) {
  let sum = 2166136261;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 16777619);
  return (sum >>> 0).toString(16).padStart(8, '0');
}

// What came of each frame, as page_replay prints it. The update of a key frame is heard 4 frames later, as when the
// session was recorded.
async function replay(events) {
  const down = events.filter((event) => event.kind === '<').map((event) => event.bytes);
  const page = new Page({ frameCodec: 'h264' });
  engine._st_page_opened(page.page);
  assert.ok(page.say(), 'a hello');
  assert.equal(page.hear(down.shift()), 0, page.error());
  const lines = [];
  let updateAt = -1;
  for (let index = 0; index < FRAMES; ++index) {
    if (index === updateAt && down.length > 0) assert.equal(page.hear(down.shift()), 0, page.error());
    const labels = page.process(recordedFrame(index), SIZE);
    assert.ok(labels, page.error());
    const report = page.report();
    let bytes = 0;
    if (report.keyFrame) {
      updateAt = index + 4;
      const taken = withBytes([1, 2, 3], (pointer, size) => engine._st_page_key_frame(page.page, pointer, size));
      assert.equal(taken, 0, page.error());
      bytes = page.say().length;
    }
    lines.push(
      `frame ${index}: labels ${checksum(labels)}, key frame ${report.keyFrame}, bytes ${bytes}, ` +
        `version ${report.version}, metric ${report.metric.toFixed(4)}`,
    );
    // Between two frames a worker does other things, and threads can start.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const report = page.report();
  assert.equal(report.threads, threads ? 2 : 1);
  assert.equal(report.refusal, null);
  assert.ok(report.lastUpdate.bytes > 0);
  page.delete();
  return lines;
}

// ---- The tests

assert.equal(withText('{"frameCodec":"gif"}', (pointer) => engine._st_page_new(pointer)), 0);
assert.match(text(engine._st_page_error(0)), /frameCodec/, 'exceptions are caught');

engine._st_page_threads(2);
const events = parseEvents(readFileSync(eventsFile));
const lines = await replay(events);
const expected = execFileSync(process.execPath, [...process.execArgv, replayFile, eventsFile], { encoding: 'utf8' });
assert.deepEqual(lines, expected.trimEnd().split('\n'));
assert.ok(lines.filter((line) => line.includes('key frame true')).length >= 4);

const broken = new Page({});
engine._st_page_opened(broken.page);
assert.equal(broken.hear([0xff, 0xff, 0xff]), -2);
assert.match(broken.error(), /no message of this protocol/);
assert.equal(engine._st_page_frame(broken.page, 100000, 100000), 0);
assert.match(broken.error(), /100000x100000/);
broken.delete();

// Large frames come and go; memory grows once.
const before = [];
for (let round = 0; round < 4; ++round) {
  const page = new Page({ frameCodec: 'h264' });
  engine._st_page_opened(page.page);
  page.say();
  assert.equal(page.hear(events.find((event) => event.kind === '<').bytes), 0, page.error());
  const size = { width: 1280, height: 720 };
  assert.ok(page.process(new Uint8Array(size.width * size.height * 4).fill(round), size), page.error());
  page.delete();
  before.push(memory().length);
}
assert.equal(before[1], before[3], `memory grows: ${before}`);

console.log(lines.join('\n'));
console.log(`${lines.length} frames came out as in page_replay; ${before[3] >> 20} MiB of memory`);
process.exit(0);
