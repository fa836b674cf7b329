import assert from 'node:assert/strict';
import { test } from 'node:test';

import { History, SPAN } from '../app/history.js';
import { describeTimeline } from '../app/timeline.js';

const REPORT = { hasStudent: true, predictMs: 10, keyFrame: false, updateApplied: false, metric: -1, bytesUp: 0, bytesDown: 0, bytesStudents: 0 };

test('rates are those of the last seconds', () => {
  const history = new History();
  for (let i = 0; i <= 300; ++i) {  // 10 s at 30 frames a second, 1000 bytes up with each
    history.frame(i * 1000 / 30, { ...REPORT, bytesUp: i * 1000, predictMs: i % 2 ? 10 : 12 });
  }
  assert.ok(Math.abs(history.rate(10000) - 30) < 0.01);
  const { up, down, video } = history.traffic(10000, 640 * 360);
  assert.ok(Math.abs(up - 240) < 1, String(up));
  assert.equal(down, 0);
  assert.ok(Math.abs(video - 30 * 640 * 360 * 0.04 / 1000) < 0.1);
  assert.ok([10, 12].includes(history.milliseconds(10000)));
  assert.equal(history.milliseconds(20000), undefined);
});

test('what is older than the timeline is forgotten', () => {
  const history = new History();
  for (let i = 0; i < 100000; ++i) {
    history.frame(i * 33, { ...REPORT, keyFrame: i % 10 === 0, updateApplied: i % 10 === 5, metric: 0.9, bytesUp: i });
    if (i % 1000 === 0) history.connected(i * 33, i % 2000 === 0);
  }
  const most = SPAN / 33 + 2;
  for (const list of [history.frames, history.predictMs, history.keyFrames, history.metrics, history.away]) {
    assert.ok(list.length <= most, String(list.length));
  }
  assert.ok(history.keyFrames.length > 100);
});

test('times without the server', () => {
  const history = new History();
  history.connected(0, false);
  history.connected(1000, true);
  history.connected(2000, true);
  history.connected(5000, false);
  assert.deepEqual(history.away, [[0, 1000], [5000, Infinity]]);
  history.frame(6000, { ...REPORT, keyFrame: true, updateApplied: true, metric: 0.914 });
  assert.equal(describeTimeline(history, 8000),
    'Over the last minute: 1 key frames, agreement with the teacher 91 %, 4 s without the server');
});
