// The connection with a socket and an engine that the tests play themselves, on a clock of their own.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Connection, tokenProtocols, tutorAddress } from '../module/connection.js';
import { ConnectionFailure } from '../module/engine.js';

let sockets, engine, states;

// The clock: milliseconds, and what is to happen when.
let now, timers;
globalThis.setTimeout = (action, pause) => {
  const timer = { at: now + pause, action };
  timers.add(timer);
  return timer;
};
globalThis.clearTimeout = (timer) => timers.delete(timer);
Date.now = () => now;
function pass(milliseconds) {
  const end = now + milliseconds;
  for (;;) {
    const next = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
    if (!next) break;
    timers.delete(next);
    now = next.at;
    next.action();
  }
  now = end;
}

class Socket {
  readyState = 0;
  sent = [];
  constructor(address, protocols) {
    this.address = address;
    this.protocols = protocols;
    sockets.push(this);
  }
  send(message) {
    this.sent.push(message);
  }
  close() {
    this.readyState = 3;
  }
  // What the network does:
  opens() {
    this.readyState = 1;
    this.onopen();
  }
  brings(bytes) {
    this.onmessage({ data: new Uint8Array(bytes).buffer });
  }
  breaks(event = { code: 1006, reason: '' }) {
    this.readyState = 3;
    this.onclose?.(event);
  }
}

class FakeEngine {
  log = [];
  waiting = [];
  connected = false;
  fails = null;
  opened() {
    this.log.push('opened');
    this.waiting.push('hello');
  }
  closed() {
    this.log.push('closed');
    this.connected = false;
  }
  received() {
    if (this.fails) throw this.fails;
    this.connected = true;
  }
  tick() {
    if (this.fails) throw this.fails;
  }
  outgoing() {
    return this.waiting.shift() ?? null;
  }
  report() {
    return { connected: this.connected };
  }
}

const phase = () => states.at(-1).phase;

beforeEach(() => {
  now = 1e12;
  timers = new Set();
  sockets = [];
  states = [];
  engine = new FakeEngine();
});

function connect() {
  const connection = new Connection('ws://server/tutor', engine, (state) => states.push(state), Socket);
  connection.open();
  return connection;
}

test('hands a token over as a protocol, and nothing where there is none', () => {
  connect();
  assert.equal(sockets[0].protocols, undefined);
  new Connection('ws://server/tutor', engine, () => {}, Socket, tokenProtocols('q7Rl0z8n/+==abcd')).open();
  assert.deepEqual(sockets[1].protocols, ['shadowtutor.v1', 'shadowtutor.token.cTdSbDB6OG4vKz09YWJjZA']);
  assert.equal(sockets[1].address, 'ws://server/tutor');
  assert.deepEqual(tokenProtocols(''), []);
  assert.throws(() => tokenProtocols('short'), /16 to 256/);
  const token = 'q7Rl0z8n/+==abcd';
  assert.throws(() => tokenProtocols(token, 'ws://10.0.0.5/tutor'), /not encrypted/);
  for (const address of ['wss://10.0.0.5/tutor', 'ws://localhost:8080/tutor', 'ws://127.0.0.1/tutor', 'ws://[::1]:8080/tutor']) {
    assert.equal(tokenProtocols(token, address).length, 2);
  }
  assert.equal(tokenProtocols(token, 'ws://10.0.0.5/tutor', true).length, 2);
  assert.throws(() => tokenProtocols('with a blank in the middle'), /16 to 256/);
});

test('says hello, and is online once the server has welcomed it', () => {
  connect();
  assert.equal(phase(), 'connecting');
  sockets[0].opens();
  assert.deepEqual(sockets[0].sent, ['hello']);
  assert.equal(phase(), 'connecting');
  sockets[0].brings([1]);
  assert.equal(phase(), 'online');
});

test('comes back after growing pauses, of 15 s at most and never all at the same time', () => {
  connect();
  const pauses = [];
  for (let attempt = 0; attempt < 12; ++attempt) {
    sockets.at(-1).breaks();
    assert.equal(phase(), 'away');
    assert.match(states.at(-1).reason, /server cannot be reached/);
    pauses.push(states.at(-1).retryInMs);
    pass(states.at(-1).retryInMs - 1);
    assert.equal(sockets.length, attempt + 1);
    pass(2);
    assert.equal(sockets.length, attempt + 2);
  }
  pauses.forEach((pause, attempt) => {
    const wanted = Math.min(15000, 500 * 2 ** attempt);
    assert.ok(pause >= wanted * 0.79 && pause <= wanted * 1.21, `${pause} for ${wanted}`);
  });
  assert.ok(new Set(pauses.map((pause) => pause.toFixed(3))).size > 10);
});

