// The paper's tables, with this study's figures beside the paper's.

const categoryOf = (clip) =>
  clip.camera || clip.scene ? `${clip.camera || 'any'} / ${clip.scene || 'any'}` : 'no group named';

// The questions about results.json that several places ask.
class Results {
  constructor(json) {
    this.json = json;
    this.clips = json.clips.filter((clip) => typeof clip.name === 'string');
    this.runs = json.runs.filter((run) => typeof run.label === 'string');
    this.parameters = json.parameters || {};
    this.live = json.live && Array.isArray(json.live.runs) ? json.live : null;
    this.notes = Array.isArray(json.notes) ? json.notes.map(String) : [];
    this.labels = [...new Set(this.runs.map((run) => run.label))];
  }
  runsOf(clip) {
    return this.runs.filter((run) => run.clip === clip.name);
  }
  run(clip, ...labels) {
    for (const label of labels) {
      const found = this.runs.find((run) => run.clip === clip.name && run.label === label);
      if (found) return found;
    }
    return null;
  }
  // The run of the paper's strategy with the least delay.
  partial(clip) {
    return this.run(clip, 'P-1', 'P-8') || this.runsOf(clip).find((run) => run.strategy === 'partial');
  }
  // The run of the strategy with a policy, or the paper's where there is none.
  taught(clip) {
    return (
      this.run(clip, 'S-1', 'S-auto', 'S-8') ||
      this.runsOf(clip).find((run) => run.strategy === 'shadow') ||
      this.partial(clip)
    );
  }
  full(clip) {
    return this.run(clip, 'F-1', 'F-8') || this.runsOf(clip).find((run) => run.strategy === 'full');
  }
  // The run of a naive strategy that waits for each answer, or else one with another delay: unless the delay is
  // real time, all of them send the same.
  naive(clip, strategy) {
    const runs = this.runsOf(clip).filter((run) => run.strategy === strategy);
    return runs.find((run) => run.delay === 0 || run.delay === 1) || runs.find((run) => run.delay !== 'auto') || runs[0];
  }
  bytesPerFrame(run) {
    return run && run.frames > 0 ? (run.bytes_up + run.bytes_down) / run.frames : null;
  }
  megabits(clip, run) {
    const bytes = this.bytesPerFrame(run);
    return isNumber(bytes) && clip.frames_per_second > 0 ? 8e-6 * bytes * clip.frames_per_second : null;
  }
  // The bytes of naive offloading: every frame raw, and a byte per pixel back.
  naiveRawBytes(clip) {
    return (
      this.bytesPerFrame(this.naive(clip, 'naive-raw')) ||
      (clip.width > 0 ? 4 * clip.width * clip.height : null)
    );
  }
  saving(clip, run) {
    const ours = this.bytesPerFrame(run),
      naive = this.naiveRawBytes(clip);
    return isNumber(ours) && naive > 0 ? 100 * (1 - ours / naive) : null;
  }
  meanOver(value) {
    return mean(this.clips.map(value).filter(isNumber));
  }
}

// columns: {title, paper: row => number, ours: clip => number, digits}
function comparison(caption, results, columns) {
  const categories = PAPER.categories.map((row) => ({name: `${row[0]} / ${row[1]}`, row, clips: []}));
  for (const clip of results.clips) {
    let category = categories.find((c) => c.name === categoryOf(clip));
    if (!category) categories.push((category = {name: categoryOf(clip), row: null, clips: []}));
    category.clips.push(clip);
  }
  const averages = columns.map(() => []);
  const rows = categories.map((category) => [
    category.name,
    ...columns.flatMap((column, i) => {
      const ours = mean(category.clips.map((clip) => column.ours(clip)).filter(isNumber));
      if (isNumber(ours)) averages[i].push(ours);
      return pairOfCells(category.row ? column.paper(category.row) : null, ours, column.digits);
    })
  ]);
  const average = [
    'average',
    ...columns.flatMap((column, i) =>
      pairOfCells(column.paper(PAPER.average), mean(averages[i]), column.digits)
    )
  ];
  average.average = true;
  rows.push(average);
  const head = [
    ['Camera / scene', ...columns.map((column) => ({text: column.title, span: 2, class: 'group'}))],
    ['', ...columns.flatMap(() => [{text: 'paper', class: 'group'}, 'ours'])]
  ];
  return table(caption, head, rows, {rowHead: true, label: 'Table of the paper beside ours'});
}

