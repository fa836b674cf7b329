// Small charts of a session's history, as SVG.

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 300, HEIGHT = 100;  // of the drawing's own units; CSS stretches them

function svgElement(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// A chart that stays and is drawn anew. `scale` is shown beside it: the texts of its top and its bottom.
function makeChart(title) {
  const now = element('span', {className: 'number'});
  const svg = svgElement('svg', {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img'});
  const top = element('span'), bottom = element('span');
  const key = element('p', {className: 'key'});
  const box = element('div', {className: 'chart'}, element('h3', {}, title, now),
      element('div', {className: 'plot'}, element('div', {className: 'scale', ariaHidden: 'true'}, top, bottom), svg), key);
  return {box, svg, now, top, bottom, key, title};
}

function keyOf(chart, entries) {
  const wanted = entries.map(([name, color]) => `${name}${color}`).join();
  if (chart.key.dataset.of === wanted) return;
  chart.key.dataset.of = wanted;
  chart.key.replaceChildren(...entries.map(([name, color]) => marked(name, color)));
}

const acrossOf = (length) => (i) => (length < 2 ? WIDTH / 2 : (i * WIDTH) / (length - 1));

function linePath(values, low, high) {
  const across = acrossOf(values.length);
  const points = values.map((value, i) =>
    `${across(i).toFixed(1)} ${(HEIGHT - (HEIGHT * (value - low)) / (high - low || 1)).toFixed(1)}`);
  return points.length === 1 ? `M0 ${points[0].split(' ')[1]}H${WIDTH}` : `M${points.join('L')}`;
}

// `lines`: [{name, color, values}].
function drawLines(chart, lines, low, high, text) {
  const grid = [0, 0.5, 1].map((at) => svgElement('line', {x1: 0, x2: WIDTH, y1: at * HEIGHT, y2: at * HEIGHT}));
  chart.svg.replaceChildren(...grid, ...lines.map((line) => {
    const path = svgElement('path', {d: linePath(line.values, low, high)});
    path.style.stroke = line.color;
    return path;
  }));
  finish(chart, lines, text(high), text(low), text);
}

// `parts`: the same, stacked upon each other, a column for each key frame.
function drawStacks(chart, parts, text) {
  const length = parts[0].values.length;
  const sums = Array.from({length}, (_, i) => parts.reduce((sum, part) => sum + part.values[i], 0));
  const high = Math.max(...sums, 1);
  const wide = WIDTH / length;
  const drawn = [svgElement('line', {x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT})];
  for (let i = 0; i < length; ++i) {
    let top = HEIGHT;
    for (const part of parts) {
      const tall = (HEIGHT * part.values[i]) / high;
      top -= tall;
      if (tall <= 0) continue;
      const column = svgElement('rect', {x: (i * wide).toFixed(2), y: top.toFixed(2), width: (wide * 0.86).toFixed(2),
                                         height: tall.toFixed(2)});
      column.style.fill = part.color;
      drawn.push(column);
    }
  }
  chart.svg.replaceChildren(...drawn);
  finish(chart, parts, text(high), text(0), text);
  setText(chart.now, text(sums[length - 1]));
}

function finish(chart, lines, top, bottom, text) {
  setText(chart.top, top);
  setText(chart.bottom, bottom);
  const last = lines.map((line) => text(line.values[line.values.length - 1]));
  setText(chart.now, last[last.length - 1]);
  if (lines.length > 1) keyOf(chart, lines.map((line) => [line.name, line.color]));
  const said = lines.map((line, i) => `${line.name} ${last[i]}`).join(', ');
  chart.svg.setAttribute('aria-label', `${chart.title}, last: ${said}`);
}
