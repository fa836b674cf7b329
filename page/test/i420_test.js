import assert from 'node:assert/strict';
import { test } from 'node:test';

import { toI420 } from '../module/i420.js';

// BT.601 in limited range, as its table has them, to one step.
const COLOURS = {
  black: [[0, 0, 0], [16, 128, 128]], white: [[255, 255, 255], [235, 128, 128]], grey: [[128, 128, 128], [126, 128, 128]],
  red: [[255, 0, 0], [82, 90, 240]], green: [[0, 255, 0], [145, 54, 34]], blue: [[0, 0, 255], [41, 240, 110]],
};

test('colours', () => {
  for (const [name, [rgb, yuv]] of Object.entries(COLOURS)) {
    const rgba = Uint8Array.from(Array.from({ length: 8 }, () => [...rgb, 255]).flat());
    const out = toI420(rgba, 4, 2);
    assert.equal(out.length, 12);
    const close = (a, b) => assert.ok(Math.abs(a - b) <= 1, `${name}: ${out}`);
    for (let i = 0; i < 8; ++i) close(out[i], yuv[0]);
    for (let i = 0; i < 2; ++i) {
      close(out[8 + i], yuv[1]);
      close(out[10 + i], yuv[2]);
    }
  }
});

test('each pixel has its luma, four share a chroma', () => {
  const rgba = new Uint8Array(4 * 4 * 4);
  rgba.fill(255, 4 * 5, 4 * 5 + 3);  // one white pixel, in the second row and column
  const out = toI420(rgba, 4, 4);
  assert.deepEqual([...out.subarray(0, 16)].map((value, i) => [i, value]).filter(([, value]) => value !== 16), [[5, 235]]);
  assert.deepEqual([...out.subarray(16)], Array(8).fill(128));
});
