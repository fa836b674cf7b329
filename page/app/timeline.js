// Draws the last minute: when the server was away, key frames, and how well the student agreed with the teacher.
import { SPAN } from './history.js';

export function drawTimeline(canvas, history, now) {
  const ratio = globalThis.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width) return;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const style = getComputedStyle(canvas);
  const color = (name) => style.getPropertyValue(name).trim();
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const x = (time) => Math.max(0, width * (1 - (now - time) / SPAN));
  const top = 8, bottom = height - 14;
  const y = (metric) => bottom - metric * (bottom - top);

  context.fillStyle = color('--away');
  for (const [from, to] of history.away) context.fillRect(x(from), 0, x(Math.min(to, now)) - x(from), height);

  context.strokeStyle = color('--line');
  context.fillStyle = color('--soft');
  context.font = '10px system-ui, sans-serif';
  context.lineWidth = 1;
  for (const share of [0.5, 1]) {
    context.beginPath();
    context.moveTo(0, Math.round(y(share)) + 0.5);
    context.lineTo(width, Math.round(y(share)) + 0.5);
    context.stroke();
    context.fillText(`${share * 100} %`, 3, y(share) + (share === 1 ? 11 : -3));
  }

  context.fillStyle = color('--frame');
  for (const time of history.keyFrames) context.fillRect(x(time) - 1, height - 12, 2, 12);

  context.strokeStyle = color('--accent');
  context.lineWidth = 2;
  context.beginPath();
  let last = null;
  for (const [time, metric] of history.metrics) {
    if (last !== null) context.lineTo(x(time), y(last));
    context.lineTo(x(time), y(metric));
    last = metric;
  }
  if (last !== null) context.lineTo(width, y(last));
  context.stroke();
}

/** The same in words. */
export function describeTimeline(history, now) {
  const metric = history.metrics.at(-1)?.[1];
  const away = history.away.reduce((sum, [from, to]) => sum + Math.min(to, now) - Math.max(from, now - SPAN), 0);
  return `Over the last minute: ${history.keyFrames.length} key frames` +
    (metric === undefined ? ', not taught yet' : `, agreement with the teacher ${Math.round(metric * 100)} %`) +
    (away > 1000 ? `, ${Math.round(away / 1000)} s without the server` : '');
}
