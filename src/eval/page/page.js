// The page as a whole: summary, frames, what was run, the theme.

function tile(value, text) {
  return value === null
    ? null
    : element('div', {class: 'tile'}, element('b', {}, value), element('span', {}, text));
}

// The live run of a strategy at the bandwidth nearest to the paper's 80 Mbit/s.
function liveNear80(results, matches) {
  const runs = results.live ? results.live.runs.filter((run) => matches(run) && isNumber(run.fps)) : [];
  return runs.sort((a, b) => Math.abs(a.bandwidth_mbit - 80) - Math.abs(b.bandwidth_mbit - 80))[0] || null;
}

function headline(results) {
  const percent = (label) =>
    results.meanOver((clip) => {
      const run = results.run(clip, label);
      return run ? 100 * run.mean_miou : null;
    });
  const ratioTo = (strategy) =>
    results.meanOver((clip) => {
      const ours = results.bytesPerFrame(results.taught(clip)),
        other = results.bytesPerFrame(results.naive(clip, strategy));
      return isNumber(ours) && other > 0 ? 100 * (1 - ours / other) : null;
    });
  const policies = results.runs.some((run) => run.strategy === 'shadow');
  const miouOf = (pick) => results.meanOver((clip) => (pick(clip) ? 100 * pick(clip).mean_miou : null));
  return {
    policies,
    taught: miouOf((clip) => results.taught(clip)),
    paper: policies ? miouOf((clip) => results.partial(clip)) : null,
    late: results.clips.every((clip) => results.taught(clip)?.delay === 1)
      ? percent(policies ? 'S-8' : 'P-8')
      : null,
    wild: percent('wild'),
    full: percent('F-1'),
    keyFrames: results.meanOver((clip) =>
      results.taught(clip) ? 100 * results.taught(clip).key_frame_ratio : null
    ),
    saved: results.meanOver((clip) => results.saving(clip, results.taught(clip))),
    savedJpeg: ratioTo('naive-jpeg'),
    savedH264: ratioTo('naive-h264'),
    live: liveNear80(results, (run) => run.strategy === 'partial'),
    others: results.live ? results.live.runs.filter((run) => String(run.label).startsWith('naive')) : []
  };
}

// Describes a saving in per cent in words; a negative one is an increase.
function lessOrMore(percent) {
  if (percent >= 0) return `${fixed(percent, 1)} % less`;
  return percent > -100 ? `${fixed(-percent, 1)} % more` : `${fixed(1 - percent / 100, 1)} times as much`;
}
// "9 % less than X", "3.1 times as much as X".
const comparedWith = (percent, what) => `${lessOrMore(percent)} ${percent > -100 ? 'than' : 'as'} ${what}`;

function findings(results, h) {
  const list = [];
  if (isNumber(h.taught)) {
    list.push(
      `It agrees with the large network to ${fixed(h.taught, 1)} % while it is being taught` +
        (isNumber(h.wild) ? `, and to ${fixed(h.wild, 1)} % when nobody teaches it.` : '.')
    );
  }
  if (isNumber(h.late) && isNumber(h.taught)) {
    list.push(
      `When lessons arrive late, after 8 frames instead of 1, it is ${fixed(h.late, 1)} %: ` +
        `${fixed(Math.abs(h.taught - h.late), 1)} points ${h.late <= h.taught ? 'less' : 'more'}.`
    );
  }
  if (isNumber(h.paper)) {
    list.push(`With the paper’s own settings it is ${fixed(h.paper, 1)} %.`);
  }
  if (isNumber(h.full) && !h.policies) {
    list.push(
      `Teaching all of it instead of its last layers gives ${fixed(h.full, 1)} % and takes larger updates.`
    );
  }
  if (isNumber(h.keyFrames))
    list.push(`The server sees ${fixed(h.keyFrames, 1)} % of the frames; the others never leave the device.`);
  if (isNumber(h.saved)) {
    const others = [
      ['JPEG', h.savedJpeg],
      ['H.264 video', h.savedH264]
    ]
      .filter(([, saved]) => isNumber(saved))
      .map(([name, saved]) => comparedWith(saved, `with ${name}`));
    list.push(
      `The network carries ${comparedWith(h.saved, 'with every frame sent to the server raw')}` +
        (others.length ? `, ${others.join(', and ')}.` : '.')
    );
    // Results from before runs had a codec of their own have it among the parameters.
    const codecOf = (clip) => results.taught(clip)?.frame_codec ?? results.parameters.frame_codec;
    if (results.clips.every((clip) => codecOf(clip) === 'raw')) {
      list.push(
        'Its key frames travelled as raw pixels here, as in the paper. As H.264, with coded updates ' +
          '(--frame-codec h264 --update-codec coded), they take a fraction of that.'
      );
    }
  }
  if (h.live) {
    const others = h.others.filter((run) => run.bandwidth_mbit === h.live.bandwidth_mbit);
    list.push(
      `Over a link of ${h.live.bandwidth_mbit} Mbit/s it ran at ${figure(h.live.fps)} frames a second` +
        others.map((run) => `, ${run.label} at ${figure(run.fps)}`).join('') +
        (others.length ? ' (naive: every frame goes to the server).' : '.')
    );
  }
  return list;
}

