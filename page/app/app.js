// The page: wires sources, the student, effects and figures together.
import { Effects } from '../module/effects.js';
import { ShadowTutor } from '../module/shadowtutor.js';
import { History } from './history.js';
import { loadSettings, storeSettings } from './settings.js';
import { Source } from './sources.js';
import { describeTimeline, drawTimeline } from './timeline.js';

const $ = (id) => document.getElementById(id);
const settings = loadSettings();
const source = new Source($('video'));
const effects = new Effects($('picture'));
const history = new History();
let tutor = null;
let state = { phase: 'closed', reason: '', retryInMs: 0 };
let stateSince = 0;
let report = null;
let lock = null;  // keeps the screen on

// ---- Starting and stopping.

async function start(which) {
  tell('');
  try {
    if (which === 'file') {
      $('file').click();
      return;  // its change event goes on
    }
    await (which === 'screen' ? source.screen() : source.camera(which));
    settings.source = which;
    await running();
  } catch (error) {
    failed(error);
  }
}

async function startFile(file) {
  if (!file) return;
  tell('');
  try {
    await source.file(file);
    await running();
  } catch (error) {
    failed(error);
  }
}

async function running() {
  $('start').hidden = true;
  for (const id of ['stop', 'pip', 'save']) $(id).disabled = false;
  showSource();
  await listCameras();
  keepAwake();
  tutor ??= makeTutor();
}

function failed(error) {
  tell(error.message);
  if (!source.kind) stop();
}

function makeTutor() {
  $('teaching').textContent = 'Loading the student…';
  return new ShadowTutor({ server: location.href, token: settings.token.trim(), video: $('video'), ...options() })
    .on('mask', onMask)
    .on('classes', (classes) => {
      effects.classes = classes;
      $('classes').textContent = classes.classes.map(({ name }) => name).join(', ');
    })
    .on('ready', ({ threads, threadsOff }) => {
      $('threads').textContent = threadsOff ? `${threads}: ${threadsOff}` : String(threads);
    })
    .on('state', (next) => {
      if ((next.phase === 'online') !== (state.phase === 'online')) stateSince = performance.now();
      state = next;
      stateAt = performance.now();
      history.connected(stateAt, state.phase === 'online');
    })
    .on('error', (error) => tell(error.message));
}
let stateAt = 0;

function stop() {
  source.close();
  tutor?.close();
  tutor = null;
  report = null;
  state = { phase: 'closed', reason: '', retryInMs: 0 };
  $('cut').checked = false;
  lock?.release().catch(() => {});
  lock = null;
  for (const id of ['stop', 'pip', 'save']) $(id).disabled = true;
  $('start').hidden = false;
  $('banner').hidden = true;
  $('teaching').textContent = 'Not started.';
  $('teaching').classList.remove('away');
  if (document.pictureInPictureElement) document.exitPictureInPicture();
}

async function keepAwake() {
  try {
    lock = await navigator.wakeLock?.request('screen');
  } catch { /* the battery is low, or the page hidden: then the screen may go dark */ }
}

// ---- Each frame.

function onMask(mask) {
  const now = performance.now();
  report = mask.report;
  history.frame(now, report);
  effects.mirrored = settings.mirror && source.frontal;
  effects.draw(mask);
  pixels = mask.frame.width * mask.frame.height;
}
let pixels = 0;

// ---- What is going on, twice a second.

const percent = (share) => `${(share * 100).toFixed(1)} %`;
const kilobits = (rate) => rate < 1000 ? `${Math.round(rate)} kbit/s` : `${(rate / 1000).toFixed(1)} Mbit/s`;
const ago = (ms) => ms < 1500 ? 'just now' : ms < 120000 ? `${Math.round(ms / 1000)} s ago` : `${Math.round(ms / 60000)} min ago`;

function show() {
  const now = performance.now();
  drawTimeline($('timeline'), history, now);
  if (!tutor) return;
  put('fps', history.rate(now).toFixed(1));
  const ms = history.milliseconds(now);
  put('predict', ms === undefined ? '–' : `${ms.toFixed(1)} ms`);
  const traffic = history.traffic(now, pixels);
  put('up', kilobits(traffic.up));
  put('down', kilobits(traffic.down));
  put('video-rate', kilobits(traffic.video));
  if (report) {
    const lesson = history.lesson;
    put('metric', lesson ? `${(lesson.initialMetric * 100).toFixed(1)} → ${percent(lesson.metric)}` : '–');
    put('stride', report.hasStudent ? String(report.stride) : '–');
    put('age', history.lastTaught ? ago(now - history.lastTaught) : '–');
    put('teacher', report.teacher || '–');
    put('session', report.session || '–');
    put('version', report.hasStudent ? `version ${report.version}, ${report.updates} updates, policy ${report.policy}` : '–');
    put('students', report.bytesStudents ? `${(report.bytesStudents / 1000).toFixed(0)} kB, once a session at most` : '–');
  }
  showState(now);
  $('timeline').setAttribute('aria-label', describeTimeline(history, now));
}

// Reasons come as the rest of a line.
function sentence(text) {
  return text && text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}

