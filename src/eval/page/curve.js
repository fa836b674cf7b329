// Traffic against accuracy: each setting of each strategy as one point, a mean over the clips.

// The runs of this evaluation and of its further settings, by strategy, delay and setting.
function curvePoints(results) {
  const points = new Map();
  const add = (run, name) => {
    const setting = String(run.setting || name || '');
    const key = JSON.stringify([run.label, setting]);
    if (!points.has(key)) points.set(key, {label: String(run.label), setting, runs: new Map()});
    const {runs} = points.get(key);
    if (!runs.has(run.clip)) runs.set(run.clip, run);
  };
  for (const run of results.runs) add(run, '');
  for (const setting of Array.isArray(results.json.settings) ? results.json.settings : []) {
    for (const run of Array.isArray(setting.runs) ? setting.runs : []) add(run, setting.name);
  }
  return [...points.values()].map((point) => {
    const over = (value) => {
      const values = results.clips.map((clip) => {
        const run = point.runs.get(clip.name);
        return run && run.frames > 0 ? value(run, clip) : null;
      });
      return values.every(isNumber) ? mean(values) : null;
    };
    return {
      ...point,
      up: over((run) => run.bytes_up / run.frames / 1e3),
      down: over((run) => run.bytes_down / run.frames / 1e3),
      kilobytes: over((run) => results.bytesPerFrame(run) / 1e3),
      kilobits: over((run, clip) => results.megabits(clip, run) * 1e3),
      miou: over((run) => 100 * run.mean_miou),
      sent: over((run) => 100 * run.key_frame_ratio)
    };
  });
}

function curveTable(points) {
  const order = [...new Set(points.map((point) => point.label))];
  const rows = [...points]
    .sort((a, b) => order.indexOf(a.label) - order.indexOf(b.label) || a.kilobytes - b.kilobytes)
    .map((point) => [
      point.label,
      {text: point.setting || '–', class: 'name wrap'},
      {text: figure(point.kilobytes), class: 'ours'},
      {text: figure(point.up)},
      {text: figure(point.down)},
      {text: point.kilobits > 0 ? figure(point.kilobits) : '–'},
      {text: fixed(point.sent, 1)},
      {text: fixed(point.miou), class: 'ours'}
    ]);
  return table(
    'The same figures. Means over clips; the last but one column is the share of frames that the server sees.',
    [
      [
        'run',
        {text: 'setting', class: 'name'},
        'kB per frame',
        'up',
        'down',
        'kbit/s',
        'frames sent, %',
        'mIoU, %'
      ]
    ],
    rows,
    {label: 'Traffic and accuracy of every setting'}
  );
}

function fillCurve(section, results) {
  const all = curvePoints(results);
  const points = all.filter((point) => isNumber(point.miou) && isNumber(point.kilobytes));
  const sending = points.filter((point) => point.kilobytes > 0);
  if (!sending.length) {
    section.append(element('p', {class: 'notice'}, 'Nothing was run that sends anything on all clips.'));
    return;
  }
  section.append(
    element(
      'p',
      {},
      'What a way of doing it takes from the network, and what one gets for it. Each point is one setting: kB per frame ' +
        'in both directions, the first key frame included, a first student not; and agreement with the teacher. Up and to ' +
        'the left is better. The digit at a name is how many frames late updates or labels arrive: naive offloading then ' +
        'shows each frame with the label of an earlier one; without a digit it waits for its own.'
    )
  );
  if (haveCharts) {
    section.append(
      scatterChart({
        points: sending.map((point) => ({
          label: point.label,
          x: point.kilobytes,
          y: point.miou,
          text:
            `${point.label}${point.setting ? ` (${point.setting})` : ''}: ` +
            `${figure(point.kilobytes)} kB per frame, mIoU ${fixed(point.miou)} %`
        })),
        xLabel: 'kB per frame',
        yLabel: 'mIoU, %',
        caption:
          'Traffic against accuracy. A line joins the settings of a strategy that no other of its settings beats in ' +
          'both. Point at one to read what it is.'
      })
    );
  } else {
    section.append(element('p', {class: 'notice'}, NO_CHARTS));
  }
  section.append(curveTable(points));
  for (const note of results.notes) section.append(element('p', {class: 'note'}, note));
  const left = all.filter((point) => !points.includes(point));
  if (left.length) {
    section.append(
      element(
        'p',
        {class: 'note'},
        'Left out, because not all clips were run: ' +
          left.map((point) => point.label + (point.setting ? ` (${point.setting})` : '')).join('; ') +
          '.'
      )
    );
  }
}