function fillSummary(section, results) {
  const h = headline(results);
  const frames = sum(results.clips.map((clip) => clip.frames || 0));
  section.append(
    element(
      'p',
      {},
      'ShadowTutor labels every pixel of a video (this is a person, this is a dog) on a device that is too ' +
        'weak for the large network that does this well. A small network on the device, the student, does ' +
        'it instead, and now and then a server shows one frame to the large network, the teacher, and ' +
        'teaches the student what it saw. This page says how well that worked on ' +
        (results.clips.length || !results.live
          ? `${plural(results.clips.length, 'clip')} with ${plural(frames, 'frame')}.`
          : `the clip ${results.live.clip}, over a real network.`)
    ),
    element('div', {class: 'tiles'}, [
      tile(isNumber(h.taught) ? `${fixed(h.taught, 1)} %` : null, 'agreement with the teacher (mean IoU)'),
      tile(isNumber(h.wild) ? `${fixed(h.wild, 1)} %` : null, 'the same without any teaching'),
      tile(isNumber(h.keyFrames) ? `${fixed(h.keyFrames, 1)} %` : null, 'of the frames go to the server'),
      tile(isNumber(h.saved) ? lessOrMore(h.saved) : null, 'on the network than with every frame sent raw'),
      tile(
        h.live ? `${figure(h.live.fps)} /s` : null,
        h.live ? `frames, live over ${h.live.bandwidth_mbit} Mbit/s` : ''
      )
    ]),
    element(
      'ul',
      {},
      findings(results, h).map((text) => element('li', {}, text))
    ),
    element(
      'p',
      {class: 'soft'},
      'Agreement is measured as mean IoU: for each kind of thing in a frame, the pixels that ' +
        'both networks give to it, divided by the pixels that either gives to it; averaged over the kinds of things and ' +
        'then over all frames. 100 % is the teacher itself. Figures are means over clips.'
    )
  );
}

function fillFrames(section, results) {
  const samples = Array.isArray(results.json.samples) ? results.json.samples : [];
  if (!samples.length) {
    section.append(element('p', {class: 'notice'}, 'No frames were kept.'));
    return;
  }
  const classes = Array.isArray(results.json.classes) ? results.json.classes : [];
  section.append(
    element(
      'ul',
      {class: 'classes', 'aria-label': 'Classes'},
      classes.map((one) => {
        const swatch = element('i', {});
        swatch.style.background = /^#[0-9a-f]{6}$/i.test(one.color) ? one.color : 'transparent';
        return element('li', {}, swatch, String(one.name));
      })
    )
  );
  for (const sample of samples) {
    const images = Object.entries(sample.images || {}).map(([label, address]) => {
      const name = `${label}, ${sample.clip}, frame ${sample.frame}`;
      return element(
        'figure',
        {},
        typeof address === 'string' && address.startsWith('data:image/')
          ? element('img', {src: address, alt: name})
          : element('div', {class: 'missing'}, 'This image was not there.'),
        element('figcaption', {}, label)
      );
    });
    section.append(
      element(
        'div',
        {class: 'sample'},
        element('h3', {}, `${sample.clip}, frame ${sample.frame}`),
        element('div', {}, images)
      )
    );
  }
}

