// The chosen session: the pictures of its last key frame, and its history.

const pictureKinds = [
  ['frame.jpg', 'Key frame'], ['label.png', 'Teacher'], ['before.png', 'Student before'], ['after.png', 'Student after']];
const charts = {metric: makeChart('mIoU'), stride: makeChart('Stride'), waits: makeChart('Time to the answer')};
byId('charts').append(...Object.values(charts).map((chart) => chart.box));

const historyColumns = [
  {title: 'Frame', text: (record) => String(record.frame)},
  {title: 'mIoU before', text: (record) => percent(record.before, 1)},
  {title: 'after', text: (record) => percent(record.after, 1)},
  {title: 'Steps', text: (record) => String(record.steps)},
  {title: 'Stride', text: (record) => String(record.stride)},
  {title: 'Teacher: wait', text: (record) => milliseconds(record.teacher_wait_ms)},
  {title: 'work', text: (record) => milliseconds(record.teacher_ms)},
  {title: 'Training: wait', text: (record) => milliseconds(record.training_wait_ms)},
  {title: 'work', text: (record) => milliseconds(record.training_ms)},
  {title: 'Up', text: (record) => bytes(record.bytes_up)},
  {title: 'Down', text: (record) => bytes(record.bytes_down)},
  {title: 'Version', text: (record) => String(record.version)},
];
columnHeads(byId('history'), historyColumns);
const historyRows = 30, mostClasses = 24;

let picturesShown = '';  // which of them are on the page

function makePictures(session) {
  const {pictures, history} = session;
  const base = `/api/sessions/${encodeURIComponent(session.id)}/`;
  const record = history.find((one) => one.frame === pictures.frame);
  const notes = {'frame.jpg': `frame ${pictures.frame}`, 'before.png': record && percent(record.before, 1),
                 'after.png': record && percent(record.after, 1)};
  const kinds = pictures.predictions ? pictureKinds : pictureKinds.slice(0, 2);
  const image = (name, alt, className) => {
    const made = element('img', {src: `${base}${name}?v=${pictures.version}`, alt, className: className || ''});
    // Gone meanwhile, with its session: an empty place rather than a broken picture.
    made.onerror = () => { made.hidden = true; };
    return made;
  };
  return element('div', {className: 'pictures'}, ...kinds.map(([name, title]) => {
    const box = element('div', {className: name === 'frame.jpg' ? 'picture plain' : 'picture'},
        image('frame.jpg', name === 'frame.jpg' ? `Key frame ${pictures.frame}` : '', 'under'));
    box.style.aspectRatio = `${pictures.width} / ${pictures.height}`;
    if (name !== 'frame.jpg') box.append(image(name, `${title}: labels of frame ${pictures.frame}`));
    const called = pictures.predictions ? title : title.replace('Key frame', 'Frame');
    return element('figure', {}, box,
        element('figcaption', {}, element('b', {textContent: called}), element('span', {textContent: notes[name] || ''})));
  }));
}

function makeLegend(session) {
  const over = element('input', {type: 'checkbox', checked: !byId('pictures').classList.contains('bare')});
  over.onchange = () => byId('pictures').classList.toggle('bare', !over.checked);
  const classes = session.classes.filter((_, i) => i !== session.background);
  const shown = classes.slice(0, mostClasses).map(({name, color}) => marked(name, color));
  if (classes.length > mostClasses) shown.push(`and ${classes.length - mostClasses} more`);
  return element('div', {className: 'legend'}, element('label', {}, over, 'labels over the picture'), ...shown);
}

function showPictures(session) {
  const {pictures} = session;
  const wanted = pictures ? `${session.id} ${pictures.version}` : '';
  if (wanted === picturesShown && pictures) return;
  picturesShown = wanted;
  byId('pictures').replaceChildren(...(pictures ? [makePictures(session)] : []));
  if (!pictures) byId('legend').replaceChildren();
  if (pictures && !byId('legend').firstChild) byId('legend').append(makeLegend(session));
}

function showHistory(history) {
  byId('charts').hidden = history.length === 0;
  document.querySelector('#session details').hidden = history.length === 0;
  if (history.length === 0) return;
  const values = (name) => history.map((record) => record[name]);
  drawLines(charts.metric, [{name: 'before', color: 'var(--amber)', values: values('before')},
                            {name: 'after', color: 'var(--blue)', values: values('after')}], 0, 1, (v) => percent(v, v > 0 && v < 1 ? 1 : 0));
  const strides = values('stride');
  drawLines(charts.stride, [{name: 'frames', color: 'var(--green)', values: strides}], 0, Math.max(...strides), (v) => v.toFixed(0));
  drawStacks(charts.waits, [
    {name: 'waits for the teacher', color: 'var(--grey)', values: values('teacher_wait_ms')},
    {name: 'teacher', color: 'var(--blue)', values: values('teacher_ms')},
    {name: 'waits for training', color: 'var(--amber)', values: values('training_wait_ms')},
    {name: 'training', color: 'var(--purple)', values: values('training_ms')}], milliseconds);
  fillRows(byId('history').tBodies[0], history.slice(-historyRows).reverse(), (record) => `${record.frame} ${record.at_s}`,
      (row, record) => fillCells(row, historyColumns, record));
}

function sessionNote(session) {
  if (session.ended) return 'This session has ended.';
  if (!session.watched) return 'Too many sessions are watched at once to show pictures of this one.';
  if (!session.pictures) return 'The pictures come with the next key frame.';
  return '';
}

function showSession(session) {
  byId('session').hidden = false;
  setText(byId('session-title'), `Session ${session.id}`);
  const note = sessionNote(session);
  byId('session-note').hidden = !note;
  setText(byId('session-note'), note);
  if (session.ended) return;  // what was seen last stays
  showPictures(session);
  showHistory(session.history);
}

function hideSession() {
  byId('session').hidden = true;
  picturesShown = '';
  byId('pictures').replaceChildren();
  byId('legend').replaceChildren();
}
