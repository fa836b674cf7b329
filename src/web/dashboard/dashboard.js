// The connection to the server, the token, and which session is chosen.

let chosen = '';       // the session that is looked at
let source = null;     // the stream of events
let retry = 0;         // the timer that connects again
let received = null;   // when the last state came, and the server's time then
let eventsSeen = null; // how often something went wrong, to tell of news

const uptime = () => (received ? received.uptime_s + (Date.now() - received.at) / 1000 : 0);
const chosenInAddress = () => decodeURIComponent(location.hash.replace(/^#session=|^#.*/, ''));

function say(text) {
  byId('news').textContent = text;
}

function setConnection(state, text) {
  if (byId('connection').dataset.state !== state) say(text);
  byId('connection').dataset.state = state;
  setText(byId('connection-text'), text);
}

function notice(text) {
  byId('notice').hidden = !text;
  setText(byId('notice'), text);
}

function take(state) {
  received = {uptime_s: state.uptime_s, at: Date.now()};
  notice(state.server.ready ? '' : 'The server is shutting down.');
  setConnection('live', 'live');
  byId('content').hidden = false;
  byId('login').hidden = true;
  if (!chosen && state.sessions.length) choose(state.sessions[0].id, false);
  showState(state);
  const seen = state.events.reduce((sum, event) => sum + event.times, 0);
  if (eventsSeen !== null && seen > eventsSeen && state.events.length) say(`${state.events[0].kind}: ${state.events[0].sentence}`);
  eventsSeen = seen;
}

function listen() {
  if (source) source.close();
  source = new EventSource(`/api/events${chosen ? `?session=${encodeURIComponent(chosen)}` : ''}`);
  const from = source;
  from.addEventListener('state', (event) => take(JSON.parse(event.data)));
  from.addEventListener('session', (event) => {
    const session = JSON.parse(event.data);
    if (session.id !== chosen) return;
    showSession(session);
    if (session.ended) say(`Session ${session.id} has ended.`);
  });
  from.addEventListener('end', () => { from.close(); again(); });
  from.onerror = () => {
    if (from !== source) return;
    from.close();  // and look for the reason, which an EventSource does not tell
    again();
  };
}

function again() {
  setConnection('lost', 'connection lost, trying again');
  clearTimeout(retry);
  retry = setTimeout(connect, 2000);
}

function askForToken() {
  if (source) source.close();
  setConnection('waiting', 'not logged in');
  byId('content').hidden = true;
  byId('logout').hidden = true;
  byId('login').hidden = false;
  byId('token').focus();
}

async function connect() {
  clearTimeout(retry);
  try {
    const answer = await fetch('/api/access');
    if (!answer.ok) {
      notice(await answer.text());
      return again();
    }
    const access = await answer.json();
    byId('logout').hidden = !access.token;
    if (access.open) listen(); else askForToken();
  } catch {
    again();
  }
}

function choose(id, byUser) {
  if (id === chosen) return;
  chosen = id;
  if (byUser) history.replaceState(null, '', `#session=${encodeURIComponent(id)}`);
  hideSession();
  for (const row of byId('sessions').tBodies[0].rows) {
    row.classList.toggle('chosen', row.dataset.key === id);
    const button = row.querySelector('button');
    if (button) button.setAttribute('aria-pressed', String(row.dataset.key === id));
  }
  listen();
}

byId('login').onsubmit = async (event) => {
  event.preventDefault();
  const why = byId('login-why');
  why.textContent = '';
  try {
    const answer = await fetch('/api/login', {method: 'POST', headers: {Authorization: `Bearer ${byId('token').value.trim()}`}});
    if (!answer.ok) {
      why.textContent = await answer.text();
      return;
    }
    byId('token').value = '';
    byId('login').hidden = true;
    connect();
  } catch {
    why.textContent = 'The server does not answer, or the token has characters that no token has.';
  }
};

byId('logout').onclick = async () => {
  await fetch('/api/logout', {method: 'POST'}).catch(() => {});
  connect();
};

setInterval(() => { if (source && source.readyState === EventSource.OPEN) showClock(); }, 1000);

chosen = chosenInAddress();
addEventListener('hashchange', () => { if (chosenInAddress()) choose(chosenInAddress(), false); });
connect();