function pairOfCells(paper, ours, digits = 2) {
  return [
    {text: isNumber(paper) ? fixed(paper, digits) : '–', class: 'paper group'},
    isNumber(ours) ? {text: fixed(ours, digits), class: 'ours'} : null
  ];
}

const titled = (number, title) => [element('b', {}, `Table ${number}. `), title];
const paperColumn = (name) => (row) => row[PAPER.column[name]];

function distillationTable(results) {
  const ofAll = (pick) => {
    const runs = results.clips.map(pick).filter(Boolean);
    const trained = sum(runs.map((run) => run.trained_key_frames || 0));
    return trained > 0 ? sum(runs.map((run) => run.distillation_steps || 0)) / trained : null;
  };
  const milliseconds = (strategy) => {
    const runs = results.live ? results.live.runs.filter((run) => run.strategy === strategy) : [];
    return mean(runs.map((run) => run.step_ms).filter(isNumber));
  };
  const row = (name, paper, ours, digits) => [
    name,
    ...pairOfCells(paper[0], ours[0], digits),
    ...pairOfCells(paper[1], ours[1], digits)
  ];
  const {partial, full} = PAPER.steps;
  return table(
    titled(
      '6.1',
      'One distillation step and how many of them a key frame that is trained on takes, on average. ' +
        'Times from the live runs.'
    ),
    [
      ['Distillation', {text: 'partial', span: 2, class: 'group'}, {text: 'full', span: 2, class: 'group'}],
      ['', {text: 'paper', class: 'group'}, 'ours', {text: 'paper', class: 'group'}, 'ours']
    ],
    [
      row('one step, ms', [partial.ms, full.ms], [milliseconds('partial'), milliseconds('full')], 1),
      row(
        'mean number of steps',
        [partial.mean, full.mean],
        [ofAll((clip) => results.partial(clip)), ofAll((clip) => results.full(clip))],
        2
      )
    ],
    {rowHead: true, label: 'Table 6.1'}
  );
}

function keyFrameBytesTable(results) {
  const mebibytes = (pick, key, per) =>
    mean(
      results.clips
        .map((clip) => {
          const run = pick(clip);
          return run && run[per] > 0 ? run[key] / run[per] / 2 ** 20 : null;
        })
        .filter(isNumber)
    );
  const settings = [
    ['partial', (clip) => results.partial(clip), 'key_frames', 'trained_key_frames'],
    ['full', (clip) => results.full(clip), 'key_frames', 'trained_key_frames'],
    ['naive', (clip) => results.naive(clip, 'naive-raw'), 'frames', 'frames']
  ];
  const up = settings.map(([, pick, per]) => mebibytes(pick, 'bytes_up', per));
  const down = settings.map(([, pick, , per]) => mebibytes(pick, 'bytes_down', per));
  const row = (name, paper, ours) => [name, ...settings.flatMap((_, i) => pairOfCells(paper(i), ours(i), 3))];
  const paper = (i) => PAPER.mebibytes[settings[i][0]];
  const both = (i) => (isNumber(up[i]) && isNumber(down[i]) ? up[i] + down[i] : null);
  return table(
    titled(
      '6.3',
      'MiB on the network for one key frame (naive: for one frame). Ours is the mean over clips; ' +
        'frames of other sizes than 1280x720 weigh otherwise, and an update counts where there was one. ' +
        'The paper’s naive labels travel raw, ours compressed.'
    ),
    [
      ['Direction', ...settings.map(([name]) => ({text: name, span: 2, class: 'group'}))],
      ['', ...settings.flatMap(() => [{text: 'paper', class: 'group'}, 'ours'])]
    ],
    [
      row(
        'to the server',
        (i) => paper(i).up,
        (i) => up[i]
      ),
      row(
        'to the client',
        (i) => paper(i).down,
        (i) => down[i]
      ),
      row('total', (i) => paper(i).up + paper(i).down, both)
    ],
    {rowHead: true, label: 'Table 6.3'}
  );
}

function paperSaving(row) {
  const c = PAPER.column;
  return 100 * (1 - row[c.mbitPartial] / row[c.fpsPartial] / (row[c.mbitNaive] / row[c.fpsNaive]));
}

