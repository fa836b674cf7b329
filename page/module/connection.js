// The connection to the server: a WebSocket that is opened again after growing pauses, for as long as the page wants
// to be taught. What travels in it is the engine's business.

const FIRST_PAUSE = 500;      // milliseconds; doubled after every attempt, and changed at random by a fifth,
const LONGEST_PAUSE = 15000;  // so that the pages of a server that restarts do not all come at once
const MOST_FOR_MOVE = 250;    // where the server asks to connect again: a random part of this
const OPENING = 15000;        // the longest that opening may take
const SETTLED = 5000;         // a connection that lasted so long was none of the failing ones

/** The WebSocket's address for a server's, which is a page's ("https://host:port") or already one ("wss://..."). */
export function tutorAddress(server, base = globalThis.location?.href) {
  let url;
  try {
    url = new URL(server, base);
  } catch {
    throw new Error(`'${server}' is no address of a server; it should look like https://example.org:8080`);
  }
  const protocols = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' };
  if (!protocols[url.protocol]) {
    throw new Error(`'${server}' is no address of a server; it should begin with https://, http://, wss:// or ws://`);
  }
  url.protocol = protocols[url.protocol];
  url.hash = '';
  url.search = '';
  if (!url.pathname.endsWith('/tutor')) url.pathname = url.pathname.replace(/\/?$/, '/tutor');
  return url.href;
}

/**
 * What a WebSocket is opened with so that the server knows this client: scripts can set no header of it but the one
 * that lists protocols. An address would end up in logs and histories. The server takes the first of the two.
 */
export function tokenProtocols(token, address = 'wss://server/', insecure = false) {
  if (!token) return [];
  const { protocol, hostname } = new URL(address);
  if (protocol === 'ws:' && !insecure && !/^(localhost|127\.[0-9.]+|\[::1\])$/.test(hostname)) {
    throw new Error(`${address} is not encrypted, so the token could be read on the way; use https, or set \`insecure\``);
  }
  if (!/^[!-~]{16,256}$/.test(token)) throw new Error('the token is none; it has 16 to 256 printable characters of ASCII without spaces');
  return ['shadowtutor.v1', `shadowtutor.token.${btoa(token).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`];
}

/**
 * State, as `changed` gets it: {phase, reason, retryInMs}. Phases: 'connecting', 'online', 'away' (will try again),
 * 'refused' (will try again, but somebody must change a setting first), 'cut' (by the page), 'closed'.
 */
export class Connection {
  #address;
  #engine;
  #changed;
  #Socket;
  #protocols;
  #socket = null;
  #timer = 0;
  #attempts = 0;
  #openedAt = 0;
  #phase = 'closed';

  constructor(address, engine, changed, Socket = WebSocket, protocols = []) {
    this.#address = address;
    this.#engine = engine;
    this.#changed = changed;
    this.#Socket = Socket;
    this.#protocols = protocols;
  }

  open() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#tell('connecting');
    let socket;
    try {
      socket = this.#protocols.length ? new this.#Socket(this.#address, this.#protocols) : new this.#Socket(this.#address);
    } catch (error) {
      this.#lost(`${this.#address} cannot be opened from this page: ${error.message}`, true);
      return;
    }
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    let opened = false;
    this.#timer = setTimeout(() => this.#drop(socket, `the server did not answer within ${OPENING / 1000} s`), OPENING);
    socket.onopen = () => {
      opened = true;
      clearTimeout(this.#timer);
      this.#openedAt = Date.now();
      this.#engine.opened();
      this.flush();
    };
    socket.onmessage = (event) => {
      if (typeof event.data === 'string') return this.#drop(socket, 'the server sent text; is it a ShadowTutor server?');
      this.#attempt(socket, () => this.#engine.received(new Uint8Array(event.data)));
    };
    socket.onclose = (event) => this.#drop(socket, opened ? closeReason(event) : unreachable(this.#address));
  }

  /** Sends what the engine has to send. */
  flush() {
    if (this.#socket?.readyState !== 1) return;
    for (let message = this.#engine.outgoing(); message; message = this.#engine.outgoing()) this.#socket.send(message);
  }

  /** To be called every second: looks at the engine's deadlines. */
  tick() {
    if (this.#socket?.readyState === 1) this.#attempt(this.#socket, () => this.#engine.tick());
  }

  /** Tries at once, where a pause is under way. */
  hurry() {
    if (this.#phase === 'away' || this.#phase === 'refused') this.open();
  }

  /** Ends the connection and stays without one, until `open`. */
  cut(phase = 'cut') {
    this.#forget();
    this.#tell(phase);
  }

  close() {
    this.cut('closed');
  }

  #attempt(socket, action) {
    if (socket !== this.#socket) return;
    try {
      action();
    } catch (error) {
      return this.#drop(socket, error.message, error);
    }
    this.flush();
    if (this.#phase === 'connecting' && this.#engine.report().connected) this.#tell('online');
  }

  #drop(socket, reason, { final = false, move = false, retryAfterMs = 0 } = {}) {
    if (socket !== this.#socket) return;
    if (move) return this.#move(reason);
    if (this.#openedAt && Date.now() - this.#openedAt > SETTLED) this.#attempts = 0;
    this.#forget();
    this.#lost(reason, final, retryAfterMs);
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#openedAt = 0;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#engine.closed();
  }

  // To another server, if there are several; nothing is wrong.
  #move(reason) {
    this.#forget();
    this.#attempts = 0;
    const pause = MOST_FOR_MOVE * Math.random();
    this.#timer = setTimeout(() => this.open(), pause);
    this.#tell('away', reason, pause);
  }

  // Tries again not before the server wants it, where it has said so, but does not wait for longer than usual either.
  #lost(reason, final, retryAfterMs = 0) {
    const usual = final ? LONGEST_PAUSE : Math.min(FIRST_PAUSE * 2 ** this.#attempts, LONGEST_PAUSE);
    const wanted = Math.min(retryAfterMs, LONGEST_PAUSE);
    const chance = Math.random();
    const pause = Math.max(usual * (0.8 + 0.4 * chance), wanted * (1 + 0.2 * chance));
    ++this.#attempts;
    this.#timer = setTimeout(() => this.open(), pause);
    this.#tell(final ? 'refused' : 'away', reason, pause);
  }

  #tell(phase, reason = '', retryInMs = 0) {
    if (phase === 'online') this.#openedAt ||= Date.now();
    this.#phase = phase;
    this.#changed({ phase, reason, retryInMs });
  }
}

function closeReason(event) {
  if (event.reason) return event.reason;
  if (event.code === 1009) return 'the server takes no message of that size';
  return event.code === 1000 || event.code === 1001 ? 'the server ended the connection' : 'the connection was lost';
}

// A browser does not tell pages why.
function unreachable(address) {
  const url = new URL(address);
  const site = `${url.protocol === 'wss:' ? 'https' : 'http'}://${url.host}/`;
  let hint = '';
  if (url.protocol === 'wss:') hint += ` If its certificate is its own, open ${site} in this browser once and accept it.`;
  if (url.host !== globalThis.location?.host) {
    hint += ` If this page is not the server's own, the server must be started with --web-origins ${globalThis.location?.origin ?? ''}.`;
  }
  return `${url.host} cannot be reached.${hint}`;
}