function put(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

function showState(now) {
  const labelling = report?.hasStudent;
  const wait = Math.max(0, Math.ceil((state.retryInMs - (now - stateAt)) / 1000));
  const still = labelling ? 'still labelling with what the student knows' : 'the video is shown without masks until it is there';
  const again = wait > 0 ? ` Next attempt in ${wait} s.` : '';
  let line = '', banner = '';
  if (state.phase === 'online') {
    line = !labelling ? 'Connected; the first student is on its way.'
      : history.lastTaught ? `The server teaches; last ${ago(now - history.lastTaught)}.` : 'Connected; the first lesson is under way.';
  } else if (state.phase === 'cut') {
    banner = `Network cut, ${still}.`;
  } else if (state.phase === 'away') {
    banner = `Server away, ${still}.`;
    line = sentence(state.reason) + again;
  } else if (state.phase === 'refused') {
    banner = `The server refuses, ${still}.`;
    line = sentence(state.reason) + again;
  } else if (state.phase === 'connecting') {
    line = labelling ? `Connecting again, ${still}.` : 'Connecting…';
    banner = labelling ? `Server away, ${still}.` : '';
  }
  put('teaching', line || banner);
  $('teaching').classList.toggle('away', Boolean(banner));
  put('banner', banner);
  $('banner').hidden = !banner;
}

function tell(message) {
  $('trouble').querySelector('span').textContent = sentence(message);
  $('trouble').hidden = !message;
}

// ---- Controls.

function options() {
  return {
    width: Number(settings.width), budget: Number(settings.budget), keyFramesPerSecond: Number(settings.keyFrames),
    whileHidden: Boolean(document.pictureInPictureElement),
  };
}

function bind(id, name, changed = () => tutor?.set(options())) {
  const control = $(id);
  const property = control.type === 'checkbox' ? 'checked' : 'value';
  control[property] = settings[name];
  if (control[property] !== settings[name]) control.selectedIndex = 0;  // a choice that there is no more
  settings[name] = control[property];
  control.addEventListener('change', () => {
    settings[name] = control[property];
    storeSettings(settings);
    changed();
  });
}

function showEffect() {
  effects.effect = settings.effect;
  $('picture').className = settings.effect;
  $('background-label').hidden = settings.effect !== 'replace';
}

function showSource() {
  const current = source.kind === 'camera' ? settings.source : source.kind;
  if ([...$('source').options].some(({ value }) => value === current)) $('source').value = current;
  storeSettings(settings);
}

async function listCameras() {
  const list = $('source');
  const cameras = await source.cameras();
  for (const option of [...list.querySelectorAll('.one')]) option.remove();
  if (cameras.length < 2) return;
  for (const { id, label } of cameras) {
    const option = new Option(label, id);
    option.className = 'one';
    list.add(option);
  }
}

bind('effect', 'effect', showEffect);
bind('width', 'width');
bind('budget', 'budget');
bind('key-frames', 'keyFrames');
bind('token', 'token', () => {  // another one needs another connection
  if (!tutor) return;
  tutor.close();
  tutor = null;
  try {
    tutor = makeTutor();
  } catch (error) {
    failed(error);
  }
});
bind('mirror', 'mirror');
showEffect();
$('source').value = 'user';

$('start-camera').onclick = () => start('user');
$('start-screen').onclick = () => start('screen');
$('start-file').onclick = () => start('file');
$('source').onchange = () => start($('source').value);
$('file').onchange = () => {
  startFile($('file').files[0]);
  $('file').value = '';
};
$('stop').onclick = stop;
$('cut').onchange = () => tutor?.network(!$('cut').checked);
$('trouble-close').onclick = () => tell('');
$('background').onclick = () => $('background-file').click();
$('background-file').onchange = async () => {
  const file = $('background-file').files[0];
  $('background-file').value = '';
  if (!file) return;
  try {
    effects.background = await createImageBitmap(file);
  } catch {
    tell(`This browser cannot show ${file.name}; JPEG, PNG and WebP work everywhere.`);
  }
};
$('save').onclick = () => $('picture').toBlob((blob) => {
  if (!blob) return tell('The picture could not be made.');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = 'shadowtutor.png';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}, 'image/png');

source.onended = () => {
  stop();
  tell('The source has ended. Choose one to go on.');
};

// Picture in picture shows a video; the canvas becomes one.
$('pip').hidden = !(document.pictureInPictureEnabled && HTMLCanvasElement.prototype.captureStream);
$('pip').onclick = async () => {
  try {
    if (document.pictureInPictureElement) {
      await document.exitPictureInPicture();
      return;
    }
    const window = document.createElement('video');
    window.muted = true;
    window.srcObject = $('picture').captureStream(30);
    await window.play();
    await window.requestPictureInPicture();
    tutor?.set(options());
    window.addEventListener('leavepictureinpicture', () => {
      for (const track of window.srcObject.getTracks()) track.stop();
      tutor?.set(options());
    }, { once: true });
  } catch (error) {
    tell(`Picture in picture is not possible: ${error.message}`);
  }
};

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && source.kind) keepAwake();
});
setInterval(show, 500);
show();