function definitions(pairs) {
  return element(
    'dl',
    {},
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .flatMap(([name, value]) => [
        element('dt', {}, name),
        element('dd', {}, value instanceof Node ? value : String(value))
      ])
  );
}

function fillRun(section, results) {
  const {json, parameters} = results,
    machine = json.machine || {};
  const names = {
    threshold: 'threshold (mIoU that ends training)',
    max_updates: 'distillation steps per key frame, at most',
    min_stride: 'least frames between key frames',
    max_stride: 'most frames between key frames',
    learning_rate: 'learning rate (Adam)',
    fps: 'frames per second, re-sampled',
    frame_codec: 'key frames travel as',
    update_codec: 'updates travel as',
    student: 'student',
    cut: 'trained from this stage on (partial)',
    jpeg_quality: 'JPEG quality',
    h264_crf: 'rate factor of key frames as video',
    key_frame_bytes: 'bytes that a key frame as video shall have, about',
    label_codec: 'label maps travel as',
    tracking_stride: 'tracking: frames between labelled ones',
    sent_width: 'naive and tracking: frames are sent so many pixels wide (where given)',
    network_ms: 'real time: network there and back, ms',
    teacher_ms: 'real time: teacher, ms per frame (where given)',
    step_ms: 'real time: distillation step, ms (where given)'
  };
  section.append(
    json.command ? element('pre', {}, element('code', {}, String(json.command))) : '',
    definitions([
      ['ShadowTutor', json.shadowtutor],
      ['date', json.date],
      ['processor', machine.cpu],
      ['instruction set', machine.isa],
      ['threads', machine.threads],
      ['system', machine.system],
      ...Object.entries(parameters).map(([key, value]) => [names[key] || key, value])
    ]),
    table(
      'The clips.',
      [['clip', 'camera / scene', 'frames', 'size', 'frames/s', {text: 'teacher', class: 'name'}]],
      results.clips.map((clip) => [
        clip.name,
        categoryOf(clip),
        figure(clip.frames),
        `${clip.width}x${clip.height}`,
        figure(clip.frames_per_second),
        {text: clip.teacher || '–', class: 'name wrap'}
      ]),
      {label: 'Clips'}
    )
  );
}

// Uses the system's theme until the reader chooses one. The choice is not stored, because the page
// is a file.
function setUpTheme() {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const button = document.getElementById('theme');
  let chosen = null;
  const apply = () => {
    const theme = chosen || (system.matches ? 'dark' : 'light');
    document.documentElement.dataset.theme = theme;
    document.documentElement.style.colorScheme = theme;
    button.textContent = theme === 'dark' ? 'Light' : 'Dark';
    button.setAttribute('aria-label', `Switch to ${theme === 'dark' ? 'light' : 'dark'} colours`);
    redrawCharts();
  };
  button.addEventListener('click', () => {
    chosen = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    apply();
  });
  system.addEventListener('change', apply);
  // Printing uses the light theme.
  let before = null;
  addEventListener('beforeprint', () => {
    before = chosen;
    chosen = 'light';
    apply();
  });
  addEventListener('afterprint', () => {
    chosen = before;
    apply();
  });
  apply();
}

const results = new Results(JSON.parse(document.getElementById('results').textContent));
setUpTheme();
for (const [id, fill] of [
  ['summary', fillSummary],
  ['clips', fillClips],
  ['curve', fillCurve],
  ['network', fillNetwork],
  ['frames', fillFrames],
  ['paper', fillPaper],
  ['run', fillRun]
]) {
  fill(document.getElementById(id), results);
}
if (haveCharts) document.getElementById('licence').hidden = false;
