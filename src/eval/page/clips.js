// Shows one clip at a time: the figures of each strategy, mIoU and stride over time.

// Mean over the frames within half a window on either side.
function smoothed(values, window) {
  const half = Math.floor(window / 2),
    sums = [0];
  for (const value of values) sums.push(sums[sums.length - 1] + value);
  return values.map((_, i) => {
    const from = Math.max(0, i - half),
      to = Math.min(values.length, i + half + 1);
    return (sums[to] - sums[from]) / (to - from);
  });
}

function strideOverFrames(run, frames) {
  const strides = new Array(frames).fill(null);
  const steps = Array.isArray(run.strides) ? run.strides : [];
  steps.forEach(([from, stride], i) => {
    const to = i + 1 < steps.length ? steps[i + 1][0] : frames;
    for (let frame = Math.max(0, from); frame < Math.min(to, frames); ++frame) strides[frame] = stride;
  });
  return strides;
}

const isSparse = (run) => run.key_frames > 0 && run.key_frames < run.frames / 2;

function clipTable(results, clip) {
  const runs = results.runsOf(clip);
  const most = Math.max(...runs.map((run) => results.bytesPerFrame(run) || 0), 1);
  const least = Math.min(...runs.map((run) => results.bytesPerFrame(run)).filter((bytes) => bytes > 0), most);
  // The scale begins a factor of ten below the least value, so that the shortest bar can be seen.
  const share = (bytes) => (100 * Math.log10((10 * bytes) / least)) / Math.log10((10 * most) / least);
  const rows = runs.map((run) => {
    const bytes = results.bytesPerFrame(run),
      distils = run.distillation_steps > 0;
    const bar = element('i', {});
    bar.style.width = bytes > 0 ? `${Math.max(0, share(bytes)).toFixed(1)}%` : '0';
    bar.style.background = `var(${styleOf(run.label).variable})`;
    return [
      element('span', {}, lineSample(run.label), ' ', run.label),
      isNumber(run.mean_miou) ? {text: fixed(100 * run.mean_miou), class: 'ours'} : null,
      isNumber(run.first_miou) ? fixed(100 * run.first_miou) : null,
      fixed(100 * run.key_frame_ratio),
      distils ? fixed(run.steps_per_key_frame) : {text: '–'},
      bytesText(bytes),
      {text: figure(results.megabits(clip, run)) ?? '–'},
      {text: bar, class: 'bar'}
    ];
  });
  return table(
    [
      element('b', {}, clip.name),
      `: ${plural(clip.frames, 'frame')} of ${clip.width}x${clip.height} at ` +
        `${figure(clip.frames_per_second)} frames/s (${categoryOf(clip)}). Bars: bytes per frame, both directions, on a ` +
        'logarithmic scale. Mbit/s when the clip plays at its frame rate.'
    ],
    [
      [
        'strategy',
        'mIoU, %',
        'first 60 frames, %',
        'key frames, %',
        'steps per trained key frame',
        'bytes per frame',
        'Mbit/s',
        {text: 'traffic', class: 'bar'}
      ]
    ],
    rows,
    {label: `Strategies on ${clip.name}`}
  );
}

const DASH = {text: '–'};
const secondsText = (value) => (isNumber(value) ? fixed(value, 1) : value === null ? {text: 'never'} : null);

// What was newly in the picture, and how soon it was found.
function newClassesText(entered) {
  if (!entered) return null;
  if (!entered.events) return DASH;
  const time = isNumber(entered.mean_seconds)
    ? `${fixed(entered.mean_seconds)} s`
    : isNumber(entered.mean_frames)
      ? plural(Number(fixed(entered.mean_frames, 1)), 'frame')
      : null;
  return `${entered.events - entered.missed} of ${entered.events}${time ? `, after ${time}` : ''}`;
}

// How each strategy is taught, what that costs the server, and what a person sees.
function teachingTable(results, clip) {
  const runs = results.runsOf(clip);
  if (!runs.some((run) => isNumber(run.flicker))) return null;
  const teacher = runs.map((run) => run.teacher_flicker).find(isNumber);
  const rows = runs.map((run) => [
    element('span', {}, lineSample(run.label), ' ', run.label),
    {text: run.policy || '–', class: 'name'},
    delayText(run) ?? DASH,
    run.encode_ms > 0 ? fixed(run.encode_ms, 1) : DASH,
    run.policy ? fixed(run.server_ms, 1) : DASH,
    run.policy ? secondsText(run.seconds_to_80) : DASH,
    run.policy ? secondsText(run.seconds_to_85) : DASH,
    isNumber(run.flicker) ? fixed(100 * run.flicker, 3) : null,
    newClassesText(run.new_classes)
  ]);
  return table(
    [
      element('b', {}, clip.name),
      ': delay in frames until an update is in use (in real time: their mean); the device’s time for encoding a key frame; ' +
        'the server’s for it, without the teacher; how long until the last second’s mean mIoU was 80 and 85 %' +
        (clip.frames_per_second > 0 ? '' : ' (not known without a frame rate)') +
        '; flicker: pixels that change class and change back within three frames' +
        (isNumber(teacher) ? `, ${fixed(100 * teacher, 3)} % in the teacher’s own labels` : '') +
        '; of the classes that came into the picture, those of which a pixel was right before they left.'
    ],
    [
      [
        'strategy',
        {text: 'policy', class: 'name'},
        'delay, frames',
        'device, ms per key frame',
        'server, ms per key frame',
        's to 80 %',
        's to 85 %',
        'flicker, %',
        'new classes found'
      ]
    ],
    rows,
    {label: `Teaching on ${clip.name}`}
  );
}