test('a connection that lasted begins with the shortest pause again', () => {
  connect();
  for (let i = 0; i < 6; ++i) {
    sockets.at(-1).breaks();
    pass(20000);
  }
  sockets.at(-1).opens();
  sockets.at(-1).brings([1]);
  pass(6000);
  sockets.at(-1).breaks();
  assert.ok(states.at(-1).retryInMs <= 600, String(states.at(-1).retryInMs));
  assert.deepEqual(engine.log.slice(-2), ['opened', 'closed']);
});

test('a socket that never opens is given up', () => {
  connect();
  pass(15001);
  assert.equal(phase(), 'away');
  assert.match(states.at(-1).reason, /within 15 s/);
  assert.equal(sockets[0].readyState, 3);
});

test('a refusal says why, and is asked about again in the longest pause', () => {
  connect();
  sockets[0].opens();
  engine.fails = new ConnectionFailure('the server is of another version', true);
  sockets[0].brings([1]);
  assert.equal(phase(), 'refused');
  assert.equal(states.at(-1).reason, 'the server is of another version');
  assert.ok(states.at(-1).retryInMs > 11000);
});

test('a server that asks for it is connected to again at once, and not by all at the same time', () => {
  connect();
  const pauses = new Set();
  for (let i = 0; i < 12; ++i) {
    sockets.at(-1).opens();
    sockets.at(-1).brings([1]);
    assert.equal(phase(), 'online');
    engine.fails = new ConnectionFailure('the server is about to end', false, true);
    sockets.at(-1).brings([2]);
    engine.fails = null;
    assert.equal(phase(), 'away');
    assert.ok(states.at(-1).retryInMs <= 250, String(states.at(-1).retryInMs));
    pauses.add(states.at(-1).retryInMs);
    pass(250);
    assert.equal(sockets.length, i + 2);
  }
  assert.ok(pauses.size > 10);
  sockets.at(-1).breaks();
  assert.ok(states.at(-1).retryInMs >= 400 && states.at(-1).retryInMs <= 600, 'the first of the growing pauses');
});

test('a server that is busy says when it wants to be asked again', () => {
  connect();
  for (const [retryAfterMs, wanted] of [[6000, 6000], [3600000, 15000], [0, 2000], [1, 4000]]) {
    sockets.at(-1).opens();
    engine.fails = new ConnectionFailure('the server has no room', false, false, retryAfterMs);
    sockets.at(-1).brings([2]);
    engine.fails = null;
    assert.equal(phase(), 'away');
    const pause = states.at(-1).retryInMs;
    assert.ok(pause >= wanted * (retryAfterMs > 1 ? 1 : 0.79) && pause <= wanted * 1.21, `${pause} for ${wanted}`);
    pass(pause);
  }
});

test('an overdue answer ends the connection, but not the page', () => {
  const connection = connect();
  sockets[0].opens();
  sockets[0].brings([1]);
  engine.fails = new ConnectionFailure('the server did not answer a key frame within 60 s', false);
  connection.tick();
  assert.equal(phase(), 'away');
  engine.fails = null;
  pass(1000);
  sockets[1].opens();
  assert.deepEqual(sockets[1].sent, ['hello']);
});

test('a network that is cut stays so, until it is asked for', () => {
  const connection = connect();
  sockets[0].opens();
  sockets[0].brings([1]);
  connection.cut();
  assert.equal(phase(), 'cut');
  sockets[0].breaks();  // an event that was under way
  pass(60000);
  assert.equal(sockets.length, 1);
  assert.equal(phase(), 'cut');
  connection.hurry();
  assert.equal(sockets.length, 1);
  connection.open();
  assert.equal(sockets.length, 2);
});

test('text is no message', () => {
  connect();
  sockets[0].opens();
  sockets[0].onmessage({ data: 'hello' });
  assert.equal(phase(), 'away');
});

test('addresses', () => {
  for (const [from, to] of [
    ['https://example.org:8080', 'wss://example.org:8080/tutor'], ['http://127.0.0.1:1/', 'ws://127.0.0.1:1/tutor'],
    ['https://example.org/shadow/', 'wss://example.org/shadow/tutor'], ['wss://example.org/tutor', 'wss://example.org/tutor'],
    ['https://example.org/?a=b#c', 'wss://example.org/tutor'],
  ]) {
    assert.equal(tutorAddress(from), to);
  }
  assert.equal(tutorAddress('/', 'https://here.org/page'), 'wss://here.org/tutor');
  assert.throws(() => tutorAddress('ftp://example.org'), /should begin with/);
  assert.throws(() => tutorAddress('example.org:7200'), /should begin with/);
  assert.throws(() => tutorAddress('::', undefined), /no address of a server/);
});
