// The worker in which the student runs: gets frames, answers with masks, and keeps the connection to the server, so that
// the page's own thread only draws. shadowtutor.js is its other end.
import { Connection, tokenProtocols } from './connection.js';
import { loadEngine } from './engine.js';
import { bestCodec, KeyFrameEncoder } from './key_frame_encoder.js';

let engine, connection, encoder;
let width = 0;           // the longer side of what the student sees
let canvas, context;
let taught = '';         // the session and student whose classes the page has been told

self.onmessage = async ({ data }) => {
  try {
    await handlers[data.type](data);
  } catch (error) {
    self.postMessage({ type: 'error', message: error.message ?? String(error) });
  }
};

const handlers = {
  async start(data) {
    width = data.width;
    encoder = new KeyFrameEncoder(data.quality);
    engine = await loadEngine({ threads: data.threads, options: { frameCodec: data.codec || await bestCodec(), clientVersion: data.version } });
    engine.limit(data.keyFramesPerSecond, data.budget);
    connection = new Connection(data.address, engine, (state) => self.postMessage({ type: 'state', state }), WebSocket,
      tokenProtocols(data.token, data.address, data.insecure));
    self.addEventListener('online', () => connection.hurry());
    setInterval(() => connection.tick(), 1000);
    self.postMessage({ type: 'ready', threads: engine.report().threads, threadsOff: engine.threadsOff });
    connection.open();
  },

  frame({ frame }) {
    // Whatever happens, the frame goes back: the page waits for it.
    let labels = null, error = '';
    const size = studentSize(frame.width, frame.height);
    try {
      labels = predict(frame, size);
    } catch (failure) {
      error = failure.message;
    }
    const report = engine.report();
    if (error) report.error = error;
    tellClasses(report);
    const transfer = labels ? [frame, labels.buffer] : [frame];
    self.postMessage({ type: 'mask', frame, labels, ...size, report }, transfer);
    if (report.keyFrame) sendKeyFrame(report);
  },

  set(data) {
    width = data.width;
    encoder.quality = data.quality;
    engine.limit(data.keyFramesPerSecond, data.budget);
  },

  network({ on }) {
    if (on) connection.open();
    else connection.cut();
  },

  // For a page whose own timers stand still, because it is hidden.
  wake({ after }) {
    setTimeout(() => self.postMessage({ type: 'wake' }), after);
  },

  stop() {
    connection?.close();
    engine?.close();
    self.close();
  },
};

function studentSize(frameWidth, frameHeight) {
  const scale = Math.min(1, width / Math.max(frameWidth, frameHeight));
  // Even, since videos have half as many colours.
  const even = (side) => Math.max(2, 2 * Math.round(side * scale / 2));
  return { width: even(frameWidth), height: even(frameHeight) };
}

function predict(frame, size) {
  if (!canvas || canvas.width !== size.width || canvas.height !== size.height) {
    canvas = new OffscreenCanvas(size.width, size.height);
    context = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
  }
  context.drawImage(frame, 0, 0, size.width, size.height);
  return engine.process(context.getImageData(0, 0, size.width, size.height).data, size.width, size.height);
}

async function sendKeyFrame(report) {
  let picture = new Uint8Array();
  try {
    picture = await encoder.encode(canvas, report);
  } catch (error) {
    self.postMessage({ type: 'error', message: `a key frame could not be sent: ${error.message}` });
  }
  engine.keyFrame(picture);
  connection.flush();
}

function tellClasses(report) {
  if (!report.hasStudent || taught === report.session) return;
  taught = report.session;
  self.postMessage({ type: 'classes', ...engine.classes() });
}