// The curves that are shown at first; all of them at once would hide one another.
const FIRST_LABELS = ['wild', 'S-8', 'S-auto', 'P-1', 'P-8', 'F-1'];

function miouChart(results, clip, smooth) {
  const runs = results.runsOf(clip).filter((run) => Array.isArray(run.miou) && run.miou.length > 0);
  if (!runs.length) return null;
  const frames = Math.max(...runs.map((run) => run.miou.length));
  const window = Math.max(3, Math.round(clip.frames_per_second || 10));
  const someFirst = runs.some((run) => FIRST_LABELS.includes(run.label));
  const lines = runs.map((run) => ({
    label: run.label,
    values: (smooth ? smoothed(run.miou, window) : run.miou).map((value) => 100 * value),
    hidden: someFirst && !FIRST_LABELS.includes(run.label),
    points: isSparse(run) && run.strategy !== 'tracking' ? new Set(run.key_frame_indices) : null
  }));
  return lineChart({
    x: Array.from({length: frames}, (_, i) => i),
    lines,
    xLabel: 'frame',
    yLabel: 'mIoU, %',
    yRange: [0, 103],
    height: 320,
    describe: (frame) => `frame ${frame}`,
    caption:
      'Agreement with the teacher, frame by frame (mean IoU in per cent; 100 is the teacher itself)' +
      (smooth ? `, averaged over ${window} frames` : '') +
      '. Dots are key frames: there the server looked and taught. ' +
      'The names above the chart show and hide lines.'
  });
}

function strideChart(results, clip) {
  const runs = results
    .runsOf(clip)
    .filter((run) => Array.isArray(run.strides) && run.strides.length > 0 && isSparse(run));
  if (!runs.length) return null;
  const frames = Math.max(...runs.map((run) => run.frames));
  const someFirst = runs.some((run) => FIRST_LABELS.includes(run.label));
  return lineChart({
    x: Array.from({length: frames}, (_, i) => i),
    xLabel: 'frame',
    yLabel: 'stride, frames',
    height: 220,
    lines: runs.map((run) => ({
      label: run.label,
      values: strideOverFrames(run, frames),
      stepped: true,
      hidden: someFirst && !FIRST_LABELS.includes(run.label)
    })),
    yRange: (_, least, most) => [0, (most || 1) * 1.08],
    describe: (frame) => `frame ${frame}`,
    caption:
      'How many frames lie between one key frame and the next. It grows while the student does well and shrinks ' +
      'when it does not, as after a change of scene.'
  });
}

function fillClips(section, results) {
  if (!results.clips.length) {
    section.append(element('p', {class: 'notice'}, 'No clip was evaluated.'));
    return;
  }
  const choice = element(
    'select',
    {id: 'clip'},
    results.clips.map((clip, i) => element('option', {value: i}, clip.name))
  );
  const smooth = element('input', {type: 'checkbox', id: 'smooth', checked: true});
  const place = element('div', {});
  const show = () => {
    forgetCharts(place);
    const clip = results.clips[Number(choice.value)];
    const notes = results.notes.map((note) => element('p', {class: 'note'}, note));
    const tables = [clipTable(results, clip), teachingTable(results, clip)].filter(Boolean);
    place.replaceChildren(...tables, ...notes);
    if (!haveCharts) {
      place.append(element('p', {class: 'notice'}, NO_CHARTS));
      return;
    }
    const charts = [miouChart(results, clip, smooth.checked), strideChart(results, clip)];
    place.append(...charts.filter(Boolean));
  };
  choice.addEventListener('change', show);
  smooth.addEventListener('change', show);
  section.append(
    element(
      'div',
      {class: 'controls'},
      element('label', {}, 'Clip', choice),
      haveCharts ? element('label', {}, smooth, 'smooth the curves over a second') : null
    ),
    place
  );
  show();
}