function trafficTable(results) {
  const keyRatio = (run) => (run && isNumber(run.key_frame_ratio) ? 100 * run.key_frame_ratio : null);
  const table64 = comparison(
    titled(
      '6.4',
      'Key frames in per cent of all frames, network traffic in Mbit/s, and how many bytes fewer than naive ' +
        'offloading of raw frames, per frame, in per cent.'
    ),
    results,
    [
      {
        title: 'key frames, partial',
        paper: paperColumn('keyPartial'),
        ours: (clip) => keyRatio(results.partial(clip))
      },
      {
        title: 'key frames, full',
        paper: paperColumn('keyFull'),
        ours: (clip) => keyRatio(results.full(clip))
      },
      {
        title: 'Mbit/s, partial',
        paper: paperColumn('mbitPartial'),
        ours: (clip) => results.megabits(clip, results.partial(clip))
      },
      {
        title: 'Mbit/s, naive raw',
        paper: paperColumn('mbitNaive'),
        ours: (clip) => results.megabits(clip, results.naive(clip, 'naive-raw'))
      },
      {
        title: 'fewer bytes, %',
        paper: (row) => (row === PAPER.average ? 95.3 : paperSaving(row)),
        ours: (clip) => results.saving(clip, results.partial(clip))
      }
    ]
  );
  return [
    table64,
    element(
      'p',
      {class: 'note'},
      'Mind the units: the paper’s traffic is per second of its own throughput (about 6.5 frames a second, naive 2.09) in ' +
        'units of 2²⁰ bits; ours is what the clip takes when it plays at its own frame rate, in units of 10⁶ bits. The last ' +
        'pair of columns is free of both; the paper’s are worked out from its tables 6.2 and 6.4. Its average of 6.19 Mbit/s is ' +
        'as printed, though its seven rows average 8.48.'
    )
  ];
}

function accuracyTables(results) {
  const percent = (run) => (run && isNumber(run.mean_miou) ? 100 * run.mean_miou : null);
  const slow = isNumber(results.parameters.fps) && Math.abs(results.parameters.fps - 7) < 0.5;
  const only = (wanted, ours) => (clip) => (wanted ? ours(clip) : null);
  const keyRatio = (clip) => {
    const run = results.partial(clip);
    return run && isNumber(run.key_frame_ratio) ? 100 * run.key_frame_ratio : null;
  };
  const labels = [
    ['Wild', 'wild'],
    ['P-1', 'P-1'],
    ['P-8', 'P-8'],
    ['F-1', 'F-1']
  ];
  return [
    comparison(
      titled(
        '6.5',
        'Mean IoU against the teacher over all frames, per cent, at the clips’ own frame rates. Naive ' +
          'offloading that waits for each answer shows the teacher’s own labels: 100.'
      ),
      results,
      labels.map(([title, label]) => ({
        title,
        paper: paperColumn(label),
        ours: only(!slow, (clip) => percent(results.run(clip, label)))
      }))
    ),
    comparison(
      titled(
        '6.6',
        'The same for clips re-sampled to 7 frames a second' +
          (slow ? '.' : '; this evaluation was run without --fps 7.')
      ),
      results,
      [
        {
          title: 'P-1',
          paper: paperColumn('slow1'),
          ours: only(slow, (clip) => percent(results.run(clip, 'P-1')))
        },
        {
          title: 'P-8',
          paper: paperColumn('slow8'),
          ours: only(slow, (clip) => percent(results.run(clip, 'P-8')))
        },
        {title: 'key frames, %', paper: paperColumn('slowKey'), ours: only(slow, keyRatio)}
      ]
    )
  ];
}

function fillPaper(section, results) {
  section.append(
    element(
      'p',
      {},
      'The paper measured long videos of seven kinds (the LVS dataset, 5,000 frames each at 720p, ' +
        'Mask R-CNN as the teacher). Ours are other videos, mostly much shorter, with another teacher: the ' +
        'figures show whether the method behaves as described, not which program is better. P and F are ' +
        'partial and full distillation; the digit is the number of frames until an update is in use; wild ' +
        'is the student that nobody teaches.'
    ),
    distillationTable(results),
    keyFrameBytesTable(results),
    ...trafficTable(results),
    ...accuracyTables(results)
  );
}
