// Runs in the browser: steps through a clip frame by frame, has each predicted, and compares with the teacher's labels.
// bench-page serves /module (ours), /mediapipe, /clip.mp4 and /labels/N.png, and calls what is set on `window`.
import { ShadowTutor } from './module/shadowtutor.js';

const video = document.getElementById('video');
const canvas = document.createElement('canvas');
const context = canvas.getContext('2d', { willReadFrequently: true });

window.openClip = async (rate) => {
  window.frameRate = rate;
  // As a whole, since the server of this page cannot begin in its middle.
  video.src = URL.createObjectURL(await (await fetch('clip.mp4')).blob());
  await new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(new Error('the browser cannot play the clip'));
  });
  return [video.videoWidth, video.videoHeight];
};

// Shows frame `index`: its middle in time, so that rounding does no harm.
function show(index) {
  return new Promise((resolve) => {
    video.onseeked = resolve;
    video.currentTime = (index + 0.5) / window.frameRate;
  });
}

async function labels(index, folder = 'labels') {
  const response = await fetch(`${folder}/${index}.png`);
  const picture = await createImageBitmap(await response.blob(), { colorSpaceConversion: 'none' });
  canvas.width = picture.width;
  canvas.height = picture.height;
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, picture.width, picture.height);
  return { width: picture.width, height: picture.height, classes: data.filter((_, i) => i % 4 === 0) };
}

// Mean over the classes that either has, of two classes; `mask` has `width` x `height` classes.
function meanIou(mask, width, height, wanted) {
  const both = [0, 0], either = [0, 0];
  for (let y = 0, i = 0; y < wanted.height; ++y) {
    const row = Math.floor(y * height / wanted.height) * width;
    for (let x = 0; x < wanted.width; ++x, ++i) {
      const is = mask[row + Math.floor(x * width / wanted.width)] ? 1 : 0, should = wanted.classes[i] ? 1 : 0;
      if (is === should) {
        ++both[is];
        ++either[is];
      } else {
        ++either[0];
        ++either[1];
      }
    }
  }
  const shares = [0, 1].filter((c) => either[c] > 0).map((c) => both[c] / either[c]);
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** The masks of `folder`, frames [from, to): {miou, frames}. */
window.judgeFolder = async (folder, from, to) => {
  let sum = 0;
  for (let index = from; index < to; ++index) {
    const { classes, width, height } = await labels(index, folder);
    sum += meanIou(classes, width, height, await labels(index));
  }
  return { miou: sum / (to - from), frames: to - from };
};

let tutor = null, state = 'closed', onMask = () => {};

window.startTutor = (server, options) => new Promise((resolve, reject) => {
  tutor = new ShadowTutor({ server, video, ...options });
  const threads = {};
  let started = false;
  tutor.on('ready', (ready) => Object.assign(threads, ready)).on('error', reject)
    .on('state', ({ phase }) => { state = phase; })
    .on('mask', (mask) => {
      if (mask.labels) {
        started = true;
        resolve(threads);
      }
      onMask(mask);
    });
  // The student comes with the session; until then there must be frames for it to be told of.
  (async () => {
    for (let i = 0; i < 1200 && !started; ++i) {
      await show(i % 20);
      await new Promise((next) => setTimeout(next, 50));
    }
    if (!started) reject(new Error(`no mask came; the connection is ${state}`));
  })();
});
window.network = async (on) => {
  tutor.network(on);
  for (let i = 0; i < 600 && (state === 'online') !== on; ++i) await new Promise((resolve) => setTimeout(resolve, 100));
  return state;
};

/** Frames [from, to): {miou, ms, keyFrames, bytesUp, bytesDown}. `pace`: milliseconds from frame to frame, at least. */
window.runTutor = async (from, to, pace) => {
  const ious = [], times = [];
  let first = null, last = null;
  for (let index = from; index < to; ++index) {
    const begin = performance.now();
    const answered = new Promise((resolve) => { onMask = resolve; });
    await show(index);
    const { labels: mask, width, height, report } = await answered;
    first ??= report;
    last = report;
    times.push(report.predictMs);
    ious.push(meanIou(mask, width, height, await labels(index)));
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, pace - (performance.now() - begin))));
  }
  onMask = () => {};
  return { ...summary(ious, times), keyFrames: last.keyFrames - first.keyFrames + (first.keyFrame ? 1 : 0),
           bytesUp: last.bytesUp - first.bytesUp, bytesDown: last.bytesDown - first.bytesDown, bytesStudents: last.bytesStudents };
};
window.stopTutor = () => tutor.close();

function summary(ious, times) {
  times.sort((a, b) => a - b);
  return { miou: ious.reduce((sum, iou) => sum + iou, 0) / ious.length, ms: times[Math.floor(times.length / 2)], frames: ious.length };
}

let mediapipe = null;
window.startMediaPipe = async (modelSelection) => {
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = 'mediapipe/selfie_segmentation.js';
    script.onload = resolve;
    script.onerror = () => reject(new Error('MediaPipe could not be loaded'));
    document.head.append(script);
  });
  mediapipe = new window.SelfieSegmentation({ locateFile: (file) => `mediapipe/${file}` });
  mediapipe.setOptions({ modelSelection, selfieMode: false });
  await mediapipe.initialize();
};

window.runMediaPipe = async (from, to) => {
  const ious = [], times = [];
  const picture = document.createElement('canvas');
  const drawing = picture.getContext('2d', { willReadFrequently: true });
  for (let index = from; index < to; ++index) {
    await show(index);
    let mask = null;
    mediapipe.onResults((results) => {
      picture.width = video.videoWidth;
      picture.height = video.videoHeight;
      drawing.drawImage(results.segmentationMask, 0, 0, picture.width, picture.height);
      mask = drawing.getImageData(0, 0, picture.width, picture.height).data;
    });
    const begin = performance.now();
    await mediapipe.send({ image: video });
    times.push(performance.now() - begin);
    // The person's share is in the red and the alpha channel alike.
    ious.push(meanIou(mask.filter((_, i) => i % 4 === 3).map((share) => share > 127), picture.width, picture.height, await labels(index)));
  }
  return summary(ious, times.slice(2));
};
window.loaded = true;
