// The server as a whole: load, the table of sessions, refusals and errors.

function loadCard(title) {
  const bars = ['10 s', '60 s'].map((window) => {
    const track = element('div', {className: 'track'}, element('i'), element('i'));
    track.setAttribute('role', 'meter');
    track.setAttribute('aria-valuemin', '0');
    track.setAttribute('aria-valuemax', '100');
    track.setAttribute('aria-label', `${title}, busy in the last ${window}`);
    const share = element('output');
    return {box: element('div', {className: 'bar'}, element('span', {textContent: window}), track, share), track, share};
  });
  const waiting = element('span', {className: 'number'});
  const key = element('p', {className: 'key'});
  const box = element('div', {className: 'card'}, element('h3', {}, title, waiting), ...bars.map((bar) => bar.box), key);
  return {box, bars, waiting, key};
}

const loads = {teacher: loadCard('Teacher'), trainer: loadCard('Training')};
const totals = element('dl');
byId('load').append(loads.teacher.box, loads.trainer.box, element('div', {className: 'card'}, element('h3', {}, 'Since the start'), totals));
loads.trainer.key.append(marked('waited for', 'var(--blue)'), marked('while idle', 'var(--purple)'));

function showLoad(card, load) {
  ['10s', '60s'].forEach((window, i) => {
    const bar = card.bars[i], busy = load[`busy_${window}`], idle = Math.min(1 - busy, load[`idle_${window}`]);
    bar.track.children[0].style.width = `${100 * busy}%`;
    bar.track.children[1].style.width = `${100 * idle}%`;
    bar.track.setAttribute('aria-valuenow', Math.round(100 * (busy + idle)));
    setText(bar.share, percent(busy + idle));
  });
  const threads = load.threads > 1 ? `${count(load.threads, 'thread', 'threads')}, ` : '';
  setText(card.waiting, `${threads}${load.queued} waiting`);
}

function showTotals(state) {
  const server = state.server;
  const failed = Object.values(state.failed).reduce((sum, times) => sum + times, 0);
  const rows = [
    ['sessions', `${server.sessions_opened} opened, ${server.sessions_refused} refused`],
    ['ended with an error', failed],
    ['key frames', `${server.key_frames}, ${server.key_frames_failed} failed`],
    ['up, down', `${bytes(server.bytes_up)}, ${bytes(server.bytes_down)}`]];
  if (server.frames_segmented) rows.push(['frames segmented', server.frames_segmented]);
  if (totals.children.length !== 2 * rows.length) {
    totals.replaceChildren(...rows.flatMap(([name]) => [element('dt', {textContent: name}), element('dd')]));
  }
  rows.forEach(([, value], i) => setText(totals.children[2 * i + 1], String(value)));
}

const ofLast = (text) => (session) => (session.last ? text(session.last) : none);

const sessionColumns = [
  {title: 'Session', className: 'words', fill: (cell, session) => {
    let button = cell.firstElementChild;
    if (!button) {
      button = element('button', {type: 'button', onclick: () => choose(session.id, true)});
      cell.append(button);
    }
    setText(button, session.id);
    button.setAttribute('aria-pressed', String(session.id === chosen));
  }},
  {title: 'Client', className: 'words rare', text: (session) =>
    `${session.device || session.client || 'this machine'}${session.client_version ? `, ${session.client_version}` : ''}`},
  {title: 'Frames', className: 'rare', text: (session) => (session.width ? `${session.width}×${session.height}` : none)},
  {title: 'mIoU', text: (session) => (session.kind === 'segment' ? 'all frames' : percent(session.metric, 1))},
  {title: 'Stride', text: (session) => (session.stride === null ? none : String(session.stride))},
  {title: 'Key frames', text: (session) => String(session.kind === 'segment' ? session.frames_segmented : session.key_frames)},
  {title: 'Version', className: 'rare', text: (session) => (session.kind === 'segment' ? none : String(session.version))},
  {title: 'Teacher, wait + work', className: 'rare', text: ofLast((last) => `${milliseconds(last.teacher_wait_ms)} + ${milliseconds(last.teacher_ms)}`)},
  {title: 'Training, wait + work', className: 'rare', text: ofLast((last) => `${milliseconds(last.training_wait_ms)} + ${milliseconds(last.training_ms)}`)},
  {title: 'Up', className: 'rare', text: (session) => bytes(session.bytes_up)},
  {title: 'Down', className: 'rare', text: (session) => bytes(session.bytes_down)},
  {title: 'Since', text: (session) => span(uptime() - session.opened_s)},
];
columnHeads(byId('sessions'), sessionColumns);

function showSessions(sessions) {
  setText(byId('session-count'), sessions.length ? `(${sessions.length})` : '');
  byId('no-sessions').hidden = sessions.length > 0;
  byId('sessions').parentElement.hidden = sessions.length === 0;
  fillRows(byId('sessions').tBodies[0], sessions, (session) => session.id, (row, session) => {
    row.classList.toggle('chosen', session.id === chosen);
    row.since = session.opened_s;
    fillCells(row, sessionColumns, session);
  });
}

const eventColumns = [
  {title: 'Time', className: 'words', text: (event) => new Date(1000 * event.at).toLocaleTimeString()},
  {title: 'What', className: 'words', fill: (cell, event) => {
    const label = cell.firstElementChild || cell.appendChild(element('span', {className: `kind ${event.kind}`}));
    setText(label, event.times > 1 ? `${event.kind} ×${event.times}` : event.kind);
  }},
  {title: 'Whom', className: 'words rare', text: (event) => event.session || event.client || none},
  {title: 'Why', className: 'words sentence', text: (event) => event.sentence},
];
columnHeads(byId('events'), eventColumns);

function showEvents(events) {
  byId('no-events').hidden = events.length > 0;
  byId('events-box').hidden = events.length === 0;
  const key = (event) => [event.kind, event.code, event.client, event.session, event.sentence, event.times > 1 ? '' : event.at].join('\n');
  fillRows(byId('events').tBodies[0], events, key, (row, event) => {
    row.title = event.code;
    fillCells(row, eventColumns, event);
  });
}

let aboutServer = '';

// What changes with the time alone. Is called every second.
function showClock() {
  if (aboutServer) setText(byId('about'), `${aboutServer} · up ${span(uptime())}`);
  for (const row of byId('sessions').tBodies[0].rows) {
    setText(row.cells[row.cells.length - 1], span(uptime() - row.since));
  }
}

function showState(state) {
  const server = state.server;
  aboutServer = `${server.version} · teacher: ${server.teacher} · policy ${server.policy}`;
  showClock();
  showLoad(loads.teacher, state.load.teacher);
  showLoad(loads.trainer, state.load.trainer);
  showTotals(state);
  showSessions(state.sessions);
  showEvents(state.events);
}
