// Figure 6.1: throughput against bandwidth, with the bounds.

// The runs of one label as a line over all bandwidths; the bounds as its band.
function liveLine(label, runs, bandwidths) {
  const at = (value) =>
    bandwidths.map((bandwidth) => {
      const run = runs.find((r) => r.bandwidth_mbit === bandwidth);
      const found = run ? value(run) : null;
      return isNumber(found) ? found : null;
    });
  const bound = (i) => at((run) => (run.bounds && Array.isArray(run.bounds.fps) ? run.bounds.fps[i] : null));
  const line = {label, values: at((run) => run.fps), dots: true};
  const band = [bound(0), bound(1)];
  // Only partial distillation gets a band, because several bands would hide one another. The table
  // has all bounds.
  if (runs.some((run) => run.strategy === 'partial') && band[0].some(isNumber)) line.band = band;
  return line;
}

function liveTable(live) {
  const range = (bounds, key) =>
    bounds && Array.isArray(bounds[key]) ? bounds[key].map(figure).join(' to ') : '–';
  const verdict = (run) => (run.within === true ? 'within' : run.within === false ? 'outside' : '–');
  // What crossed the link, where packets were counted.
  const counted = live.runs.some((run) => isNumber(run.link_bytes_up));
  const kilobytes = (bytes) => (isNumber(bytes) ? (bytes / 1000).toFixed(1) : '–');
  const added = (link, messages) =>
    isNumber(link) && messages > 0 ? fixed(100 * (link / messages - 1)) : '–';
  const crossed = (run) =>
    counted
      ? [
          {text: kilobytes(run.link_bytes_up)},
          {text: added(run.link_bytes_up, run.bytes_up)},
          {text: kilobytes(run.link_bytes_down)},
          {text: added(run.link_bytes_down, run.bytes_down + (run.bytes_students || 0))}
        ]
      : [];
  const rows = live.runs.map((run) => [
    String(run.label),
    String(run.bandwidth_mbit),
    {text: figure(run.fps), class: 'ours'},
    {text: range(run.bounds, 'fps')},
    {text: figure(run.mbit_per_second), class: 'ours'},
    {text: range(run.bounds, 'mbit_per_second')},
    ...crossed(run),
    {text: verdict(run)},
    {text: isNumber(run.mean_miou) ? fixed(100 * run.mean_miou) : '–'},
    {text: figure(run.student_ms) ?? '–'},
    {text: figure(run.step_ms) ?? '–'},
    {text: figure(run.teacher_ms) ?? '–'}
  ]);
  return table(
    'Every live run. Times in milliseconds, the student’s the median, the others means; a run is within when ' +
      'both its throughput and its traffic lie between their bounds.' +
      (counted
        ? ' Mbit/s are those of key frames, updates and labels alone; kB up and down are whole Ethernet packets, ' +
          'with what gRPC, TLS, TCP and IP add to the messages.'
        : ''),
    [
      [
        'run',
        'link, Mbit/s',
        'frames/s',
        'bounds',
        'Mbit/s',
        'bounds',
        ...(counted ? ['kB up', 'added, %', 'kB down', 'added, %'] : []),
        'bounds hold',
        'mIoU, %',
        'student, ms',
        'step, ms',
        'teacher, ms'
      ]
    ],
    rows,
    {label: 'Live runs'}
  );
}

function fillNetwork(section, results) {
  const live = results.live;
  if (!live || !live.runs.length) {
    section.append(
      element(
        'p',
        {class: 'notice'},
        'Not measured: this evaluation was run on a virtual clock only. ' +
          'With --live the client and the server also run as processes of their own over a link of limited bandwidth.'
      )
    );
    return;
  }
  const runs = live.runs.filter((run) => isNumber(run.bandwidth_mbit));
  const bandwidths = [...new Set(runs.map((run) => run.bandwidth_mbit))].sort((a, b) => a - b);
  const labels = [...new Set(runs.map((run) => String(run.label)))];
  const lines = labels.map((label) =>
    liveLine(
      label,
      runs.filter((run) => String(run.label) === label),
      bandwidths
    )
  );
  const how = {
    namespaces: 'two network namespaces with a shaped link between them',
    limit: 'a bandwidth limit in the client'
  };
  const pace = live.parameters && live.parameters.max_fps;
  section.append(
    element(
      'p',
      {},
      `Client and server as processes of their own, on clip ${live.clip}, over ` +
        `${how[live.link] || live.link}. As fast as they can, not at the clip’s frame rate` +
        (live.parameters && live.parameters.tls ? ', over TLS' : '') +
        (isNumber(pace) ? `; the student is held back to ${figure(pace)} frames/s, as on a slower device.` : '.')
    )
  );
  if (haveCharts && bandwidths.length) {
    section.append(
      lineChart({
        x: bandwidths,
        lines,
        xLabel: 'bandwidth, Mbit/s',
        yLabel: 'frames/s',
        height: 340,
        yRange: (_, least, most) => [0, (most || 1) * 1.08],
        describe: (bandwidth) => `at ${bandwidth} Mbit/s`,
        caption:
          'Throughput against the link’s bandwidth (the paper’s figure 6.1). The shaded band lies between partial’s lower ' +
          'and the upper bound that the measured times and sizes allow. Naive offloading sends every frame and so falls ' +
          'with the bandwidth; the student goes on predicting.'
      })
    );
  } else if (!haveCharts) {
    section.append(element('p', {class: 'notice'}, NO_CHARTS));
  }
  section.append(liveTable(live));
  const reasons = [
    ...new Set(
      live.runs
        .filter((run) => run.within === false && run.why_not)
        .map((run) => `${run.label} at ${run.bandwidth_mbit} Mbit/s: ${run.why_not}`)
    )
  ];
  if (reasons.length) {
    section.append(
      element('p', {}, 'Where a run left its bounds:'),
      element(
        'ul',
        {},
        reasons.map((why) => element('li', {}, why))
      )
    );
  }
}
