// Line charts drawn by uPlot, with a legend and a read-out that can be used by keyboard, too.

const haveCharts = typeof uPlot === 'function';
const chartsAlive = new Set();

const NO_CHARTS =
  'Charts are missing: the program that made this page was built without uPlot. ' +
  'Run scripts/fetch-charts, build again, and then “shadowtutor report” with this folder.';

const cssColor = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// x: numbers, ascending. lines: {label, values, points?: Set of indices, stepped?, dots?, hidden?, band?: [lower,
// upper]}.
// Returns the figure; drawn when it is in the page.
function lineChart({x, lines, xLabel, yLabel, caption, describe, yRange, height = 280}) {
  const box = element('div', {
    class: 'chart',
    tabindex: 0,
    role: 'group',
    'aria-label': `Chart of ${yLabel} over ${xLabel}; arrow keys read values`
  });
  const readout = element('div', {class: 'readout', 'aria-live': 'polite'});
  const chart = {
    box,
    plot: null,
    hidden: new Set(lines.filter((line) => line.hidden).map((line) => line.label))
  };
  const legend = chartLegend(chart, lines.map((line) => line.label));
  const say = (index) => {
    const shown = lines.filter((line) => !chart.hidden.has(line.label) && isNumber(line.values[index]));
    readout.textContent =
      index === null || !shown.length
        ? ''
        : `${describe(x[index])}: ` +
          shown.map((line) => `${line.label} ${figure(line.values[index])}`).join(', ');
  };
  chart.draw = () => {
    if (chart.plot) chart.plot.destroy();
    chart.plot = new uPlot(
      plotOptions(chart, {x, lines, xLabel, yLabel, yRange, height, say}),
      plotData(x, lines),
      box
    );
  };
  box.addEventListener('keydown', (event) => {
    const by = {ArrowLeft: -1, ArrowRight: 1, PageUp: -25, PageDown: 25}[event.key];
    if (!by || !chart.plot) return;
    event.preventDefault();
    const index = Math.min(x.length - 1, Math.max(0, (chart.plot.cursor.idx ?? (by > 0 ? -1 : 0)) + by));
    chart.plot.setCursor({left: chart.plot.valToPos(x[index], 'x'), top: 0});
    say(index);
  });
  keepDrawn(chart);
  return element('figure', {}, legend, box, readout, element('figcaption', {}, caption));
}

// Buttons that show and hide what has these labels; `chart` has a set `hidden` and draw().
function chartLegend(chart, labels) {
  const legend = element('ul', {class: 'legend', 'aria-label': 'Lines; press to hide or show'});
  for (const label of labels.length < 2 ? [] : labels) {
    const button = element(
      'button',
      {type: 'button', 'aria-pressed': String(!chart.hidden.has(label))},
      lineSample(label),
      label
    );
    button.addEventListener('click', () => {
      const show = chart.hidden.delete(label);
      if (!show) chart.hidden.add(label);
      button.setAttribute('aria-pressed', String(show));
      chart.draw();
    });
    legend.append(element('li', {}, button));
  }
  return legend;
}

// Draws the chart when it is in the page, and again when its size changes: the page determines it,
// on a phone the chart shrinks with it.
function keepDrawn(chart) {
  const resize = () => {
    const width = Math.floor(chart.box.clientWidth);
    if (width > 0 && (!chart.plot || chart.plot.width !== width)) chart.draw();
  };
  chartsAlive.add(chart);
  new ResizeObserver(resize).observe(chart.box);
}

function plotData(x, lines) {
  const data = [x];
  for (const line of lines) {
    data.push(line.values);
    if (line.band) data.push(line.band[1], line.band[0]);
  }
  return data;
}

function plotOptions(chart, {x, lines, xLabel, yLabel, yRange, height, say}) {
  const series = [{}],
    bands = [];
  for (const line of lines) {
    const style = styleOf(line.label),
      show = !chart.hidden.has(line.label);
    series.push({
      label: line.label,
      show,
      stroke: style.color,
      width: 2,
      dash: style.dash,
      spanGaps: false,
      paths: line.stepped ? uPlot.paths.stepped({align: 1}) : line.dots ? uPlot.paths.linear() : undefined,
      points: {
        show: Boolean(line.points || line.dots),
        size: line.dots ? 8 : 7,
        fill: style.color,
        filter: line.points ? () => [...line.points] : undefined
      }
    });
    if (!line.band) continue;
    bands.push({series: [series.length, series.length + 1], fill: `${style.color}2a`});
    const edge = {show, stroke: style.color, width: 1, dash: [2, 3], points: {show: false}};
    series.push({...edge, label: `${line.label}, most`}, {...edge, label: `${line.label}, least`});
  }
  const narrow = chart.box.clientWidth < 500;
  return {
    width: Math.max(200, Math.floor(chart.box.clientWidth)),
    height: narrow ? Math.min(height, 240) : height,
    series,
    bands,
    legend: {show: false},
    scales: {x: {time: false, range: x.length > 1 ? undefined : [x[0] - 1, x[0] + 1]}, y: {range: yRange}},
    axes: [chartAxis(xLabel, 34), chartAxis(yLabel, 46)],
    cursor: {drag: {x: true, y: false}, points: {size: 6}},
    hooks: {setCursor: [(plot) => say(plot.cursor.idx ?? null)]}
  };
}

function chartAxis(label, size) {
  return {
    label,
    size,
    labelSize: 22,
    stroke: cssColor('--soft'),
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
    grid: {stroke: cssColor('--grid'), width: 1},
    ticks: {stroke: cssColor('--grid'), width: 1}
  };
}

function forgetCharts(container) {
  for (const chart of chartsAlive) {
    if (!container.contains(chart.box)) continue;
    if (chart.plot) chart.plot.destroy();
    chartsAlive.delete(chart);
  }
}

function redrawCharts() {
  for (const chart of chartsAlive) if (chart.plot) chart.draw();
}
