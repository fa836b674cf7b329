// A browser's Worker, as far as Emscripten's threads use it, by Node's worker_threads. Importing this
// makes it globalThis.Worker, and navigator where there is none.
import { Worker as NodeWorker } from 'node:worker_threads';

const BOOTSTRAP = `
  const { parentPort, workerData } = require('node:worker_threads');
  globalThis.self = globalThis;
  globalThis.importScripts = () => {};
  globalThis.location = { href: workerData };
  globalThis.postMessage = (message) => parentPort.postMessage(message);
  const early = [];
  parentPort.on('message', (data) => (self.onmessage ? self.onmessage({ data }) : early.push(data)));
  import(workerData).then(() => early.splice(0).forEach((data) => self.onmessage({ data })));
`;

// Node has it since 21.
globalThis.navigator ??= { hardwareConcurrency: 4 };

globalThis.Worker = class {
  constructor(url) {
    this.worker = new NodeWorker(BOOTSTRAP, { eval: true, workerData: String(url) });
    this.worker.on('message', (data) => this.onmessage?.({ data }));
    this.worker.on('error', (error) => {
      console.error(error);
      process.exit(1);
    });
    this.worker.unref();
  }
  postMessage(message, transfer) {
    this.worker.postMessage(message, transfer);
  }
  terminate() {
    this.worker.terminate();
  }
};
