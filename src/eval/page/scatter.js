// Points in groups over a logarithmic x, drawn by uPlot: each group's best ones joined by a line.

// The points that no other of their group beats in both, less x and more y; by ascending x.
function frontier(points) {
  const best = [];
  for (const point of [...points].sort((a, b) => a.x - b.x || b.y - a.y)) {
    if (!best.length || point.y > best[best.length - 1].y) best.push(point);
  }
  return best;
}

// To one significant digit, by Math.floor or Math.ceil.
function rounded(value, how) {
  const unit = 10 ** Math.floor(Math.log10(value));
  return how(value / unit) * unit;
}

// points: {label: of the group, x > 0, y, text: what the read-out says}. Returns the figure.
function scatterChart({points, xLabel, yLabel, caption, height = 420}) {
  const sorted = [...points].sort((a, b) => a.x - b.x);
  const labels = [...new Set(points.map((point) => point.label))];
  const box = element('div', {
    class: 'chart',
    tabindex: 0,
    role: 'group',
    'aria-label': `Chart of ${yLabel} over ${xLabel}; arrow keys go from point to point`
  });
  const readout = element('div', {class: 'readout', 'aria-live': 'polite'});
  const chart = {box, plot: null, hidden: new Set()};
  const legend = chartLegend(chart, labels);
  const isShown = (point) => !chart.hidden.has(point.label);
  let current = -1; // index into sorted
  const say = (index) => {
    current = index;
    readout.textContent = index < 0 ? '' : sorted[index].text;
  };
  const at = (point) => [chart.plot.valToPos(point.x, 'x'), chart.plot.valToPos(point.y, 'y')];
  const nearest = (left, top) => {
    let found = -1,
      least = Infinity;
    sorted.forEach((point, i) => {
      if (!isShown(point)) return;
      const [x, y] = at(point);
      const distance = Math.hypot(x - left, y - top);
      if (distance < least) [found, least] = [i, distance];
    });
    return found;
  };
  chart.draw = () => {
    if (chart.plot) chart.plot.destroy();
    const {series, data} = scatterSeries(sorted, labels, isShown);
    const xs = sorted.map((point) => point.x);
    const ys = sorted.map((point) => point.y);
    const room = Math.max(1, (Math.max(...ys) - Math.min(...ys)) * 0.06);
    chart.plot = new uPlot(
      {
        width: Math.max(200, Math.floor(box.clientWidth)),
        height: box.clientWidth < 500 ? Math.min(height, 300) : height,
        series,
        legend: {show: false},
        scales: {
          x: {time: false, distr: 3, range: [rounded(xs[0] / 1.1, Math.floor), rounded(xs[xs.length - 1] * 1.1, Math.ceil)]},
          y: {range: [Math.max(0, Math.min(...ys) - room), Math.min(101, Math.max(...ys) + room)]}
        },
        axes: [chartAxis(xLabel, 34), chartAxis(yLabel, 46)],
        cursor: {drag: {x: false, y: false}, points: {show: false}},
        hooks: {
          setCursor: [
            ({cursor}) => {
              if (cursor.left >= 0 && cursor.top >= 0) say(nearest(cursor.left, cursor.top));
            }
          ]
        }
      },
      data,
      box
    );
  };
  box.addEventListener('keydown', (event) => {
    const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!by || !chart.plot) return;
    event.preventDefault();
    let index = current + by;
    while (index >= 0 && index < sorted.length && !isShown(sorted[index])) index += by;
    if (index < 0 || index >= sorted.length) return;
    const [left, top] = at(sorted[index]);
    chart.plot.setCursor({left, top});
    say(index); // of two points in one place, the one that was asked for
  });
  keepDrawn(chart);
  return element('figure', {}, legend, box, readout, element('figcaption', {}, caption));
}

// Two series for each group: its points, and the line through the best of them.
function scatterSeries(sorted, labels, isShown) {
  const series = [{}],
    data = [sorted.map((point) => point.x)];
  for (const label of labels) {
    const style = styleOf(label);
    const own = sorted.filter((point) => point.label === label && isShown(point));
    const best = new Set(frontier(own));
    series.push(
      {label: `${label}, best`, stroke: style.color, width: 1.5, dash: style.dash, spanGaps: true, points: {show: false}},
      {label, stroke: style.color, paths: () => null, points: {show: true, size: 8, fill: style.color}}
    );
    data.push(
      sorted.map((point) => (best.has(point) ? point.y : null)),
      sorted.map((point) => (own.includes(point) ? point.y : null))
    );
  }
  return {series, data};
}
